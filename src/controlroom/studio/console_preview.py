"""Previews: one step alone on a stretch of the take, and gains that make sounds equally loud.

A preview is what the song would be with this one step and no other, so that a
person hears the step and nothing else. It is computed as the desk computes an
excerpt; only what declares how far it hears (a limiter) prepares on the stretch with
that much on either side and not on the whole song.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from controlroom.dsp.k_weighting import heard_weights, k_weighted_block_energies
from controlroom.dsp.loudness import integrated_from_energies
from controlroom.engine.desk import stretch_with
from controlroom.engine.player import Player
from controlroom.engine.score import Take, edited, staged
from controlroom.listening.known import Known
from controlroom.listening.listening import LazyListening, Listening
from controlroom.model.audio import Audio
from controlroom.model.base import canonical_json, digest_text
from controlroom.model.context import Context
from controlroom.model.errors import SongError, UsageError
from controlroom.model.parts import MIX
from controlroom.model.proposals import Step
from controlroom.model.song import Stem
from controlroom.model.timeline import Span, Timeline
from controlroom.processors.form import from_step
from controlroom.studio.console_sounds import (
    Sound,
    SoundFiles,
    console_folder,
    files_of,
    has_sound,
    keep_sound,
    samples_of,
    sound_of,
)
from controlroom.studio.correcting import known_of
from controlroom.studio.folder import SongFolder
from controlroom.studio.marking import check_part
from controlroom.studio.song import Song
from controlroom.studio.walk import handling, take_listening

SHORTEST_S = 3.0
LONGEST_S = 90.0


def preview_step(song: Song, step: Step, start_s: float, end_s: float, context: Context) -> Sound:
    """Return the take with one step alone, over a stretch of at least 3 s and at most 90 s.

    Raises
    ------
    UsageError
        Unknown processor or knob, or a stretch outside the take.
    SongError
        When the take's sound was not made ready (see ``Studio.sounds``); when the
        step is on a stem and there are no stems.
    """
    take = song.take
    processor = from_step(step)
    checked = processor.step(step.part, step.span)
    files = files_of(song.folder, f"take-{take.audio_digest[:12]}")
    audio = samples_of(files)
    first, last = stretch(start_s, end_s, audio)
    root = console_folder(song.folder)
    check_part(song, checked)
    key = canonical_json([sorted(song.memory.sources), checked.id, first, last])
    sound_id = f"preview-{digest_text(key)[:16]}"
    if not has_sound(SoundFiles(root, sound_id)):
        context.check()
        made = _stretch_with(song, audio, checked, first, last, context)
        return keep_sound(root, sound_id, made, first, drawn=False)
    return sound_of(SoundFiles(root, sound_id))


def stretch(start_s: float, end_s: float, audio: Audio) -> tuple[int, int]:
    """Return first and last frame of a stretch, widened about its middle to 3 s where the sound has them."""
    if not (math.isfinite(start_s) and math.isfinite(end_s)) or end_s < start_s or start_s < 0:
        raise UsageError("preview.span", f"{start_s!r} to {end_s!r} s is no stretch", "give start and end")
    if start_s >= audio.duration_s:
        raise UsageError(
            "preview.span", f"{start_s:g} s is after the end, {audio.duration_s:.2f} s", "start earlier"
        )
    end_s = min(end_s, start_s + LONGEST_S, audio.duration_s)
    missing_s = max(0.0, SHORTEST_S - (end_s - start_s))
    start_s = max(0.0, min(start_s - missing_s / 2, audio.duration_s - SHORTEST_S))
    end_s = min(audio.duration_s, max(end_s + missing_s / 2, start_s + SHORTEST_S))
    return round(start_s * audio.rate_hz), min(audio.frames, round(end_s * audio.rate_hz))


def _stretch_with(song: Song, audio: Audio, step: Step, first: int, last: int, context: Context) -> Audio:
    """Return frames ``first:last`` of the mix with the step: the whole state, the stretch's blocks only."""
    sound, rate = _heard(song, audio), audio.rate_hz
    rules = handling(song)
    place = Span(clock=sound.clock, start_s=first / rate, end_s=last / rate)
    hears_s = from_step(step).hears_s
    if step.part != MIX or math.isinf(hears_s):
        return stretch_with(
            sound, step, place, rules
        )  # one step on the take itself: a node's key would cost more
    margin = math.ceil(hears_s * rate)
    left, right = max(0, first - margin), min(audio.frames, last + margin)
    cut = Timeline.of_excerpt(Span(clock=sound.clock, start_s=left / rate, end_s=right / rate))
    take = Take.of(sound)
    node = staged(edited(take, cut), step.stage, (step,), rules.min_coherence)
    place = place.on(cut)
    return Player({take: sound}, lambda: rules).sound(node, place, context)


def _heard(song: Song, audio: Audio) -> Listening:
    """Return the take with its stems, and with what was measured of it for the last preview."""
    standing = song.memory.stems.get(song.take.id)
    stems = standing.stems if standing else ()
    root = console_folder(song.folder)
    if all(_stem_files(root, stem).facts.is_file() for stem in stems):
        return _mapped(root, song.take.audio_digest, known_of(song), stems)
    return take_listening(song, audio)


@lru_cache(maxsize=1)
def _mapped(root: Path, take_digest: str, known: Known, stems: tuple[Stem, ...]) -> Listening:
    """Return the listening of playable sounds, mapped and not read whole.

    The last one is kept: all that goes into it is named by content, and a person
    turns one knob after another of the same song.
    """
    beside = {
        stem.role: LazyListening(
            partial(samples_of, _stem_files(root, stem)), stem.audio_digest, known, stem.trust
        )
        for stem in stems
    }
    audio = samples_of(SoundFiles(root, f"take-{take_digest[:12]}"))
    return LazyListening(lambda: audio, take_digest, known, stems=beside)


def _stem_files(root: Path, stem: Stem) -> SoundFiles:
    return SoundFiles(root, f"stem-{stem.audio_digest[:12]}")


def gains_on(
    folder: SongFolder,
    sound_ids: Iterable[str],
    start_s: float,
    end_s: float,
    moved_s: Mapping[str, float] | None = None,
) -> Mapping[str, float]:
    """Return the gain in dB, at most 0, that brings each sound to the quietest one's loudness on a stretch.

    Loudness is integrated and gated (BS.1770-5) over the stretch, widened to at
    least 3 s. A sound without any block above the gate is left as it is.
    ``moved_s`` says how much later than their own clock sounds are played: a
    reference's passage is laid on the loop.
    """
    levels: dict[str, float] = {}
    for sound_id in sound_ids:
        files = files_of(folder, sound_id)
        sound, audio = sound_of(files), samples_of(files)
        begin_s = sound.start_frame / sound.rate_hz + (moved_s or {}).get(sound_id, 0.0)
        if start_s >= begin_s + audio.duration_s:
            raise SongError("sound.elsewhere", f"{sound_id} does not sound at {start_s:g} s", "move the loop")
        first, last = stretch(max(0.0, start_s - begin_s), max(0.0, end_s - begin_s), audio)
        cut = np.ascontiguousarray(audio.samples[:, first:last])
        weights = heard_weights(audio.channels)
        levels[sound_id] = integrated_from_energies(k_weighted_block_energies(cut, audio.rate_hz, weights))
    heard = [level for level in levels.values() if math.isfinite(level)]
    target = min(heard, default=0.0)
    return {name: round(target - level, 2) if math.isfinite(level) else 0.0 for name, level in levels.items()}
