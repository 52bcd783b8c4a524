"""What a person says of parts is kept and enforced; who said it is named."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from controlroom.model.decisions import Answer, Who
from controlroom.model.errors import DecisionError, SongError, UsageError
from controlroom.model.song import PartStatus
from tests.studio import a_band

pytestmark = pytest.mark.usefixtures("deaf")

STAYS, REMOVED = PartStatus.STAYS, PartStatus.REMOVED
KNOBS = {"amount": 0.5}


def premaster(finished):
    samples, _ = soundfile.read(finished.as_dict()["premaster"], dtype="float32", always_2d=True)
    return samples


def refused(call, *, code="part.protected"):
    with pytest.raises(DecisionError) as caught:
        call()
    assert caught.value.code == code
    assert caught.value.hint
    return caught.value.message


def test_a_mark_stands_with_who_when_and_why_and_can_be_taken_back(studio, stemmed):
    mark = studio.mark(stemmed, "vocals", STAYS, reason="her voice")
    assert (mark.by, mark.reason, mark.span) == ("tester", "her voice", None)
    assert studio.marks(stemmed) == (mark,)
    shown = {stem["role"]: stem["status"] for stem in studio.stems(stemmed).as_dict()["stems"]}
    assert shown["vocals"] == "stays"
    assert shown["drums"] is None
    studio.mark(stemmed, "vocals", PartStatus.RESHAPED)
    assert [one.status for one in studio.marks(stemmed)] == [PartStatus.RESHAPED]
    studio.mark(stemmed, "vocals", None)
    assert studio.marks(stemmed) == ()
    refused(lambda: studio.mark(stemmed, "vocals", None), code="part.nothing-to-take-back")
    kept = [entry["body"]["status"] for entry in studio.history(stemmed) if entry["kind"] == "part.marked"]
    assert kept == ["stays", "reshaped", None]


def test_a_step_on_what_stays_is_refused_with_the_name_of_who_said_so(studio, stemmed):
    studio.mark(stemmed, "vocals", PartStatus.DEFINES_IDENTITY, reason="it is her song")
    count = len(studio.history(stemmed))
    message = refused(lambda: studio.do(stemmed, "remove", part="vocals", knobs=KNOBS))
    assert "tester said on 2026-11-22" in message
    assert "defines the identity: it is her song" in message
    assert len(studio.history(stemmed)) == count
    studio.do(stemmed, "remove", part="bass", knobs=KNOBS)


def test_members_and_groups_of_what_stays_are_refused_too(studio, stemmed):
    studio.mark(stemmed, "kick", STAYS)
    for group in ("drums", "accompaniment"):
        refused(lambda group=group: studio.do(stemmed, "remove", part=group, knobs=KNOBS))
    studio.do(stemmed, "remove", part="hats", knobs=KNOBS)
    studio.mark(stemmed, "kick", None)
    studio.mark(stemmed, "drums", STAYS)
    refused(lambda: studio.do(stemmed, "remove", part="snare", knobs=KNOBS))


def test_the_mix_bus_is_free_in_tone_and_loudness_only(studio, stemmed):
    studio.mark(stemmed, "vocals", STAYS)
    refused(lambda: studio.do(stemmed, "rumble"))
    studio.do(stemmed, "tone", knobs={"band1_gain_db": 1.0})
    studio.do(stemmed, "gain", knobs={"gain_db": -1.0})
    studio.mark(stemmed, "mix", STAYS)
    refused(lambda: studio.do(stemmed, "tone", knobs={"band1_gain_db": 2.0}))
    studio.do(stemmed, "gain", knobs={"gain_db": -2.0})


def test_a_stretch_that_stays_leaves_the_rest_free(studio, stemmed):
    studio.mark(stemmed, "vocals", STAYS, start_s=1.0, end_s=2.0)
    refused(lambda: studio.do(stemmed, "remove", part="vocals", knobs=KNOBS))
    refused(lambda: studio.do(stemmed, "remove", part="vocals", knobs=KNOBS, start_s=1.9, end_s=3.0))
    studio.do(stemmed, "remove", part="vocals", knobs=KNOBS, start_s=2.0, end_s=3.0)
    with pytest.raises(UsageError, match="is no stretch"):
        studio.mark(stemmed, "vocals", STAYS, start_s=7.0, end_s=8.0)


def test_a_mark_takes_back_the_answers_that_touch_the_part_in_one_transaction(studio, stemmed):
    made = studio.do(stemmed, "remove", part="hats", knobs=KNOBS)
    other = studio.do(stemmed, "remove", part="bass", knobs=KNOBS)
    studio.mark(stemmed, "hats", STAYS)
    decisions = {
        e["body"]["proposal_id"]: e["body"] for e in studio.history(stemmed) if e["kind"] == "decision"
    }
    assert decisions[made.proposal_id]["answer"] == "defer"
    assert decisions[made.proposal_id]["reason"] == "hats stays"
    assert decisions[other.proposal_id]["answer"] == "accept"
    assert [step.part for step in studio.render(stemmed).render.steps] == ["bass"]


def test_going_back_to_an_answer_that_would_touch_what_stays_changes_nothing(studio, stemmed):
    studio.do(stemmed, "remove", part="bass", knobs=KNOBS)
    studio.do(stemmed, "remove", part="hats", knobs=KNOBS)
    seq = len(studio.history(stemmed))
    studio.mark(stemmed, "hats", STAYS)
    studio.mark(stemmed, "bass", STAYS)
    count = len(studio.history(stemmed))
    refused(lambda: studio.go_back(stemmed, seq))
    assert len(studio.history(stemmed)) == count


def test_removed_takes_the_part_out_and_taking_that_back_brings_it_again(studio, stemmed, band):
    whole = premaster(studio.render(stemmed))
    studio.mark(stemmed, "keyboard", REMOVED, reason="too much")
    made = [e["body"] for e in studio.history(stemmed) if e["kind"] == "decision"][-1]
    assert (made["who"], made["step"]["processor"], made["step"]["part"]) == (
        Who.PERSON,
        "remove",
        "keyboard",
    )
    keys, _ = soundfile.read(band / "stems" / "keyboard.wav", dtype="float32", always_2d=True)
    np.testing.assert_allclose(premaster(studio.render(stemmed)), whole - keys, atol=1e-5)
    studio.mark(stemmed, "keyboard", None)
    np.testing.assert_array_equal(premaster(studio.render(stemmed)), whole)


def test_a_stem_that_is_not_in_the_take_as_a_wave_is_not_removed_by_overlay(studio, stemmed, tmp_path):
    sounds = a_band.parts()
    rng = np.random.default_rng(2)
    noise = np.abs(sounds["keyboard.wav"]).max() * rng.standard_normal(sounds["keyboard.wav"].shape)
    sounds["keyboard.wav"] = sounds["keyboard.wav"] + (0.1 * noise).astype(np.float32)
    studio.add_stems(stemmed, a_band.write_folder(tmp_path / "noisy", sounds))
    message = refused(lambda: studio.mark(stemmed, "keyboard", REMOVED), code="part.not-removable")
    assert "in its worst band" in message
    refused(
        lambda: studio.do(stemmed, "remove", part="keyboard", knobs={"amount": 1.0}),
        code="part.not-removable",
    )
    studio.do(stemmed, "rebuild", knobs={"amount": 1.0})
    studio.mark(stemmed, "keyboard", REMOVED)
    left = premaster(studio.render(stemmed))
    rest = sum(x for name, x in a_band.parts().items() if name != "keyboard.wav").T
    assert np.sqrt(np.mean((left - rest) ** 2)) < 0.05 * np.sqrt(np.mean(rest**2))


def test_marks_name_parts_that_the_song_has(studio, song):
    with pytest.raises(SongError, match="no stems of this take"):
        studio.mark(song, "vocals", STAYS)
    with pytest.raises(UsageError, match="no part called 'vox'"):
        studio.mark(song, "vox", STAYS)
    studio.mark(song, "mix", STAYS, start_s=1.0, end_s=2.0)
    assert studio.marks(song)[0].span is not None


def test_a_missing_role_is_named_with_those_that_are_there(studio, stemmed):
    with pytest.raises(UsageError, match="have no guitar") as caught:
        studio.mark(stemmed, "guitar", STAYS)
    assert "keyboard" in caught.value.hint


def test_a_step_on_a_part_that_its_processor_does_not_work_on_is_refused(studio, stemmed):
    with pytest.raises(UsageError, match="remove does not work on mix") as caught:
        studio.do(stemmed, "remove", knobs=KNOBS)
    assert caught.value.code == "processor.wrong-part"


def test_an_edit_moves_a_step_to_another_stem(studio, stemmed):
    made = studio.do(stemmed, "remove", part="hats", knobs=KNOBS)
    studio.decide(stemmed, made.proposal_id, Answer.EDIT, part="bass")
    assert [step.part for step in studio.render(stemmed).render.steps] == ["bass"]
    with pytest.raises(UsageError) as caught:
        studio.decide(stemmed, made.proposal_id, Answer.EDIT, part="mix")
    assert caught.value.code == "processor.wrong-part"
    studio.mark(stemmed, "vocals", STAYS)
    refused(lambda: studio.decide(stemmed, made.proposal_id, Answer.EDIT, part="vocals"))


def test_a_step_on_a_stem_that_is_gone_says_how_to_go_on(studio, stemmed, tmp_path):
    made = studio.do(stemmed, "remove", part="keyboard", knobs=KNOBS)
    fewer = {name: x for name, x in a_band.parts().items() if name != "keyboard.wav"}
    studio.add_stems(stemmed, a_band.write_folder(tmp_path / "fewer", fewer))
    message = refused(lambda: studio.render(stemmed), code="stems.gone")
    assert "keyboard" in message
    studio.undo(stemmed, made.proposal_id)
    assert studio.render(stemmed).render.steps == ()
