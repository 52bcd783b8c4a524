"""Changes of mind and blind trials: what is counted, and where each stops."""

from __future__ import annotations

import pytest

from controlroom.model.decisions import Answer
from controlroom.model.errors import DecisionError, UsageError
from controlroom.studio.console_answers import chance, differences, keep_trial, return_to, take_back
from controlroom.studio.memory import Memory
from controlroom.studio.song import opened

KNOBS = {"amount": 0.5}


@pytest.mark.parametrize(
    "correct, total, by_guessing",
    [(0, 8, 1.0), (8, 8, 1 / 256), (7, 8, 9 / 256), (5, 8, 93 / 256), (1, 1, 0.5), (12, 16, 2517 / 65536)],
)
def test_the_chance_of_a_trial_is_that_of_a_coin(correct: int, total: int, by_guessing: float) -> None:
    assert chance(correct, total) == by_guessing


@pytest.mark.parametrize("counts", [(0, 0), (-1, 5), (6, 5), (3, 101)])
def test_counts_that_make_no_trial_are_refused_and_not_kept(song, counts) -> None:
    with opened(song) as held:
        before = held.memory.ledger.head
        with pytest.raises(UsageError, match=f"{counts[0]} of {counts[1]} is no trial") as caught:
            keep_trial(held, ("a", "b"), *counts, "ada")
        assert caught.value.code == "trial.counts"
        assert held.memory.ledger.head == before


@pytest.mark.parametrize("counts", [(0, 1), (1, 1), (100, 100)])
def test_a_trial_is_kept_whole(song, counts) -> None:
    with opened(song) as held:
        body = keep_trial(held, ("take", "render"), *counts, "ada")
        (entry,) = held.memory.ledger.entries(["trial.abx"])
    assert entry.body == body
    assert (body["a"], body["b"], body["by"]) == ("take", "render", "ada")
    assert (body["correct"], body["total"]) == counts
    assert body["chance"] == pytest.approx(chance(*counts), abs=1e-6)


def test_going_back_changes_what_differs_and_nothing_else(studio, stemmed) -> None:
    first = studio.do(stemmed, "remove", part="hats", knobs=KNOBS)
    kept = studio.do(stemmed, "remove", part="bass", knobs=KNOBS)
    with opened(stemmed) as held:
        then = held.memory.ledger.head.seq
    studio.decide(stemmed, first.proposal_id, Answer.EDIT, knobs={"amount": 0.25})
    later = studio.do(stemmed, "remove", part="keyboard", knobs=KNOBS)
    with opened(stemmed) as held:
        now = held.memory.ledger.head.seq
        found = {d.proposal.id: (d.then, d.now) for d in differences(held, then, now)}
        assert set(found) == {first.proposal_id, later.proposal_id}
        assert found[first.proposal_id][0].step.knobs["amount"] == 0.5
        assert found[first.proposal_id][1].step.knobs["amount"] == 0.25
        assert found[later.proposal_id][0] is None
        assert differences(held, now, now) == ()
        changed = {one.proposal_id: one for one in return_to(held, then, "ada")}
        assert {id_: one.answer for id_, one in changed.items()} == {
            first.proposal_id: Answer.ACCEPT,
            later.proposal_id: Answer.DEFER,
        }
        assert changed[first.proposal_id].step.knobs["amount"] == 0.5
        assert {one.reason for one in changed.values()} == {f"back to entry {then}"}
        assert held.memory.decisions[kept.proposal_id] == kept
        assert return_to(held, then, "ada") == []
        back = {one.proposal_id: one for one in return_to(held, now, "ada")}
        assert back[first.proposal_id].answer is Answer.EDIT
        assert back[first.proposal_id].step.knobs["amount"] == 0.25
        assert {d.proposal.id for d in differences(held, then, held.memory.ledger.head.seq)} == set(found)


def test_an_entry_that_is_not_there_is_named_with_the_last(song) -> None:
    with opened(song) as held:
        last = held.memory.ledger.head.seq
        for seq in (0, last + 1, -1):
            with pytest.raises(UsageError, match=f"there is no entry {seq}; the last is {last}") as caught:
                return_to(held, seq, "ada")
            assert caught.value.code == "history.no-entry"
        with pytest.raises(UsageError):
            differences(held, 1, last + 1)
        assert differences(held, 1, last) == ()


def test_an_answer_is_taken_back_once(studio, stemmed) -> None:
    made = studio.do(stemmed, "remove", part="hats", knobs=KNOBS)
    with opened(stemmed) as held:
        taken = take_back(held, made.proposal_id, "ada")
        assert (taken.answer, taken.name, taken.reason) == (Answer.DEFER, "ada", "took back: accept")
        for id_ in (made.proposal_id, "p-none"):
            with pytest.raises(DecisionError, match="has no answer") as caught:
                take_back(held, id_, "ada")
            assert caught.value.code == "decision.nothing-to-undo"
        assert Memory.of(held.memory.ledger, until=1).answers == {}
        assert [one.answer for one in held.memory.answers[made.proposal_id]] == [
            Answer.ACCEPT,
            Answer.DEFER,
        ]
