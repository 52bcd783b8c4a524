"""Which steps a mark forbids: by part, by stage, by place, and by take."""

from __future__ import annotations

import pytest

from controlroom.model.decisions import Answer, Who
from controlroom.model.errors import DecisionError, SongError, UsageError
from controlroom.model.parts import PartMark
from controlroom.model.proposals import Stage, Step
from controlroom.model.song import PartStatus
from controlroom.studio.marking import (
    check_free,
    check_part,
    is_rebuilt,
    mark_of,
    marks_here,
    protecting,
    require_part,
)
from controlroom.studio.part_marks import keep_mark
from tests.studio.a_song import answer, bring, by_hand, gain_step, give_stems, put, question, song_in, span

STAYS, REMOVED = PartStatus.STAYS, PartStatus.REMOVED
ROLES = ("vocals", "drums", "kick", "bass", "accompaniment")


@pytest.fixture
def song(tmp_path):
    with song_in(tmp_path / "song", "a") as opened:
        give_stems(opened, *ROLES)
        yield opened


def mark(song, part, status=STAYS, place=None):
    said = PartMark(part=part, status=status, span=place, by="ada", at=song.now(), reason="hers")
    song.memory.add_decisions([], "now", said)


def on(part, stage=Stage.STEMS, place=None):
    return Step(processor="gain", stage=stage, part=part, span=place, knobs={})


@pytest.mark.parametrize(
    "marked, step, forbidden",
    [
        ("kick", on("kick"), True),
        ("kick", on("drums"), True),
        ("kick", on("accompaniment"), True),
        ("kick", on("bass"), False),
        ("kick", on("vocals"), False),
        ("drums", on("kick"), True),
        ("vocals", on("accompaniment"), False),
        ("kick", on("mix", Stage.ARRANGEMENT), True),
        ("kick", on("mix", Stage.REPAIR), True),
        ("kick", on("mix", Stage.SPACE), True),
        ("kick", on("mix", Stage.TONE), False),
        ("kick", on("mix", Stage.LOUDNESS), False),
        ("mix", on("mix", Stage.TONE), True),
        ("mix", on("mix", Stage.LOUDNESS), False),
        ("mix", on("kick", Stage.LOUDNESS), True),
    ],
)
def test_a_mark_forbids_what_would_touch_its_part(song, marked, step, forbidden):
    mark(song, marked)
    assert (protecting(song, step) is not None) is forbidden


@pytest.mark.parametrize(
    "status, forbidden", [(s, s in (STAYS, PartStatus.DEFINES_IDENTITY)) for s in PartStatus]
)
def test_only_what_stays_or_defines_the_identity_forbids(song, status, forbidden):
    mark(song, "kick", status)
    assert (protecting(song, on("kick")) is not None) is forbidden


@pytest.mark.parametrize(
    "place, forbidden",
    [(None, True), ((0.0, 1.0), False), ((0.0, 1.01), True), ((1.4, 9.0), True), ((1.5, 9.0), False)],
)
def test_a_stretch_that_stays_forbids_what_reaches_it(song, place, forbidden):
    mark(song, "kick", place=span(1.0, 1.5))
    step = on("kick", place=span(*place) if place else None)
    assert (protecting(song, step) is not None) is forbidden


def test_a_stretch_of_one_take_forbids_nothing_on_another(song):
    mark(song, "mix", place=span(1.0, 1.5))
    bring(song, "b")
    for place in (None, span(1.0, 1.5, "b")):
        check_free(song, on("mix", Stage.TONE, place))
    assert marks_here(song) == ()
    with pytest.raises(
        DecisionError, match=r"from 1 to 1.5 s, of which ada said .* that it stays: hers"
    ) as e:
        check_free(song, on("mix", Stage.TONE), "t-a")
    assert e.value.code == "part.protected"
    bring(song, "a")
    assert protecting(song, on("mix", Stage.TONE)) is not None
    assert len(marks_here(song)) == 1


def test_a_whole_part_stays_in_every_take(song):
    mark(song, "vocals", PartStatus.DEFINES_IDENTITY)
    bring(song, "b")
    give_stems(song, "vocals", "bass")
    assert protecting(song, on("vocals")) is not None
    assert protecting(song, on("bass")) is None
    assert mark_of(song, "vocals").status is PartStatus.DEFINES_IDENTITY


def test_groups_are_those_of_the_take_that_the_step_is_on(song):
    mark(song, "kick")
    bring(song, "b")
    give_stems(song, "vocals", "drums")
    assert protecting(song, on("drums")) is None
    assert protecting(song, on("drums"), "t-a") is not None


def test_what_is_removed_is_gone_from_the_take_of_its_step(song):
    removal = Step(processor="remove", stage=Stage.STEMS, part="bass", knobs={"amount": 1.0})
    mark(song, "bass", REMOVED)
    assert mark_of(song, "bass") is None
    by_hand(song, removal)
    assert mark_of(song, "bass").status is REMOVED
    bring(song, "b")
    give_stems(song, "bass")
    assert mark_of(song, "bass") is None
    bring(song, "a")
    assert mark_of(song, "bass").status is REMOVED


def test_a_new_mark_puts_off_what_sounds_and_touches_its_part_on_its_own_take_only(song):
    own = by_hand(song, gain_step(-1.0, "kick"))
    free = by_hand(song, gain_step(-1.0, "bass"))
    put(song, rejected := question(gain_step(-2.0, "kick")))
    answer(song, rejected, Answer.REJECT, who=Who.POLICY, policy_digest="d")
    bring(song, "b")
    give_stems(song, *ROLES)
    put(song, here := question(gain_step(-3.0, "kick"), take="b"))
    on_b = answer(song, here, who=Who.POLICY, policy_digest="d", auditioned_s=3.0)
    keep_mark(song, "kick", STAYS, span(0.0, 1.0, "b"), by="bob", reason="")
    standing = song.memory.decisions
    assert standing[own.proposal_id] == own
    put_off = standing[here.id]
    assert (put_off.answer, put_off.who, put_off.name) == (Answer.DEFER, Who.PERSON, "bob")
    assert (put_off.reason, put_off.carried_from) == ("kick stays", on_b.id)
    assert (put_off.policy_digest, put_off.auditioned_s) == (None, 0.0)
    keep_mark(song, "kick", PartStatus.RESHAPED, None, by="bob", reason="")
    assert standing[own.proposal_id] == own
    keep_mark(song, "kick", STAYS, None, by="bob", reason="")
    assert standing[own.proposal_id].answer is Answer.DEFER
    assert standing[free.proposal_id] == free
    assert standing[rejected.id].answer is Answer.REJECT


def test_what_was_not_said_is_not_taken_back(song):
    keep_mark(song, "kick", STAYS, span(0.0, 1.0), by="ada", reason="")
    for part, place in (("kick", None), ("kick", span(0.0, 2.0)), ("bass", span(0.0, 1.0))):
        with pytest.raises(DecisionError) as caught:
            keep_mark(song, part, None, place, by="ada", reason="")
        assert caught.value.code == "part.nothing-to-take-back"
        assert ("on that span" in caught.value.message) is (place is not None)
    keep_mark(song, "kick", None, span(0.0, 1.0), by="ada", reason="")
    assert marks_here(song) == ()


def test_a_part_is_one_of_the_take_that_is_named(song):
    bring(song, "b")
    with pytest.raises(SongError, match="no stems of this take"):
        require_part(song, "kick")
    require_part(song, "kick", "t-a")
    require_part(song, "mix")
    with pytest.raises(UsageError, match="have no guitar"):
        require_part(song, "guitar", "t-a")
    with pytest.raises(UsageError, match="no part called 'vox'"):
        require_part(song, "vox", "t-a")
    with pytest.raises(UsageError, match="remove does not work on mix"):
        check_part(song, Step(processor="remove", stage=Stage.STEMS, knobs={"amount": 1.0}), "t-a")


@pytest.mark.parametrize(
    "knobs, place, given, rebuilt",
    [
        ({"amount": 1.0}, None, Answer.ACCEPT, True),
        ({"amount": 0.9}, None, Answer.ACCEPT, False),
        ({"amount": 1.0}, (0.0, 1.0), Answer.ACCEPT, False),
        ({"amount": 1.0}, None, Answer.DEFER, False),
    ],
)
def test_a_song_is_rebuilt_by_the_whole_step_only(song, knobs, place, given, rebuilt):
    step = Step(processor="rebuild", stage=Stage.STEMS, knobs=knobs, span=span(*place) if place else None)
    made = by_hand(song, step)
    answer(song, song.memory.proposals[made.proposal_id], given)
    assert is_rebuilt(song) is rebuilt
    bring(song, "b")
    assert not is_rebuilt(song)
    assert is_rebuilt(song, "t-a") is rebuilt
