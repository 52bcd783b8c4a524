"""Loudness, dynamics and form: too flat, too jumpy, too much the same, or drifting."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from lab.defects.form import FULL, Defect, Flawed, Host, host_of, intended_form, of_mix
from lab.defects.sound import decibels, envelope, linear, noise_like, rms, smooth_gain
from lab.defects.voice_space import darker
from lab.songs import make_song
from lab.songs.truth import SongTruth, Stretch, SynthSong


def _truth(host: Host) -> SongTruth:
    if host.truth is None:
        raise ValueError("this defect needs a host with truth")
    return host.truth


def _recipe(host: Host) -> SynthSong:
    if host.recipe is None:
        raise ValueError("this defect needs a host that can be made again")
    return host.recipe


def limited(samples: np.ndarray, rate_hz: int, gain_db: float, ceiling: float = 0.97) -> np.ndarray:
    """Push into a plain look-ahead limiter (3 ms, release about 20 ms)."""
    hot = samples * np.float32(linear(gain_db))
    reach = int(0.003 * rate_hz)
    peaks = ndimage.maximum_filter1d(np.abs(hot).max(axis=0), 2 * reach + 1)
    # the peak held 15 ms, then smoothed over twice the look-ahead, never misses the peak itself
    held = ndimage.maximum_filter1d(peaks, int(0.015 * rate_hz))
    gain = np.minimum(1.0, ceiling / np.maximum(held, 1e-9))
    smooth = ndimage.uniform_filter1d(gain, 2 * reach + 1)
    return np.clip(hot * smooth, -ceiling, ceiling)


def over_compression(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Squashed until the crest of the whole is the strength."""
    x, rate = host.mix.samples, host.mix.rate_hz
    x = x * np.float32(0.97 / np.abs(x).max())
    gain, out = 0.0, x
    for _ in range(16):
        crest = decibels(0.97 / rms(out))
        if crest <= strength + 0.2:
            break
        gain += max(0.5, 1.1 * (crest - strength))
        # two thirds by the limiter, the rest rounded off, as loud masters are made
        out = 0.97 * np.tanh(linear(gain / 3) / 0.97 * limited(x, rate, 2 * gain / 3))
    return of_mix(out, rate)


def pumping(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Everything ducks by the strength on each beat and comes back over most of it."""
    truth, x, rate = _truth(host), host.mix.samples, host.mix.rate_hz
    gain_db = np.zeros(x.shape[1], dtype=np.float32)
    for start, length in zip(truth.beats_s[:-1], np.diff(truth.beats_s), strict=True):
        first, count = round(start * rate), int(0.85 * length * rate)
        gain_db[first : first + count] = -strength * np.cos(np.linspace(0, np.pi / 2, count)) ** 1.5
    smooth = ndimage.uniform_filter1d(gain_db, int(0.008 * rate))
    return of_mix(x * 10 ** (smooth / 20), rate)


def section_level(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """The repeat of a section is louder or softer than its first time; the middle third without a map.

    A song in which, by its truth, no section comes back has no level between repeats to be wrong.
    """
    x, rate = host.mix.samples, host.mix.rate_hz
    span = Stretch(host.mix.duration_s / 3, 2 * host.mix.duration_s / 3)
    if host.truth is not None:
        repeats = [s for s in host.truth.sections if s.occurrence == 2]
        if not repeats:
            return Flawed(host.mix, host.stems, reached=False)
        best = max(repeats, key=lambda s: s.energy)
        span = Stretch(best.start_s, best.end_s)
    step = strength * float(rng.choice([-1, 1]))
    points = [0.0, span.start_s - 0.02, span.start_s + 0.02, span.end_s - 0.02, span.end_s + 0.02]
    gain = smooth_gain(points, [0.0, 0.0, step, step, 0.0], x.shape[1], rate)
    out = x * gain
    return of_mix(out * min(1.0, FULL / float(np.abs(out).max())), rate, (span,))


def copied_bars(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Bars that are the same to the sample: each is pasted from one bar of the first full section.

    Loops repeat by nature; here nothing changes in them at all, no voice, no
    velocity, no room, which no performance and no arranged loop does for long.
    """
    truth, rate = _truth(host), host.mix.rate_hz
    x = host.mix.samples.copy()
    bars = truth.downbeats_s
    count = len(bars) - 1
    loudest = max(truth.sections, key=lambda s: s.energy)
    source = int(np.searchsorted(bars, loudest.start_s + 1e-6))
    source = min(max(0, source), count - 2)
    first, wanted = source + 1, round(strength * count)
    length = round((bars[source + 1] - bars[source]) * rate)
    begin = round(bars[source] * rate)
    fade = int(0.004 * rate)
    window = np.ones(length + fade, dtype=np.float32)
    window[:fade] = np.linspace(0, 1, fade)
    window[-fade:] = np.linspace(1, 0, fade)
    piece = host.mix.samples[:, begin - fade // 2 : begin - fade // 2 + length + fade]
    targets = [*range(first, count), *range(source - 1, -1, -1)][:wanted]
    for bar in targets:
        start = round(bars[bar] * rate) - fade // 2
        if start < 0 or start + window.size > x.shape[1]:
            continue
        x[:, start : start + window.size] *= 1 - window
        x[:, start : start + window.size] += piece * window
    span = Stretch(float(bars[min(targets)]), float(bars[max(targets) + 1]))
    return of_mix(x, rate, (span,))


def flat_arc(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Loudness evened out over 3 s by the strength: 1 leaves no arc at all."""
    x, rate = host.mix.samples, host.mix.rate_hz
    level = envelope(x, rate, 3.0)
    target = rms(x)
    gain = np.clip(target / np.maximum(level, 1e-6), 0.1, 10 ** (14 / 20)) ** strength
    end = int(0.06 * x.shape[1])
    gain[-end:] = gain[-end]
    out = x * gain.astype(np.float32)
    return of_mix(out * min(1.0, FULL / float(np.abs(out).max())), rate)


def late_degradation(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """The last third loses its highs and gains noise, worse towards the end."""
    x, rate = host.mix.samples, host.mix.rate_hz
    total = host.mix.duration_s
    points = [0.0, 0.62 * total, 0.72 * total, total]
    blend = smooth_gain(points, [-120.0, -120.0, -2.0, 0.0], x.shape[1], rate)
    noise = noise_like(x, rate, 2000, 9000, rng) * rms(x) * linear(-52.0 + 1.6 * strength)
    bad = darker(x, rate, strength) + noise
    return of_mix(x + blend * (bad - x), rate, (Stretch(2 * total / 3, total),))


def tempo_drift(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """The same song, made again with a last bar longer or shorter than the first by the strength."""
    song = _recipe(host)
    drift = strength / 100 * float(rng.choice([-1, 1]))
    again = make_song(
        song.seed, style=song.style, duration_s=song.asked_s, rate_hz=song.rate_hz, tempo_drift=drift
    )
    made = host_of(again)
    return Flawed(made.mix, made.stems)


def tuning_drift(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """The same song, made again with its tuning gliding by the strength from start to end."""
    song = _recipe(host)
    cents = strength * float(rng.choice([-1, 1])) / 2
    again = make_song(
        song.seed,
        style=song.style,
        duration_s=song.asked_s,
        rate_hz=song.rate_hz,
        tuning_cents=(-cents, cents),
    )
    made = host_of(again)
    return Flawed(made.mix, made.stems)


def one_loop(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """The same song, made again with the strength's share of its bars going round the verse's loop."""
    song = _recipe(host)
    again = make_song(
        song.seed, style=song.style, duration_s=song.asked_s, rate_hz=song.rate_hz, one_loop_share=strength
    )
    made = host_of(again)
    # a short song may go round its loop as much by itself
    return Flawed(made.mix, made.stems, reached=made.mix.digest() != host.mix.digest())


def turned_arc(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """The song as it is, beside a brief that asks for the strength's share of the opposite arc."""
    return Flawed(host.mix, host.stems, intended=intended_form(_truth(host), strength))


DEFECTS = (
    Defect("over-compression", "over-compression", "dB of crest that is left", (10.0, 7.5, 5.0), over_compression),
    Defect("pumping", "pumping", "dB on each beat", (2.0, 5.0, 10.0), pumping, frozenset({"truth"})),
    Defect("section-level", "section-level", "dB between repeats", (1.5, 3.0, 6.0), section_level),
    Defect("copied-bars", "repetition", "share of bars", (0.2, 0.45, 0.8), copied_bars, frozenset({"truth"})),
    Defect("flat-arc", "predictable-arc", "share of the arc evened out", (0.4, 0.75, 1.0), flat_arc),
    Defect("late-degradation", "late-degradation", "dB lost above 5 kHz", (3.0, 7.0, 14.0), late_degradation),
    Defect("tempo-drift", "tempo-drift", "% of a bar", (1.0, 3.0, 8.0), tempo_drift, frozenset({"recipe"})),
    Defect("tuning-drift", "tuning-drift", "cents, start to end", (10.0, 25.0, 60.0), tuning_drift,
           frozenset({"recipe"})),
    Defect("one-loop", "harmonic-familiarity", "share of bars on one loop", (0.6, 0.8, 1.0), one_loop,
           frozenset({"recipe"})),
    Defect("turned-arc", "surface-arc", "share of the opposite arc asked for", (0.4, 0.7, 1.0), turned_arc,
           frozenset({"truth"})),
)  # fmt: skip
