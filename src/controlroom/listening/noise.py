"""What the ears for noise, clipping and the source read: each pass made once, and its readings."""

from __future__ import annotations

import numpy as np

from controlroom.dsp import clicks, clipping, lines, noise, source
from controlroom.dsp.spectrum import Floats, broadband_gain_db, decibels
from controlroom.listening.heard import envelope_of, loudest_of, spectra_of
from controlroom.listening.listening import Listening
from controlroom.listening.tone import TonalBalance, tonal_balance
from controlroom.model.standards import Standards

NOTHING_DB = -200.0
WHINE_HZ = (2800.0, 16000.0)
BIRDIES_HZ = (5100.0, 7200.0)
NEIGHBOURS_HZ = ((2500.0, 4600.0), (7400.0, 9500.0))
FLUTTER_HZ = (6000.0, 14000.0)
CORES_HZ = {
    "mud": (200.0, 500.0),
    "boom": (80.0, 125.0),
    "harshness": (2500.0, 5000.0),
    "fizz": (8000.0, 12500.0),
    "dullness": (5000.0, 12500.0),
    "thin-low-end": (63.0, 125.0),
}
"""The third-octave bands that each word stands for (peers.md 5.1)."""

WANTING = frozenset({"dullness", "thin-low-end"})
ABSENT_DB = -30.0
FIT_HZ = (100.0, 10000.0)


def fine_of(listening: Listening) -> lines.FineSpectra:
    """Return the power of the mid in 11 Hz bins."""
    audio = listening.audio
    return listening.keep(
        ("dsp.fine_spectra",), lambda: lines.fine_spectra(lines.mid_of(audio.samples), audio.rate_hz)
    )


def milliseconds_of(listening: Listening) -> clicks.MillisecondPeaks:
    """Return peaks in blocks of 1 ms."""
    audio = listening.audio
    return listening.keep(
        ("dsp.millisecond_peaks",), lambda: clicks.millisecond_peaks(audio.samples, audio.rate_hz)
    )


def tops_of(listening: Listening) -> clipping.Tops:
    """Return how the samples crowd at the extremes."""
    return listening.keep(("dsp.tops",), lambda: clipping.tops(listening.audio.samples))


def floor_of(listening: Listening) -> noise.NoiseFloor:
    """Return the noise floor by band."""
    return listening.keep(("dsp.noise_floor",), lambda: noise.noise_floor(fine_of(listening)))


def whine_of(listening: Listening) -> lines.Line:
    """Return the strongest standing line."""
    return listening.keep(("dsp.whine",), lambda: lines.strongest_line(fine_of(listening), *WHINE_HZ))


def hum_of(listening: Listening) -> lines.Line:
    """Return the mains comb."""
    audio = listening.audio
    return listening.keep(("dsp.hum",), lambda: lines.hum(lines.mid_of(audio.samples), audio.rate_hz))


def flutter_of(listening: Listening) -> noise.Beat:
    """Return the beat of the highs."""
    audio = listening.audio
    return listening.keep(
        ("dsp.flutter",), lambda: noise.flutter(lines.mid_of(audio.samples), audio.rate_hz, *FLUTTER_HZ)
    )


def clicks_of(listening: Listening, over_db: float) -> clicks.Places:
    """Return the blocks that click."""
    return listening.keep(
        ("dsp.clicks", over_db), lambda: clicks.click_places(milliseconds_of(listening), over_db)
    )


def gaps_of(listening: Listening) -> clicks.Gaps:
    """Return the dropouts."""
    return listening.keep(("dsp.dropouts",), lambda: clicks.dropouts(milliseconds_of(listening)))


def ceiling_of(listening: Listening) -> source.Ceiling:
    """Return the edge at the top of the spectrum."""
    spectra = spectra_of(listening)
    return listening.keep(
        ("dsp.ceiling",), lambda: source.ceiling(spectra.mean_mid + spectra.mean_side, spectra.bin_hz)
    )


def hiss(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the noise floor at 8 to 15 kHz over the whole, where it *is* a floor; else −200 dB.

    A floor is flat (much of the time is spent on it) and lies under a sound
    that moves: noise without pauses is a sound, not hiss.
    """
    del argument
    floor = floor_of(listening)
    level = float(decibels(np.sum(10 ** (floor.floor_db[-2:] / 10))))
    flat = float(floor.flat[-1])
    moves = float(np.max(floor.depth_db))
    least, depth = standards.number("hiss.flat_share"), standards.number("hiss.depth_db")
    sound = level > standards.number("hiss.sound_db")
    return NOTHING_DB if flat < least or moves < depth or sound else max(NOTHING_DB, level)


def hum(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far the fourth-best mains harmonic stands over its surroundings."""
    del standards, argument
    return hum_of(listening).prominence_db


def whine(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far the strongest standing line stands over its surroundings."""
    del standards, argument
    return whine_of(listening).prominence_db


def birdies(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how many more short lines sound at once at 5.1–7.2 kHz than the bands around lead to expect.

    Overtones are denser below and thinner above: their geometric mean is what
    music would have between.
    """
    del standards, argument

    def measured() -> float:
        spectra = fine_of(listening)
        own = lines.birdie_density(spectra, *BIRDIES_HZ)
        low, high = (lines.birdie_density(spectra, *band) for band in NEIGHBOURS_HZ)
        return own - float(np.sqrt(low * high))

    return listening.keep(("dsp.birdies",), measured)


def flutter(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far one beat at 20–90 Hz stands out in the highs."""
    del standards, argument
    return flutter_of(listening).prominence_db


def clicks_per_minute(listening: Listening, standards: Standards, argument: float) -> float:
    """Return clicks per minute; fewer than three are none."""
    del argument
    found = clicks_of(listening, standards.number("clicks.over_db")).size
    return (
        60.0 * found / listening.audio.duration_s if found >= standards.number("clicks.least_count") else 0.0
    )


def dropout_count(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how often the sound drops out."""
    del standards, argument
    return float(gaps_of(listening).start.size)


def flat_per_minute(listening: Listening, standards: Standards, argument: float) -> float:
    """Return flat tops per minute, where they are a real share of what is near the top."""
    del argument
    tops = tops_of(listening)
    near = int(tops.histogram[int(0.9 * tops.histogram.size) :].sum())
    if near == 0 or tops.flat_frames / near < standards.number("clipping.flat_share"):
        return 0.0
    return 60.0 * tops.flat_runs / max(1e-3, listening.audio.duration_s)


def roundness(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how densely samples lie under the peak, against half way, in dB; −200 when the tops are flat."""
    if flat_per_minute(listening, standards, argument) > standards.number("clipping.flat_per_minute"):
        return NOTHING_DB
    return clipping.roundness_db(tops_of(listening))


def beyond(kind: str, balance: TonalBalance) -> float:
    """Return how far a kind's bands lie beyond their side of the corridor, in the mean; negative inside.

    A low end that is not there at all is an arrangement's choice and reads as inside.
    """
    low, high = CORES_HZ[kind]
    core = (balance.freq_hz >= low - 1.0) & (balance.freq_hz <= high + 1.0)
    if not np.any(core):
        return NOTHING_DB
    # the level is fitted as it was when the corridor was made: on 100 Hz to 10 kHz
    fit = (balance.freq_hz >= FIT_HZ[0]) & (balance.freq_hz <= FIT_HZ[1])
    level = broadband_gain_db(balance.residual_db, np.zeros_like(balance.residual_db), fit)
    residual = balance.residual_db[core] - level
    if kind not in WANTING:
        return float(np.mean(residual - balance.high_db[core]))
    if float(np.mean(residual)) < ABSENT_DB:
        return NOTHING_DB
    return float(np.mean(balance.low_db[core] - residual))


def _of_kind(kind: str, listening: Listening, standards: Standards) -> float:
    balance = tonal_balance(listening, standards)
    return beyond(kind, balance) if np.any(balance.judged) else NOTHING_DB


def mud(listening: Listening, standards: Standards, argument: float) -> float:
    """Return 200–500 Hz over the corridor."""
    del argument
    return _of_kind("mud", listening, standards)


def boom(listening: Listening, standards: Standards, argument: float) -> float:
    """Return 80–125 Hz over the corridor."""
    del argument
    return _of_kind("boom", listening, standards)


def harshness(listening: Listening, standards: Standards, argument: float) -> float:
    """Return 2.5–5 kHz over the corridor."""
    del argument
    return _of_kind("harshness", listening, standards)


def fizz(listening: Listening, standards: Standards, argument: float) -> float:
    """Return 8–12.5 kHz over the corridor."""
    del argument
    return _of_kind("fizz", listening, standards)


def dullness(listening: Listening, standards: Standards, argument: float) -> float:
    """Return 5–12.5 kHz under the corridor."""
    del argument
    return _of_kind("dullness", listening, standards)


def thin(listening: Listening, standards: Standards, argument: float) -> float:
    """Return 63–125 Hz under the corridor."""
    del argument
    return _of_kind("thin-low-end", listening, standards)


def ceiling_drop(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how deep the spectrum falls at its sharpest edge."""
    del standards, argument
    return ceiling_of(listening).drop_db


def ceiling_edge(listening: Listening, standards: Standards, argument: float) -> float:
    """Return where the spectrum falls at its sharpest edge."""
    del standards, argument
    return ceiling_of(listening).edge_hz


def bits(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the bits in use; 0 when there is no grid of 24 bits."""
    del standards, argument
    return float(listening.keep(("dsp.true_bits",), lambda: source.true_bits(listening.audio.samples)))


def side(listening: Listening, standards: Standards, argument: float) -> float:
    """Return side over mid of the whole; 0 dB for a sound of one channel, which has no side to miss."""
    del standards, argument
    spectra = spectra_of(listening)
    mid = float(spectra.mean_mid.sum())
    if listening.audio.channels < 2 or mid <= 0.0:
        return 0.0
    return max(NOTHING_DB, float(decibels(spectra.mean_side.sum() / mid)))


def longest_silence(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the longest silence inside a sound; its whole length when it is silent throughout."""
    del argument
    sound = envelope_of(listening)
    loudest = loudest_of(listening)
    if loudest.rms_db <= NOTHING_DB:
        return listening.audio.duration_s
    limit = 10 ** ((loudest.rms_db + standards.number("edges.silence_db")) / 20)
    heard: Floats = np.flatnonzero(np.max(sound.peak, axis=0) > limit).astype(np.float64)
    between = np.max(np.diff(heard), initial=1.0) - 1.0
    return float(between * sound.block_frames / sound.rate_hz)
