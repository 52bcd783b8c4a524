"""Demucs, where a person has it: htdemucs, its fine-tuned bag, the six stems.

An extra: it needs torch and weights that this project does not ship. Weights
come from a folder that the person names, in either of demucs' two forms:

* as on the hub: ``NAME.yaml`` and one ``SIGNATURE.safetensors`` per network;
* as of old: ``SIGNATURE-CHECKSUM.th`` and, for a bag, ``NAME.yaml``. Such a file
  is a pickle and *runs* when it is opened: only from a source that you trust.

Stems keep their native levels: demucs' own program scales them against
clipping, which would break their balance. They do not add up to the mix.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from controlroom.model.audio import Audio, Samples
from controlroom.model.context import Context
from controlroom.model.errors import EnvironmentFault
from controlroom.separation import models
from controlroom.separation.form import BackendFacts

_STEMS = {"htdemucs_6s": ("drums", "bass", "other", "vocals", "guitar", "keyboard")}
_FOUR = ("drums", "bass", "other", "vocals")
_ROLE = {"piano": "keyboard"}
_NETWORKS = ("demucs.htdemucs.HTDemucs", "demucs.hdemucs.HDemucs", "demucs.demucs.Demucs")
_OVERLAP = 0.25


@dataclass(frozen=True)
class Demucs:
    """Separates with demucs 4.1.

    Parameters
    ----------
    model : str
        ``htdemucs``, ``htdemucs_ft``, ``htdemucs_6s``, or another network's
        signature.
    repo : Path or str, optional
        The folder with the weights; ``demucs`` in the models folder by default.
    """

    model: str = "htdemucs"
    repo: Path | str | None = None

    @property
    def facts(self) -> BackendFacts:
        """Name, stems, licence, size, source and checksum."""
        return BackendFacts(
            name="demucs",
            stems=_STEMS.get(self.model, _FOUR),
            licence="MIT (code); the weights carry their own",
            size_bytes=sum(path.stat().st_size for path in self._files()),
            source=f"demucs 4.1, {self.model} from {self.folder}",
            quality="SDR 9 dB on MUSDB by its authors; the piano of six stems is poor",
        )

    @property
    def folder(self) -> Path:
        """Where the weights are looked for."""
        return Path(self.repo) if self.repo else models.models_folder() / "demucs"

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return [path for path in sorted(self.folder.iterdir()) if path.suffix in {".th", ".safetensors"}]

    def missing(self) -> EnvironmentFault | None:
        """Return why it can't work here, with the exact command; None when it can."""
        if find_spec("torch") is None or find_spec("demucs") is None:
            return EnvironmentFault(
                "separation.no-demucs",
                "the package demucs is not installed",
                "pip install 'controlroom[demucs]'",
            )
        stems = {path.stem.split("-")[0] for path in self._files()}
        if not (self.folder / f"{self.model}.yaml").is_file() and self.model not in stems:
            author = "adefossez/" + self.model.replace("htdemucs", "HTDemucs").replace("_", "-")
            return EnvironmentFault(
                "separation.no-demucs-weights",
                f"the demucs weights of {self.model} are not in {self.folder}",
                f"hf download {author} --local-dir {self.folder}",
            )
        return None

    def separate(self, audio: Audio, ctx: Context) -> Mapping[str, Audio]:
        """Return the stems at the take's rate and length, at their native levels.

        Raises
        ------
        EnvironmentFault
            ``separation.no-demucs``, ``separation.no-demucs-weights``,
            ``separation.demucs-refused`` when the weights can't be opened.
        Cancelled
            The person stopped the work.
        """
        from controlroom.media.resample import resample

        if fault := self.missing():
            raise fault
        network = self._load()
        at_own_rate = resample(audio, int(network.samplerate))
        parts = _apply(network, at_own_rate.samples, ctx)
        found = {}
        for name, samples in zip(network.sources, parts, strict=True):
            back = resample(Audio(samples, int(network.samplerate)), audio.rate_hz)
            found[_ROLE.get(name, name)] = _fitted(back, audio)
        return found

    def _load(self) -> Any:
        try:
            if any(path.suffix == ".safetensors" for path in self._files()):
                return _hub_bag(self.folder, self.model)
            return import_module("demucs.pretrained").get_model(self.model, repo=self.folder)
        except EnvironmentFault:
            raise
        except Exception as error:
            raise EnvironmentFault(
                "separation.demucs-refused",
                f"demucs can't open {self.model} in {self.folder}: {error}",
                "get the weights again",
            ) from error


def _hub_bag(folder: Path, name: str) -> Any:
    """Open a bag in the hub's form, after checking which classes it asks for."""
    safe_open = import_module("safetensors").safe_open
    load_network = import_module("demucs.hf").load_safetensors_model
    bag = import_module("yaml").safe_load((folder / f"{name}.yaml").read_text("utf-8"))
    networks = []
    for signature in bag["models"]:
        path = folder / f"{Path(str(signature)).name}.safetensors"
        with safe_open(str(path), framework="pt") as stream:
            notes = stream.metadata() or {}
        # the file names a class that would be imported and called: only demucs' own, and no others inside
        if notes.get("klass") not in _NETWORKS or "_class" in json.dumps(
            notes.get("structure", ""), allow_nan=False
        ):
            raise EnvironmentFault(
                "separation.demucs-refused",
                f"{path.name} asks for the class {notes.get('klass')}",
                "don't use it",
            )
        networks.append(load_network(path))
    bag_of = import_module("demucs.apply").BagOfModels
    return bag_of(networks, bag.get("weights"), bag.get("segment")).eval()


def _apply(network: Any, samples: Samples, ctx: Context) -> Samples:
    """Return the network's stems, shaped (stems, channels, frames)."""
    torch, apply_model = import_module("torch"), import_module("demucs.apply").apply_model
    torch.set_num_threads(max(1, ctx.threads))
    wanted = int(network.audio_channels)
    wave = np.repeat(samples, wanted, axis=0) if samples.shape[0] == 1 else samples
    reference = wave.mean(axis=0)
    mean, spread = float(reference.mean()), float(reference.std()) + 1e-8

    def heard(news: dict[str, Any]) -> None:
        ctx.tell("separation.demucs", news.get("segment_offset", 0) / max(1, samples.shape[1]))

    with torch.inference_mode():
        tensor = torch.from_numpy((wave - mean) / spread)[None]
        knobs = {"shifts": 0, "split": True, "overlap": _OVERLAP, "device": "cpu", "progress": False}
        out = apply_model(network, tensor, callback=heard, **knobs)[0]
    found: Samples = out.numpy() * np.float32(spread) + np.float32(mean)
    return found.mean(axis=1, keepdims=True) if samples.shape[0] == 1 else found


def _fitted(stem: Audio, take: Audio) -> Audio:
    out = np.zeros(take.samples.shape, np.float32)
    frames = min(take.frames, stem.frames)
    out[:, :frames] = stem.samples[:, :frames]
    return Audio(out, take.rate_hz)
