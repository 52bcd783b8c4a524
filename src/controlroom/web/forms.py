"""What requests carry, checked before a handler sees it."""

from __future__ import annotations

from typing import Annotated, Self, TypeVar

from pydantic import Field, model_validator

from controlroom.model.base import Record
from controlroom.model.decisions import Answer
from controlroom.model.proposals import Knob
from controlroom.model.song import PartStatus

Form = TypeVar("Form", bound=Record)

Second = Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)]
Words = Annotated[str, Field(max_length=2000)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Knobs = Annotated[dict[str, Knob], Field(max_length=200)]


def _in_order(form: Form, start_s: float, end_s: float) -> Form:
    if end_s < start_s:
        raise ValueError(f"it ends at {end_s:g} s before it starts at {start_s:g} s")
    return form


class Stretch(Record):
    """A stretch of the take."""

    start_s: Second
    end_s: Second

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        return _in_order(self, self.start_s, self.end_s)

    def pair(self) -> tuple[float, float]:
        """Return start and end."""
        return (self.start_s, self.end_s)


class SongForm(Record):
    """A new song."""

    title: Annotated[str, Field(min_length=1, max_length=200)]


class AnswerForm(Record):
    """A person's answer to one proposal."""

    answer: Answer
    knobs: Knobs = {}
    span: Stretch | None = None
    part: Name | None = None
    reason: Words = ""
    auditioned_s: Second = 0.0
    keep_despite_guards: bool = False


class UndoForm(Record):
    """Why an answer is taken back."""

    reason: Words = ""


class NoteForm(Record):
    """A person's own finding."""

    start_s: Second
    end_s: Second
    text: Annotated[str, Field(min_length=1, max_length=2000)]
    part: Name = "mix"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        return _in_order(self, self.start_s, self.end_s)


class StepForm(Record):
    """A step made by hand."""

    processor: Name
    part: Name = "mix"
    span: Stretch | None = None
    knobs: Knobs = {}
    reason: Words = ""


class PreviewForm(Record):
    """One step alone, on a stretch."""

    processor: Name
    stretch: Stretch
    part: Name = "mix"
    knobs: Knobs = {}
    span: Stretch | None = None


Moved = Annotated[float, Field(ge=-86400, le=86400, allow_inf_nan=False)]


class MatchForm(Record):
    """Sounds to be made equally loud on a stretch; how much later than their own clock some are played."""

    sounds: Annotated[list[Name], Field(min_length=1, max_length=8)]
    stretch: Stretch
    moved_s: Annotated[dict[Name, Moved], Field(max_length=8)] = {}


class KindForm(Record):
    """One answer to every open question of a kind; seconds listened, by proposal."""

    answer: Answer
    reason: Words = ""
    auditioned_s: Annotated[dict[Name, Second], Field(max_length=500)] = {}


class MarkForm(Record):
    """What a person says of a part; ``status`` null takes it back."""

    part: Name
    status: PartStatus | None
    span: Stretch | None = None
    reason: Words = ""


class SeparationForm(Record):
    """What separates."""

    backend: Name = "spleeter"
    model: Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9_.-]*$")] = ""


class StemsForm(Record):
    """Stem files that were sent before, by their parcel; roles that a person gives file names."""

    parcel: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    roles: Annotated[dict[Words, Name], Field(max_length=40)] = {}


class ProposeForm(Record):
    """What to listen again for."""

    target_lufs: Annotated[float, Field(ge=-40, le=-4)] | None = None


class FinishForm(Record):
    """Which shipped policy answers what it may."""

    policy: Annotated[str, Field(pattern="^(hygiene|trusting|none)$")] | None = None


class TrialForm(Record):
    """The result of a blind trial."""

    a: Name
    b: Name
    correct: Annotated[int, Field(ge=0, le=100)]
    total: Annotated[int, Field(ge=1, le=100)]


class ReturnForm(Record):
    """The ledger entry to go back to."""

    seq: Annotated[int, Field(ge=1, le=10**9)]


class MarkedPlace(Record):
    """Where a section or a chord begins, and its name."""

    start_s: Second
    label: Annotated[str, Field(min_length=1, max_length=80, pattern=r"\S")]


class CorrectionForm(Record):
    """A person's word on the music; what is not named stays as it is."""

    tempo_bpm: Annotated[float, Field(ge=20, le=400)] | None = None
    first_downbeat_s: Second | None = None
    beats_per_bar: Annotated[int, Field(ge=1, le=16)] | None = None
    key: Annotated[str, Field(min_length=1, max_length=8)] | None = None
    sections: Annotated[tuple[MarkedPlace, ...], Field(max_length=200)] = ()
    chords: Annotated[tuple[MarkedPlace, ...], Field(max_length=4000)] = ()
    withdrawn: Annotated[tuple[Name, ...], Field(max_length=6)] = ()
    reason: Words = ""


class StandardsForm(Record):
    """A person's own numbers, by dotted key."""

    values: Annotated[dict[str, float | int | bool | str], Field(min_length=1, max_length=100)]
