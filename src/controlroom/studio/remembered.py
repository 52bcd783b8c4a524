"""What is known of a song from its ledger: what each entry leaves behind, and what follows from all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from controlroom.model.base import canonical_json, digest_text
from controlroom.model.decisions import Answer, Decision, Elsewhere
from controlroom.model.findings import Finding, Note
from controlroom.model.one_shots import OneShot
from controlroom.model.parts import PartMark
from controlroom.model.proposals import Proposal, Withheld
from controlroom.model.references import Reference
from controlroom.model.song import SongState, StemSet, Take
from controlroom.music.correction import MusicCorrection

HAND_MADE = "hand-made"


@dataclass(frozen=True, slots=True)
class Target:
    """A level that a person named, and who."""

    lufs: float
    by: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A policy that a person named, and so signed."""

    name: str
    digest: str
    by: str


@dataclass
class Remembered:
    """Every noun that the ledger tells of, as its entries left it (``studio.entries``).

    ``answers`` are all that were given to a proposal, oldest first; the last one
    stands. ``stem_sets`` are all that ever stood, ``stems`` those that stand now,
    by take. The current take is the last of ``takes``.
    """

    takes: dict[str, Take] = field(default_factory=dict)
    heard: dict[str, list[Finding]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    withheld: list[Withheld] = field(default_factory=list)
    answers: dict[str, list[Decision]] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    policies: list[Signed] = field(default_factory=list)
    renders: list[dict[str, object]] = field(default_factory=list)
    released: bool = False
    target: Target | None = None
    stem_sets: list[StemSet] = field(default_factory=list)
    stems: dict[str, StemSet] = field(default_factory=dict)
    marks: list[PartMark] = field(default_factory=list)
    one_shots: dict[str, OneShot] = field(default_factory=dict)
    references: dict[str, Reference] = field(default_factory=dict)
    corrections: list[MusicCorrection] = field(default_factory=list)
    standards_digest: str = ""
    song_id: str = ""
    clocks: dict[str, list[str]] = field(default_factory=dict)
    """Ids of the takes that a source, by its digest, is or is a stem of."""

    @property
    def current_take(self) -> Take | None:
        """The take that is worked on: the last one added."""
        return list(self.takes.values())[-1] if self.takes else None

    @property
    def clock(self) -> str:
        """Name of the current take's clock, which is its id; empty before the first take."""
        return self.current_take.id if self.current_take else ""

    @property
    def findings(self) -> list[Finding]:
        """What was heard last of the current take."""
        return self.heard.get(self.clock, [])

    @property
    def sources(self) -> frozenset[str]:
        """Digests that questions about the current take and its stems rest on."""
        take = self.current_take
        if take is None:
            return frozenset()
        found = self.stems.get(take.id)
        stems = found.stems if found else ()
        return frozenset(
            [take.audio_digest, *(source_digest(take.audio_digest, stem.audio_digest) for stem in stems)]
        )

    @property
    def asked(self) -> list[Proposal]:
        """Every question that was ever asked of the current take and the stems that it has now."""
        sources = self.sources
        return [
            p
            for p in self.proposals.values()
            if p.source_digest in sources and self.clock_of(p) == self.clock
        ]

    @property
    def answered(self) -> dict[str, Decision]:
        """The standing answers that are about the current take, by proposal id."""
        return {id_: decision for id_, decision in self.decisions.items() if self.is_here(decision)}

    def clock_of(self, proposal: Proposal) -> str:
        """Return the clock that a question is on: the id of the take whose sound it rests on."""
        if proposal.step.span is not None:
            return proposal.step.span.clock
        takes = self.clocks.get(proposal.source_digest, [])
        return self.clock if self.clock in takes or not takes else takes[-1]

    def is_on(self, decision: Decision, take_id: str) -> bool:
        """Return whether a decision is about a take: its question rests on it, and its places are on its clock."""
        asked = self.proposals[decision.proposal_id]
        spans = (asked.step.span, decision.step.span)
        on_its_clock = all(span is None or span.clock == take_id for span in spans)
        return on_its_clock and take_id in self.clocks.get(asked.source_digest, ())

    def is_here(self, decision: Decision) -> bool:
        """Return whether a decision is about the current take; one about another does not sound."""
        return self.is_on(decision, self.clock)

    @property
    def hand_made(self) -> list[Decision]:
        """Accepted decisions on steps that a person wrote for the current take without any finding."""
        return [decision for decision in self._by_hand() if self.is_here(decision)]

    @property
    def elsewhere(self) -> list[Elsewhere]:
        """Accepted decisions on a person's own steps for other takes: kept, told, and not heard on this one."""
        return [
            Elsewhere(decision=decision, take=self._file_name(decision))
            for decision in self._by_hand()
            if not self.is_here(decision)
        ]

    def _file_name(self, decision: Decision) -> str:
        take = self.takes.get(self.clock_of(self.proposals[decision.proposal_id]))
        return take.facts.file_name if take else "another take"

    def _by_hand(self) -> list[Decision]:
        made = [p.id for p in self.proposals.values() if p.kind == HAND_MADE]
        answers = [self.decisions[id_] for id_ in made if id_ in self.decisions]
        return [decision for decision in answers if decision.sounds]

    @property
    def state(self) -> SongState:
        """Where the song stands."""
        if self.released:
            return SongState.RELEASED
        if self.renders:
            return SongState.RENDERED
        if any(d.answer is not Answer.DEFER for d in self.decisions.values()):
            return SongState.IN_DECISION
        return SongState.HEARD if self.findings or self.proposals else SongState.RAW


def source_digest(take_digest: str, stem_digest: str) -> str:
    """Return the digest of what a question about a stem rests on."""
    return digest_text(canonical_json([take_digest, stem_digest]))
