"""The one form that every processor obeys, and the folder's list of them.

A processor file defines one frozen pydantic model, a subclass of ``Processor``:

* its *fields* are its knobs, made with ``knob(...)``: default (neutral where
  that exists), range, step, unit, help. Values are quantised to the step;
* ``words``: its title, and what a step of it does as the end of "Shall I …?";
* ``answers``: the finding kinds it proposes for; ``stage``; ``version``;
* ``order``: its place among the steps of its stage on one part, by what it does and
  not by when it was accepted: what cleans comes before what measures a level, what
  must hear all else comes last. No two processors of a stage share one;
* ``parts``: the roles that it may work on (``mix``, a stem's role); empty for any;
* ``keyed_by``: the other roles whose stems ``prepare`` gets beside the part, as
  they were when the stage began; None for all of them. What is named here is what
  a kept result depends on: name as few as the processor needs;
* ``sample_knobs``: the knobs that name a sample of the song (empty: none). ``prepare``
  gets those samples as ``listening.one_shots``, by id, for a processor reads no file;
* ``propose``: its opinion, from one finding and a ``Trial``, as ``Offer``s: what it
  claims it may try, and the desk renders each try once;
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
from typing import Any, ClassVar, Protocol, Self

from pydantic import Field, ValidationError, model_validator

from controlroom.listening.listening import Listening
from controlroom.model.audio import Samples
from controlroom.model.base import Record, problems
from controlroom.model.errors import UsageError
from controlroom.model.findings import Finding
from controlroom.model.proposals import Claim, Knob, Stage, Step
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


class Trial(Protocol):
    """A sound on which a processor may try itself: the desk's side is ``engine.trial``."""

    @property
    def sound(self) -> Listening:
        """The song that a proposal is about, as it entered the stage, with its stems."""
        ...

    @property
    def standards(self) -> Standards:
        """The song's numbers."""
        ...

    def after(self, processor: Processor, part: str = "mix", span: Span | None = None) -> Listening:
        """Return the song as it would be with a processor on one part: its mix, that stem, the groups it lies in."""
        ...


class Processor(Record):
    """Base of every processor: knobs as fields, and the five verbs above."""

    name: ClassVar[str]
    stage: ClassVar[Stage]
    words: ClassVar[StepWords]
    order: ClassVar[int]
    version: ClassVar[int] = 1
    answers: ClassVar[tuple[str, ...]] = ()
    claims: ClassVar[tuple[str, ...]] = ()
    parts: ClassVar[tuple[str, ...]] = ()
    keyed_by: ClassVar[tuple[str, ...] | None] = None
    sample_knobs: ClassVar[tuple[str, ...]] = ()
    region_knobs: ClassVar[tuple[str, ...]] = ()
    """The two knobs that a step's region of the spectrum sets, low end first; empty: it takes none."""
    person_only: ClassVar[bool] = False
    removes_part: ClassVar[bool] = False
    """Takes the part that it is on out of the song: the hand behind "this part is removed"; one processor does."""
    rebuilds_mix: ClassVar[bool] = False
    """Makes the mix anew from its stems: overlay then refuses nothing; one processor does."""
    hears_s: ClassVar[float] = math.inf
    """How far from a place the state there depends on the sound; infinite where it is measured of the whole song."""

    @model_validator(mode="before")
    @classmethod
    def _quantise(cls, knobs: Any) -> Any:
        if not isinstance(knobs, dict):
            return knobs
        return {name: _to_step(cls, name, value) for name, value in knobs.items()}

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return what this processor would do about ``finding``; often nothing."""
        del finding, trial
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


def song_claim(measurement: str, sense: str, before: float, reached: float, standards: Standards) -> Claim:
    """Return the one-sided claim that a trial on the whole song reached; ``sense`` as in `Claim`."""
    return Claim(
        measurement=measurement,
        before=before,
        expected=reached,
        tolerance=standards.number("claim.tolerance_db"),
        sense=sense,
        on="song",
    )


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


def removing() -> type[Processor]:
    """Return the processor that takes a part out of the song."""
    return next(one for one in all_processors().values() if one.removes_part)


def rebuilding() -> type[Processor]:
    """Return the processor that makes the mix anew from its stems."""
    return next(one for one in all_processors().values() if one.rebuilds_mix)


def from_step(step: Step) -> Processor:
    """Return the processor of a step, with its knobs checked.

    Raises
    ------
    UsageError
        Unknown processor, unknown knob, a value outside its range, a step
        written for a newer version of the processor, or a region or asset that it
        does not take (``processor.no-region``, ``processor.no-asset``).
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
        return cls(**{**step.knobs, **_region(cls, step), **_asset(cls, step)})
    except ValidationError as error:
        raise UsageError(
            "processor.bad-knob", f"{step.processor}: {problems(error)}", "see `controlroom do --help`"
        ) from error


def _region(cls: type[Processor], step: Step) -> dict[str, Knob]:
    """Return the knobs that a step's region sets."""
    edges = (step.low_hz, step.high_hz)
    if edges != (None, None) and not cls.region_knobs:
        raise UsageError(
            "processor.no-region",
            f"{cls.name} works on the whole spectrum, not from {step.low_hz or 0:g} to {step.high_hz or math.inf:g} Hz",
            "leave the region out, or take a processor that declares one",
        )
    return {name: hz for name, hz in zip(cls.region_knobs, edges, strict=False) if hz is not None}


def _asset(cls: type[Processor], step: Step) -> dict[str, Knob]:
    """Return the knob that a step's asset sets."""
    if step.asset is None:
        return {}
    if not cls.sample_knobs:
        raise UsageError(
            "processor.no-asset",
            f"{cls.name} takes nothing beside the song, and was handed {step.asset!r}",
            "leave the asset out",
        )
    return {cls.sample_knobs[0]: step.asset}
