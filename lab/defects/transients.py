"""Transients: drums that lost their front, and hats that cover everything."""

from __future__ import annotations

import numpy as np
from scipy import fft

from lab.defects.form import FULL, Defect, Flawed, Host, of_mix, with_stems
from lab.defects.sound import band_pass, linear, onset_gain, rms
from lab.songs.drums import hat
from lab.songs.truth import SongTruth


def _truth(host: Host) -> SongTruth:
    if host.truth is None:
        raise ValueError("this defect needs a host with truth")
    return host.truth


def _softened(host: Host, part: str, depth_db: float) -> Flawed:
    """Take the attack of a drum away: the first 25 ms are pulled down by the strength."""
    stem, rate = host.stems[part].samples, host.mix.rate_hz
    gain = onset_gain(_truth(host).onsets_s[part], depth_db, 0.025, stem.shape[1], rate)
    return with_stems(host, {part: stem * gain})


def weak_kick(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """A kick without its front."""
    return _softened(host, "kick", strength)


def weak_snare(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """A snare without its front."""
    return _softened(host, "snare", strength)


def smear(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """All drums spread in time by a noise kernel as long as the strength; levels and spectra stay."""
    rate = host.mix.rate_hz
    kernel = rng.standard_normal(max(8, int(strength / 1000 * rate)), dtype=np.float32)
    kernel *= np.hanning(kernel.size).astype(np.float32)
    kernel /= np.sqrt(np.sum(kernel**2))
    changed = {}
    for part in ("kick", "snare", "hats", "cymbals", "toms"):
        if part in host.stems:
            dry = host.stems[part].samples
            low = band_pass(dry, rate, 0, 200)
            size = fft.next_fast_len(dry.shape[1] + kernel.size, real=True)
            wet = fft.irfft(fft.rfft(dry - low, size) * fft.rfft(kernel, size), size)
            # centred, so that a stroke spreads to both sides of where it was
            start = kernel.size // 2
            changed[part] = low + wet[:, start : start + dry.shape[1]]
    return with_stems(host, changed)


def _dense_hats(
    beats_s: np.ndarray, division: int, frames: int, rate: int, rng: np.random.Generator
) -> np.ndarray:
    """Return long hats on every part of every beat."""
    takes = [hat(rng, rate, 0.09) for _ in range(4)]
    dense = np.zeros(frames, dtype=np.float32)
    for start, step in zip(beats_s[:-1], np.diff(beats_s), strict=True):
        for part in range(division):
            place = round((start + part * step / division) * rate)
            sample = takes[int(rng.integers(4))]
            length = min(sample.size, dense.size - place)
            dense[place : place + length] += np.float32(rng.uniform(0.8, 1.0)) * sample[:length]
    return dense


def hats_in_mix(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """Dense hats over a whole mix, heard without stems; a host without a map of beats gets 120 a minute."""
    x, rate = host.mix.samples, host.mix.rate_hz
    beats = host.truth.beats_s if host.truth else np.arange(0.0, host.mix.duration_s, 0.5)
    division = 2 if host.truth and host.truth.tempo_bpm >= 140 else 4
    dense = _dense_hats(beats, division, x.shape[1], rate, rng)[np.newaxis]
    covered = rms(band_pass(x, rate, 4000, 14000))
    mixed = x + dense * np.float32(covered * linear(strength) / rms(band_pass(dense, rate, 4000, 14000)))
    return of_mix(mixed * min(1.0, FULL / float(np.abs(mixed).max())), rate)


def hat_density(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """Hats on every sixteenth, long and loud: their 4–14 kHz lies over snare and voice by the strength."""
    truth, rate = _truth(host), host.mix.rate_hz
    stem = host.stems["hats"].samples
    division = 4 if truth.tempo_bpm < 140 else 2
    dense = _dense_hats(truth.beats_s, division, stem.shape[1], rate, rng)
    victims = host.stems["snare"].samples.copy()
    if "vocals" in host.stems:
        victims = victims + host.stems["vocals"].samples
    covered = rms(band_pass(victims, rate, 4000, 14000))
    dense *= covered * linear(strength) / rms(band_pass(dense[np.newaxis], rate, 4000, 14000))
    return with_stems(host, {"hats": stem + dense})


DEFECTS = (
    Defect("weak-kick", "weak-kick", "dB off the first 25 ms", (3.0, 7.0, 14.0), weak_kick,
           frozenset({"kick", "truth"}), "kick"),
    Defect("weak-snare", "weak-snare", "dB off the first 25 ms", (3.0, 7.0, 14.0), weak_snare,
           frozenset({"snare", "truth"}), "snare"),
    Defect("smear", "smear", "ms of kernel", (10.0, 30.0, 60.0), smear, frozenset({"hats", "snare"}), "drums"),
    Defect("hat-density", "hat-density", "dB over snare and voice at 4–14 kHz", (-4.0, 2.0, 8.0), hat_density,
           frozenset({"hats", "snare", "truth"}), "hats"),
    Defect("hats-in-mix", "hat-density", "dB over the mix at 4–14 kHz", (-4.0, 2.0, 8.0), hats_in_mix),
)  # fmt: skip
