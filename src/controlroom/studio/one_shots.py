"""Samples: one-shots that a person brings, kept in the song, and handed to the steps that name them.

The sound stands as ``samples/<id>.wav``: one channel, 32-bit float, its own rate,
decoded once in the decoder's limited child, so that a replay needs no decoder. It
is written before the ledger entry that makes it the song's; a kill between the
two leaves a file that nobody names.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from controlroom.dsp.one_shot import tone_hz
from controlroom.listening.known import Known
from controlroom.listening.listening import LazyListening, Listening
from controlroom.media.decode import DecodeLimits, decode
from controlroom.media.encode import MediaFormat, read_lossless, write
from controlroom.media.files import environment_fault, inside, sha256_of
from controlroom.model.audio import Audio
from controlroom.model.base import text_of
from controlroom.model.context import Context
from controlroom.model.errors import (
    AudioInputError,
    ControlRoomError,
    EnvironmentFault,
    UsageError,
    VerifyError,
)
from controlroom.model.one_shots import OneShot
from controlroom.model.proposals import Knob, Step
from controlroom.processors.form import all_processors
from controlroom.processors.layer import TONES_HZ
from controlroom.studio.entries import SampleRemoved
from controlroom.studio.importing import put_back
from controlroom.studio.song import Song

FOLDER = "samples"
MOST = 64
LONGEST_S = 2.0
SHORTEST_S = 0.005
LIMITS = DecodeLimits(max_minutes=LONGEST_S / 60.0, min_seconds=SHORTEST_S, wall_s=30.0)
LEAST_PREFIX = 5
CANCELS = 1e-4
"""Less of its sides' power than this is left in mono: the sides cancel each other."""


def add_one_shot(song: Song, file: Path, by: str, context: Context) -> OneShot:
    """Keep a one-shot in the song, folded to one channel; the same sound again is the same one.

    Raises
    ------
    AudioInputError, DecoderError
        ``sample.too-long``, ``sample.too-short``, ``sample.cancels``, and whatever else is
        wrong with the file (``media.decode``).
    UsageError
        ``sample.too-many``.
    """
    context.tell("import", 0.0)
    audio = _received(file, context)
    digest = audio.digest()
    id_ = f"o-{digest[:12]}"
    path = song.folder.inside(FOLDER, f"{id_}.wav")
    standing = song.memory.one_shots.get(id_)
    if standing is not None:
        try:
            check_one_shot(song.folder.root, standing)
        except VerifyError:
            _write(song.folder.inside(standing.archived_as), audio)
            put_back(song, standing.archived_as, context)
        return standing
    if len(song.memory.one_shots) >= MOST:
        raise UsageError("sample.too-many", f"there are {MOST} samples already", "take one off first")
    _write(path, audio)
    one = OneShot(
        id=id_,
        file_name=text_of(file.name),
        sha256=sha256_of(file),
        rate_hz=audio.rate_hz,
        frames=audio.frames,
        kick_tone_hz=_tone(audio, "kick"),
        snare_tone_hz=_tone(audio, "snare"),
        audio_digest=digest,
        archived_as=song.folder.relative(path),
        by=by,
        at=song.now(),
    )
    song.memory.add(one, one.at)
    return one


def remove_one_shot(song: Song, given: str) -> OneShot:
    """Take a sample off the song, unless a step that was ever decided names it: what was decided must replay."""
    one = one_shot_of(song, given)
    for entry in song.memory.ledger.entries(["decision"]):
        step = Step.model_validate(entry.body["step"])
        if one.id in (step.asset, *(step.knobs.get(name) for name in _sample_knobs(step))):
            raise UsageError(
                "sample.in-use",
                f"{one.file_name} ({one.id}) is named by a step that was decided at entry {entry.seq}",
                "it stays, so that the ledger can be replayed; undo the step if it shall not sound",
            )
    song.memory.add(SampleRemoved(id=one.id), song.now())
    with suppress(
        ControlRoomError, OSError
    ):  # what is not its sound any more, or lies elsewhere, is not ours
        check_one_shot(song.folder.root, one)
        song.folder.inside(FOLDER, one.archived_as.removeprefix(f"{FOLDER}/")).unlink()
    return one


def one_shot_of(song: Song, given: Knob) -> OneShot:
    """Return a sample by its id, the beginning of it, or its file's name.

    Raises
    ------
    UsageError
        ``sample.missing``, ``sample.ambiguous``.
    """
    # a sample called 808 comes as a number from a terminal
    wanted = f"{given:g}" if isinstance(given, float) else str(given)
    standing = list(song.memory.one_shots.values())
    found = [one for one in standing if one.id == wanted]
    found = found or [one for one in standing if wanted.lower() in (one.name.lower(), one.file_name.lower())]
    if len(wanted) >= LEAST_PREFIX:
        found = found or [one for one in standing if one.id.startswith(wanted)]
    if len(found) > 1:
        raise UsageError(
            "sample.ambiguous",
            f"{len(found)} samples are called {wanted!r}",
            f"name it by its id: {', '.join(one.id for one in found)}",
        )
    if not found:
        here = ", ".join(f"{one.id} ({one.file_name})" for one in standing)
        raise UsageError(
            "sample.missing",
            f"there is no sample {wanted!r} in this song",
            f"there are: {here}"
            if here
            else f"`controlroom samples {song.folder.root} --add FILE` brings one",
        )
    return found[0]


def with_one_shots_named(song: Song, step: Step) -> Step:
    """Return a step whose samples are named by their ids, whatever a person called them; UsageError if unknown."""
    named = {name: step.knobs[name] for name in _sample_knobs(step) if step.knobs.get(name, "") != ""}
    if not named:
        return step
    ids: dict[str, Knob] = {name: one_shot_of(song, given).id for name, given in named.items()}
    return step.model_copy(update={"knobs": {**step.knobs, **ids}})


def one_shot_listenings(song: Song) -> Mapping[str, Listening]:
    """Return the song's samples by id, each read and checked when it is needed.

    ``VerifyError`` where a file is gone or holds another sound.
    """
    return {one.id: _heard(song.folder.root.absolute(), one) for one in song.memory.one_shots.values()}


def check_one_shot(root: Path, one: OneShot) -> Audio:
    """Return a sample's sound, checked against the ledger.

    Raises
    ------
    VerifyError
        ``verify.sample``: its file is missing, unreadable, or another.
    """
    path = inside(root, one.archived_as)
    try:
        audio = read_lossless(path) if path.is_file() else None
    except EnvironmentFault:
        audio = None
    if audio is None or audio.digest() != one.audio_digest:
        raise VerifyError(
            "verify.sample",
            f"{path} ({one.file_name}) is missing or not the sample that was kept",
            f"restore it from a copy, or bring {one.file_name} again: `controlroom samples SONG --add FILE`",
        )
    return audio


@lru_cache(maxsize=2 * MOST)
def _heard(root: Path, one: OneShot) -> Listening:
    """Return one sample's listening, kept: what goes into it is named by content, and each reading is checked."""
    return LazyListening(partial(check_one_shot, root, one), one.audio_digest, Known(clock=one.id))


def _sample_knobs(step: Step) -> tuple[str, ...]:
    known = all_processors().get(step.processor)
    return known.sample_knobs if known else ()


def _received(file: Path, context: Context) -> Audio:
    """Decode a file in the limited child and fold it to one channel."""
    try:
        audio = decode(file, LIMITS, context).audio
    except AudioInputError as error:
        raise _in_its_words(error, file) from error
    power = np.square(audio.samples, dtype=np.float64)
    folded = audio.samples.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)
    if np.sum(np.square(folded, dtype=np.float64)) < CANCELS * np.mean(np.sum(power, axis=1)):
        raise AudioInputError(
            "sample.cancels",
            f"the sides of {file.name} cancel each other: nothing of it is left in mono",
            "export it in mono, or turn the polarity of one side",
        )
    return Audio(folded, audio.rate_hz)


def _in_its_words(error: AudioInputError, file: Path) -> AudioInputError:
    """Say of a one-shot what the decoder says of songs."""
    if error.code == "audio.too-long":
        return AudioInputError(
            "sample.too-long", f"{file.name} is longer than {LONGEST_S:g} s", "cut one stroke out of it"
        )
    if error.code == "audio.too-short":
        return AudioInputError(
            "sample.too-short",
            f"{file.name} is shorter than {1000 * SHORTEST_S:g} ms",
            "export the whole stroke",
        )
    return error


def _tone(audio: Audio, drum: str) -> float | None:
    found = tone_hz(audio.samples[0].astype(np.float64), audio.rate_hz, TONES_HZ[drum])
    return round(found, 2) if found else None


def _write(path: Path, audio: Audio) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise environment_fault(error, path.parent) from error
    write(path, audio, MediaFormat.WAV32F)
