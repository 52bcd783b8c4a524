"""What `listen` returns beyond the findings: the music as plain data, and the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from controlroom.dsp.spectrum import decibels
from controlroom.listening.heard import spectra_of
from controlroom.listening.listening import Listening
from controlroom.listening.musical import dynamic_arc_of, familiarity_of, music_of
from controlroom.listening.surface import SurfaceArc, surface_arc_of
from controlroom.model.findings import Finding
from controlroom.music.analysis import MusicFacts
from controlroom.report.listen_svg import ListenPicture

MOST_COLUMNS = 1000


def music_data(listening: Listening) -> dict[str, Any]:
    """Return the music as JSON values: ``tempo_bpm``, ``key``, ``sections``, ``chords``, ``beats_s`` and more.

    What is not known is None or empty; each result has its confidence, 0 to 1.
    """
    facts, arc = music_of(listening), surface_arc_of(listening)
    return {
        "duration_s": facts.duration_s,
        "tempo_bpm": facts.grid.tempo_bpm,
        "tempo_alternative_bpm": facts.grid.alternative_bpm,
        "tempo_confidence": facts.grid.confidence,
        "constant_tempo": facts.constant_tempo,
        "beats_per_bar": facts.grid.beats_per_bar,
        "beats_s": list(facts.grid.beats_s),
        "downbeats_s": list(facts.grid.downbeats_s),
        "downbeat_confidence": facts.downbeat_confidence,
        "tuning_cents": facts.tuning_cents,
        "key": facts.key.label if facts.key else None,
        "key_confidence": facts.key.confidence if facts.key else 0.0,
        "key_runner_up": facts.key.runner_up if facts.key else None,
        "chords": [chord.model_dump(mode="json") for chord in facts.chords],
        "sections": _sections(facts, arc),
        "sections_confidence": facts.sections.confidence if facts.sections else 0.0,
        "vocals": facts.vocals.model_dump(mode="json") if facts.vocals else None,
        "dynamic_arc": _dynamic_arc(listening),
        "harmony": _harmony(listening),
        "intended_energy_agreement": arc.agreement if arc else None,
    }


def _sections(facts: MusicFacts, arc: SurfaceArc | None) -> list[dict[str, Any]]:
    """Return the sections, each with its surface cues; ``energy`` is that of the cues."""
    sections = facts.sections.sections if facts.sections else ()
    told = [section.model_dump(mode="json") for section in sections]
    # an arc over the brief's sections has no cues for those that were heard
    cues = arc.cues if arc and len(arc.cues) == len(told) else ()
    for section, cue in zip(told, cues, strict=False):
        section |= {
            "energy": cue.energy,
            "level_db": cue.level_db,
            "onsets_per_s": cue.onsets_per_s,
            "brightness_db": cue.brightness_db,
        }
    return told


def _dynamic_arc(listening: Listening) -> dict[str, Any] | None:
    arc = dynamic_arc_of(listening)
    if arc is None:
        return None
    return {
        "times_s": arc.times_s.tolist(),
        "level_db": arc.level_db.tolist(),
        "spread_db": arc.spread_db,
        "peak_at_share": arc.peak_at_share,
        "stock": arc.stock,
        "stock_share": arc.stock_share,
    }


def _harmony(listening: Listening) -> dict[str, Any] | None:
    heard = familiarity_of(listening)
    if heard is None:
        return None
    loop = heard.loop
    return {
        "loop": list(loop.numerals) if loop else None,
        "loop_share": loop.share if loop else 0.0,
        "loop_turns": loop.turns if loop else 0,
        "loop_percent_of_songs": loop.known.percent if loop and loop.known else None,
        "loop_source": loop.known.source if loop and loop.known else None,
        "triads": heard.distinct,
        "next_chord_bits": heard.next_entropy_bits,
        "next_chord_percentile": heard.next_entropy_percentile,
        "surprise_bits": heard.surprise_bits,
    }


def picture_of(listening: Listening, findings: Sequence[Finding], title: str) -> ListenPicture:
    """Return what `listen --plot` draws."""
    facts, arc, spectra = music_of(listening), surface_arc_of(listening), spectra_of(listening)
    power = (spectra.mid + spectra.side).T
    # quarter-second frames, averaged where the picture is narrower
    edges = np.unique(np.linspace(0, power.shape[1], min(MOST_COLUMNS, power.shape[1]) + 1).astype(np.int64))
    widths = np.diff(edges)
    columns = np.add.reduceat(power, edges[:-1], axis=1) / widths
    return ListenPicture(
        title=title,
        duration_s=listening.audio.duration_s,
        spectrogram=decibels(columns).astype(np.float32),
        centres_hz=spectra.centres_hz,
        findings=tuple(findings),
        sections=facts.sections.sections if facts.sections else (),
        chords=facts.chords,
        edges_s=arc.edges_s if arc else (),
        energies=tuple(cue.energy for cue in arc.cues) if arc else (),
    )
