"""The surface arc of a Listening: its sections' cues, and how far they follow the energies that the brief intends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controlroom.listening.heard import spectra_of
from controlroom.listening.listening import Listening
from controlroom.listening.musical import block_s_of, music_of, power_of
from controlroom.model.brief import FormSection
from controlroom.music.spectra import Doubles
from controlroom.music.surface import (
    SurfaceCues,
    curve_agreement,
    laid_out,
    music_extent,
    onset_times_s,
    section_cues,
)

LEAST_ARC = 0.1
"""Energies that a brief asks for within this of each other are no arc to follow."""
BARS_UNSAID = 8


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


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """How far the surface follows the brief's energies, -1 to 1, and where the brief's sections lie in the song."""

    agreement: float
    edges_s: Doubles
    labels: tuple[str, ...]


def surface_arc_of(listening: Listening) -> SurfaceArc | None:
    """Return the surface cues per section; None where the form is not known.

    Where fewer than two sections were heard, those of a brief that asks for energies stand for them.
    """

    def measured() -> SurfaceArc | None:
        heard, followed = music_of(listening).sections, followed_of(listening)
        if heard is not None and len(heard.sections) >= 2:
            parts = heard.sections
            edges = np.array([parts[0].start_s, *(part.end_s for part in parts)])
            labels = tuple(part.label for part in parts)
        elif followed is not None:
            edges, labels = followed.edges_s, followed.labels
        else:
            return None
        cues = _cues(listening, edges)
        agreement = followed.agreement if followed is not None else None
        return SurfaceArc(tuple(edges.tolist()), labels, tuple(cues), agreement, chorus_lift_db(labels, cues))

    return listening.keep(("music.surface_arc",), measured)


def _cues(listening: Listening, edges_s: Doubles) -> list[SurfaceCues]:
    spectra, onsets_s = spectra_of(listening), onset_times_s(power_of(listening), block_s_of(listening))
    return section_cues(edges_s, onsets_s, spectra.mid + spectra.side, spectra.nominal_hz, spectra.frames_s)


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


def followed_of(listening: Listening) -> Followed | None:
    """Return how far the energies follow the brief's; None without intended ones, or where they ask for no arc.

    Heard section by section of the *brief's* form, laid over the music, see
    `laid_out`: where the song's own sections were heard wrong, the question is
    still what it does where the brief asks for something. Where the form may
    lie in two ways, the one that the song follows better counts.
    """
    brief = listening.known.meant.brief
    form: tuple[FormSection, ...] = brief.form if brief is not None else ()
    if len(form) < 2 or any(section.energy is None for section in form):
        return None
    bars = np.array([section.bars or BARS_UNSAID for section in form], dtype=np.float64)
    intended = np.array([section.energy for section in form], dtype=np.float64)
    if float(np.ptp(intended)) < LEAST_ARC:
        return None
    changes = np.append(np.diff(intended) != 0.0, True)  # neighbours of one energy are one stretch
    shares = np.cumsum(bars) / bars.sum()
    music = music_extent(power_of(listening), block_s_of(listening))
    lines = np.asarray(music_of(listening).grid.downbeats_s, dtype=np.float64)
    readings = []
    for edges in laid_out(shares, float(bars.sum()), music, lines):
        cues = _cues(listening, edges[np.append(True, changes)])
        energies = np.array([cue.energy for cue in cues])
        agreement = curve_agreement(energies, shares[changes], intended[changes], shares[changes])
        readings.append(Followed(agreement, edges, tuple(section.name for section in form)))
    return max(readings, key=lambda reading: reading.agreement)
