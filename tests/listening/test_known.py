"""What is known of a sound is a frozen part of it, and goes on to every sound that is made of it."""

from __future__ import annotations

import ast
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

import controlroom
from controlroom.engine.deliverable import at_rate
from controlroom.engine.desk import Handling, excerpt_with, render_stage
from controlroom.engine.trial import Trial
from controlroom.listening.known import Known, Meant
from controlroom.listening.listening import LazyListening, Listening
from controlroom.listening.musical import music_of
from controlroom.model.brief import Brief
from controlroom.model.context import Context
from controlroom.model.errors import UsageError
from controlroom.model.song import StemTrust
from controlroom.model.timeline import Span
from controlroom.music.correction import Mark, MusicCorrection
from controlroom.processors.gain import Gain
from tests.conftest import music
from tests.detectors.sounds import standards
from tests.tolerances import FLOAT64

DOORS = {
    ("listening/listening.py", "derived"),
    ("studio/walk.py", "take_listening"),
    ("studio/stemming.py", "stem_listenings"),
    ("studio/one_shots.py", "_heard"),
    ("studio/console_preview.py", "_mapped"),
    ("studio/console_music.py", "measured"),
    ("studio/studio.py", "listen"),
}
"""Where a sound comes in from a file, and the one function that makes a sound of another."""


def known(clock: str = "t-1") -> Known:
    said = MusicCorrection(clock=clock, tempo_bpm=77.0, first_downbeat_s=0.5, beats_per_bar=3, key="F#:min")
    return Known(Meant("[Verse]\nla", Brief(title="x")), said, clock)


def song() -> Listening:
    rng = np.random.default_rng(0)
    mix = music(rng, 3.0)
    bass = LazyListening(lambda: music(np.random.default_rng(1), 3.0), "b", known(), StemTrust(null_db=-9.0))
    drums = Listening(music(np.random.default_rng(2), 3.0), known())
    kick = Listening(music(np.random.default_rng(3), 3.0), known())
    return Listening(mix, known(), {"bass": bass, "drums": drums, "kick": kick})


def test_it_is_frozen() -> None:
    sound = song()
    with pytest.raises(AttributeError):
        sound.known = Known()
    with pytest.raises(AttributeError):
        sound.clock = "other"
    with pytest.raises(FrozenInstanceError):
        sound.known.clock = "other"
    assert hash(known()) == hash(known())


def test_what_was_said_on_another_clock_is_refused() -> None:
    with pytest.raises(
        UsageError, match="what was said of the music is on the clock of t-1, not of t-2"
    ) as e:
        Known(said=known().said, clock="t-2")
    assert e.value.code == "span.foreign-clock"


def test_every_sound_that_is_made_of_one_knows_what_that_one_knows() -> None:
    sound = song()
    steps = [Gain(gain_db=-1.0).step("mix"), Gain(gain_db=-2.0).step("kick"), Gain(gain_db=-2.0).step("bass")]
    after = render_stage(sound, steps, Context(), Handling()).sound
    made = [after, *after.stems.values(), sound.beside({}), at_rate(sound, 48_000), sound.with_one_shots({})]
    made += [Trial(sound, standards()).after(Gain(gain_db=-1.0), role) for role in ("mix", "kick")]
    made += list(Trial(sound, standards()).after(Gain(gain_db=-1.0), "kick").stems.values())
    made += [sound.part("bass").beside(sound.stems), sound.derived(lambda: sound.audio, key="k")]
    assert {id(one.known) for one in made} <= {id(one.known) for one in (sound, *sound.stems.values())}
    assert all(one.known == known() for one in made)
    assert after.stems["bass"].trust == StemTrust(null_db=-9.0)
    assert sound.part("bass").beside(sound.stems).stems == sound.stems
    assert sound.beside({}).stems == {}


def test_nothing_that_was_measured_goes_on() -> None:
    sound = song()
    sound.keep(("x",), lambda: 1)
    assert sound.derived(sound.audio).keep(("x",), lambda: 2) == 2
    assert sound.derived(sound.audio).stems == {}


def test_music_is_what_was_said_of_it_after_a_step_too() -> None:
    sound = song()
    after = render_stage(sound, [Gain(gain_db=-3.0).step()], Context()).sound
    assert after is not sound
    for one in (sound, after):
        facts = music_of(one)
        assert facts.grid.tempo_bpm == 77.0
        assert facts.grid.beats_per_bar == 3
        assert facts.key is not None
        assert facts.key.label == "F#:min"
    assert music_of(after).grid.downbeats_s == music_of(sound).grid.downbeats_s


def test_an_excerpt_has_its_own_clock_and_what_was_said_lies_where_it_was_said() -> None:
    marks = (
        Mark(start_s=0.0, label="verse"),
        Mark(start_s=4.0, label="chorus"),
        Mark(start_s=9.0, label="end"),
    )
    said = MusicCorrection(
        clock="t-1", tempo_bpm=90.0, key="C:maj", first_downbeat_s=3.25, sections=marks, chords=marks[1:]
    )
    whole = Known(Meant("[Verse]", Brief()), said, "t-1")
    cut = whole.within(Span(clock="t-1", start_s=3.0, end_s=9.0))
    assert cut.clock != whole.clock
    assert cut.meant == Meant()
    assert cut.said is not None
    assert (cut.said.clock, cut.said.tempo_bpm, cut.said.key) == (cut.clock, 90.0, "C:maj")
    assert cut.said.first_downbeat_s == pytest.approx(0.25, abs=FLOAT64)
    assert [(m.start_s, m.label) for m in cut.said.sections] == [(0.0, "verse"), (1.0, "chorus")]
    assert [(m.start_s, m.label) for m in cut.said.chords] == [(1.0, "chorus")]
    later = whole.within(Span(clock="t-1", start_s=4.0, end_s=6.0)).said
    assert later is not None
    assert later.first_downbeat_s is None
    assert [(m.start_s, m.label) for m in later.sections] == [(0.0, "chorus")]
    assert whole.within(Span(clock="t-1", start_s=0.0, end_s=3.25)).said.first_downbeat_s is None
    with pytest.raises(UsageError, match="0 to 1 s is on the clock of t-2, not of t-1"):
        whole.within(Span(clock="t-2", start_s=0.0, end_s=1.0))


@pytest.mark.parametrize("part", ["mix", "kick"])
def test_the_desk_renders_no_step_of_another_clock(part: str) -> None:
    sound, here = song(), Span(clock="t-1", start_s=1.0, end_s=2.0)
    foreign = Gain(gain_db=-6.0).step(part, Span(clock="t-2", start_s=1.0, end_s=2.0))
    own = Gain(gain_db=-6.0).step(part, here)
    for refused in (
        lambda: render_stage(sound, [foreign], Context()),
        lambda: excerpt_with(sound, foreign, here),
        lambda: excerpt_with(sound, own, foreign.span),
        lambda: Trial(sound, standards()).after(Gain(gain_db=-6.0), part, foreign.span),
    ):
        with pytest.raises(UsageError) as caught:
            refused()
        assert caught.value.code == "span.foreign-clock"
        assert "t-2" in caught.value.message
    assert render_stage(sound, [own], Context()).sound is not sound


def test_no_sound_is_made_bare_of_another() -> None:
    root = Path(controlroom.__file__).parent
    found = set()
    for path in sorted(root.rglob("*.py")):
        for outer in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(outer, ast.FunctionDef):
                calls = [n.func for n in ast.walk(outer) if isinstance(n, ast.Call)]
                names = {f.id for f in calls if isinstance(f, ast.Name)}
                if names & {"Listening", "LazyListening"}:
                    found.add((path.relative_to(root).as_posix(), outer.name))
    inner = {(path, name) for path, name in found if name in ("music_of_song", "tone_of_song")}
    assert found - inner == DOORS
