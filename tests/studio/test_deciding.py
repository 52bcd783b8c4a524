"""Who is asked what, what an answer may be, and when an old one carries over."""

from __future__ import annotations

import pytest

from controlroom.model.decisions import Answer, Decision, Policy, PolicyDecider, PolicyRule, Reply, Who
from controlroom.model.errors import DecisionError, SongError, UsageError
from controlroom.model.findings import Finding, Measurement
from controlroom.model.parts import PartMark
from controlroom.model.proposals import GuardReading, Stage, Step
from controlroom.model.song import PartStatus
from controlroom.studio.deciding import ask, carry, check_touch, decide, enter, sounding, withdraw
from tests.studio.a_song import (
    ACCEPT,
    DEFER,
    REJECT,
    Says,
    answer,
    bring,
    by_hand,
    claim,
    gain_step,
    give_stems,
    put,
    question,
    song_in,
    span,
)

STEP_DB = 0.5
"""``carry.tolerance_db``, a number that floats hold exactly, as they do -20.5 and -14.5."""
BEYOND_DB = 0.5009765625
"""The next thousandth of a decibel that floats hold exactly."""


@pytest.fixture
def song(tmp_path):
    with song_in(tmp_path / "song") as opened:
        yield opened


def carried(song, old, new, given=Answer.ACCEPT, step=None):
    """Return what stands of ``new`` once ``old`` was answered and ``new`` is asked."""
    put(song, old)
    was = answer(song, old, given, step)
    put(song, new)
    carry(song, new)
    return was, song.memory.decisions.get(new.id)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("which", ["before", "expected"])
def test_an_answer_carries_to_the_tolerance_and_not_a_step_beyond(song, which, sign):
    assert song.standards.number("carry.tolerance_db") == STEP_DB
    base = {"before": -20.0, "expected": -14.0}
    at = claim(**{**base, which: base[which] + sign * STEP_DB})
    was, now = carried(song, question(), question(gain_step(-2.0), at))
    assert now is not None
    assert (now.answer, now.who, now.name, now.carried_from) == (was.answer, was.who, was.name, was.id)
    assert now.at > was.at
    assert now.step == gain_step(-2.0)
    beyond = question(gain_step(-3.0), claim(**{**base, which: base[which] + sign * 3 * BEYOND_DB}))
    put(song, beyond)
    carry(song, beyond)
    assert beyond.id not in song.memory.decisions


def test_every_claim_must_be_close_and_the_same(song):
    two = (claim(), claim(1.0, 2.0, "peak.plr_db"))
    put(song, old := question(gain_step(), *two))
    answer(song, old)
    others = [
        (two[0],),
        two[::-1],
        (two[0], claim(1.0, 2.0, "peak.sample_dbfs")),
        (two[0], claim(1.0, 2.0 + BEYOND_DB, "peak.plr_db")),
        (claim(-20.0 - BEYOND_DB), two[1]),
    ]
    for number, claims in enumerate(others):
        put(song, new := question(gain_step(-2.0 - number), *claims))
        carry(song, new)
        assert new.id not in song.memory.decisions, claims
    put(song, again := question(gain_step(-9.0), *two))
    carry(song, again)
    assert song.memory.decisions[again.id].carried_from


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "other"},
        {"step": Step(processor="limiter", stage=Stage.LOUDNESS, knobs={})},
        {"step": gain_step(-2.0, "bass")},
        {"step": gain_step(-2.0).model_copy(update={"version": 2})},
        {"step": gain_step(-2.0, place=span(0.5, 1.0))},
    ],
    ids=["kind", "processor", "part", "version", "place"],
)
def test_an_answer_carries_to_the_same_question_only(song, other):
    _, now = carried(song, question(), question(**{"step": gain_step(-2.0), **other}))
    assert now is None


@pytest.mark.parametrize("place, same", [((0.9, 1.2), True), ((1.0, 1.4), False), (None, False)])
def test_a_question_about_another_stretch_is_another_one(song, place, same):
    new = question(gain_step(-2.0, place=span(*place) if place else None))
    _, now = carried(song, question(gain_step(place=span(0.5, 1.0))), new)
    assert (now is not None) is same


@pytest.mark.parametrize("place", [None, (0.5, 1.0)])
def test_an_answer_about_one_take_is_none_about_another(song, place):
    old = question(gain_step(place=span(*place) if place else None))
    put(song, old)
    answer(song, old)
    bring(song, "b")
    new = question(gain_step(-2.0, place=span(*place, "b") if place else None), take="b")
    put(song, new)
    carry(song, new)
    assert new.id not in song.memory.decisions
    bring(song, "a")
    put(song, again := question(gain_step(-3.0, place=span(*place) if place else None)))
    carry(song, again)
    assert song.memory.decisions[again.id].carried_from


def test_an_edit_that_was_put_on_another_take_is_not_carried(song):
    bring(song, "b")
    edit = gain_step(-4.0, place=span(0.0, 1.0, "a"))
    _, now = carried(song, question(take="b"), question(gain_step(-2.0), take="b"), Answer.EDIT, edit)
    assert now is None


def test_an_edit_carries_its_own_step_and_a_rejection_carries_too(song):
    edit = gain_step(-4.0)
    _, now = carried(song, question(), question(gain_step(-2.0)), Answer.EDIT, edit)
    assert (now.answer, now.step) == (Answer.EDIT, edit)
    left = question(gain_step(-6.0), kind="l")
    _, now = carried(song, left, question(gain_step(-5.0), kind="l"), Answer.REJECT)
    assert now.answer is Answer.REJECT


def test_what_was_put_off_is_not_carried_and_the_last_answer_counts(song):
    assert carried(song, question(), question(gain_step(-2.0)), Answer.DEFER)[1] is None
    put(song, second := question(gain_step(-3.0)), third := question(gain_step(-4.0)))
    answer(song, second)
    answer(song, third, Answer.REJECT)
    put(song, new := question(gain_step(-5.0)))
    carry(song, new)
    assert song.memory.decisions[new.id].answer is Answer.REJECT


def test_what_is_answered_already_is_not_answered_again(song):
    put(song, old := question(), new := question(gain_step(-2.0)))
    answer(song, old)
    standing = answer(song, new, Answer.DEFER)
    carry(song, new)
    assert song.memory.decisions[new.id] == standing


def test_deciders_are_asked_in_turn_for_what_is_open_with_its_findings(song):
    found = [
        Finding(kind=kind, measurements=(Measurement(name="x", value=1.0),), severity=0.5)
        for kind in ("level", "other")
    ]
    one, two = question(answers=(found[0].id,)), question(gain_step(-2.0), kind="b")
    put(song, one, two)
    answer(song, two, Answer.REJECT)
    silent, first, second = Says(None), Says(ACCEPT, name="ada"), Says(REJECT, name="bob")
    ask(song, Stage.LOUDNESS, [one, two], found, [silent, first, second])
    assert [q.proposals for q in silent.asked] == [q.proposals for q in first.asked] == [(one,)]
    assert first.asked[0].findings == (found[0],)
    assert first.asked[0].stage is Stage.LOUDNESS
    assert second.asked == []
    assert song.memory.decisions[one.id].name == "ada"
    assert song.memory.decisions[two.id].answer is Answer.REJECT


def test_what_was_put_off_is_asked_again(song):
    put(song, one := question())
    ask(song, Stage.LOUDNESS, [one], [], [Says(DEFER)])
    again = Says(ACCEPT)
    ask(song, Stage.LOUDNESS, [one], [], [again])
    assert again.asked
    assert song.memory.decisions[one.id].sounds


def test_an_answer_that_was_put_on_another_take_leaves_the_question_open(song):
    bring(song, "b")
    put(song, one := question(take="b"))
    answer(song, one, Answer.EDIT, gain_step(-12.0, place=span(0.0, 1.0, "a")))
    assert sounding(song, [one]) == {}
    asked = Says(ACCEPT)
    ask(song, Stage.LOUDNESS, [one], [], [asked])
    assert asked.asked
    assert set(sounding(song, [one])) == {one.id}


def test_a_policy_is_not_asked_for_a_second_answer_to_a_finding_and_a_person_is(song):
    limiter = Step(processor="limiter", stage=Stage.LOUDNESS, knobs={})
    one, rival = question(answers=("f-1",)), question(limiter, answers=("f-1",))
    put(song, one, rival)
    answer(song, one)
    policy, person = Says(None, Who.POLICY), Says(None)
    ask(song, Stage.LOUDNESS, [one, rival], [], [policy, person])
    assert policy.asked == []
    assert [q.proposals for q in person.asked] == [(rival,)]
    answer(song, one, Answer.REJECT)
    ask(song, Stage.LOUDNESS, [one, rival], [], [policy])
    assert [q.proposals for q in policy.asked] == [(rival,)]


def test_no_policy_answers_what_is_a_persons(song):
    own, cut = question(person_only=True), Step(processor="fade", stage=Stage.ARRANGEMENT, knobs={})
    arranged = question(cut, kind="c")
    put(song, own, arranged)
    rules = tuple(PolicyRule(stage=stage, processor="*") for stage in Stage)
    signed = PolicyDecider(Policy(name="all", rules=rules))
    ask(song, Stage.LOUDNESS, [own, arranged], [], [signed])
    assert song.memory.decisions == {}
    for one in (own, arranged):
        with pytest.raises(DecisionError, match="policy all may not answer") as caught:
            decide(song, one, ACCEPT, signed)
        assert caught.value.code == "decision.person-only"
    assert decide(song, own, ACCEPT, Says(None)).who is Who.PERSON


@pytest.mark.parametrize("step", [None, Step(processor="limiter", stage=Stage.LOUDNESS, knobs={})])
def test_an_edit_needs_the_same_processors_step(song, step):
    put(song, one := question())
    with pytest.raises(DecisionError, match="needs the gain step") as caught:
        decide(song, one, Reply(answer=Answer.EDIT, step=step), Says(None))
    assert caught.value.code == "decision.edit-without-step"
    assert song.memory.decisions == {}


def test_an_edit_with_a_knob_out_of_range_is_refused(song):
    put(song, one := question())
    with pytest.raises(UsageError) as caught:
        decide(song, one, Reply(answer=Answer.EDIT, step=gain_step(9999.0)), Says(None))
    assert caught.value.code == "processor.bad-knob"


def test_an_edit_puts_no_step_on_another_take(song):
    put(song, one := question())
    bring(song, "b")
    reply = Reply(answer=Answer.EDIT, step=gain_step(place=span(0.0, 1.0, "b")))
    with pytest.raises(UsageError, match="on the clock of t-b, not of t-a") as caught:
        decide(song, one, reply, Says(None))
    assert caught.value.code == "span.foreign-clock"
    own = Reply(answer=Answer.EDIT, step=gain_step(place=span(0.0, 1.0, "a")))
    assert decide(song, one, own, Says(None)).step.span == span(0.0, 1.0)


def test_a_guard_is_kept_broken_for_a_reason_only(song):
    readings = tuple(
        GuardReading(guard=name, before=1.0, after=0.0, limit=0.5, broken=broken)
        for name, broken in (("crest", True), ("low-end", False))
    )
    put(song, one := question(guards=readings))
    with pytest.raises(DecisionError, match="needs a reason") as caught:
        decide(song, one, Reply(answer=Answer.ACCEPT, keep_despite_guards=True), Says(None))
    assert caught.value.code == "decision.reason-missing"
    kept = Reply(answer=Answer.ACCEPT, keep_despite_guards=True, reason="it must", auditioned_s=2.5)
    made = decide(song, one, kept, Says(None))
    assert (made.kept_despite, made.reason, made.auditioned_s) == (("crest",), "it must", 2.5)
    assert decide(song, one, ACCEPT, Says(None)).kept_despite == ()


def test_what_stays_is_not_touched_by_an_answer_and_may_be_left(song):
    give_stems(song, "vocals", "bass")
    song.memory.add_decisions(
        [], "now", PartMark(part="vocals", status=PartStatus.STAYS, by="ada", at=song.now())
    )
    put(song, one := question(gain_step(part="vocals")))
    for reply in (ACCEPT, Reply(answer=Answer.EDIT, step=gain_step(-2.0, "vocals"))):
        with pytest.raises(DecisionError) as caught:
            check_touch(song, one, reply)
        assert caught.value.code == "part.protected"
    for reply in (REJECT, DEFER, Reply(answer=Answer.EDIT, step=gain_step(-2.0, "bass"))):
        check_touch(song, one, reply)


def test_an_answer_that_may_not_be_given_today_is_not_carried(song):
    give_stems(song, "vocals")
    put(song, old := question(gain_step(part="vocals")))
    answer(song, old)
    said = PartMark(part="vocals", status=PartStatus.STAYS, by="ada", at=song.now())
    song.memory.add_decisions([], "now", said)  # as a ledger of before may hold it: nothing was taken back
    put(song, new := question(gain_step(-2.0, "vocals")))
    carry(song, new)
    assert new.id not in song.memory.decisions


def test_what_is_entered_is_checked_whole_or_not_at_all(song):
    put(song, fine := question(), off := question(gain_step(-2.0), kind="other"))
    lawful = answer(song, fine)
    wrong = lawful.model_copy(
        update={
            "proposal_id": off.id,
            "answer": Answer.EDIT,
            "step": gain_step().model_copy(update={"processor": "dc"}),
        }
    )
    before = song.memory.ledger.head
    with pytest.raises(DecisionError, match="needs the gain step"):
        enter(song, [lawful, wrong])
    assert song.memory.ledger.head == before
    enter(song, [])
    assert song.memory.ledger.head == before


def test_what_stays_on_one_take_is_weighed_for_answers_about_that_take(song):
    put(song, on_a := question(gain_step().model_copy(update={"stage": Stage.TONE})))
    here = PartMark(part="mix", status=PartStatus.STAYS, span=span(0.0, 1.0), by="ada", at=song.now())
    song.memory.add_decisions([], "now", here)
    bring(song, "b")
    put(song, on_b := question(on_a.step, take="b"))
    check_touch(song, on_b, ACCEPT)
    with pytest.raises(DecisionError) as caught:
        check_touch(song, on_a, ACCEPT)
    assert caught.value.code == "part.protected"


def test_a_moved_step_needs_its_part_and_a_step_as_asked_does_not(song):
    put(song, one := question(gain_step(part="bass")))
    check_touch(song, one, ACCEPT)
    with pytest.raises(SongError, match="no stems of this take"):
        check_touch(song, one, Reply(answer=Answer.EDIT, step=gain_step(part="vocals")))
    made = by_hand(song, gain_step(-3.0, "bass"))
    with pytest.raises(SongError, match="no stems of this take"):
        check_touch(song, song.memory.proposals[made.proposal_id], ACCEPT)


def test_a_removal_is_weighed_by_the_stems_of_its_own_take(song):
    give_stems(song, "bass")
    removal = Step(processor="remove", stage=Stage.STEMS, part="bass", knobs={"amount": 1.0})
    made = by_hand(song, removal)
    bring(song, "b")
    check_touch(song, song.memory.proposals[made.proposal_id], ACCEPT)
    put(song, on_b := question(removal, take="b", kind="hand-made"))
    with pytest.raises(SongError, match="no stems of this take"):
        check_touch(song, on_b, ACCEPT)


def test_what_is_withdrawn_is_a_rejection_that_names_the_guards_in_order(song):
    put(song, one := question())
    made = answer(song, one, who=Who.POLICY, name="trusting", policy_digest="d")
    withdraw(song, made, ["low-end", "crest"])
    now = song.memory.decisions[one.id]
    assert (now.answer, now.reason, now.carried_from) == (
        Answer.REJECT,
        "guard: crest, low-end",
        made.id,
    )
    assert (now.who, now.name, now.step) == (made.who, made.name, made.step)
    assert now.at > made.at
    assert sounding(song, [one]) == {}


def test_only_what_is_accepted_or_edited_sounds(song):
    asked = [question(gain_step(-float(n))) for n in range(5)]
    put(song, *asked)
    for proposal, given in zip(asked, Answer, strict=False):
        answer(song, proposal, given)
    assert set(sounding(song, asked)) == {asked[0].id, asked[1].id}
    assert all(isinstance(one, Decision) for one in sounding(song, asked).values())
