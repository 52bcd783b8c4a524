"""The music of a Listening: analysed once, kept, with what the take and the brief say of it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from controlroom.listening.heard import envelope_of, spectra_of
from controlroom.listening.listening import Listening
from controlroom.model.brief import Brief
from controlroom.music.analysis import MusicFacts, analyse
from controlroom.music.arc import (
    DynamicArc,
    SurfaceCues,
    curve_agreement,
    dynamic_arc,
    late_highs_loss_db,
    onset_times_s,
    section_cues,
)
from controlroom.music.drift import TempoDrift, TuningDrift, tempo_drift, tuning_drift
from controlroom.music.familiarity import ChordTable, Familiarity, KnownLoop, degree_of, familiarity
from controlroom.music.repetition import Likeness, bar_likeness
from controlroom.music.spectra import SLOW_RATE_HZ, Doubles, Floats, decimate, to_mono

VOICE_ROLES = ("vocals", "lead-vocal", "voice")
LEAST_DOWNBEATS = 5
LEAST_ARC = 0.1
"""Energies that a brief asks for within this of each other are no arc to follow."""


@dataclass(frozen=True, slots=True)
class Meant:
    """What is known of a song besides its sound: the take's lyrics, and the brief's energies."""

    lyrics: str | None = None
    brief: Brief | None = None


@dataclass(frozen=True, slots=True)
class SlowSound:
    """The sound as one channel at 5 to 6 kHz."""

    mono: Floats
    rate_hz: float


@dataclass(frozen=True, slots=True)
class SurfaceArc:
    """The surface cues per section, and how far they follow the intended energies.

    ``agreement`` is None without intended energies.
    """

    edges_s: tuple[float, ...]
    labels: tuple[str, ...]
    cues: tuple[SurfaceCues, ...]
    agreement: float | None
    lift_db: float | None


def hand_in(listening: Listening, meant: Meant) -> None:
    """Tell a listening what is meant, before its music is first asked for; later it changes nothing."""
    listening.keep(("song.meant",), lambda: meant)


def meant_of(listening: Listening) -> Meant:
    """Return what was handed in."""
    return listening.keep(("song.meant",), Meant)


def music_of(listening: Listening) -> MusicFacts:
    """Return tempo, beats, key, chords, sections and vocal activity, with the lyrics' marks and the vocal stem."""

    def measured() -> MusicFacts:
        audio = listening.audio
        voice = next((listening.stems[role].audio for role in VOICE_ROLES if role in listening.stems), None)
        same = voice is not None and voice.rate_hz == audio.rate_hz
        return analyse(
            audio.samples,
            audio.rate_hz,
            lyrics=meant_of(listening).lyrics,
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


def surface_arc_of(listening: Listening) -> SurfaceArc | None:
    """Return the surface cues per section; None where the form is not known."""

    def measured() -> SurfaceArc | None:
        sections = music_of(listening).sections
        if sections is None or len(sections.sections) < 2:
            return None
        parts = sections.sections
        edges = np.array([parts[0].start_s, *(part.end_s for part in parts)])
        spectra = spectra_of(listening)
        onsets_s = onset_times_s(power_of(listening), block_s_of(listening))
        bands = spectra.mid + spectra.side

        def cues_of(edges_s: Doubles) -> list[SurfaceCues]:
            return section_cues(edges_s, onsets_s, bands, spectra.nominal_hz, spectra.frames_s)

        cues = cues_of(edges)
        labels = tuple(part.label for part in parts)
        agreement = _agreement(cues_of, edges, meant_of(listening).brief)
        return SurfaceArc(tuple(edges.tolist()), labels, tuple(cues), agreement, chorus_lift_db(labels, cues))

    return listening.keep(("music.surface_arc",), measured)


def chorus_lift_db(labels: Sequence[str], cues: Sequence[SurfaceCues]) -> float | None:
    """Return how much louder the chorus is than the verse; None where neither name nor repeats tell them.

    Without names (letters only) the chorus is the loudest part that comes
    back, the verse the most frequent other part.
    """
    levels: dict[str, list[float]] = {}
    for label, cue in zip(labels, cues, strict=True):
        levels.setdefault(label, []).append(cue.level_db)
    means = {label: float(np.mean(values)) for label, values in levels.items()}
    chorus = next((label for label in means if "chorus" in label and "pre" not in label), None)
    verse = next((label for label in means if "verse" in label), None)
    if chorus is None or verse is None:
        back = [label for label in means if len(levels[label]) > 1]
        if not back or len(means) < 2:
            return None
        chorus = max(back, key=lambda label: means[label])
        others = [label for label in means if label != chorus]
        verse = max(others, key=lambda label: len(levels[label]))
    return means[chorus] - means[verse]


def _agreement(
    cues_of: Callable[[Doubles], Sequence[SurfaceCues]], edges_s: Doubles, brief: Brief | None
) -> float | None:
    """Return how far the energies follow the brief's; None without intended ones, or where they ask for no arc.

    Heard section by section of the *brief's* form, laid over the music from its
    first edge to its last: where the song's own sections were heard wrong, the
    question is still what it does where the brief asks for something.
    """
    form = brief.form if brief is not None else ()
    if len(form) < 2 or any(section.energy is None for section in form):
        return None
    bars = np.array([section.bars or 8 for section in form], dtype=np.float64)
    intended = np.array([section.energy for section in form], dtype=np.float64)
    if float(np.ptp(intended)) < LEAST_ARC:
        return None
    changes = np.append(np.diff(intended) != 0.0, True)  # neighbours of one energy are one stretch
    intended, shares = intended[changes], (np.cumsum(bars) / bars.sum())[changes]
    asked_s = edges_s[0] + (edges_s[-1] - edges_s[0]) * np.concatenate([[0.0], shares])
    measured = np.array([cue.energy for cue in cues_of(asked_s)])
    return curve_agreement(measured, shares, intended, shares)


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
