"""Steps and proposals: what could be done, exactly, and what it claims."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from controlroom.model.base import Record, canonical_json, digest_text
from controlroom.model.timeline import Span

Knob = float | int | bool | str


class Stage(StrEnum):
    """The stages, in the order in which they sound."""

    ARRANGEMENT = "arrangement"
    REPAIR = "repair"
    STEMS = "stems"
    SPACE = "space"
    TONE = "tone"
    LOUDNESS = "loudness"

    @property
    def position(self) -> int:
        """Place in the order, from 0."""
        return list(Stage).index(self)


class Step(Record):
    """An exact processor with exact knobs, on a stem or the mix, over a span."""

    processor: str
    version: int = 1
    stage: Stage
    part: str = "mix"
    span: Span | None = None
    knobs: dict[str, Knob] = {}

    @property
    def id(self) -> str:
        """Digest of the content."""
        return self.content_id("s-")


class FrequencyBand(Record):
    """A stretch of the spectrum."""

    low_hz: float = Field(ge=0)
    high_hz: float = Field(gt=0)


class Claim(Record):
    """What a step says it will do to one measurement.

    ``expected`` is the value claimed for the measurement after the step;
    the claim holds when the outcome is within ``tolerance`` of it, or, for a
    one-sided claim, at or beyond it: ``at_most`` / ``at_least``. ``on`` says
    of what it is measured: the ``part`` that the step is on, or the ``song``
    with its stems beside it (a voice over its backing).
    """

    measurement: str
    before: float
    expected: float
    tolerance: float = Field(ge=0)
    sense: str = Field(default="near", pattern="^(near|at_most|at_least)$")
    on: str = Field(default="part", pattern="^(part|song)$")

    def holds(self, outcome: float) -> bool:
        """Return whether ``outcome`` keeps the claim."""
        if self.sense == "at_most":
            return outcome <= self.expected + self.tolerance
        if self.sense == "at_least":
            return outcome >= self.expected - self.tolerance
        return abs(outcome - self.expected) <= self.tolerance


class GuardReading(Record):
    """One guard's measurement of a change."""

    guard: str
    before: float
    after: float
    limit: float
    broken: bool


class Proposal(Record):
    """The question "shall I?": an exact step, the findings it answers, its claimed effect.

    ``kind`` is the finding kind that it answers, or ``hand-made``.
    ``amount`` below 1 says that guards weakened it before it was asked.
    ``refused`` are the bands in which the change of a stem is left out of the
    mix, because stem and mix are not coherent there; the claims know of it.
    ``node`` is the key of the score's node that the question was asked of; empty where
    it was asked of none, and in songs of before.
    """

    source_digest: str
    upstream: tuple[str, ...]
    step: Step
    kind: str
    answers: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    guards: tuple[GuardReading, ...] = ()
    amount: float = Field(default=1.0, ge=0, le=1)
    confidence: float = Field(default=1.0, ge=0, le=1)
    person_only: bool = False
    provisional: bool = False
    refused: tuple[FrequencyBand, ...] = ()
    node: str = ""

    @property
    def id(self) -> str:
        """Digest of source graph, accepted steps upstream, and own step."""
        key = canonical_json([self.source_digest, self.upstream, self.step.id])
        return "p-" + digest_text(key)[:16]

    def rivals(self, other: Proposal) -> bool:
        """Return whether both answer one finding by different processors: one of them is enough."""
        return self.step.processor != other.step.processor and bool(set(self.answers) & set(other.answers))
