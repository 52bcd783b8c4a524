"""Findings and notes: what was observed, by the program or by a person."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from controlroom.model.base import Record
from controlroom.model.timeline import Span

MAX_PLOT_POINTS = 512


class Measurement(Record):
    """One number with its name; the unit is the end of the name.

    Names are those of the measurement table (``engine.measures``), such as
    ``loudness.integrated_lufs`` or ``tone.residual_db[630]``.
    """

    name: str
    value: float


class StandardRef(Record):
    """The standard that a finding missed: its key and the limit at that time."""

    key: str
    limit: float


class Plot(Record):
    """A small curve that goes with a finding: at most 512 points."""

    x_name: str
    y_name: str
    x: tuple[float, ...] = Field(max_length=MAX_PLOT_POINTS)
    y: tuple[float, ...] = Field(max_length=MAX_PLOT_POINTS)
    low: tuple[float, ...] = Field(default=(), max_length=MAX_PLOT_POINTS)
    high: tuple[float, ...] = Field(default=(), max_length=MAX_PLOT_POINTS)

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        for curve in (self.y, self.low, self.high):
            if curve and len(curve) != len(self.x):
                raise ValueError(f"a curve has {len(curve)} points, its x axis {len(self.x)}")
        return self


class Finding(Record):
    """What was observed: a kind, measurements, the standard it missed; never an instruction.

    Parameters
    ----------
    kind : str
        Stable code of what was observed, such as ``tonal-balance``.
    part : str
        ``mix`` or a stem's role.
    measurements : tuple of Measurement
        At least one; the first is the one that was judged.
    standard : StandardRef or None
        What it was judged against; None for pure information.
    span : Span or None
        Where it sounds; None for the whole song.
    severity, confidence : float
        0 to 1.
    information : bool
        True for a kind that is told and not judged.
    facts : dict
        Codes and numbers that the sentence needs beyond the measurements.
    """

    kind: str
    part: str = "mix"
    measurements: tuple[Measurement, ...] = Field(min_length=1)
    standard: StandardRef | None = None
    span: Span | None = None
    severity: float = Field(ge=0, le=1)
    confidence: float = Field(default=1.0, ge=0, le=1)
    information: bool = False
    facts: dict[str, str | float | int | bool] = {}
    plot: Plot | None = None
    detector_version: int = 1

    @property
    def id(self) -> str:
        """Digest of the content."""
        return self.content_id("f-")

    def value(self, name: str) -> float:
        """Return the measurement called ``name``; KeyError if there is none."""
        for measurement in self.measurements:
            if measurement.name == name:
                return measurement.value
        raise KeyError(name)


class Note(Record):
    """A person's own finding: a place and a sentence."""

    text: str = Field(min_length=1)
    span: Span
    part: str = "mix"
    by: str
    at: str

    @property
    def id(self) -> str:
        """Digest of the content."""
        return self.content_id("n-")
