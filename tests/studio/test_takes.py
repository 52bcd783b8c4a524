"""Two takes in one song: what was said and done on one is kept, told, and does nothing on the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from controlroom.cli.__main__ import run
from controlroom.model.decisions import Answer
from controlroom.model.errors import DecisionError
from controlroom.model.song import PartStatus
from controlroom.report.html import render_html
from controlroom.report.text import render_text
from controlroom.studio.studio import Studio
from tests.conftest import music


@pytest.fixture
def takes(tmp_path: Path) -> tuple[Path, Path]:
    """Return two takes of 3 s, A and B, as files."""
    paths = (tmp_path / "take-a.wav", tmp_path / "take-b.wav")
    for seed, path in enumerate(paths):
        audio = music(np.random.default_rng(seed), 3.0)
        soundfile.write(path, audio.samples.T, audio.rate_hz, subtype="FLOAT")
    return paths


@pytest.fixture
def root(studio: Studio, takes: tuple[Path, Path], tmp_path: Path) -> Path:
    """Return a song with take A."""
    root = studio.new(tmp_path / "song")
    studio.add(root, takes[0])
    return root


def premaster(finished) -> np.ndarray:
    return soundfile.read(finished.as_dict()["premaster"], dtype="float32", always_2d=True)[0]


@pytest.mark.usefixtures("deaf")
def test_what_was_done_on_one_take_is_told_and_not_heard_on_the_other_and_comes_back_with_its_own(
    studio: Studio, takes: tuple[Path, Path], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    placed = studio.do(root, "tone", start_s=1.0, end_s=2.0, knobs={"band1_gain_db": 6.0})
    whole = studio.do(root, "fade", knobs={"out_ms": 500.0})
    studio.note(root, 0.5, 1.0, "too loud here")
    studio.mark(root, "mix", PartStatus.RESHAPED, start_s=2.5, end_s=3.0)
    on_a = studio.render(root)
    assert len(on_a.render.steps) == 2
    assert not on_a.data.elsewhere

    studio.add(root, takes[1])
    on_b = studio.render(root)
    np.testing.assert_array_equal(premaster(on_b), soundfile.read(takes[1], dtype="float32")[0])
    assert on_b.render.steps == ()
    assert on_b.data.decisions == ()
    told = "2 steps of your own are about another take (take-a.wav) and not heard on this one."
    assert told in render_text(on_b.data)
    assert told in render_html(on_b.data)
    assert "Written for take-a.wav, not heard on this take: fade it out over 0.5" in render_html(on_b.data)
    assert [one["take"] for one in on_b.as_dict()["elsewhere"]] == ["take-a.wav"] * 2
    assert {one.decision.id for one in studio.show(root).elsewhere} == {placed.id, whole.id}
    assert run(["show", str(root)]) == 0
    assert capsys.readouterr().out.count("Written for take-a.wav") == 2
    desk = studio.desk(root)
    assert [card for card in desk.cards if card.proposal.kind == "hand-made"] == []
    assert (desk.notes, desk.marks, len(desk.elsewhere)) == ((), (), 2)
    assert on_b.data.notes == ()
    assert studio.marks(root) == ()
    own = studio.do(root, "tone", start_s=2.5, end_s=3.0, knobs={"band1_gain_db": 1.0})
    assert studio.render(root).render.steps == (own.step,)

    studio.add(root, takes[0])
    assert studio.show(root).take.facts.file_name == "take-a.wav"
    back = studio.render(root)
    assert back.render.premaster_digest == on_a.render.premaster_digest
    assert back.render.steps == on_a.render.steps
    assert [one.decision.id for one in back.data.elsewhere] == [own.id]
    assert [len(part) for part in (studio.desk(root).notes, studio.marks(root))] == [1, 1]
    assert studio.verify(root)


@pytest.mark.usefixtures("deaf")
def test_a_stretch_that_stays_on_one_take_forbids_nothing_on_the_other(
    studio: Studio, takes: tuple[Path, Path], root: Path
) -> None:
    studio.mark(root, "mix", PartStatus.STAYS, start_s=1.0, end_s=2.0)
    studio.add(root, takes[1])
    studio.do(root, "tone", start_s=1.0, end_s=2.0, knobs={"band1_gain_db": 1.0})
    studio.add(root, takes[0])
    with pytest.raises(DecisionError) as caught:
        studio.do(root, "tone", start_s=1.0, end_s=2.0, knobs={"band1_gain_db": 1.0})
    assert caught.value.code == "part.protected"


@pytest.mark.usefixtures("deaf")
def test_what_was_done_on_one_take_is_answered_from_the_other_but_not_moved_to_it(
    studio: Studio, takes: tuple[Path, Path], root: Path
) -> None:
    made = studio.do(root, "gain", start_s=1.0, end_s=2.0, knobs={"gain_db": -6.0})
    seq = len(studio.history(root))
    studio.add(root, takes[1])
    edited = studio.decide(root, made.proposal_id, Answer.EDIT, span_s=(0.5, 1.0))
    assert edited.step.span.clock == made.step.span.clock
    with pytest.raises(DecisionError) as caught:
        studio.audition(root, made.proposal_id)
    assert caught.value.code == "decision.other-take"
    assert "take-b.wav" in caught.value.message
    studio.undo(root, made.proposal_id)
    assert studio.show(root).elsewhere == ()
    studio.go_back(root, seq)
    assert [one.decision.step for one in studio.show(root).elsewhere] == [made.step]
    assert studio.render(root).render.steps == ()


def test_findings_are_those_of_the_take_on_the_desk(
    studio: Studio, takes: tuple[Path, Path], root: Path
) -> None:
    studio.listen(root)
    studio.render(root)
    heard = studio.desk(root).findings
    assert heard
    assert not studio.desk(root).render_stale
    studio.add(root, takes[1])
    assert studio.desk(root).findings == ()
    assert studio.desk(root).render_stale
    studio.add(root, takes[0])
    assert studio.desk(root).findings == heard


@pytest.mark.usefixtures("deaf")
def test_a_preview_hears_a_step_on_the_current_take_only(studio: Studio, root: Path) -> None:
    studio.sounds(root)
    for span_s in ((0.0, 0.4), (1.0, 2.0)):
        sound = studio.preview(root, "limiter", 0.0, 3.0, knobs={"ceiling_dbtp": -12.0}, span_s=span_s)
        heard = np.fromfile(studio.sound_files(root, sound.id).samples, "<f4").reshape(2, -1)
        take = premaster(studio.render(root)).T[:, : heard.shape[1]]
        first, last = (round(at * sound.rate_hz) for at in span_s)
        changed = np.flatnonzero(np.any(heard != take, axis=0))
        assert first <= changed.min() <= changed.max() < last
