"""Graded defects with known truth, and nulls: what detectors are measured with."""

from __future__ import annotations

from collections.abc import Mapping

from lab.defects import balance, dynamics_form, level, noise, source, transients, voice_space
from lab.defects.demo import DemoTake, demo_take
from lab.defects.form import GRADES, Defect, Flawed, Host, Planted, host_of
from lab.defects.nulls import NULLS

DEFECTS: Mapping[str, Defect] = {
    defect.name: defect
    for room in (balance, noise, source, transients, voice_space, dynamics_form, level)
    for defect in room.DEFECTS
}

__all__ = [
    "DEFECTS",
    "GRADES",
    "NULLS",
    "Defect",
    "DemoTake",
    "Flawed",
    "Host",
    "Planted",
    "demo_take",
    "host_of",
]
