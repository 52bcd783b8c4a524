"""How far a stem can be trusted: does it null, does it bleed, how unsure was its mask.

Everything here is measured without the true stems, from the set and its mix,
which must be placed already (``alignment``). A stem that was *regenerated* (a
generator that sings the part again instead of cutting it out of the mix, as
Suno's split is said to do since June 2026) sounds like the part and is not the
part: taking 3 dB of it away from the mix adds noise instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.song import StemTrust
from controlroom.separation.shelf import Sound, whole

EDGES_HZ = (20.0, 60.0, 120.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
"""Band edges of coherence; the last band is 8 to 16 kHz."""

_SIZE = 4096
_BATCH_FRAMES = 32
_FLOOR = 1e-12
_ABSENT = 1e-6  # a stem 60 dB under its mix in a band gives no evidence there
_LOUD = 10 ** (-15 / 10)
_ALIKE = 0.3


@dataclass(frozen=True)
class SetTrust:
    """What was found of a set of stems.

    Attributes
    ----------
    stems : mapping
        A ``StemTrust`` per stem; each repeats the set's ``null_db``.
    null_db : float
        ``Σ stems − mix`` over the mix; −inf becomes −200.
    regenerated : tuple of str
        Stems that move like the mix but are not in it as waves.
    foreign : tuple of str
        Loud stems that are neither in the mix nor move like it: another song's.
    incomplete : bool
        The stems are in the mix, but do not add up to it: one is missing, or
        the mix went through effects on its bus.
    """

    stems: Mapping[str, StemTrust]
    null_db: float
    regenerated: tuple[str, ...]
    foreign: tuple[str, ...]
    incomplete: bool


def judge(stems: Mapping[str, Sound], mix: Audio, ctx: Context) -> SetTrust:
    """Measure a placed set of stems against its mix.

    *Coherence* per band is that of the change an overlay would make. Joint
    least squares gives each stem's complex gain h in the mix; where h = 1 a
    decibel taken from the stem is a decibel taken from the part, where h → 0 it
    is noise added. It is reported as ``Re h / max(1, |h|²)``, 0 to 1, and as 0
    where the stem lies 60 dB under the mix. *Bleed* is the share of a stem that
    the other stems explain linearly (multiple coherence; Bendat and Piersol,
    "Random Data", ch. 7), in dB: what two masks let through of one source is
    coherent, two recordings are not. *Artifact* is the distortion that a mask
    itself predicts. A cell that stem and rest share was divided with the mix's
    phase, and the error expected there is ``m(1−m)|X|²``, the variance that a
    Wiener filter leaves; its sum is that of ``Re(stem · rest*)``, given here
    over the stem's power, 0 to 1, so that −10 log10 of it is the SDR that the
    stem can be expected to have. Between true stems the sum averages out.

    Parameters
    ----------
    stems : mapping of role to Audio
        Placed: the mix's rate, length, mono or the mix's channels. On a shelf
        they are read in pieces, and one at a time.
    mix : Audio
        The take.
    ctx : Context
        Progress and cancel.

    Returns
    -------
    SetTrust
    """
    names = tuple(stems)
    cross = cross_cells([stems[name] for name in names], mix, ctx).sum(axis=0)
    coherence = _overlay_coherence(cross)
    silent = ~_heard(cross)
    levels = _levels_db(cross)
    bleed = _bleed_db(cross)
    null = null_db(stems, mix)
    artifact = _artifact(cross)
    likeness = {name: envelope_likeness(whole(stems[name]), mix) for name in names}
    found = {}
    for n, name in enumerate(names):
        found[name] = StemTrust(
            null_db=null,
            bleed_db=float(bleed[n]),
            artifact=float(artifact[n]),
            coherence=tuple(float(c) for c in coherence[n]),
            coherence_edges_hz=EDGES_HZ,
            silent=tuple(bool(s) for s in silent[n]),
            level_db=tuple(round(float(v), 1) for v in levels[n]),
        )
    present = _overall(cross)
    apart = [name for n, name in enumerate(names) if present[n] < 0.5]
    # a quiet part hardly moves its mix, so only a loud stem can be said to be another song's
    level = np.diagonal(cross, axis1=1, axis2=2).real.sum(axis=0)
    loud = {name: level[n] > _LOUD * level[-1] for n, name in enumerate(names)}
    strange = [name for name in apart if loud[name] and likeness[name] < _ALIKE]
    return SetTrust(
        stems=found,
        null_db=null,
        regenerated=tuple(name for name in apart if name not in strange),
        foreign=tuple(strange),
        incomplete=not apart and null > -15.0,
    )


def null_db(stems: Mapping[str, Sound], mix: Audio) -> float:
    """Return the power of ``Σ stems − mix`` over that of the mix, in dB, at least −200."""
    left, whole = 0.0, 0.0
    for start in range(0, mix.frames, 1 << 18):
        cut = slice(start, start + (1 << 18))
        rest = mix.samples[:, cut].astype(np.float64)
        whole += float(np.sum(rest**2))
        for stem in stems.values():
            rest = rest - stem.excerpt(start, start + (1 << 18)).samples
        left += float(np.sum(rest**2))
    return float(10 * np.log10(max(1e-20, left / max(whole, 1e-20))))


def cross_cells(stems: list[Sound], mix: Audio, ctx: Context) -> npt.NDArray[np.complex128]:
    """Return cross-power matrices (stretches, bands, n+1, n+1) of the stems and, last, the mix.

    A stretch is ``_BATCH_FRAMES`` windows long: 1.5 s at 44.1 kHz.
    """
    from scipy.fft import rfft

    window = np.hanning(_SIZE).astype(np.float32)
    hz = np.fft.rfftfreq(_SIZE, 1 / mix.rate_hz)
    bands = [np.flatnonzero((hz >= low) & (hz < high)) for low, high in pairwise(EDGES_HZ)]
    sounds = [*stems, mix]
    cells = []
    span = _BATCH_FRAMES * _SIZE // 2 + _SIZE // 2
    for start in range(0, max(1, mix.frames - _SIZE // 2), _BATCH_FRAMES * _SIZE // 2):
        ctx.tell("separation.trust", 0.6 * start / mix.frames)
        spectra = []
        for sound in sounds:
            piece = np.zeros((mix.channels, span), np.float32)
            stretch = sound.excerpt(start, start + span).samples
            piece[:, : stretch.shape[1]] = stretch
            view = np.lib.stride_tricks.sliding_window_view(piece, _SIZE, axis=1)[:, :: _SIZE // 2]
            spectra.append(rfft(view * window, axis=2))
        block = np.stack(spectra)
        out = np.zeros((len(bands), len(sounds), len(sounds)), np.complex128)
        for b, bins in enumerate(bands):
            rows = block[..., bins].reshape(len(sounds), -1).astype(np.complex128)
            out[b] = rows @ rows.conj().T
        cells.append(out)
    return np.stack(cells)


def band_gains(cross: npt.NDArray[np.complex128]) -> npt.NDArray[np.complex128]:
    """Return the complex gain of each stem in the mix, per band: (stems, bands)."""
    count = cross.shape[1] - 1
    out = np.zeros((count, cross.shape[0]), np.complex128)
    for b, matrix in enumerate(cross):
        own = matrix[:count, :count].T  # Σ conj(s_i) s_j
        ridge = 1e-8 * max(float(np.trace(own).real), _FLOOR)
        out[:, b] = np.linalg.solve(own + ridge * np.eye(count), matrix[count, :count])
    return out


def _overlay_coherence(cross: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
    gain = band_gains(cross)
    score = gain.real / np.maximum(1.0, np.abs(gain) ** 2)
    return np.where(_heard(cross), np.clip(score, 0.0, 1.0), 0.0)


def _heard(cross: npt.NDArray[np.complex128]) -> npt.NDArray[np.bool_]:
    """Return where each stem sounds, per band: (stems, bands)."""
    power = np.diagonal(cross, axis1=1, axis2=2).real
    least = _ABSENT * np.maximum(power[:, -1], _FLOOR)
    return np.asarray(least < power[:, :-1].T)


def _levels_db(cross: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
    """Return each band's power over the stem's own, in dB, at least −200: (stems, bands)."""
    power = np.diagonal(cross, axis1=1, axis2=2).real[:, :-1].T
    share = power / np.maximum(power.sum(axis=1, keepdims=True), _FLOOR)
    return np.asarray(10 * np.log10(np.maximum(share, 1e-20)))


def _overall(cross: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
    """Return each stem's coherence over all bands, weighted by its own power; 1 for silence."""
    score = _overlay_coherence(cross)
    power = np.diagonal(cross, axis1=1, axis2=2).real[:, : score.shape[0]].T
    total = power.sum(axis=1)
    quiet = total <= _ABSENT * np.maximum(cross[:, -1, -1].real.sum(), _FLOOR)
    return np.where(quiet, 1.0, (score * power).sum(axis=1) / np.maximum(total, _FLOOR))


def _bleed_db(cross: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
    """Return the share of each stem that the other stems explain, in dB, −60 to 0."""
    count = cross.shape[1] - 1
    share = np.zeros(count)
    for n in range(count):
        others = [m for m in range(count) if m != n]
        explained = 0.0
        for matrix in cross if others else ():
            own = matrix[np.ix_(others, others)]
            ridge = 1e-8 * max(float(np.trace(own).real), _FLOOR)
            link = matrix[n, others]
            weights = np.linalg.solve(own + ridge * np.eye(len(others)), link.conj())
            explained += max(0.0, float((link @ weights).real))
        total = float(cross[:, n, n].real.sum())
        share[n] = explained / total if total > _FLOOR else 0.0
    return np.asarray(np.clip(10 * np.log10(np.maximum(share, 1e-6)), -60.0, 0.0))


def _artifact(cross: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
    """Return the share of each stem's power that its mask can't vouch for, 0 to 1."""
    total = cross.real.sum(axis=0)
    own = np.diagonal(total)[:-1]
    shared = total[:-1, -1] - own  # Σ Re(stem · (mix − stem)*)
    return np.where(own > _FLOOR, np.clip(shared / np.maximum(own, _FLOOR), 0.0, 1.0), 0.0)


def envelope_likeness(stem: Audio, mix: Audio) -> float:
    """Return how alike stem and mix move, −1 to 1: the correlation of their band levels in time.

    Levels in dB of six bands (100 Hz to 6.4 kHz, octaves) in 50 ms steps, each
    band's own mean taken off, the bands weighted by the stem's power. A
    regenerated part rises and falls with the mix; another song's does not.
    """
    one, two = _levels(stem), _levels(mix)
    steps = min(one.shape[1], two.shape[1])
    if steps < 20:
        return 0.0
    one, two = one[:, :steps], two[:, :steps]
    share = np.mean(one, axis=1) / max(_FLOOR, float(np.mean(one)) * len(one))
    floor = 1e-4
    a = 10 * np.log10(one + floor * one.max(axis=1, keepdims=True) + _FLOOR)
    b = 10 * np.log10(two + floor * two.max(axis=1, keepdims=True) + _FLOOR)
    a -= a.mean(axis=1, keepdims=True)
    b -= b.mean(axis=1, keepdims=True)
    norm = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return float(np.sum(share * (a * b).sum(axis=1) / np.maximum(norm, _FLOOR)))


def _levels(audio: Audio) -> npt.NDArray[np.float64]:
    """Return power in six octave bands per 50 ms: (6, steps)."""
    mono = audio.samples.mean(axis=0)
    hop = max(1, round(0.05 * audio.rate_hz))
    count = mono.size // hop
    blocks = mono[: count * hop].reshape(count, hop) * np.hanning(hop).astype(np.float32)
    power = np.abs(np.fft.rfft(blocks, axis=1)) ** 2
    hz = np.fft.rfftfreq(hop, 1 / audio.rate_hz)
    edges = 100.0 * 2.0 ** np.arange(7)
    bands = [power[:, (hz >= low) & (hz < high)].sum(axis=1) for low, high in pairwise(edges)]
    return np.asarray(bands, np.float64)
