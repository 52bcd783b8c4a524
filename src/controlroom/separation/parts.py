"""Drums, bass and the rest of an accompaniment; kick, snare and hats of drums. No weights.

What this can do is bounded by physics, not learned: drums are what is short
and wide, a bass is the lowest steady tone and its overtones, the rest is the
rest. A plucked guitar's attack goes to the drums, a cymbal's wash to the rest.
``lab/separation_eval.py --parts`` prints how good that is beside doing nothing.

**Drums** by median filters: a tone survives a median over time, a hit a median
over pitch (FitzGerald, "Harmonic/percussive separation using median filtering",
DAFx 2010); the two share each cell as their powers do. Below 200 Hz, where a
kick is as narrow as a note, the median over pitch says nothing: there a hit is
what stands out of a longer median over time.

**Bass** in what is left: everything below 130 Hz, fading out to 260 Hz, and the
overtones of the lowest strong tone up to 1 kHz, as far as a falling spectrum
(12 dB per octave) accounts for them.

**Kick, snare, hats** by three templates over 42 bands, fitted to the song
(Dittmar and Gärtner, "Real-time transcription and separation of drum
recordings based on NMF decomposition", DAFx 2014): each starts as the physics
of its drum and may only move within its range, so that it stays that drum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError, EnvironmentFault
from controlroom.separation import spectra
from controlroom.separation.form import BackendFacts
from controlroom.separation.streams import RATE_HZ, Feed, masked_stems

Powers = npt.NDArray[np.float32]

SEGMENTS = spectra.Segments(length=256, overlap=16, switch=True)
"""Masks look eight frames back and ahead, half the overlap: the cut can't be heard."""

_BIN_HZ = RATE_HZ / spectra.WINDOW
_TONE_FRAMES, _LOW_TONE_FRAMES = 9, 17  # 0.2 s and 0.4 s
_HIT_BINS = 47  # 500 Hz
_HIT_STEP = 8
_LOW_HZ = 200.0
_BASS_HZ = (35.0, 200.0)
_BASS_FULL_HZ, _BASS_NONE_HZ, _OVERTONES_HZ = 130.0, 260.0, 1000.0
_FLOOR = np.float32(1e-12)


@dataclass(frozen=True)
class Parts:
    """Splits an accompaniment; give it a song with a voice and the voice lands in *other*."""

    @property
    def facts(self) -> BackendFacts:
        """Name, stems, licence, size, source and checksum."""
        return BackendFacts(
            name="parts",
            stems=("drums", "bass", "other"),
            licence="GPL-3.0-or-later (no weights)",
            size_bytes=0,
            source="median filters and a pitch rule, made here",
            sums_to_mix=True,
            quality="rough: attacks of plucked instruments fall to the drums, cymbal wash to the rest",
        )

    def missing(self) -> EnvironmentFault | None:
        """Return None: nothing but scipy is needed."""
        return None

    def separate(self, audio: Audio, ctx: Context) -> Mapping[str, Audio]:
        """Return ``drums``, ``bass`` and ``other``, which add up to ``audio``.

        Raises
        ------
        AudioInputError
            More than two channels.
        Cancelled
            The person stopped the work.
        """
        _check(audio)
        tell = _Teller(ctx, "separation.parts", audio)

        def mask_of(spectrum: spectra.Spectrum) -> spectra.Mask:
            tell.step()
            return band_masks(np.abs(spectrum).sum(axis=0))

        return masked_stems(audio, ("drums", "bass"), "other", SEGMENTS, mask_of)


class _Teller:
    """Tells progress once per segment."""

    def __init__(self, ctx: Context, what: str, audio: Audio, start: float = 0.0) -> None:
        self._ctx, self._what, self._start, self._done = ctx, what, start, 0
        self._count = SEGMENTS.count(spectra.frame_count(audio.frames * RATE_HZ // audio.rate_hz))

    def step(self) -> None:
        self._ctx.tell(self._what, self._start + (1 - self._start) * self._done / self._count)
        self._done += 1


def _check(audio: Audio) -> None:
    if audio.channels > 2:
        raise AudioInputError(
            "separation.channels", f"the take has {audio.channels} channels", "fold it down to stereo first"
        )


def band_masks(magnitude: Powers) -> spectra.Mask:
    """Return the masks of drums and bass, shaped (2, 1, frames, bins).

    Parameters
    ----------
    magnitude : ndarray, shape (frames, bins)
        Of both channels together; one mask serves both, so that nothing moves
        in the stereo image.
    """
    tone = tonal(magnitude)
    hit = percussive(magnitude, tone)
    tone_power, hit_power = tone**2, hit**2
    drums = hit_power / (tone_power + hit_power + _FLOOR)
    bass = (1 - drums) * bass_share(tone)
    return np.stack([drums, bass])[:, None].astype(np.float32)


def tonal(magnitude: Powers) -> Powers:
    """Return what lasts: the median over 0.2 s, below 200 Hz over 0.4 s."""
    low = round(_LOW_HZ / _BIN_HZ)
    out = np.empty_like(magnitude)
    out[:, :low] = _median_over_time(magnitude[:, :low], _LOW_TONE_FRAMES)
    out[:, low:] = _median_over_time(magnitude[:, low:], _TONE_FRAMES)
    return out


def percussive(magnitude: Powers, tone: Powers) -> Powers:
    """Return what is wide: the median over 500 Hz; below 200 Hz what exceeds the tone."""
    bins = magnitude.shape[1]
    half = _HIT_BINS // 2
    padded = np.pad(magnitude, ((0, 0), (half, half)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _HIT_BINS, axis=1)[:, ::_HIT_STEP]
    coarse = np.partition(windows, half, axis=2)[:, :, half]
    # the median hardly changes over 86 Hz: it is taken at every eighth bin and drawn through
    at = np.arange(bins) / _HIT_STEP
    left = np.minimum(at.astype(np.int64), coarse.shape[1] - 2)
    share = (at - left).astype(np.float32)
    wide = coarse[:, left] * (1 - share) + coarse[:, left + 1] * share
    low = round(_LOW_HZ / _BIN_HZ)
    wide[:, :low] = np.maximum(magnitude[:, :low] - tone[:, :low], 0)
    return np.asarray(np.maximum(wide, 0), np.float32)


def _median_over_time(magnitude: Powers, frames: int) -> Powers:
    padded = np.pad(magnitude, ((frames // 2, frames // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, frames, axis=0)
    middle: Powers = np.partition(windows, frames // 2, axis=2)[:, :, frames // 2]
    return middle


def bass_share(tone: Powers) -> Powers:
    """Return the share of each cell's tone that is the bass's, 0 to 1."""
    bins = tone.shape[1]
    hz = np.arange(bins) * _BIN_HZ
    share = np.zeros_like(tone)
    share[:] = np.clip((_BASS_NONE_HZ - hz) / (_BASS_NONE_HZ - _BASS_FULL_HZ), 0, 1)
    low, high = (round(edge / _BIN_HZ) for edge in _BASS_HZ)
    root = low + np.argmax(tone[:, low : high + 1], axis=1)
    rows = np.arange(len(tone))
    power = tone**2
    strong = power[rows, root] > 0.1 * power[:, : round(_OVERTONES_HZ / _BIN_HZ)].max(axis=1)
    for k in range(2, 12):
        expected = power[rows, root] / k**4  # 12 dB per octave in power
        for beside in (-1, 0, 1):
            at = np.minimum(k * root + beside, bins - 1)
            inside = strong & (k * root * _BIN_HZ <= _OVERTONES_HZ)
            part = np.minimum(1.0, expected / np.maximum(power[rows, at], _FLOOR))
            share[rows, at] = np.where(inside, np.maximum(share[rows, at], part), share[rows, at])
    return share


# -------------------------------------------------------------- drum classes

DRUMS = ("kick", "snare", "hats")
_BANDS = 42
_ROUNDS = 60


def split_drums(drums: Audio, ctx: Context) -> Mapping[str, Audio]:
    """Return ``kick``, ``snare`` and ``hats`` of a drum stem, which add up to it.

    Toms and claps fall to the snare, all cymbals to the hats; what no template
    explains is in the snare, which takes the remainder.

    Parameters
    ----------
    drums : Audio
        A drum stem, mono or stereo, any rate.
    ctx : Context
        Progress and cancel.

    Raises
    ------
    AudioInputError
        More than two channels.
    Cancelled
        The person stopped the work.
    """
    _check(drums)
    if not drums.frames:
        return dict.fromkeys(DRUMS, drums)
    edges = band_edges()
    levels = _band_levels(drums, edges, ctx)
    templates, activity = fit_templates(levels)
    share = templates[:, :, None] * activity[:, None, :]
    share /= np.maximum(share.sum(axis=0), 1e-20)
    place = 0
    tell = _Teller(ctx, "separation.drums", drums, 0.5)
    to_bin = np.clip(
        np.searchsorted(edges, np.arange(spectra.WINDOW // 2 + 1), side="right") - 1, 0, _BANDS - 1
    )

    def mask_of(spectrum: spectra.Spectrum) -> spectra.Mask:
        nonlocal place
        tell.step()
        count = spectrum.shape[1]
        own = np.zeros((3, count, _BANDS), np.float32)
        now = share[:, :, place : place + count].transpose(0, 2, 1)
        own[:, : now.shape[1]] = now
        place += SEGMENTS.step
        return own[(0, 2), None][..., to_bin]

    found = masked_stems(drums, ("kick", "hats"), "snare", SEGMENTS, mask_of)
    return {name: found[name] for name in DRUMS}


def band_edges() -> npt.NDArray[np.int64]:
    """Return the first bin of each of 42 bands: evenly spaced on the ERB scale, each a bin or more.

    ERB-rate = 21.4 log10(4.37 f/1000 + 1): Glasberg and Moore, 1990.
    """
    top = 21.4 * np.log10(4.37 * RATE_HZ / 2000 + 1)
    hz = (10 ** (np.linspace(0.5, top, _BANDS + 1) / 21.4) - 1) / 4.37 * 1000
    edges = np.round(hz / _BIN_HZ).astype(np.int64)
    for n in range(1, edges.size):
        edges[n] = max(edges[n], edges[n - 1] + 1)
    edges[0] = 0
    return edges[:-1]


def _band_levels(drums: Audio, edges: npt.NDArray[np.int64], ctx: Context) -> npt.NDArray[np.float64]:
    """Return magnitudes summed over channels and bins of each band: (bands, frames)."""
    feed = Feed(drums)
    frames = spectra.frame_count(feed.total)
    pieces = []
    for start, spectrum in spectra.pieces(feed.take, frames, SEGMENTS.length):
        ctx.tell("separation.drums", 0.4 * start / frames)
        power = (np.abs(spectrum) ** 2).sum(axis=0)
        pieces.append(np.add.reduceat(power, edges, axis=1))
    return np.sqrt(np.concatenate(pieces)[:frames].T.astype(np.float64))


def first_templates() -> npt.NDArray[np.float64]:
    """Return the templates as the physics has them: (3, bands), zero where a drum can't be.

    A kick has its body at 40–120 Hz and a click that ends below 5 kHz; a snare
    its shell at 150–400 Hz and wires up to the top; hats begin at 2 kHz.
    """
    hz = band_edges() * _BIN_HZ + 5
    octaves = np.log2(np.maximum(hz, 20.0))

    def hump(centre_hz: float, width_octaves: float) -> npt.NDArray[np.float64]:
        return np.asarray(np.exp(-(((octaves - np.log2(centre_hz)) / width_octaves) ** 2)))

    kick = (hump(60, 0.8) + 0.05 * hump(2500, 1.0)) * (hz < 5000)
    snare = (hump(220, 0.8) + 0.4 * hump(4000, 1.8)) * (hz > 120)
    hats = hump(10_000, 1.0) * (hz > 2000)
    return np.stack([kick, snare, hats])


def fit_templates(levels: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Fit three templates and their activity to band levels.

    Multiplicative updates of the Kullback-Leibler divergence (Lee and Seung,
    NIPS 2001); a template's zeros stay zero, and each is drawn halfway back to
    its start, so that it can take the song's colour but not another drum's place.

    Returns
    -------
    templates : ndarray, shape (3, bands)
        Each sums to one.
    activity : ndarray, shape (3, frames)
    """
    start = first_templates()
    start /= start.sum(axis=1, keepdims=True)
    templates = start.copy()
    activity = np.maximum(templates @ levels, 1e-9)
    for _ in range(_ROUNDS):
        ratio = levels / np.maximum(templates.T @ activity, 1e-12)
        activity *= templates @ ratio
        ratio = levels / np.maximum(templates.T @ activity, 1e-12)
        learned = templates * (activity @ ratio.T)
        learned /= np.maximum(learned.sum(axis=1, keepdims=True), 1e-12)
        scale = templates.sum(axis=1, keepdims=True)
        templates = 0.5 * learned + 0.5 * start
        activity *= scale / templates.sum(axis=1, keepdims=True)
    return templates, activity
