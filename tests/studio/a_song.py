"""A song's ledger without a sound on the disk, for what the studio decides and not what it hears."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controlroom.model.decisions import Answer, Decision, Reply, Who
from controlroom.model.proposals import Claim, Proposal, Stage, Step
from controlroom.model.song import Stem, StemSet, Take, TakeFacts
from controlroom.model.timeline import Span, Timeline
from controlroom.studio.memory import HAND_MADE
from controlroom.studio.song import Song, create, opened
from controlroom.studio.standards import shipped_standards

RATE_HZ, FRAMES = 16_000, 32_000


def ticking():
    """Return a clock that ticks a second per call."""
    seconds = itertools.count()
    return lambda: f"2026-11-22T00:{(n := next(seconds)) // 60:02}:{n % 60:02}+00:00"


@contextmanager
def song_in(root: Path, *takes: str) -> Iterator[Song]:
    """Open a new song with takes of these names; the last one is the current one."""
    now = ticking()
    create(root, shipped_standards(), "song", now)
    with opened(root, now=now) as song:
        for name in takes or ("a",):
            bring(song, name)
        yield song


def bring(song: Song, name: str) -> Take:
    """Add a take, or the same one again."""
    id_ = f"t-{name}"
    facts = TakeFacts(
        file_name=f"{name}.wav", sha256=name, size_bytes=1, container="wav", codec="pcm",
        rate_hz=RATE_HZ, channels=1, frames=FRAMES,
    )  # fmt: skip
    take = Take(
        id=id_, facts=facts, audio_digest=f"audio-{name}", archived_as=f"takes/{id_}/original.wav",
        added_at=song.now(), timeline=Timeline.of_take(id_, facts.duration_s),
    )  # fmt: skip
    song.memory.add(take, take.added_at)
    return take


def give_stems(song: Song, *roles: str, digest: str = "s") -> StemSet:
    """Record stems of the current take."""
    take = song.take
    stems = tuple(
        Stem(
            id=f"m-{role}", take_id=take.id, role=role, origin="test", audio_digest=f"{digest}-{role}",
            archived_as=f"stems/{take.id}/{role}.wav",
        )
        for role in roles
    )  # fmt: skip
    made = StemSet(take_id=take.id, backend="imported", stems=stems, null_db=-60.0, by="t", at=song.now())
    song.memory.set_stems(made, made.at)
    return made


def span(start_s: float, end_s: float, take: str = "a") -> Span:
    """Return a span on a take's clock."""
    return Span(clock=f"t-{take}", start_s=start_s, end_s=end_s)


def gain_step(gain_db: float = -1.0, part: str = "mix", place: Span | None = None) -> Step:
    """Return a gain, which may be on any part."""
    return Step(processor="gain", stage=Stage.LOUDNESS, part=part, span=place, knobs={"gain_db": gain_db})


def claim(
    before: float = -20.0, expected: float = -14.0, measurement: str = "loudness.integrated_lufs"
) -> Claim:
    """Return a claim."""
    return Claim(measurement=measurement, before=before, expected=expected, tolerance=0.5)


def question(step: Step | None = None, *claims: Claim, take: str = "a", **more) -> Proposal:
    """Return a proposal about a take."""
    given = {"kind": "level", "upstream": (), "source_digest": f"audio-{take}", **more}
    return Proposal(step=step or gain_step(), claims=claims or (claim(),), **given)


def put(song: Song, *proposals: Proposal) -> None:
    """Record that these were asked."""
    song.memory.add_proposals(proposals, song.now())


def by_hand(song: Song, step: Step, take: str | None = None) -> Decision:
    """Write a step by hand as it stands in a ledger, whatever the studio would say of it now."""
    source = f"audio-{take}" if take else song.take.audio_digest
    made = Proposal(source_digest=source, upstream=(), step=step, kind=HAND_MADE)
    put(song, made)
    return answer(song, made)


def answer(
    song: Song, proposal: Proposal, given: Answer = Answer.ACCEPT, step: Step | None = None, **more
) -> Decision:
    """Write an answer into the ledger, whatever the studio would say of it now."""
    told = {"who": Who.PERSON, "name": "ada", "reason": "", **more}
    decision = Decision(
        proposal_id=proposal.id, answer=given, step=step or proposal.step, at=song.now(), **told
    )
    song.memory.add_decisions([decision], decision.at)
    return decision


class Says:
    """A decider that gives the same reply to all that it is asked, and notes what that was."""

    policy_digest = None

    def __init__(self, reply: Reply | None, who: Who = Who.PERSON, name: str = "ada") -> None:
        self.reply, self.who, self.name = reply, who, name
        self.asked: list = []

    def decide(self, question):
        self.asked.append(question)
        return {p.id: self.reply for p in question.proposals} if self.reply else {}


ACCEPT, REJECT, DEFER = (Reply(answer=one) for one in (Answer.ACCEPT, Answer.REJECT, Answer.DEFER))
