"""A correction is a decision: kept, told, and heard by everything after it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lab.songs import make_song

from controlroom.cli.__main__ import run
from controlroom.engine.deliverable import at_rate
from controlroom.engine.desk import render_stage
from controlroom.listening.masked_bars import masked_bars_of
from controlroom.listening.musical import music_of
from controlroom.media.encode import MediaFormat, write
from controlroom.model.context import Context
from controlroom.model.errors import UsageError
from controlroom.studio.importing import take_audio
from controlroom.studio.levelling import level
from controlroom.studio.song import opened
from controlroom.studio.studio import Studio
from controlroom.studio.walk import take_listening, walk_to_premaster


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corrected")
    write(folder / "take.flac", make_song(2, duration_s=14.0).mix, MediaFormat.FLAC24)
    studio = Studio(name="ada")
    song = studio.new(folder / "song")
    studio.add(song, folder / "take.flac")
    return song


def test_what_is_said_wins_over_what_is_heard(root: Path) -> None:
    studio = Studio(name="ada")
    heard = studio.listen(root).music
    studio.correct(
        root, tempo_bpm=77.0, first_downbeat_s=0.5, key="F#:min", sections=[{"start_s": 0, "label": "all"}]
    )
    told = studio.listen(root).music
    assert told["tempo_bpm"] == 77.0 != heard["tempo_bpm"]
    assert "F#:min" in str(told["key"])
    assert [section["label"] for section in told["sections"]] == ["all"]
    assert studio.music(root)["tempo_bpm"] == 77.0
    entry = [e for e in studio.history(root) if e["kind"] == "music.corrected"][-1]
    assert entry["says"] == ("ada corrected the music: tempo bpm, first downbeat s, key and sections")


@pytest.mark.parametrize(
    "what, code, message",
    [
        ({}, "music.nothing", "nothing was corrected"),
        ({"tempo_bpm": 1000.0}, "music.value", "tempo_bpm"),
        ({"key": "H"}, "music.label", "'H' is no key"),
        ({"sections": [{"start_s": 99.0, "label": "a"}]}, "music.place", "after the take's end"),
        ({"first_downbeat_s": -1.0}, "music.value", "first_downbeat_s"),
        ({"key": "N"}, "music.label", "'N' is no key"),
        ({"chords": [{"start_s": 1, "label": "C"}, {"start_s": 1, "label": "G"}]}, "music.twice", "at 1 s"),
        ({"withdrawn": ["beats_per_bar"]}, "music.not-said", "nothing was said of beats_per_bar"),
        ({"withdrawn": ["mood"]}, "music.value", "withdrawn"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(
    root: Path, what: dict, code: str, message: str
) -> None:
    studio = Studio(name="ada")
    before = len(studio.history(root))
    with pytest.raises(UsageError, match=message) as caught:
        studio.correct(root, **what)
    assert caught.value.code == code
    assert len(studio.history(root)) == before


def test_a_terminal_says_takes_back_and_tells_both(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heard = Studio().music(root)["heard"]
    said = ["--tempo", "81.5", "--downbeat", "0", "--beats-per-bar", "3", "--section", "0:00=verse"]
    assert run(["correct", str(root), *said]) == 0
    assert "word: tempo bpm, first downbeat s, beats per bar, sections." in capsys.readouterr().out
    names = ("tempo", "downbeat", "beats-per-bar", "sections")
    assert run(["correct", str(root), *(word for name in names for word in ("--take-back", name))]) == 0
    assert "tempo bpm, first downbeat s, beats per bar, sections." in capsys.readouterr().out
    music = Studio().music(root)
    assert not {"tempo_bpm", "first_downbeat_s", "beats_per_bar", "sections"} & set(music["said"])
    assert music["tempo_bpm"] == heard["tempo_bpm"]
    assert run(["correct", str(root), "--take-back", "tempo"]) == 2
    assert "[music.not-said]" in capsys.readouterr().err


def test_another_takes_words_are_not_this_ones(root: Path, tmp_path: Path) -> None:
    studio = Studio(name="ada")
    shutil.copytree(root, tmp_path / "song")
    root = tmp_path / "song"
    studio.correct(root, tempo_bpm=99.0)
    write(tmp_path / "second.flac", make_song(3, duration_s=14.0).mix, MediaFormat.FLAC24)
    studio.add(root, tmp_path / "second.flac")
    assert studio.music(root)["said"] == {}
    with pytest.raises(UsageError, match="nothing was said of tempo_bpm"):
        studio.correct(root, withdrawn=["tempo_bpm"])


def test_what_was_said_is_heard_after_an_accepted_step_in_the_masters_and_of_every_stem(
    imported: Path, tmp_path: Path
) -> None:
    """After the first accepted step the song once had its heard tempo, key and bars again."""
    shutil.copytree(imported, tmp_path / "song")
    studio = Studio(name="ada")
    studio.correct(tmp_path / "song", tempo_bpm=77.0, first_downbeat_s=0.25, beats_per_bar=3, key="F#:min")
    studio.do(tmp_path / "song", "tone", knobs={"band1_gain_db": -1.0})
    studio.do(tmp_path / "song", "gain", knobs={"gain_db": -1.0})
    with opened(tmp_path / "song") as song:
        take = take_listening(song, take_audio(song, song.take, Context()))
        walk = walk_to_premaster(song, take, song.take.audio_digest, (), Context())
        level(walk, ())
        assert walk.now is not take
        master = render_stage(at_rate(walk.now, 48_000), walk.steps[-1:], Context()).sound
        standards = song.standards
    for sound in (take, walk.now, master, *walk.now.stems.values()):
        facts = music_of(sound)
        assert (facts.grid.tempo_bpm, facts.grid.beats_per_bar) == (77.0, 3)
        assert facts.key is not None
        assert facts.key.label == "F#:min"
    before, after = (masked_bars_of(sound, standards) for sound in (take, walk.now))
    assert before is not None
    assert after is not None
    assert before.from_grid is after.from_grid
    assert before.edges_s.tolist() == after.edges_s.tolist()
    assert music_of(walk.now).grid.beats_s == music_of(take).grid.beats_s
