"""The one form that every processor obeys, and the folder's list of them.

A processor file defines one frozen pydantic model, a subclass of ``Processor``:

* its *fields* are its knobs, made with ``knob(...)``: default (neutral where
  that exists), range, step, unit, help. Values are quantised to the step;
* ``words``: its title, and what a step of it does as the end of "Shall I …?";
* ``answers``: the finding kinds it proposes for; ``stage``; ``version``;
* ``parts``: the roles that it may work on (``mix``, a stem's role); empty for any;
* ``keyed_by``: the other roles whose stems ``prepare`` gets beside the part, as
  they were when the stage began; None for all of them. What is named here is what
  a kept result depends on: name as few as the processor needs;
* ``sample_knobs``: the knobs that name a sample of the song (empty: none). ``prepare``
  gets those samples as ``listening.one_shots``, by id, for a processor reads no file;
* ``propose``: its opinion, from one finding and the listening, as ``Offer``s;
* ``prepare``: whole-song state, computed once from the sound that enters it;
* ``apply``: block in, block out, zero latency, same shape. The desk hands
  blocks on a fixed absolute grid, widened on both sides by ``context_s`` (zeros
  beyond the sound's ends), and cuts the context off again, so rendering an
  excerpt equals the excerpt of the full render, bit for bit;
* ``is_neutral``: True when the knobs do nothing; the desk then skips the step,
  so neutral knobs return the input bit for bit;
* ``weakened``: the same processor at a share of its strength, for the guards.
"""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import Field, ValidationError, model_validator

from controlroom.listening.listening import Listening
from controlroom.model.audio import Samples
from controlroom.model.base import Record, problems
from controlroom.model.errors import UsageError
from controlroom.model.findings import Finding
from controlroom.model.proposals import Claim, Stage, Step
from controlroom.model.standards import Standards
from controlroom.model.step_words import StepWords
from controlroom.model.timeline import Span


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a sound with its context, as the desk hands it to ``apply``.

    ``start_frame`` is the absolute frame of ``samples[:, 0]``; it is negative
    in the context before the sound begins, where the samples are zeros.
    """

    samples: Samples
    start_frame: int
    rate_hz: int


class Processor(Record):
    """Base of every processor: knobs as fields, and the five verbs above."""

    name: ClassVar[str]
    stage: ClassVar[Stage]
    words: ClassVar[StepWords]
    version: ClassVar[int] = 1
    answers: ClassVar[tuple[str, ...]] = ()
    claims: ClassVar[tuple[str, ...]] = ()
    parts: ClassVar[tuple[str, ...]] = ()
    keyed_by: ClassVar[tuple[str, ...] | None] = None
    sample_knobs: ClassVar[tuple[str, ...]] = ()
    person_only: ClassVar[bool] = False
    last_in_stage: ClassVar[bool] = False
    """Sounds after every other step of its stage on the same part: a limiter, a de-esser."""

    @model_validator(mode="before")
    @classmethod
    def _quantise(cls, knobs: Any) -> Any:
        if not isinstance(knobs, dict):
            return knobs
        return {name: _to_step(cls, name, value) for name, value in knobs.items()}

    @classmethod
    def propose(cls, finding: Finding, listening: Listening, standards: Standards) -> list[Offer]:
        """Return what this processor would do about ``finding``; often nothing."""
        del finding, listening, standards
        return []

    def is_neutral(self) -> bool:
        """Return whether these knobs leave every sound as it is."""
        raise NotImplementedError

    def context_s(self) -> float:
        """Return how much sound ``apply`` needs on either side of a block, in seconds."""
        return 0.0

    def one_shots(self) -> tuple[str, ...]:
        """Return the ids of the samples that the knobs name, which ``prepare`` needs."""
        return tuple(str(named) for name in self.sample_knobs if (named := getattr(self, name)))

    def prepare(self, listening: Listening) -> Any:
        """Return whole-song state for ``apply``; None when there is none."""
        del listening

    def apply(self, block: Block, state: Any) -> Samples:
        """Return the processed block: same shape, float32, zero latency."""
        raise NotImplementedError

    def weakened(self, amount: float) -> Self:
        """Return the same processor at ``amount`` (0 to 1) of its strength."""
        raise NotImplementedError

    def max_boost_db(self) -> float:
        """Return the most that these knobs raise any frequency or moment, in dB; 0 for what only lowers."""
        return 0.0

    def step(self, part: str = "mix", span: Span | None = None) -> Step:
        """Return this processor as an exact step."""
        return Step(
            processor=self.name,
            version=self.version,
            stage=self.stage,
            part=part,
            span=span,
            knobs=self.model_dump(mode="json"),
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """What a processor would do: itself with its knobs, where, and what it claims."""

    processor: Processor
    claims: tuple[Claim, ...]
    part: str = "mix"
    span: Span | None = None
    confidence: float = 1.0

    def weakened(self, amount: float) -> Offer:
        """Return the offer at ``amount`` (0 to 1) of its strength, its claims scaled with it."""
        claims = tuple(
            claim.model_copy(update={"expected": claim.before + amount * (claim.expected - claim.before)})
            for claim in self.claims
        )
        return replace(self, processor=self.processor.weakened(amount), claims=claims)


def knob(
    default: float | bool | str,
    *,
    help: str,  # noqa: A002 -- the word the person reads
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
) -> Any:
    """Declare a knob: a pydantic field with range, step, unit and help."""
    return Field(
        default=default,
        ge=low,
        le=high,
        description=help,
        json_schema_extra={"unit": unit, "step": step},
    )


def knob_info(processor: type[Processor], name: str) -> dict[str, Any]:
    """Return unit, step, range, default and help of a knob, for windows and docs."""
    field = processor.model_fields[name]
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    low = next((m.ge for m in field.metadata if hasattr(m, "ge")), None)
    high = next((m.le for m in field.metadata if hasattr(m, "le")), None)
    return {
        "name": name,
        "type": getattr(field.annotation, "__name__", str(field.annotation)),
        "default": field.default,
        "low": low,
        "high": high,
        "unit": extra.get("unit", ""),
        "step": extra.get("step"),
        "help": field.description or "",
    }


def _to_step(processor: type[Processor], name: str, value: Any) -> Any:
    if name not in processor.model_fields or isinstance(value, bool | str):
        return value
    info = knob_info(processor, name)
    if not info["step"] or not isinstance(value, int | float) or not math.isfinite(value):
        return value
    origin = info["low"] if info["low"] is not None else 0.0
    steps = round((value - origin) / info["step"])
    digits = max(0, 6 - math.floor(math.log10(max(abs(info["step"]), 1e-9))))
    return round(float(origin + steps * info["step"]), digits)


@cache
def all_processors() -> Mapping[str, type[Processor]]:
    """Return every processor class in this folder, by name, in name order."""
    import controlroom.processors as folder

    found: dict[str, type[Processor]] = {}
    for entry in pkgutil.iter_modules(folder.__path__):
        module = importlib.import_module(f"{folder.__name__}.{entry.name}")
        for _, member in inspect.getmembers(module, inspect.isclass):
            if issubclass(member, Processor) and member.__module__ == module.__name__ != __name__:
                found[member.name] = member
    return dict(sorted(found.items()))


def from_step(step: Step) -> Processor:
    """Return the processor of a step, with its knobs checked.

    Raises
    ------
    UsageError
        Unknown processor, unknown knob, a value outside its range, or a step
        written for a newer version of the processor.
    """
    known = all_processors()
    if step.processor not in known:
        raise UsageError(
            "processor.unknown",
            f"there is no processor called {step.processor!r}",
            f"one of: {', '.join(known)}",
        )
    cls = known[step.processor]
    if step.version > cls.version:
        raise UsageError(
            "processor.newer",
            f"step asks for {step.processor} version {step.version}, here is version {cls.version}",
            "install a newer Control Room",
        )
    try:
        return cls(**step.knobs)
    except ValidationError as error:
        raise UsageError(
            "processor.bad-knob", f"{step.processor}: {problems(error)}", "see `controlroom do --help`"
        ) from error
