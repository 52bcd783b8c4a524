"""The heart: stages in their order, what each hears, asks and renders, and what stands in the way.

Ears and hands are the test's own: an ear finds what it is told to, a hand turns
its part up or down by what the finding says.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import numpy as np
import pytest

from controlroom.listening.known import Known, Meant
from controlroom.listening.listening import LazyListening, Listening
from controlroom.listening.musical import music_of
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.decisions import Answer, Policy, PolicyDecider, PolicyRule, Reply, Who
from controlroom.model.errors import DecisionError
from controlroom.model.findings import Finding, Measurement
from controlroom.model.parts import PartMark
from controlroom.model.proposals import Claim, GuardReading, Stage
from controlroom.model.song import PartStatus, StemTrust
from controlroom.music.correction import MusicCorrection
from controlroom.processors.form import Offer, Processor, knob
from controlroom.studio import walk as heart
from controlroom.studio.levelling import TargetDecider, level
from controlroom.studio.song import opened
from controlroom.studio.trusting import confidence_of
from controlroom.studio.walk import Walk, render_decided, walk_stage, walk_to_premaster
from tests.studio.a_song import (
    ACCEPT,
    RATE_HZ,
    REJECT,
    Says,
    answer,
    bring,
    by_hand,
    gain_step,
    give_stems,
    song_in,
    span,
    ticking,
)
from tests.tolerances import FLOAT32, FLOAT64

STAGES = [stage for stage in Stage if stage is not Stage.LOUDNESS]
EVERYTHING = Policy(name="all", rules=tuple(PolicyRule(stage=stage, processor="*") for stage in Stage))


class Hand(Processor):
    """Turns a part up or down by what a finding says."""

    order: ClassVar[int] = 500

    claims: ClassVar[tuple[str, ...]] = ("peak.sample_dbfs",)
    gain_db: float = knob(0.0, low=-24.0, high=24.0, step=0.1, unit="dB", help="how far")

    @classmethod
    def propose(cls, finding, trial):
        gain_db, sure = finding.measurements[0].value, finding.facts.get("sure", 1.0)
        claim = Claim(measurement="peak.sample_dbfs", before=-6.0, expected=-6.0 + gain_db, tolerance=60.0)
        return [Offer(cls(gain_db=gain_db), (claim,), finding.part, finding.span, confidence=sure)]

    def is_neutral(self):
        return self.gain_db == 0.0

    def max_boost_db(self):
        return max(0.0, self.gain_db)

    def apply(self, block, state):
        return np.asarray(block.samples * np.float32(10 ** (self.gain_db / 20)), np.float32)

    def weakened(self, amount):
        return self.model_copy(update={"gain_db": round(self.gain_db * amount, 1)})


def hand_of(stage, *, by_person=False):
    """Return the hand of a stage: it answers the finding that is called like the stage."""
    given = {"name": f"t_{stage}", "stage": stage, "answers": (f"k-{stage}",), "person_only": by_person}
    return type(f"Hand{stage}", (Hand,), {"__module__": __name__, "__doc__": "A hand.", **given})


@dataclass
class Ear:
    """Finds what it is told to; notes every sound that it heard and finds nothing in a silent room."""

    found: list = field(default_factory=list)
    heard: list = field(default_factory=list)
    name = "ear"
    version = 1

    @property
    def kinds(self):
        return tuple(f"k-{stage}" for stage in Stage)

    def detect(self, listening, standards):
        self.heard.append(listening)
        return [self._measured(f, listening) for f in self.found]

    @staticmethod
    def _measured(finding, listening):
        # as real ears do: the finding of a changed sound is another finding
        return finding.model_copy(update={"facts": {**finding.facts, "of": listening.key[:8]}})


def finding(stage, gain_db=-1.0, part="mix", place=None, **more):
    return Finding(
        kind=f"k-{stage}", part=part, span=place, severity=0.5,
        measurements=(Measurement(name="t.gain_db", value=gain_db),), **more,
    )  # fmt: skip


@pytest.fixture
def ear(monkeypatch):
    """Return the only ear, and put one hand at each stage."""
    made = Ear()
    real = __import__("controlroom.processors.form", fromlist=["x"]).all_processors()
    hands = {hand.name: hand for hand in (hand_of(stage) for stage in Stage)}
    own = hand_of(Stage.SPACE, by_person=True)
    own.name, own.answers = "t_own", ("k-own",)
    hands["t_own"] = own
    type(made).kinds = property(lambda self: (*(f"k-{stage}" for stage in Stage), "k-own"))
    monkeypatch.setattr(heart, "all_detectors", lambda: {"ear": made})
    monkeypatch.setattr(heart, "all_processors", lambda: hands)
    monkeypatch.setattr("controlroom.processors.form.all_processors", lambda: {**real, **hands})
    return made


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    root = tmp_path_factory.mktemp("walk") / "song"
    with song_in(root, "a"):
        pass
    return root


@pytest.fixture
def song(empty, tmp_path):
    shutil.copytree(empty, tmp_path / "song")
    with opened(tmp_path / "song", now=ticking()) as song:
        yield song


def noise(seed, level=0.1):
    samples = level * np.random.default_rng(seed).standard_normal((2, 2 * RATE_HZ))
    return Audio(samples.astype(np.float32), RATE_HZ)


def sound(song, *roles, known=None, trust=None):
    """Return the listening of the current take, with stems whose sum it is."""
    known = known or Known(clock=song.take.id)
    stems = {
        role: LazyListening(partial(noise, n + 1), f"s-{role}", known, trust) for n, role in enumerate(roles)
    }
    if roles and song.take.id not in song.memory.stems:
        give_stems(song, *roles)
    whole = sum((stem.audio.samples for stem in stems.values()), noise(0).samples)
    return Listening(Audio(np.asarray(whole, np.float32), RATE_HZ), known, stems)


def walked(song, take=None, *deciders):
    return walk_to_premaster(
        song, take or sound(song), song.take.audio_digest, deciders or (Says(None),), Context()
    )


def moved_db(walk, part="mix"):
    before, after = (one.part(part).audio.samples for one in (walk.take, walk.now))
    return round(20 * float(np.log10(np.sqrt(np.mean(after**2.0)) / np.sqrt(np.mean(before**2.0)))), 2)


def mark(song, part, status=PartStatus.STAYS, place=None):
    song.memory.add_decisions(
        [], "now", PartMark(part=part, status=status, span=place, by="ada", at=song.now())
    )


@contextmanager
def broken(monkeypatch, *names):
    """Let these guards break on every whole render."""
    readings = tuple(GuardReading(guard=n, before=1.0, after=0.0, limit=0.1, broken=True) for n in names)
    with monkeypatch.context() as patched:
        patched.setattr(heart, "read_all", lambda *_: readings)
        yield


class TestStages:
    def test_come_in_their_order_and_each_hears_what_the_one_before_left(self, song, ear):
        ear.found = [finding(stage) for stage in reversed(STAGES)]
        asked = Says(ACCEPT)
        walk = walked(song, None, asked)
        assert [q.stage for q in asked.asked] == STAGES
        assert [step.stage for step in walk.steps] == STAGES
        assert moved_db(walk) == -5.0
        assert [p.upstream for p in walk.proposals] == [
            tuple(step.id for step in walk.steps[:n]) for n in range(len(STAGES))
        ]
        assert [one is walk.take for one in ear.heard] == [True] + [False] * (len(STAGES) - 1)
        levels = [20 * np.log10(np.std(one.audio.samples)) for one in ear.heard]
        np.testing.assert_allclose(np.diff(levels), -1.0, atol=1e-4)

    def test_are_not_heard_again_where_nothing_changed(self, song, ear):
        ear.found = [finding(stage) for stage in STAGES]
        walk = walked(song, None, Says(REJECT))
        assert len(ear.heard) == 1
        assert walk.now is walk.take
        assert walk.steps == []
        assert walk.premaster_digest == walk.take.audio.digest()

    def test_ask_about_their_own_kinds_only(self, song, ear):
        ear.found = [finding(Stage.REPAIR), finding(Stage.TONE)]
        asked = Says(ACCEPT)
        walk = walked(song, None, asked)
        kinds = [{f.kind for f in q.findings} for q in asked.asked]
        assert kinds == [{"k-repair"}, {"k-tone"}]
        assert [p.kind for p in walk.proposals] == ["k-repair", "k-tone"]
        assert [f.kind for f in walk.findings] == ["k-repair", "k-tone"]
        assert song.memory.findings == walk.findings

    def test_hand_on_what_is_known_of_the_take_and_of_its_stems(self, song, ear):
        said = MusicCorrection(clock="t-a", tempo_bpm=77.0, key="F#:min")
        known = Known(Meant("[Verse]"), said, "t-a")
        ear.found = [finding(Stage.REPAIR), finding(Stage.STEMS, part="bass"), finding(Stage.TONE)]
        walk = walked(song, sound(song, "bass", known=known), Says(ACCEPT))
        assert len({id(one) for one in ear.heard}) == 3
        assert all(one.known is known for one in ear.heard)
        assert walk.now.known is walk.now.stems["bass"].known is known
        facts = music_of(walk.now)
        assert facts.grid.tempo_bpm == 77.0
        assert facts.key.label == "F#:min"

    def test_measure_every_claim_again_after_them(self, song, ear):
        ear.found = [finding(Stage.REPAIR, -3.0), finding(Stage.TONE, -1.0)]
        walk = walked(song, None, Says(ACCEPT))
        peaks = [o.after_stage for o in walk.outcomes]
        assert [o.proposal_id for o in walk.outcomes] == [p.id for p in walk.proposals]
        assert peaks[0] - peaks[1] == pytest.approx(1.0, abs=1e-3)


class TestQuestions:
    def test_are_provisional_while_one_before_them_waits(self, song, ear):
        ear.found = [finding(Stage.REPAIR), finding(Stage.TONE)]
        waits = walked(song)
        assert [p.provisional for p in waits.proposals] == [False, True]
        assert [p.kind for p in waits.waiting] == ["k-repair", "k-tone"]
        answer(song, waits.proposals[0], Answer.DEFER)
        assert [p.provisional for p in walked(song).proposals] == [False, True]
        answer(song, waits.proposals[0], Answer.REJECT)
        again = walked(song)
        assert [p.provisional for p in again.proposals] == [False, False]
        assert again.waiting == [again.proposals[1]]

    def test_are_not_asked_about_what_stays(self, song, ear):
        take = sound(song, "kick", "drums", "bass")
        ear.found = [finding(Stage.STEMS, part=part) for part in ("kick", "drums", "bass")]
        mark(song, "kick")
        assert [p.step.part for p in walked(song, take).proposals] == ["bass"]
        mark(song, "kick", None)
        assert len(walked(song, take).proposals) == 3

    def test_are_asked_again_once_the_sound_before_them_changed_beyond_the_tolerance(self, song, ear):
        ear.found = [finding(Stage.REPAIR), finding(Stage.TONE)]
        first = walked(song)
        answer(song, first.proposals[1])
        answer(song, first.proposals[0])
        again = walked(song)
        tone = again.proposals[1]
        assert tone.id != first.proposals[1].id
        assert song.memory.decisions[tone.id].carried_from
        assert [s.stage for s in again.steps] == [Stage.REPAIR, Stage.TONE]
        ear.found[1] = finding(Stage.TONE, -1.6)
        other = walked(song)
        assert other.waiting == [other.proposals[1]]
        assert [s.stage for s in other.steps] == [Stage.REPAIR]

    def test_of_a_person_are_answered_by_no_policy(self, song, ear):
        ear.found = [finding("own", -2.0), finding(Stage.TONE), finding(Stage.ARRANGEMENT)]
        walk = walked(song, None, PolicyDecider(EVERYTHING))
        assert {p.kind for p in walk.waiting} == {"k-own", "k-arrangement"}
        assert [s.stage for s in walk.steps] == [Stage.TONE]
        own = next(p for p in walk.proposals if p.kind == "k-own")
        assert own.person_only
        assert own.guards == ()
        assert next(p for p in walk.proposals if p.kind == "k-tone").guards

    def test_are_no_surer_than_finding_offer_and_stem(self, song, ear):
        trust = StemTrust(null_db=-3.0, bleed_db=-60.0, coherence=(1.0,), coherence_edges_hz=(20.0, 8000.0))
        take = sound(song, "bass", trust=trust)
        ear.found = [
            finding(Stage.STEMS, part="bass", confidence=0.8),
            finding(Stage.TONE, confidence=0.9, facts={"sure": 0.4}),
            finding(Stage.REPAIR, confidence=0.3, facts={"sure": 0.4}),
        ]
        sure = {p.kind: p.confidence for p in walked(song, take).proposals}
        assert sure["k-stems"] == pytest.approx(0.8 * confidence_of(trust), abs=FLOAT64)
        assert 0.3 < confidence_of(trust) < 0.7
        assert (sure["k-tone"], sure["k-repair"]) == (0.4, 0.3)

    def test_on_a_stem_that_is_not_trusted_boost_by_the_standard_at_most(self, song, ear):
        trust = StemTrust(null_db=-3.0, coherence=(1.0,), coherence_edges_hz=(20.0, 8000.0))
        take = sound(song, "bass", trust=trust)
        most_db = song.standards.number("stems.max_boost_db")
        ear.found = [finding(Stage.STEMS, 2 * most_db, "bass")]
        (held,) = walked(song, take).proposals
        assert held.step.knobs["gain_db"] == pytest.approx(most_db, abs=FLOAT64)
        assert held.amount == pytest.approx(0.5, abs=FLOAT64)
        ear.found = [finding(Stage.STEMS, most_db + 0.1, "bass")]
        (nearly,) = walked(song, take).proposals
        assert nearly.amount == pytest.approx(0.95, abs=FLOAT64)
        ear.found = [finding(Stage.STEMS, most_db, "bass")]
        (whole,) = walked(song, take).proposals
        assert (whole.step.knobs["gain_db"], whole.amount) == (most_db, 1.0)

    def test_that_break_a_guard_at_any_strength_are_withheld_and_told(self, song, ear, monkeypatch):
        ear.found = [finding(Stage.TONE)]
        readings = (GuardReading(guard="crest", before=9.0, after=1.0, limit=1.0, broken=True),)
        monkeypatch.setattr("controlroom.engine.guarding.read_all", lambda *_: readings)
        assert walked(song).proposals == []
        assert walked(song).proposals == []
        told = [entry.body for entry in song.memory.ledger.entries(["withheld"])]
        assert [(one["kind"], one["broken"]) for one in told] == [("k-tone", ["crest"])]

    def test_that_would_move_nothing_are_not_asked(self, song, ear):
        ear.found = [finding(Stage.TONE, 0.0)]
        assert walked(song).proposals == []


class TestAnswers:
    def test_of_a_policy_are_withdrawn_after_a_broken_guard_and_a_persons_are_kept(
        self, song, ear, monkeypatch
    ):
        ear.found = [finding(Stage.TONE, -2.0), finding(Stage.REPAIR)]
        with broken(monkeypatch, "crest", "low-end"):
            walk = walked(song, None, PolicyDecider(EVERYTHING))
        assert walk.withdrawn == [p.id for p in walk.proposals]
        assert walk.steps == []
        assert walk.now is walk.take
        assert walk.outcomes == []
        standing = song.memory.decisions[walk.withdrawn[0]]
        assert (standing.answer, standing.reason) == (Answer.REJECT, "guard: crest, low-end")
        assert {reading.guard for reading in walk.guards} == {"crest", "low-end"}
        ear.found = [finding(Stage.TONE, -3.0)]
        with broken(monkeypatch, "crest"):
            kept = walked(song, None, Says(ACCEPT))
        assert kept.withdrawn == []
        assert moved_db(kept) == -3.0
        assert song.memory.decisions[kept.proposals[0].id].sounds

    def test_of_a_policy_go_and_a_persons_of_the_same_stage_stays(self, song, ear, monkeypatch):
        ear.found = [finding(Stage.TONE, -2.0), finding(Stage.TONE, -3.0)]
        first = walked(song)
        own = next(p for p in first.proposals if p.step.knobs["gain_db"] == -3.0)
        answer(song, own)
        with broken(monkeypatch, "crest"):
            walk = walked(song, None, PolicyDecider(EVERYTHING))
        assert [s.knobs["gain_db"] for s in walk.steps] == [-3.0]
        assert list(walk.decisions) == [own.id]
        assert len(walk.withdrawn) == 1
        assert moved_db(walk) == -3.0

    def test_that_break_no_guard_stand(self, song, ear):
        ear.found = [finding(Stage.TONE, -0.2)]
        walk = walked(song, None, PolicyDecider(EVERYTHING))
        assert walk.withdrawn == []
        assert [r.broken for r in walk.guards] == [False] * len(walk.guards)
        assert walk.guards
        assert {d.who for d in walk.decisions_now()} == {Who.POLICY}

    def test_that_edit_a_question_carry_their_own_step_and_render_it(self, song, ear):
        ear.found = [finding(Stage.REPAIR), finding(Stage.TONE)]
        first = walked(song)
        edit = first.proposals[1].step.model_copy(update={"knobs": {"gain_db": -7.0}})
        answer(song, first.proposals[1], Answer.EDIT, edit)
        assert moved_db(walked(song)) == -7.0
        answer(song, first.proposals[0])
        assert moved_db(walked(song)) == -8.0

    def test_that_move_a_step_to_another_part_are_not_judged_by_its_claim(self, song, ear):
        take = sound(song, "bass", "kick")
        ear.found = [finding(Stage.STEMS, part="bass")]
        first = walked(song, take)
        moved = first.proposals[0].step.model_copy(update={"part": "kick"})
        answer(song, first.proposals[0], Answer.EDIT, moved)
        walk = walked(song, take)
        assert (moved_db(walk, "kick"), moved_db(walk, "bass")) == (-1.0, 0.0)
        assert walk.outcomes == []

    def test_put_off_or_rejected_render_nothing(self, song, ear):
        ear.found = [finding(Stage.TONE)]
        (asked,) = walked(song).proposals
        for given in (Answer.DEFER, Answer.REJECT):
            answer(song, asked, given)
            walk = walked(song)
            assert walk.now is walk.take
            assert [d.answer for d in walk.decisions_now()] == [given] * (given is Answer.REJECT)


class TestStepsByHand:
    def own(self, song, gain_db=-2.0, part="mix", place=None, take=None, stage=Stage.TONE):
        step = hand_of(stage)(gain_db=gain_db).step(part, place)
        return by_hand(song, step, take)

    def test_sound_at_their_own_stage_with_nothing_asked(self, song, ear):
        made = self.own(song)
        walk = walked(song)
        assert (walk.steps, moved_db(walk)) == ([made.step], -2.0)
        assert list(walk.decisions) == [made.proposal_id]
        assert walk.decisions_now() == [made]
        walk = Walk(song, sound(song), song.take.audio_digest)
        walk_stage(walk, Stage.REPAIR, (), Context())
        assert walk.steps == []
        walk_stage(walk, Stage.TONE, (), Context())
        assert walk.steps == [made.step]

    @pytest.mark.parametrize("place", [None, (0.5, 1.5)])
    @pytest.mark.parametrize("part", ["mix", "bass"])
    def test_belong_to_the_take_that_they_were_written_on(self, song, ear, part, place):
        on_a = span(*place) if place else None
        sound(song, "bass")
        made = self.own(song, part=part, place=on_a)
        before = walked(song, sound(song, "bass"))
        assert before.now is not before.take
        bring(song, "b")
        other = sound(song, "bass")
        elsewhere = walked(song, other)
        assert elsewhere.now is other
        assert elsewhere.steps == elsewhere.decisions_now() == []
        assert [(one.decision, one.take) for one in song.memory.elsewhere] == [(made, "a.wav")]
        bring(song, "a")
        back = walked(song, sound(song, "bass"))
        assert song.memory.elsewhere == []
        assert back.steps == [made.step]
        assert back.premaster_digest == before.premaster_digest

    def test_on_a_stem_that_is_gone_say_how_to_go_on(self, song, ear):
        made = self.own(song, part="bass")
        with pytest.raises(DecisionError, match="was decided for bass, which the stems") as caught:
            walked(song)
        assert caught.value.code == "stems.gone"
        assert made.proposal_id in caught.value.hint
        answer(song, song.memory.proposals[made.proposal_id], Answer.DEFER)
        assert walked(song).steps == []

    def test_on_a_stem_of_another_take_do_not_stand_in_the_way(self, song, ear):
        self.own(song, part="bass")
        bring(song, "b")
        assert walked(song).steps == []

    def test_are_not_judged_by_guards_alone(self, song, ear, monkeypatch):
        self.own(song)
        with broken(monkeypatch, "crest"):
            walk = walked(song)
        assert (moved_db(walk), walk.withdrawn) == (-2.0, [])
        assert [r.guard for r in walk.guards] == ["crest"]


class TestRebuilding:
    def test_is_of_the_take_that_it_was_decided_for(self, song, ear):
        trust = StemTrust(coherence=(0.1,), coherence_edges_hz=(20.0, 8000.0))
        take = sound(song, "bass", trust=trust)
        least = song.standards.number("stems.overlay_min_coherence")
        walk = Walk(song, take, song.take.audio_digest)
        assert walk.handling.min_coherence == least
        rebuild = gain_step().model_copy(
            update={"processor": "rebuild", "stage": Stage.STEMS, "knobs": {"amount": 1.0}}
        )
        by_hand(song, rebuild)
        assert walk.handling.min_coherence == 0.0
        bring(song, "b")
        assert Walk(song, sound(song), song.take.audio_digest).handling.min_coherence == least


def test_nothing_decided_renders_nothing_and_changes_nothing(song, ear):
    walk = Walk(song, sound(song), song.take.audio_digest)
    render_decided(walk, Stage.TONE, (), Context())
    assert walk.now is walk.take
    assert walk.guards == walk.outcomes == walk.steps == []


class TestLevel:
    """LOUDNESS: the level is planned on what the stages before left, and asked like all else."""

    def test_answers_its_findings_after_the_accepted_steps(self, song, ear):
        ear.found = [finding(Stage.TONE), Finding(
            kind="level", measurements=(Measurement(name="loudness.integrated_lufs", value=-20.0),), severity=0.5
        )]  # fmt: skip
        walk = walked(song, None, Says(ACCEPT))
        waits = level(walk, ())
        assert [p.step.processor for p in waits.proposals] == ["gain", "limiter"]
        assert all(p.upstream == (walk.steps[0].id,) for p in waits.proposals)
        assert all(p.source_digest == "audio-a" for p in waits.proposals)
        assert waits.proposals[0].answers == tuple(f.id for f in walk.findings if f.kind == "level") != ()
        assert not waits.proposals[0].provisional
        assert not waits.plan.as_planned
        assert [p.step.stage for p in walk.waiting] == [Stage.LOUDNESS] * 2
        assert [walk.inputs[p.id] for p in waits.proposals] == [walk.node] * 2
        assert {p.node for p in waits.proposals} == {walk.node.key}

    def test_that_a_person_named_is_their_answer(self, song, ear):
        song.memory.set_target(-16.0, "ada", song.now())
        walk = walked(song)
        policy = Says(REJECT, Who.POLICY)
        made = level(walk, (policy,))
        assert policy.asked == []
        assert made.plan.target_lufs == -16.0
        assert made.plan.as_planned
        assert [s.processor for s in walk.steps] == ["gain", "limiter"]
        standing = [walk.decisions[p.id] for p in made.proposals]
        assert [(d.name, d.who, d.reason) for d in standing] == [("ada", Who.PERSON, "target -16 LUFS")] * 2
        assert TargetDecider("ada", -16.0).policy_digest is None

    def test_takes_a_persons_own_steps_of_this_take_and_no_others(self, song, ear):
        made = by_hand(song, gain_step(-12.0, place=span(0.5, 1.0)))
        plain = by_hand(song, gain_step(-3.0))
        tone = by_hand(song, hand_of(Stage.TONE)(gain_db=-1.0).step())
        walk = walked(song)
        levelled = level(walk, ())
        assert walk.steps == [tone.step, made.step, plain.step]
        assert list(walk.decisions) == [d.proposal_id for d in (tone, made, plain)]
        assert not levelled.plan.as_planned
        bring(song, "b")
        other = walked(song)
        level(other, ())
        assert other.steps == []
        assert other.decisions == {}

    def test_of_silence_is_not_asked(self, song, ear):
        still = Listening(Audio(np.zeros((2, RATE_HZ), np.float32), RATE_HZ), Known(clock="t-a"))
        walk = walked(song, still)
        made = level(walk, (Says(ACCEPT),))
        assert made.proposals == ()
        assert made.plan.gain_db == 0.0
        assert walk.steps == []

    def test_without_a_person_stays_within_what_the_policy_accepts(self, song, ear):
        rule = PolicyRule(
            stage=Stage.LOUDNESS, processor="limiter",
            claims={"limiter.reduction_p95_db": {"at_most": 0.5}},
        )  # fmt: skip
        policy = PolicyDecider(Policy(name="p", rules=(rule,)))
        walk = walked(song)
        free = level(walk, ()).plan
        assert free.limits["limiter.reduction_p95_db"] == song.standards.number("limiter.reduction_p95_db")
        with_person = level(walked(song), (policy, Says(None))).plan
        assert with_person.limits == free.limits
        bound = level(walked(song), (policy,)).plan
        song.memory.set_target(-16.0, "ada", song.now())
        assert level(walked(song), (policy,)).plan.limits == free.limits
        assert bound.limits["limiter.reduction_p95_db"] == 0.5
        assert bound.limits["limiter.hygiene_p95_db"] == 0.5


def test_the_mix_is_what_its_stems_became(song, ear):
    take = sound(song, "bass", "kick")
    ear.found = [finding(Stage.STEMS, -6.0, "bass")]
    walk = walked(song, take, Says(ACCEPT))
    moved = walk.now.audio.samples - take.audio.samples
    bass = walk.now.stems["bass"].audio.samples - take.stems["bass"].audio.samples
    np.testing.assert_allclose(moved, bass, atol=FLOAT32)
    assert walk.now.stems["kick"] is take.stems["kick"]
    assert Reply(answer=Answer.ACCEPT).step is None
