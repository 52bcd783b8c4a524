"""What the console draws of a song's music and tone, kept in the cache so that the page opens at once.

Both are measured as ``listen`` measures them; what is kept is named after the
sound, what is meant (lyrics, brief) and the standards, so nothing stale is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controlroom.listening.listening import Listening
from controlroom.listening.musical import heard_of
from controlroom.listening.tone import tonal_balance
from controlroom.media.files import write_text
from controlroom.model.base import canonical_json, digest_text, finite
from controlroom.model.brief import Brief
from controlroom.model.context import Context
from controlroom.music.analysis import MusicFacts
from controlroom.studio.console_sounds import console_folder, ensure_sounds, files_of, samples_of
from controlroom.studio.correcting import known_of, words_of
from controlroom.studio.listening_view import music_data
from controlroom.studio.song import Song

VERSION = 3
CORRIDOR = ("freq_hz", "median_db", "low_db", "high_db")


def music_of_song(song: Song, context: Context) -> Mapping[str, Any]:
    """Return the current take's music as ``listening_view.music_data`` tells it, and the brief's form.

    ``intended`` lists the brief's sections as ``{name, bars, energy}``; ``said`` tells
    who corrected what, when and why (``{name: {value, by, at, reason}}``), and ``heard``
    what was heard of all that can be corrected.
    """
    known = known_of(song)
    brief, said = known.meant.brief or Brief(), known.said
    words = {name: asdict(word) for name, word in words_of(song).items()}
    key = [
        VERSION,
        song.take.audio_digest,
        known.meant.lyrics,
        brief.document(),
        said.model_dump(mode="json") if said else None,
        words,
    ]

    def measured() -> dict[str, Any]:
        context.tell("console.music", 0.0)
        sounds = ensure_sounds(song, context)
        listening = Listening(samples_of(files_of(song.folder, sounds["take"].id)), known)
        heard = heard_data(heard_of(listening))
        form = [section.model_dump(mode="json") for section in brief.form]
        return {**music_data(listening), "intended": form, "said": words, "heard": heard}

    return _kept(song, "music", key, measured)


def heard_data(facts: MusicFacts) -> dict[str, Any]:
    """Return what was heard of all that a person may correct, under the names of ``Studio.correct``."""
    grid, sections = facts.grid, facts.sections.sections if facts.sections else ()
    return {
        "tempo_bpm": grid.tempo_bpm,
        "tempo_alternative_bpm": grid.alternative_bpm,
        "tempo_confidence": grid.confidence,
        "first_downbeat_s": next(iter(grid.downbeats_s), None),
        "downbeat_confidence": facts.downbeat_confidence,
        "beats_per_bar": grid.beats_per_bar,
        "key": facts.key.label if facts.key else None,
        "key_confidence": facts.key.confidence if facts.key else 0.0,
        "sections": [{"start_s": one.start_s, "label": one.label} for one in sections],
        "sections_confidence": facts.sections.confidence if facts.sections else 0.0,
        "chords": [{"start_s": one.start_s, "label": one.label} for one in facts.chords],
    }


def tone_of_song(song: Song, context: Context) -> Mapping[str, Any]:
    """Return the corridor and the long-term third-octave levels of take and render, all in dB.

    Levels are those of the loudest third, level removed (``listening.tone``), and
    like the corridor's limits relative to the corridor's middle, ``median_db``.
    """
    ids = {role: sound.id for role, sound in ensure_sounds(song, context).items()}
    corridor = {name: list(song.standards.curve(f"tone.corridor_{name}")) for name in CORRIDOR}
    key = [VERSION, ids, song.standards.digest]

    def measured() -> dict[str, Any]:
        sides = {}
        for role, sound_id in ids.items():
            context.tell("console.tone", 0.0)
            audio = samples_of(files_of(song.folder, sound_id))
            balance = tonal_balance(Listening(audio, known_of(song)), song.standards)
            sides[role] = {
                "freq_hz": balance.freq_hz.tolist(),
                "residual_db": [round(float(v), 2) for v in balance.residual_db],
                "judged": balance.judged.tolist(),
            }
        style = song.standards.text("tone.style")
        return {"style": style, "corridor": corridor, "sides": sides}

    return _kept(song, "tone", key, measured)


def _kept(song: Song, name: str, key: object, measured: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what is kept under a key; measured, and the one before it dropped, when it is not there."""
    root = console_folder(song.folder)
    path = root / f"{name}.{digest_text(canonical_json(key))[:16]}.facts"
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = json.loads(json.dumps(finite(measured()), allow_nan=False))
        _drop(root, name)
        write_text(path, json.dumps(found, allow_nan=False))
    return found


def _drop(root: Path, name: str) -> None:
    for old in root.glob(f"{name}.*.facts"):
        old.unlink(missing_ok=True)
