"""Noise artefacts: what sounds although nobody played it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from lab.defects.audible import CLEARLY_DB, over_masked_db
from lab.defects.form import Defect, Flawed, Host, of_mix
from lab.defects.sound import (
    band_pass,
    decibels,
    envelope,
    linear,
    masked_tone_rms,
    noise_like,
    rms,
)
from lab.songs.truth import Stretch

HISS_DB = (-44.0, -36.0, -27.0)
HUM_DB = (-42.0, -33.0, -24.0)


def _under(host: Host, fault: np.ndarray, strength: float, clear_db: float) -> Flawed:
    """Lay a fault of RMS 1 under a host, at a level against its RMS.

    A host that covers even the clear one (``over_masked_db``) can't carry any.
    """
    x, rate = host.mix.samples, host.mix.rate_hz
    added = fault * rms(x)
    heard = over_masked_db(x, added * linear(clear_db), rate) >= CLEARLY_DB
    return replace(of_mix(x + added * linear(strength), rate), reached=heard)


def hiss(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """Steady broadband noise from 1 kHz up, heard in gaps."""
    x, rate = host.mix.samples, host.mix.rate_hz
    return _under(host, noise_like(x, rate, 1000, 16000, rng), strength, HISS_DB[-1])


def hum(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """Mains hum: 50 or 60 Hz and seven harmonics, the same in both channels."""
    x, rate = host.mix.samples, host.mix.rate_hz
    mains = float(rng.choice([50.0, 60.0]))
    t = np.arange(x.shape[1]) / rate
    tone = np.zeros((1, x.shape[1]))
    for k in range(1, 9):
        tone += k**-0.7 * np.sin(2 * np.pi * mains * k * t + rng.uniform(0, 6.28))
    return _under(host, tone / rms(tone), strength, HUM_DB[-1])


def whine(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """One stationary line at 3.0–4.2 or 5–7 kHz."""
    x, rate = host.mix.samples, host.mix.rate_hz
    low, high = ((3000, 4200), (5000, 7000))[int(rng.integers(2))]
    frequency = float(rng.uniform(low, high))
    level = masked_tone_rms(x, rate, frequency) * linear(strength)
    line = np.sqrt(2) * level * np.sin(2 * np.pi * frequency * np.arange(x.shape[1]) / rate)
    return of_mix(x + line, rate)


def shimmer(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """Birdies: lines at 5.1–7.2 kHz that come, hold 0.15–0.8 s and go, as loud as what they hide in asks."""
    x, rate = host.mix.samples, host.mix.rate_hz
    frames = x.shape[1]
    level = masked_tone_rms(x, rate, 6000.0) * linear(strength)
    # they follow the music, as a codec's birdies do
    follow = envelope(band_pass(x, rate, 2000, 8000), rate, 0.2)
    follow = np.clip(follow / (rms(follow) + 1e-12), 0.3, 1.5)
    birds = np.zeros(frames, dtype=np.float32)
    for _ in range(int(12 * frames / rate)):
        length = int(rng.uniform(0.15, 0.8) * rate)
        start = int(rng.integers(0, max(1, frames - length)))
        pitch = rng.uniform(5100, 7200) * (1 + 0.004 * np.linspace(-1, 1, length) * rng.uniform(-1, 1))
        tone = np.sin(2 * np.pi * np.cumsum(pitch) / rate) * np.hanning(length) ** 0.5
        birds[start : start + length] += tone[: frames - start].astype(np.float32)
    return of_mix(x + np.sqrt(2) * level * birds * follow, rate)


def flutter(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """Noise from 6 kHz up, amplitude-modulated at a codec's frame rate of 25–86 Hz."""
    x, rate = host.mix.samples, host.mix.rate_hz
    beat = float(rng.uniform(25, 86))
    high = band_pass(x, rate, 6000, 14000)
    follow = envelope(high, rate, 0.4)
    t = np.arange(x.shape[1]) / rate
    noise = noise_like(x, rate, 6000, 14000, rng) * (1 + np.cos(2 * np.pi * beat * t)) / np.sqrt(1.5)
    return of_mix(x + noise * follow * linear(strength), rate)


def _places(
    loud: np.ndarray, count: int, rate_hz: int, rng: np.random.Generator, *, high: bool
) -> np.ndarray:
    """Pick frames at least 0.3 s apart where an envelope is in its upper (or middle) part."""
    grid = np.arange(rate_hz, loud.size - rate_hz, rate_hz // 20)
    order = np.quantile(loud[grid], (0.6, 1.0) if high else (0.2, 0.6))
    fitting = grid[(loud[grid] >= order[0]) & (loud[grid] <= order[1])]
    chosen: list[int] = []
    for place in rng.permutation(fitting):
        if all(abs(int(place) - other) > 0.3 * rate_hz for other in chosen):
            chosen.append(int(place))
        if len(chosen) == count:
            break
    return np.array(sorted(chosen))


def clicks(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """Single-sample steps that ring for 0.2 ms, 20 a minute, in the softer half of the song."""
    x, rate = host.mix.samples.copy(), host.mix.rate_hz
    peaks = ndimage.maximum_filter1d(np.abs(x).max(axis=0), int(0.01 * rate))
    where = _places(peaks, max(6, int(20 * x.shape[1] / rate / 60)), rate, rng, high=False)
    ring = np.exp(-np.arange(32) / 5.0) * np.cos(np.arange(32) * 1.9)
    for place in where:
        height = min(0.9, float(peaks[place]) * linear(strength)) * rng.choice([-1, 1])
        x[:, place : place + 32] += np.float32(height) * ring.astype(np.float32)
    spans = tuple(Stretch(p / rate, (p + 32) / rate) for p in where)
    return of_mix(np.clip(x, -0.999, 0.999), rate, spans)


def dropouts(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """Six gaps of nothing, in loud places."""
    x, rate = host.mix.samples.copy(), host.mix.rate_hz
    loud = envelope(x, rate, 0.2)
    where = _places(loud, 6, rate, rng, high=True)
    gap, edge = int(strength / 1000 * rate), max(2, int(0.0005 * rate))
    shape = np.concatenate([np.linspace(1, 0, edge), np.zeros(gap), np.linspace(0, 1, edge)])
    for place in where:
        x[:, place : place + shape.size] *= shape.astype(np.float32)
    return of_mix(x, rate, tuple(Stretch(p / rate, (p + shape.size) / rate) for p in where))


def hard_clipping(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Flat tops: the peak is driven over full scale by the strength."""
    x, rate = host.mix.samples, host.mix.rate_hz
    gain = linear(strength) * 0.98 / float(np.abs(x).max())
    return of_mix(np.clip(gain * x, -0.98, 0.98), rate)


def soft_clipping(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Saturation: tanh, driven over its knee by the strength."""
    x, rate = host.mix.samples, host.mix.rate_hz
    gain = linear(strength) / float(np.abs(x).max())
    return of_mix(0.9 * np.tanh(gain * x), rate)


def dc(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """A constant offset, of either sign, a little different per channel."""
    offsets = strength * rng.choice([-1, 1]) * np.array([[1.0], [0.8]])[: host.mix.channels]
    return of_mix(host.mix.samples + offsets, host.mix.rate_hz)


def rumble(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """Noise between 5 and 16 Hz."""
    x, rate = host.mix.samples, host.mix.rate_hz
    noise = noise_like(x[:1], rate, 5, 15, rng)
    return of_mix(x + noise * rms(x) * linear(strength), rate)


def floor_db(host: Host) -> float:
    """Return the RMS level of a host in dBFS, to which several strengths are relative."""
    return decibels(rms(host.mix.samples))


REL = "dB against the song's RMS"
MASKED = "dB over the masked threshold"
DEFECTS = (
    Defect("hiss", "hiss", REL, HISS_DB, hiss),
    Defect("hum", "hum", REL, HUM_DB, hum),
    Defect("whine", "whine", MASKED, (0.0, 6.0, 12.0), whine),
    Defect("shimmer", "shimmer", MASKED, (0.0, 6.0, 12.0), shimmer),
    Defect("hf-flutter", "hf-flutter", "dB against the song's own 6–14 kHz", (-15.0, -7.0, 1.0), flutter),
    Defect("clicks", "clicks", "dB over the local peak", (-6.0, 3.0, 12.0), clicks),
    Defect("dropouts", "dropouts", "ms of gap", (4.0, 15.0, 60.0), dropouts),
    Defect("hard-clipping", "hard-clipping", "dB of overdrive", (2.0, 5.0, 9.0), hard_clipping),
    Defect("soft-clipping", "soft-clipping", "dB of drive", (4.0, 9.0, 15.0), soft_clipping),
    Defect("dc", "dc-offset", "of full scale", (0.001, 0.005, 0.03), dc),
    Defect("rumble", "rumble", REL, (-36.0, -24.0, -12.0), rumble),
)
