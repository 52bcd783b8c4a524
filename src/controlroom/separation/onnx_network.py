"""A person's own separation network: an ONNX file and a small description of it.

The description is a JSON file beside the network::

    {
      "schema": "controlroom-network-description/1",
      "name": "my-roformer", "licence": "MIT", "source": "where it is from",
      "file": "my-roformer.onnx", "sha256": "…",
      "kind": "waveform", "rate_hz": 44100, "channels": 2,
      "stems": ["vocals", "accompaniment"],
      "segment_frames": 352800, "overlap": 0.25
    }

``waveform`` networks map (1, channels, frames) to (1, stems, channels, frames).
``spectrum`` networks (MDX) map (1, 2·channels, bins, columns), real and imaginary
part of each channel in turn, to the same shape: one stem; they also state
``window``, ``hop`` and ``bins``. ``rest`` names what a network leaves over, if
that is wanted as a stem.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from controlroom.model.audio import Audio, Samples
from controlroom.model.base import Document
from controlroom.model.context import Context
from controlroom.model.errors import EnvironmentFault, SchemaTooNewError, SongError, UsageError
from controlroom.separation import weights
from controlroom.separation.form import BackendFacts

Network = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]


class Description(Document):
    """What a network's file does not say of itself."""

    schema_number = 1
    schema_name = "controlroom-network-description"

    name: str
    licence: str
    source: str = ""
    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    kind: Literal["waveform", "spectrum"]
    rate_hz: int = Field(ge=8000, le=192_000)
    channels: int = Field(ge=1, le=2)
    stems: tuple[str, ...] = Field(min_length=1, max_length=16)
    rest: str | None = None
    segment_frames: int = Field(ge=1024, le=1 << 24)
    overlap: float = Field(default=0.25, ge=0.0, le=0.5)
    window: int = Field(default=6144, ge=64, le=1 << 16)
    hop: int = Field(default=1024, ge=16, le=1 << 15)
    bins: int = Field(default=3072, ge=16, le=1 << 15)

    @model_validator(mode="after")
    def _fits(self) -> Description:
        if self.kind == "spectrum":
            if len(self.stems) != 1:
                raise ValueError("a spectrum network makes one stem")
            if self.segment_frames % self.hop or self.bins > self.window // 2 + 1 or self.window % self.hop:
                raise ValueError(
                    "segment_frames and window must be multiples of hop, bins at most window/2 + 1"
                )
        names = [*self.stems, *([self.rest] if self.rest is not None else [])]
        if len({name.casefold() for name in names}) < len(names) or not all(map(str.strip, names)):
            raise ValueError("every stem, and the rest, needs a name of its own")
        return self


@dataclass(frozen=True)
class OnnxNetwork:
    """Separates with a person's own ONNX network.

    Parameters
    ----------
    description : Path
        The JSON file; the network lies in the same folder.
    """

    description: Path

    def read(self) -> Description:
        """Return the description, checked.

        Raises
        ------
        UsageError
            ``separation.description``: it can't be read, or a field is off.
        """
        try:
            stored = json.loads(self.description.read_text("utf-8-sig"))
            return Description.from_document(stored)
        except (OSError, ValueError, RecursionError) as error:
            raise self._off(str(error)) from error
        except SchemaTooNewError:
            raise
        except SongError as error:
            raise self._off(error.message) from error

    def _off(self, why: str) -> UsageError:
        return UsageError(
            "separation.description",
            f"{self.description} is no description of a network: {why}",
            "its form is shown in `controlroom separate --help`",
        )

    @property
    def facts(self) -> BackendFacts:
        """Name, stems, licence, size, source and checksum."""
        told = self.read()
        path = self._network(told)
        return BackendFacts(
            name=f"onnx:{told.name}",
            stems=(*told.stems, *((told.rest,) if told.rest else ())),
            licence=told.licence,
            size_bytes=path.stat().st_size if path.is_file() else 0,
            source=told.source,
            sha256=told.sha256,
            sums_to_mix=told.rest is not None,
        )

    def _network(self, told: Description) -> Path:
        return self.description.parent / Path(told.file).name

    def missing(self) -> EnvironmentFault | None:
        """Return why it can't work here, with the exact command; None when it can."""
        if find_spec("onnxruntime") is None:
            return EnvironmentFault(
                "separation.no-onnxruntime",
                "the package onnxruntime is not installed",
                "pip install 'controlroom[stems]'",
            )
        path = self._network(self.read())
        if not path.is_file():
            return EnvironmentFault(
                "separation.no-network", f"{path} is not there", "put the .onnx beside its JSON"
            )
        return None

    def separate(self, audio: Audio, ctx: Context) -> Mapping[str, Audio]:
        """Return the network's stems at the take's rate and length.

        Raises
        ------
        EnvironmentFault
            ``separation.no-network``; ``models.hash``: the file is another than
            described; ``separation.network-refused``: it can't be run, or
            answers in another shape.
        Cancelled
            The person stopped the work.
        """
        from controlroom.media.resample import resample

        if fault := self.missing():
            raise fault
        told = self.read()
        run = self._open(told, ctx.threads)
        own = resample(audio, told.rate_hz).samples
        if own.shape[0] != told.channels:
            own = np.repeat(own, 2, axis=0) if told.channels == 2 else own.mean(axis=0, keepdims=True)
        parts = segmented(own, told, run, ctx)
        found = {
            n: _fitted(resample(Audio(p, told.rate_hz), audio.rate_hz), audio)
            for n, p in zip(told.stems, parts, strict=True)
        }
        if told.rest:
            left = audio.samples - np.sum([stem.samples for stem in found.values()], axis=0, dtype=np.float32)
            found[told.rest] = Audio(left, audio.rate_hz)
        return found

    def _open(self, told: Description, threads: int) -> Network:
        from controlroom.separation.spleeter import open_session

        path = self._network(told)
        if (digest := weights.file_sha256(path)) != told.sha256:
            raise EnvironmentFault(
                "models.hash",
                f"{path.name} has SHA-256 {digest}, not the described one",
                "compare with its source",
            )
        try:
            session: Any = open_session(str(path), threads)
        except Exception as error:
            raise _refused(path, error) from error
        name = session.get_inputs()[0].name

        def run(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            try:
                return np.asarray(session.run(None, {name: values})[0], np.float32)
            except Exception as error:
                raise _refused(path, error) from error

        return run


def _refused(path: Path, error: Exception) -> EnvironmentFault:
    return EnvironmentFault(
        "separation.network-refused",
        f"onnxruntime can't run {path.name}: {str(error).splitlines()[0]}",
        "check its kind, channels, segment and stems in the description",
    )


def segmented(samples: Samples, told: Description, run: Network, ctx: Context) -> Samples:
    """Return stems (stems, channels, frames), from overlapping segments cross-faded linearly."""
    channels, frames = samples.shape
    length = told.segment_frames
    share = round(length * told.overlap)
    step = length - share
    out = np.zeros((len(told.stems), channels, frames), np.float32)
    weight = np.zeros(frames, np.float32)
    ramp = np.ones(length, np.float32)
    if share:
        rise = np.arange(1, share + 1, dtype=np.float32) / (share + 1)
        ramp[:share], ramp[-share:] = rise, rise[::-1]
    for start in range(0, max(1, frames - share), step):
        ctx.tell("separation.onnx", start / max(1, frames))
        piece = np.zeros((channels, length), np.float32)
        stop = min(frames, start + length)
        piece[:, : stop - start] = samples[:, start:stop]
        made = _one(piece, told, run)
        out[:, :, start:stop] += made[:, :, : stop - start] * ramp[: stop - start]
        weight[start:stop] += ramp[: stop - start]
    out /= np.maximum(weight, np.float32(1e-6))
    return out


def _one(piece: Samples, told: Description, run: Network) -> Samples:
    """Run one segment; return (stems, channels, frames)."""
    if told.kind == "waveform":
        stems: Samples = _shaped(run(piece[None]), (1, len(told.stems), *piece.shape))[0]
        return stems
    spectrum = forward(piece, told)
    given = (
        np.stack([spectrum.real, spectrum.imag], axis=1)
        .reshape(1, -1, *spectrum.shape[1:])
        .astype(np.float32)
    )
    answer = _shaped(run(given), given.shape).reshape(piece.shape[0], 2, *spectrum.shape[1:])
    return backward(answer[:, 0] + 1j * answer[:, 1], told)[None]


def _shaped(answer: npt.NDArray[np.float32], shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    if answer.shape != shape:
        raise EnvironmentFault(
            "separation.network-refused",
            f"the network answers with {answer.shape}, expected {shape}",
            "check its kind, channels, segment and stems in the description",
        )
    return answer


def forward(piece: Samples, told: Description) -> npt.NDArray[np.complex64]:
    """Return the centred short-time spectrum (channels, bins, columns), periodic Hann window."""
    from scipy.fft import rfft

    half = told.window // 2
    window = _hann(told.window)
    padded = np.pad(piece, ((0, 0), (half, half)))
    view = np.lib.stride_tricks.sliding_window_view(padded, told.window, axis=1)[:, :: told.hop]
    spectrum = rfft(view * window, axis=2)[:, :, : told.bins]
    return np.asarray(spectrum.transpose(0, 2, 1), np.complex64)


def backward(spectrum: npt.NDArray[Any], told: Description) -> Samples:
    """Return the sound of a centred short-time spectrum, ``segment_frames`` long."""
    from scipy.fft import irfft

    channels, bins, columns = spectrum.shape
    full = np.zeros((channels, columns, told.window // 2 + 1), np.complex64)
    full[:, :, :bins] = spectrum.transpose(0, 2, 1)
    window = _hann(told.window)
    frames: Any = irfft(full, told.window, axis=2) * window
    out: Samples = np.zeros((channels, (columns - 1) * told.hop + told.window), np.float32)
    weight = np.zeros(out.shape[1], np.float32)
    for column in range(columns):
        cut = slice(column * told.hop, column * told.hop + told.window)
        out[:, cut] += frames[:, column]
        weight[cut] += window**2
    out /= np.maximum(weight, np.float32(1e-6))
    half = told.window // 2
    sound: Samples = out[:, half : half + told.segment_frames]
    return sound


def _hann(length: int) -> npt.NDArray[np.float32]:
    from controlroom.separation.spectra import periodic_hann

    return periodic_hann(length)


def _fitted(stem: Audio, take: Audio) -> Audio:
    out = np.zeros(take.samples.shape, np.float32)
    samples = stem.samples
    if samples.shape[0] != take.channels:
        samples = samples.mean(axis=0, keepdims=True) if take.channels == 1 else np.repeat(samples, 2, axis=0)
    frames = min(take.frames, samples.shape[1])
    out[:, :frames] = samples[:, :frames]
    return Audio(out, take.rate_hz)
