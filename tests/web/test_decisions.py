from __future__ import annotations

import pytest

from controlroom.model.decisions import Answer
from controlroom.model.proposals import GuardReading
from controlroom.model.timeline import Span
from controlroom.studio.song import opened


def first(console, processor=None):
    cards = console.studio().desk(console.root).cards
    return next(c.proposal for c in cards if processor in (None, c.proposal.step.processor))


def decided(console, proposal):
    return console.studio().desk(console.root).card(proposal.id).decision


def test_an_answer_is_recorded_with_its_reason_and_its_listening(console):
    asked = first(console)
    body = {"answer": "reject", "reason": "it is meant so", "auditioned_s": 12.5}
    answer = console.client.post(f"{console.song}/proposals/{asked.id}/decision", json=body)
    assert answer.status_code == 201
    kept = decided(console, asked)
    assert (kept.answer, kept.reason, kept.auditioned_s, kept.name) == (
        Answer.REJECT,
        "it is meant so",
        12.5,
        "tester",
    )
    assert answer.json()["id"] == kept.id


def test_an_edit_carries_knobs_and_span(console):
    asked = first(console, "gain")
    body = {"answer": "edit", "knobs": {"gain_db": -2.0}, "span": {"start_s": 1.0, "end_s": 3.0}}
    assert console.client.post(f"{console.song}/proposals/{asked.id}/decision", json=body).status_code == 201
    step = decided(console, asked).step
    assert step.knobs["gain_db"] == -2.0
    assert (step.span.start_s, step.span.end_s) == (1.0, 3.0)


def test_undo_is_a_new_decision_and_opens_the_question_again(console):
    asked = first(console)
    path = f"{console.song}/proposals/{asked.id}"
    console.client.post(f"{path}/decision", json={"answer": "accept"})
    before = len(console.studio().history(console.root))
    assert console.client.post(f"{path}/undo", json={}).status_code == 201
    assert decided(console, asked).answer is Answer.DEFER
    assert len(console.studio().history(console.root)) == before + 1
    again = console.client.post(f"{path}/undo", json={})
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "decision.nothing-to-undo"


def test_going_back_answers_as_it_was(console):
    studio = console.studio()
    one = first(console)
    studio.decide(console.root, one.id, Answer.ACCEPT)
    then = studio.history(console.root)[-1]["seq"]
    studio.decide(console.root, one.id, Answer.REJECT, reason="no")
    answer = console.client.post(f"{console.song}/history/return", json={"seq": then})
    assert answer.json() == {"answered": 1}
    assert decided(console, one).answer is Answer.ACCEPT
    assert console.client.post(f"{console.song}/history/return", json={"seq": then}).json() == {"answered": 0}


def test_a_question_is_stale_when_what_comes_before_it_changed(console):
    studio = console.studio()
    asked = first(console, "rumble")
    studio.decide(console.root, asked.id, Answer.ACCEPT)
    cards = studio.desk(console.root).cards
    assert all(c.stale == (c.proposal.step.stage.position > asked.step.stage.position) for c in cards)
    assert any(c.stale for c in cards)
    studio.propose(console.root)
    assert not any(c.stale for c in studio.desk(console.root).cards)


def test_a_step_by_hand_lies_on_the_desk_accepted(console):
    body = {
        "processor": "gain",
        "span": {"start_s": 1, "end_s": 2},
        "knobs": {"gain_db": -3},
        "reason": "too loud",
    }
    assert console.client.post(f"{console.song}/steps", json=body).status_code == 201
    made = [c for c in console.studio().desk(console.root).cards if c.proposal.kind == "hand-made"]
    assert [c.decision.answer for c in made] == [Answer.ACCEPT]
    assert not made[0].stale


def test_a_blind_trial_is_kept_with_its_chance(console):
    body = {"a": "take-1", "b": "preview-2", "correct": 9, "total": 10}
    kept = console.client.post(f"{console.song}/trials", json=body).json()
    assert kept["chance"] == pytest.approx(11 / 1024, abs=1e-6)
    assert console.studio().history(console.root)[-1]["kind"] == "trial.abx"
    assert console.client.post(f"{console.song}/trials", json={**body, "correct": 11}).status_code == 400


@pytest.mark.parametrize(
    "path, body, status, code",
    [
        ("proposals/p-0/decision", {"answer": "accept"}, 404, "decision.unknown-proposal"),
        ("proposals/p-0/decision", {"answer": "maybe"}, 422, "request.invalid"),
        ("proposals/p-0/decision", {"answer": "accept", "more": 1}, 422, "request.invalid"),
        ("steps", {"processor": "wand"}, 400, "processor.unknown"),
        ("steps", {"processor": "gain", "knobs": {"gain_db": 1e9}}, 400, "processor.bad-knob"),
        ("notes", {"start_s": 1, "end_s": 2, "text": ""}, 422, "request.invalid"),
        ("previews", {"processor": "gain", "stretch": {"start_s": 900, "end_s": 901}}, 400, "preview.span"),
        ("matches", {"sounds": ["../../x"], "stretch": {"start_s": 0, "end_s": 4}}, 404, "sound.missing"),
        ("history/return", {"seq": 99999}, 400, "history.no-entry"),
        ("notes", {"start_s": 5, "end_s": 2, "text": "x"}, 422, "request.invalid"),
        ("steps", {"processor": "gain", "span": {"start_s": 5, "end_s": 2}}, 422, "request.invalid"),
        ("nowhere", {}, 404, "request.not-found"),
    ],
)
def test_every_refusal_has_one_shape(console, path, body, status, code):
    answer = console.client.post(f"{console.song}/{path}", json=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "hint", "exit_code"}
    assert error["code"] == code


def test_standards_are_laid_over_and_said_to_be_a_persons(console):
    answer = console.client.patch(
        f"{console.song}/standards", json={"values": {"loudness.ceiling_dbtp": -1.5}}
    )
    assert answer.status_code == 200
    entry = console.studio().standards(console.root).entries["loudness.ceiling_dbtp"]
    assert entry.value == -1.5
    assert "person" in entry.origin
    bad = console.client.patch(f"{console.song}/standards", json={"values": {"loudness.ceiling_dbtp": 40}})
    assert bad.status_code == 400


def asked_thrice(console):
    """Put three questions of one kind on the desk, one of which a guard warns of."""
    with opened(console.root) as song:
        one = next(iter(song.memory.proposals.values()))
        spans = [Span(clock=song.take.id, start_s=at, end_s=at + 1) for at in (0.5, 2.0, 4.0)]
        broken = (GuardReading(guard="crest", before=10.0, after=5.0, limit=1.0, broken=True),)
        made = [
            one.model_copy(
                update={
                    "kind": "hiss",
                    "answers": (),
                    "upstream": (),
                    "step": one.step.model_copy(update={"span": span}),
                    "guards": broken if span.start_s == 4.0 else (),
                }
            )
            for span in spans
        ]
        song.memory.add_proposals(made, song.now())
        return [proposal.id for proposal in made]


def test_decisions_by_kind_are_entries_of_their_own(console):
    ids = asked_thrice(console)
    before = len(console.studio().history(console.root))
    body = {"answer": "reject", "reason": "all of it is tape", "auditioned_s": {ids[0]: 7.0}}
    answer = console.client.post(f"{console.song}/kinds/hiss/decision", json=body)
    assert answer.status_code == 201
    assert [one["proposal_id"] for one in answer.json()] == ids[:2]  # the third a guard warns of
    desk = console.studio().desk(console.root)
    told = [desk.card(id_).decision for id_ in ids[:2]]
    assert [(one.answer, one.reason) for one in told] == [(Answer.REJECT, "all of it is tape")] * 2
    assert [one.auditioned_s for one in told] == [7.0, 0.0]
    assert desk.card(ids[2]).decision is None
    assert len(console.studio().history(console.root)) == before + 2
    again = console.client.post(f"{console.song}/kinds/hiss/decision", json={"answer": "edit"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "decision.edit-many")


def test_two_entries_are_compared_by_what_stood_then(console):
    studio = console.studio()
    one, other = first(console, "rumble"), first(console, "gain")
    start = studio.history(console.root)[-1]["seq"]
    studio.decide(console.root, one.id, Answer.ACCEPT)
    middle = studio.history(console.root)[-1]["seq"]
    studio.decide(console.root, one.id, Answer.EDIT, knobs={"attenuation_db": 12.0})
    studio.decide(console.root, other.id, Answer.DEFER)
    end = studio.history(console.root)[-1]["seq"]
    path = f"{console.song}/history/differences"
    (told,) = console.client.get(path, params={"then": start, "now": end}).json()
    assert told["proposal"] == one.id
    assert told["then"] == "not answered"
    (moved,) = console.client.get(path, params={"then": middle, "now": end}).json()
    assert [(knob["name"], knob["now"]) for knob in moved["knobs"]] == [("attenuation_db", 12.0)]
    assert console.client.get(path, params={"then": end, "now": end}).json() == []


def test_a_part_that_the_song_has_not_is_refused_in_an_edit(console):
    asked = first(console, "gain")
    body = {"answer": "edit", "part": "vocals"}
    answer = console.client.post(f"{console.song}/proposals/{asked.id}/decision", json=body)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "stems.none"
