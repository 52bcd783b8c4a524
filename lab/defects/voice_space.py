"""Voice and space: what covers the voice, and what falls apart in stereo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.defects.form import Defect, Flawed, Host, of_mix, with_stems
from lab.defects.sound import band_pass, decibels, envelope, linear, recorrelated, rms, shaped, smooth_gain
from lab.songs.truth import Stretch

BACKING = ("guitar", "pads", "keys", "lead", "keyboard")
SIBILANCE_DB = (3.0, 7.0, 13.0)
NORMAL_SHARPNESS_DB = -6.0
"""Consonants of -10 to -6 dB against the vowels are the norm (standards.md 5.6)."""
SINGS_DB = -25.0
"""Where a recorded voice sings: within this of its loud level, over a quarter of a second."""


def _sung(host: Host) -> tuple[Stretch, ...]:
    """Return where the voice sings: the truth, or what its stem says of a recorded one."""
    if host.truth is not None:
        return host.truth.vocal_spans
    level = envelope(host.stems["vocals"].samples, host.mix.rate_hz, 0.25)
    sings = level > np.quantile(level, 0.95) * linear(SINGS_DB)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], sings, [False]]).astype(np.int8))).reshape(-1, 2)
    return tuple(Stretch(a / host.mix.rate_hz, b / host.mix.rate_hz) for a, b in edges)


def _during(samples: np.ndarray, spans: tuple[Stretch, ...], rate_hz: int) -> np.ndarray:
    parts = [samples[:, int(s.start_s * rate_hz) : int(s.end_s * rate_hz)] for s in spans]
    return np.concatenate(parts, axis=1)


def masked_voice(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Backing raised at 1–4 kHz until, while the voice sings, it lies over the voice there by the strength."""
    sung, rate = _sung(host), host.mix.rate_hz
    roles = [role for role in BACKING if role in host.stems]
    bands = {role: band_pass(host.stems[role].samples, rate, 1000, 4000) for role in roles}
    voice = band_pass(host.stems["vocals"].samples, rate, 1000, 4000)
    # the part that already plays most under the voice is the one that grows
    under = {role: rms(_during(band, sung, rate)) for role, band in bands.items()}
    role = max(under, key=lambda name: under[name])
    wanted = rms(_during(voice, sung, rate)) * linear(strength)
    gain = max(0.0, wanted / under[role] - 1.0)
    changed = host.stems[role].samples + gain * bands[role]
    return with_stems(host, {role: changed}, sung)


def sibilance(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """The voice's 4.5–10 kHz raised, which is its s and sh.

    A voice so dark that the clear strength leaves it within the norm is no host.
    """
    rate, sung = host.mix.rate_hz, _sung(host)
    stem = host.stems["vocals"].samples
    hissing = band_pass(stem, rate, 4500, 10000)
    clear = stem + (linear(SIBILANCE_DB[-1]) - 1) * hissing
    changed = stem + (linear(strength) - 1) * hissing
    flawed = with_stems(host, {"vocals": changed}, host.truth.sibilants if host.truth else sung)
    return replace(flawed, reached=_sharpness_db(clear, sung, rate) > NORMAL_SHARPNESS_DB)


def _sharpness_db(voice: np.ndarray, sung: tuple[Stretch, ...], rate_hz: int) -> float:
    """Return a voice's strong consonants (95 % of the time) over its loud vowels (90 %) while it sings."""
    hissing, vowels = (
        envelope(_during(band_pass(voice, rate_hz, low, high), sung, rate_hz), rate_hz, 0.05)
        for low, high in ((4500, 10000), (400, 4000))
    )
    return decibels(float(np.quantile(hissing, 0.95)) / max(float(np.quantile(vowels, 0.9)), 1e-9))


def voice_level(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """The voice sinks in every second section that it sings in; in every second quarter of a recorded one.

    A voice that sings in one section only can't sink in another.
    """
    rate, length_s = host.mix.rate_hz, host.mix.duration_s
    sections = [Stretch(i * length_s / 4, (i + 1) * length_s / 4) for i in range(4)]
    if host.truth is not None:
        sections = [Stretch(s.start_s, s.end_s) for s in host.truth.sections]
    spans = _sung(host)
    sung = [s for s in sections if any(p.start_s < s.end_s and p.end_s > s.start_s for p in spans)]
    points, gains = [0.0], [0.0]
    for index, section in enumerate(sung):
        gain = -strength if index % 2 else 0.0
        points += [section.start_s + 0.05, section.end_s - 0.05]
        gains += [gain, gain]
    stem = host.stems["vocals"].samples
    curve = smooth_gain(points, gains, stem.shape[1], rate)
    flawed = with_stems(host, {"vocals": stem * curve}, tuple(sung[1::2]))
    return replace(flawed, reached=len(sung) > 1)


def low_end_width(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Sub and bass out of phase between the channels."""
    return of_mix(recorrelated(host.mix.samples, host.mix.rate_hz, (0, 120), strength), host.mix.rate_hz)


def side_highs(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """Highs that wander: above 6 kHz out of phase, by an amount that changes 2 to 6 times a second."""
    x, rate = host.mix.samples, host.mix.rate_hz
    moved = recorrelated(x, rate, (6000, 30000), strength) - x
    seconds = x.shape[1] / rate
    times = np.cumsum(rng.uniform(0.16, 0.5, int(seconds / 0.16) + 2))
    wander = smooth_gain(list(times), list(rng.choice([0.0, -9.0], times.size)), x.shape[1], rate)
    return of_mix(x + moved * wander, rate)


def mono_fold(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Everything above 200 Hz loses when folded to mono."""
    return of_mix(recorrelated(host.mix.samples, host.mix.rate_hz, (200, 30000), strength), host.mix.rate_hz)


def imbalance(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """One channel lower than the other, all the way."""
    side = int(rng.integers(2))
    gains = np.array([[1.0], [linear(-strength)]])
    return of_mix(host.mix.samples * (gains if side else gains[::-1]), host.mix.rate_hz)


def stereo_drift(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """The balance walks from left to right over the song, half the strength to each side."""
    x = host.mix.samples
    db = np.linspace(-0.5, 0.5, x.shape[1]) * strength
    left = (10 ** (-db / 40)).astype(np.float32)
    return of_mix(np.stack([x[0] * left, x[-1] / left]), host.mix.rate_hz)


def darker(samples: np.ndarray, rate_hz: int, depth_db: float) -> np.ndarray:
    """Cut above 5 kHz by a shelf."""
    return shaped(samples, rate_hz, lambda f: -depth_db / (1 + (5000 / np.maximum(f, 1.0)) ** 3))


CORRELATION = "correlation of the band"
DEFECTS = (
    Defect("masked-voice", "masked-voice", "dB of backing over voice at 1–4 kHz", (-2.0, 4.0, 10.0),
           masked_voice, frozenset({"vocals"})),
    Defect("sibilance", "sibilance", "dB of 4.5–10 kHz", SIBILANCE_DB, sibilance,
           frozenset({"vocals"}), "vocals"),
    Defect("voice-level", "voice-level", "dB down in every second section", (2.0, 4.0, 8.0), voice_level,
           frozenset({"vocals"}), "vocals"),
    Defect("low-end-width", "low-end-width", CORRELATION, (0.65, 0.2, -0.4), low_end_width),
    Defect("side-highs", "side-highs", CORRELATION, (0.1, -0.3, -0.7), side_highs),
    Defect("mono-fold", "mono-fold", CORRELATION, (0.2, -0.2, -0.6), mono_fold),
    Defect("imbalance", "stereo-balance", "dB between the channels", (1.0, 3.0, 6.0), imbalance),
    Defect("stereo-drift", "stereo-drift", "dB of balance, start to end", (2.0, 4.0, 8.0), stereo_drift),
)  # fmt: skip
