"""STEMS: three bands on one stem, linear phase, as a person sets them."""

from __future__ import annotations

from typing import ClassVar

from controlroom.model.figures import frequency, number
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, bands, plainly
from controlroom.model.wording import listed
from controlroom.processors.band_knobs import BandKnobs
from controlroom.processors.form import Processor


def _tell_stem_eq(step: Step) -> str:
    moves = [f"{number(db, signed=True)} dB at {frequency(hz)}" for hz, db in bands(step).items()]
    return f"move its tone: {listed(moves)}" if moves else plainly(step)


class StemEq(BandKnobs, Processor):
    """The equaliser of the mix bus on one part, before the stems are placed in space.

    It answers no finding: corridors are of mixes, and a stem that is bright or
    dull by itself may be just what its mix needs.
    """

    name: ClassVar[str] = "stem_eq"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Equaliser", _tell_stem_eq)
    order: ClassVar[int] = 50
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    claims: ClassVar[tuple[str, ...]] = ("tone.residual_db",)
