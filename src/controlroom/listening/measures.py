"""The measurement table: every number that findings, claims and guards speak of, by name.

A name ends in its unit and may take an argument in brackets, such as
``tone.residual_db[630]``. Measurements marked ``level_free`` do not move when
the sound is turned up or down.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from controlroom.dsp import levels, stereo
from controlroom.dsp.spectrum import decibels
from controlroom.listening import (
    drums,
    form,
    masked_bars,
    noise,
    notes,
    space,
    strokes,
    traces,
    voice,
    voice_in_mix,
)
from controlroom.listening.heard import (
    edges_of,
    envelope_of,
    infrasonic_of,
    loudest_of,
    loudness_of,
    spectra_of,
)
from controlroom.listening.listening import Listening
from controlroom.listening.tone import tonal_balance
from controlroom.model.errors import UsageError
from controlroom.model.standards import Standards

_ARGUMENT = re.compile(r"\[(\d+(?:\.\d+)?)\]")

Reading = Callable[[Listening, Standards, float], float]

SILENCE_DB = -200.0
"""What a level reads when there is no sound."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measurement: its name, what it says, and how it is read.

    ``argument`` names what goes in the brackets; empty when it takes none.
    """

    name: str
    unit: str
    meaning: str
    read: Reading
    level_free: bool = True
    argument: str = ""


def measure(listening: Listening, name: str, standards: Standards) -> float:
    """Return the measurement called ``name`` of a sound.

    Raises
    ------
    UsageError
        Unknown name; an argument that is missing, not wanted, or no number.
    """
    stem, argument = split_name(name)
    return float(MEASURES[stem].read(listening, standards, argument))


def split_name(name: str) -> tuple[str, float]:
    """Return the table's name and the argument (0 when it takes none) of a measurement's name."""
    stem, bracket, rest = name.partition("[")
    if stem not in MEASURES:
        raise UsageError(
            "measure.unknown", f"there is no measurement called {stem!r}", f"one of: {', '.join(MEASURES)}"
        )
    wanted = MEASURES[stem].argument
    if not wanted and not bracket:
        return stem, 0.0
    given = _ARGUMENT.fullmatch(bracket + rest)
    if not wanted or given is None:
        raise UsageError(
            "measure.bad-argument",
            f"{name!r} is not how {stem} is asked for",
            f"{stem}[{wanted}]" if wanted else stem,
        )
    return stem, float(given[1])


def _finite(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise


def _integrated(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    return max(SILENCE_DB, loudness_of(listening).integrated_lufs)


def _range(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    # Tech 3342 needs short-term values above its gates; without any, nothing ranges
    return _finite(loudness_of(listening).loudness_range_lu, 0.0)


def _short_term_max(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    return max(SILENCE_DB, loudness_of(listening).short_term_max_lufs)


def _psr_p5(listening: Listening, standards: Standards, argument: float) -> float:
    # a sound shorter than the 3 s window is one window
    return _finite(loudness_of(listening).psr_p5_db, _plr(listening, standards, argument))


def _true_peak(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    return max(SILENCE_DB, loudness_of(listening).true_peak_dbtp)


def _plr(listening: Listening, standards: Standards, argument: float) -> float:
    return _true_peak(listening, standards, argument) - _integrated(listening, standards, argument)


def _sample_peak(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    return levels.peak_db(envelope_of(listening))


def _crest(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    return loudest_of(listening).crest_db


def _loudest_start(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    return loudest_of(listening).start_s


def _offset(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    offsets = levels.channel_offsets(envelope_of(listening))
    return float(decibels(np.max(offsets**2, initial=0.0)))


def _offset_ratio(listening: Listening, standards: Standards, argument: float) -> float:
    rms = levels.rms_db(envelope_of(listening))
    return SILENCE_DB if rms <= SILENCE_DB else _offset(listening, standards, argument) - rms


def _offset_drift(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    return levels.offset_drift_db(envelope_of(listening))


def _infrasonic(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    rms = levels.rms_db(envelope_of(listening))
    return SILENCE_DB if rms <= SILENCE_DB else float(decibels(infrasonic_of(listening))) - rms


def _residual(listening: Listening, standards: Standards, argument: float) -> float:
    return tonal_balance(listening, standards).residual_at(argument)


def _outside(listening: Listening, standards: Standards, argument: float) -> float:
    del argument
    return tonal_balance(listening, standards).worst_db


def _outside_mean(listening: Listening, standards: Standards, argument: float) -> float:
    del argument
    return tonal_balance(listening, standards).mean_db


def _low_side_mid(listening: Listening, standards: Standards, argument: float) -> float:
    del argument
    spectra = spectra_of(listening)
    return stereo.side_over_mid_db(spectra, spectra.between(20.0, standards.number("stereo.low_below_hz")))


def _low_correlation(listening: Listening, standards: Standards, argument: float) -> float:
    del argument
    spectra = spectra_of(listening)
    return stereo.correlation(spectra, spectra.between(20.0, standards.number("stereo.low_below_hz")))


def _correlation(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    spectra = spectra_of(listening)
    return stereo.correlation(spectra, spectra.between(20.0, 20000.0))


def _fold_loss(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    return stereo.mono_fold_loss_db(spectra_of(listening))


def _voice(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    return _band_over_loudness(listening, 1000.0, 4000.0, with_side=False)


def _low_end(listening: Listening, standards: Standards, argument: float) -> float:
    del standards, argument
    return _band_over_loudness(listening, 31.5, 125.0, with_side=True)


def _band_over_loudness(listening: Listening, low_hz: float, high_hz: float, *, with_side: bool) -> float:
    """Return the power of some bands over the K-weighted power of the whole, in dB."""
    spectra = spectra_of(listening)
    bands = spectra.between(low_hz, high_hz)
    power = float(spectra.mid[:, bands].sum(dtype=np.float64))
    if with_side:
        power += float(spectra.side[:, bands].sum(dtype=np.float64))
    whole = float(spectra.loud_mid.sum(dtype=np.float64) + spectra.loud_side.sum(dtype=np.float64))
    return SILENCE_DB if whole <= 0.0 else float(decibels(power / whole))


def _start_silence(listening: Listening, standards: Standards, argument: float) -> float:
    del argument
    return edges_of(listening, standards.number("edges.silence_db")).start_silence_s


def _end_silence(listening: Listening, standards: Standards, argument: float) -> float:
    del argument
    return edges_of(listening, standards.number("edges.silence_db")).end_silence_s


def _end_level(listening: Listening, standards: Standards, argument: float) -> float:
    del argument
    return edges_of(listening, standards.number("edges.silence_db")).end_level_db


_TABLE = (
    Measure(
        "loudness.integrated_lufs",
        "LUFS",
        "programme loudness, gated (BS.1770-5)",
        _integrated,
        level_free=False,
    ),
    Measure("loudness.range_lu", "LU", "loudness range (EBU Tech 3342)", _range),
    Measure(
        "loudness.short_term_max_lufs",
        "LUFS",
        "loudest 3 s (EBU Tech 3341)",
        _short_term_max,
        level_free=False,
    ),
    Measure(
        "loudness.psr_p5_db",
        "dB",
        "peak over short-term loudness, 5th percentile: how dense the densest parts are (AES TD1008)",
        _psr_p5,
    ),
    Measure(
        "peak.true_dbtp",
        "dBTP",
        "highest point of the wave between samples (BS.1770-5)",
        _true_peak,
        level_free=False,
    ),
    Measure("peak.sample_dbfs", "dBFS", "largest absolute sample", _sample_peak, level_free=False),
    Measure("peak.plr_db", "dB", "true peak over integrated loudness", _plr),
    Measure("dynamics.crest_loudest_8s_db", "dB", "peak over RMS in the loudest 8 s", _crest),
    Measure("dynamics.loudest_window_start_s", "s", "where the loudest 8 s begin", _loudest_start),
    Measure(
        "level.dc_offset_dbfs", "dBFS", "constant offset of the worse channel", _offset, level_free=False
    ),
    Measure("level.dc_ratio_db", "dB", "constant offset of the worse channel over the RMS", _offset_ratio),
    Measure(
        "level.dc_drift_db",
        "dB",
        "how far the offset wanders, over the offset itself (5 s means)",
        _offset_drift,
    ),
    Measure("level.infrasonic_db", "dB", "energy from 3 to 20 Hz over all energy", _infrasonic),
    Measure(
        "tone.residual_db",
        "dB",
        "third-octave level in the loudest third, over the corridor's median, level fitted",
        _residual,
        argument="hertz",
    ),
    Measure("tone.outside_corridor_db", "dB", "largest distance of a band outside the corridor", _outside),
    Measure(
        "tone.outside_mean_db",
        "dB",
        "mean distance outside the corridor over the judged bands",
        _outside_mean,
    ),
    Measure("stereo.low_side_mid_db", "dB", "side over mid energy of the low end", _low_side_mid),
    Measure("stereo.low_correlation", "", "correlation of the channels in the low end", _low_correlation),
    Measure("stereo.correlation", "", "correlation of the channels, 20 Hz to 20 kHz", _correlation),
    Measure("stereo.mono_fold_loss_db", "dB", "K-weighted level that a fold to mono loses", _fold_loss),
    Measure("voice.presence_db", "dB", "mid energy at 1 to 4 kHz over the K-weighted whole", _voice),
    Measure("lowend.level_db", "dB", "energy from 28 to 141 Hz over the K-weighted whole", _low_end),
    Measure("edges.start_silence_s", "s", "silence before the first sound", _start_silence),
    Measure("edges.end_silence_s", "s", "silence after the last sound", _end_silence),
    Measure("edges.end_level_db", "dB", "level of the last 20 ms over the loudest 8 s", _end_level),
    Measure("tone.mud_db", "dB", "200 to 500 Hz over the corridor, mean of its bands", noise.mud),
    Measure("tone.boom_db", "dB", "80 to 125 Hz over the corridor, mean of its bands", noise.boom),
    Measure("tone.harshness_db", "dB", "2.5 to 5 kHz over the corridor, mean of its bands", noise.harshness),
    Measure("tone.fizz_db", "dB", "8 to 12.5 kHz over the corridor, mean of its bands", noise.fizz),
    Measure("tone.dullness_db", "dB", "5 to 12.5 kHz under the corridor, mean of its bands", noise.dullness),
    Measure("tone.thin_db", "dB", "63 to 125 Hz under the corridor, mean of its bands", noise.thin),
    Measure("tone.resonance_db", "dB", "strongest narrow ring over the floor around it", traces.resonance),
    Measure("noise.hiss_db", "dB", "steady noise at 8 to 15 kHz in the pauses, over the whole", noise.hiss),
    Measure("noise.hum_db", "dB", "mains harmonics over their surroundings, the fourth best", noise.hum),
    Measure("noise.whine_db", "dB", "strongest standing line over its surroundings", noise.whine),
    Measure(
        "noise.birdies_count", "", "short lines at once at 5.1 to 7.2 kHz beyond overtones", noise.birdies
    ),
    Measure("noise.flutter_db", "dB", "one beat at 20 to 90 Hz in the highs, over all others", noise.flutter),
    Measure("noise.clicks_per_minute", "", "clicks per minute", noise.clicks_per_minute),
    Measure("noise.dropouts_count", "", "gaps cut into loud sound", noise.dropout_count),
    Measure("clipping.flat_per_minute", "", "flat tops per minute", noise.flat_per_minute),
    Measure(
        "clipping.roundness_db", "dB", "samples just under the peak, over those at half", noise.roundness
    ),
    Measure("source.ceiling_drop_db", "dB", "fall of the spectrum at its sharpest edge", noise.ceiling_drop),
    Measure("source.ceiling_hz", "Hz", "where the spectrum falls at its sharpest edge", noise.ceiling_edge),
    Measure("source.bits_count", "", "bits in use; 0 when the samples lie on no grid", noise.bits),
    Measure("source.side_db", "dB", "side over mid of the whole", noise.side),
    Measure("source.holes_per_minute", "", "holes that a codec left in the highs", traces.codec_holes),
    Measure("source.silence_s", "s", "longest silence inside", noise.longest_silence),
    Measure("form.arc_spread_db", "dB", "level over 3 s, 95th over 10th percentile", form.arc_spread),
    Measure("form.arc_peak_share", "share", "where the level is highest", form.arc_peak),
    Measure(
        "form.arc_stock_share", "share", "what the nearest stock arc explains of the level", form.arc_stock
    ),
    Measure("form.copied_bars_share", "share", "bars that are copies of another", form.copied_bars),
    Measure("form.late_highs_loss_db", "dB", "highs lost late, where the same is played", form.late_loss),
    Measure("form.tempo_drift_percent", "%", "change of tempo from start to end", form.tempo_change),
    Measure("form.tuning_drift_cents", "cents", "change of tuning from start to end", form.tuning_change),
    Measure("harmony.loop_share", "share", "chords' time that one loop covers", form.loop_cover),
    Measure("harmony.next_chord_bits", "bits", "entropy of the next chord given the last", form.next_chord),
    Measure("harmony.surprise_bits", "bits", "surprise against published statistics", form.chord_surprise),
    Measure("harmony.triads_count", "", "different triads", form.triads),
    Measure("arc.energy_range_share", "share", "reach of the sections' surface energy", form.energy_range),
    Measure("arc.agreement_percent", "%", "correlation of surface and intended energy", form.agreement),
    Measure("arc.chorus_lift_db", "dB", "level of the chorus over the verse", form.chorus_lift),
    # drums, voice, space and dynamics
    Measure(
        "transients.kick_front_db",
        "dB",
        "first 25 ms of the kick's strokes over 50 to 110 ms",
        strokes.kick_front,
    ),
    Measure(
        "transients.snare_front_db",
        "dB",
        "first 12 ms of the snare's strokes over 40 to 100 ms",
        strokes.snare_front,
    ),
    Measure(
        "transients.rise_s",
        "s",
        "rise of the sharper half of hats and snare, 10 to 2 dB under peak",
        strokes.smear,
    ),
    Measure("transients.hats_over_db", "dB", "hats over snare and voice at 2 to 15 kHz", strokes.hats_over),
    Measure(
        "transients.hats_occupancy_share",
        "share",
        "time that hats sound within 10 dB of their loud level",
        strokes.hats_occupancy,
    ),
    Measure("transients.hiss_over_crack_db", "dB", "7 to 15 kHz over 2 to 7 kHz", strokes.hiss_over_crack),
    Measure(
        "voice.over_backing_db",
        "dB",
        "voice over what masks it at 1 to 4 kHz while it sings",
        voice.over_backing,
    ),
    Measure(
        "voice.covered_share",
        "share",
        "cells of the voice at 1 to 4 kHz that the rest lies over",
        voice.covered,
    ),
    Measure(
        "voice.masked_bars_share", "share", "sung bars in which the voice is masked", masked_bars.masked_share
    ),
    Measure(
        "voice.sibilance_db",
        "dB",
        "sharpest 4.5 to 11 kHz of the voice over its loud vowels",
        voice.sibilance,
    ),
    Measure(
        "voice.mix_sibilance_db",
        "dB",
        "4.5 to 11 kHz of the middle over its vowels where somebody probably sings",
        voice_in_mix.sibilance,
    ),
    Measure(
        "voice.mix_sung_hiss_db",
        "dB",
        "4.5 to 11 kHz of the middle where somebody probably sings, over elsewhere",
        voice_in_mix.sung_hiss,
    ),
    Measure(
        "voice.level_range_db", "dB", "walk of the voice's level from phrase to phrase", voice.level_range
    ),
    Measure(
        "stereo.high_correlation",
        "",
        "correlation above 6 kHz, 10th percentile over time",
        space.high_correlation,
    ),
    Measure(
        "stereo.upper_fold_loss_db", "dB", "level above 200 Hz that a fold to mono loses", space.fold_loss
    ),
    Measure("stereo.width_db", "dB", "side over mid energy above 500 Hz", space.width),
    Measure("stereo.imbalance_db", "dB", "louder channel over the other", space.imbalance),
    Measure("stereo.drift_db", "dB", "steady walk of the balance from start to end", space.drift),
    Measure("level.note_range_db", "dB", "walk of the level from note to note", notes.note_range),
    Measure("dynamics.between_db", "dB", "quiet fifth under the loud level, in 12 ms", drums.between),
    Measure("dynamics.dense_crest_db", "dB", "peak over RMS of the loud passages (3 s)", space.density),
    Measure("dynamics.beat_rise_db", "dB", "rise of the level through the beat", traces.beat_rise),
    Measure("dynamics.level_step_db", "dB", "level between places of the same music", space.level_step),
)

MEASURES: Mapping[str, Measure] = {entry.name: entry for entry in _TABLE}
"""Every measurement, by the name before its brackets."""

READINGS: Mapping[str, str] = {
    "limiter.reduction_p95_db": "95th percentile of the limiter's gain reduction where it works, in dB",
    "limiter.reduction_max_db": "largest gain reduction of the limiter, in dB",
}
"""Numbers that only a step's own state knows; the desk reads them while it renders."""
