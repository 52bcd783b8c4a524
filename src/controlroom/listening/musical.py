"""The music of a Listening: analysed once, kept, with what the take and the brief say of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from controlroom.listening.heard import envelope_of, spectra_of
from controlroom.listening.listening import Listening
from controlroom.music.analysis import MusicFacts, analyse
from controlroom.music.arc import DynamicArc, dynamic_arc, late_highs_loss_db
from controlroom.music.correction import corrected
from controlroom.music.drift import TempoDrift, TuningDrift, tempo_drift, tuning_drift
from controlroom.music.familiarity import ChordTable, Familiarity, KnownLoop, degree_of, familiarity
from controlroom.music.repetition import Likeness, bar_likeness
from controlroom.music.spectra import SLOW_RATE_HZ, Doubles, Floats, decimate, to_mono

VOICE_ROLES = ("vocals", "lead-vocal", "voice")
LEAST_DOWNBEATS = 5


@dataclass(frozen=True, slots=True)
class SlowSound:
    """The sound as one channel at 5 to 6 kHz."""

    mono: Floats
    rate_hz: float


def music_of(listening: Listening) -> MusicFacts:
    """Return tempo, beats, key, chords, sections and vocal activity: what a person said of them, else what is heard."""
    said = listening.known.said
    if said is None:
        return heard_of(listening)
    return listening.keep(("music.corrected",), lambda: corrected(heard_of(listening), said))


def heard_of(listening: Listening) -> MusicFacts:
    """Return what is heard of the music with the lyrics' marks and the vocal stem, whatever a person said of it."""

    def measured() -> MusicFacts:
        audio = listening.audio
        voice = next((listening.stems[role].audio for role in VOICE_ROLES if role in listening.stems), None)
        same = voice is not None and voice.rate_hz == audio.rate_hz
        return analyse(
            audio.samples,
            audio.rate_hz,
            lyrics=listening.known.meant.lyrics,
            vocal=voice.samples if voice is not None and same else None,
            clock=listening.clock,
        )

    return listening.keep(("music.analyse",), measured)


def slow_of(listening: Listening) -> SlowSound:
    """Return the sound as one channel at a low rate."""
    audio = listening.audio

    def measured() -> SlowSound:
        factor = max(1, int(audio.rate_hz // SLOW_RATE_HZ))
        return SlowSound(decimate(to_mono(audio.samples), factor), audio.rate_hz / factor)

    return listening.keep(("music.slow",), measured)


def power_of(listening: Listening) -> Doubles:
    """Return the mean square of all channels in blocks of 10 ms."""
    return listening.keep(("music.power",), lambda: np.asarray(envelope_of(listening).power.mean(axis=0)))


def block_s_of(listening: Listening) -> float:
    """Return the length of those blocks in seconds."""
    return envelope_of(listening).block_frames / listening.audio.rate_hz


def dynamic_arc_of(listening: Listening) -> DynamicArc | None:
    """Return how the level moves over the song."""
    return listening.keep(
        ("music.dynamic_arc",), lambda: dynamic_arc(power_of(listening), block_s_of(listening))
    )


def late_highs_loss_of(listening: Listening) -> float:
    """Return how much highs the late part has lost, in decibels."""

    def measured() -> float:
        spectra = spectra_of(listening)
        duration_s = listening.audio.duration_s
        return late_highs_loss_db(
            spectra.mid + spectra.side, spectra.nominal_hz, spectra.frames_s, duration_s
        )

    return listening.keep(("music.late_highs_loss",), measured)


def bar_lines_of(listening: Listening) -> Doubles:
    """Return the downbeats, empty where too few are known."""
    lines = np.asarray(music_of(listening).grid.downbeats_s, dtype=np.float64)
    return lines if lines.size >= LEAST_DOWNBEATS else np.zeros(0)


def likeness_of(listening: Listening) -> Likeness:
    """Return how much each bar is a copy of another."""

    def measured() -> Likeness:
        slow = slow_of(listening)
        return bar_likeness(slow.mono, slow.rate_hz, bar_lines_of(listening))

    return listening.keep(("music.bar_likeness",), measured)


def tempo_drift_of(listening: Listening) -> TempoDrift | None:
    """Return how the tempo drifts; None without a tempo."""
    tempo = music_of(listening).grid.tempo_bpm

    def measured() -> TempoDrift | None:
        return None if tempo is None else tempo_drift(power_of(listening), block_s_of(listening), tempo)

    return listening.keep(("music.tempo_drift",), measured)


def tuning_drift_of(listening: Listening) -> TuningDrift | None:
    """Return how the tuning glides; None where too little is tonal."""

    def measured() -> TuningDrift | None:
        slow = slow_of(listening)
        return tuning_drift(slow.mono, slow.rate_hz)

    return listening.keep(("music.tuning_drift",), measured)


def familiarity_of(listening: Listening) -> Familiarity | None:
    """Return how familiar the harmony is; None without a key or with too few chords."""
    facts = music_of(listening)

    def measured() -> Familiarity | None:
        if facts.key is None:
            return None
        return familiarity(facts.chords, minor=facts.key.mode == "minor", table=chord_table())

    return listening.keep(("music.familiarity",), measured)


@cache
def chord_table() -> ChordTable:
    """Return the published counts that ship with the package."""
    text = resources.files("controlroom.data").joinpath("harmony.toml").read_text(encoding="utf-8")
    stored = tomllib.loads(text)
    counted = stored["billboard"]
    loops = tuple(
        KnownLoop(tuple(degree_of(n) for n in entry["numerals"]), entry["percent"], entry["source"])
        for entry in stored["loops"]
    )
    return ChordTable(
        unigram={k: v / 100.0 for k, v in counted["unigram_percent"].items()},
        bigram={k: v / 100.0 for k, v in counted["bigram_percent"].items()},
        percentiles=tuple(counted["percentiles"]),
        next_entropy_bits=tuple(counted["next_entropy_bits"]),
        loops=loops,
        source=counted["source"],
    )
