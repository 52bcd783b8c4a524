"""STEMS: three bands on one stem, linear phase, as a person sets them."""

from __future__ import annotations

from typing import ClassVar

from controlroom.model.proposals import Stage
from controlroom.processors.band_knobs import BandKnobs
from controlroom.processors.form import Processor


class StemEq(BandKnobs, Processor):
    """The equaliser of the mix bus on one part, before the stems are placed in space.

    It answers no finding: corridors are of mixes, and a stem that is bright or
    dull by itself may be just what its mix needs.
    """

    name: ClassVar[str] = "stem_eq"
    stage: ClassVar[Stage] = Stage.STEMS
    order: ClassVar[int] = 50
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    claims: ClassVar[tuple[str, ...]] = ("tone.residual_db",)
