"""Steps and proposals: what could be done, exactly, and what it claims."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from controlroom.model.base import Record, canonical_json, digest_text
from controlroom.model.timeline import Span

_MAY_BE_ABSENT = ("low_hz", "high_hz", "asset")

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
    """An exact processor with exact knobs, on a stem or the mix, over a span.

    ``low_hz`` and ``high_hz`` bound the region of the spectrum that it works in (None: all
    of it), ``asset`` names by content what it is handed beside the song; a processor
    that does not declare them refuses them. A step without them is stored, and
    named, as steps were before there were any.
    """

    processor: str
    version: int = 1
    stage: Stage
    part: str = "mix"
    span: Span | None = None
    knobs: dict[str, Knob] = {}
    low_hz: float | None = Field(default=None, ge=0)
    high_hz: float | None = Field(default=None, gt=0)
    asset: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _region_is_one(self) -> Self:
        if self.low_hz is not None and self.high_hz is not None and self.low_hz >= self.high_hz:
            raise ValueError(f"a region ends at {self.high_hz:g} Hz before it starts at {self.low_hz:g} Hz")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_absent(self, stored: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = stored(self)
        return {name: v for name, v in fields.items() if v is not None or name not in _MAY_BE_ABSENT}

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


class Withheld(Record):
    """A step that was never asked, because guards broke at every strength of it."""

    kind: str
    step: Step
    broken: tuple[str, ...]
