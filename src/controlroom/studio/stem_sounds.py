"""Stems as the console plays and draws them, kept in the song's cache by their digest."""

from __future__ import annotations

from pathlib import Path

from controlroom.model.context import Context
from controlroom.studio.console_sounds import Sound, SoundFiles, console_folder, forget, keep_sound, sound_of
from controlroom.studio.song import Song
from controlroom.studio.stemming import stem_audio


def ensure_stem_sounds(song: Song, context: Context) -> dict[str, Sound]:
    """Make the stems of the current take playable and return them by role; none when there are none.

    What an older set left in the cache goes.
    """
    standing = song.memory.stems.get(song.take.id)
    stems = standing.stems if standing else ()
    root = console_folder(song.folder)
    wanted = {stem.role: f"stem-{stem.audio_digest[:12]}" for stem in stems}
    _forget(root, set(wanted.values()))
    for index, stem in enumerate(stems):
        context.tell("console.stems", index / len(stems))
        if not SoundFiles(root, wanted[stem.role]).facts.is_file():
            keep_sound(root, wanted[stem.role], stem_audio(song, stem))
    return {role: sound_of(SoundFiles(root, sound_id)) for role, sound_id in wanted.items()}


def _forget(root: Path, wanted: set[str]) -> None:
    for facts in root.glob("stem-*.json"):
        if facts.stem not in wanted:
            forget(root, facts.stem)
