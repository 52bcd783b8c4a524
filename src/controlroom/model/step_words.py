"""What the processors' words share: a step's knobs as they are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from controlroom.model.figures import format_measurement, number, unit_of
from controlroom.model.proposals import Knob, Step
from controlroom.model.wording import spoken


@dataclass(frozen=True, slots=True)
class StepWords:
    """A processor's title, and what a step of it does, as the end of "Shall I …?"."""

    title: str
    does: Callable[[Step], str]


def by_share(step: Step) -> str:
    """Return the share of its strength in words; empty for all of it."""
    amount = knob_of(step, "amount", "amount")
    return f" by {number(amount * 100, 0)} %" if amount is not None and amount < 1 else ""


def plainly(step: Step) -> str:
    """Return a step as its processor and its knobs, where nothing better is to be said."""
    knobs = ", ".join(knob_words(name, value) for name, value in step.knobs.items())
    return f"apply {spoken(step.processor).lower()}" + (f" ({knobs})" if knobs else "")


def knob_words(name: str, value: Knob) -> str:
    """Return one knob and its setting: ``depth 3.0 dB``."""
    unit = unit_of(name)
    label = (name[: -len(unit) - 1] if unit else name).replace("_", " ")
    if isinstance(value, bool):
        return f"{label} {'on' if value else 'off'}"
    if isinstance(value, str):
        return f"{label} {value}"
    return f"{label} {format_measurement(name, value)}".strip()


def bands(step: Step) -> dict[float, float]:
    """Return the gain in decibels by frequency in hertz of an equaliser's knobs that do something.

    Knobs belong together when they share a number (``band1_hz``,
    ``gain1_db``) or the words before their unit (``low_hz``, ``low_gain_db``).
    """
    hertz: dict[str, float] = {}
    gains: dict[str, float] = {}
    for name, value in step.knobs.items():
        if isinstance(value, bool | str):
            continue
        found = re.search(r"\d+", name)
        key = found[0] if found else re.sub(r"_?(freq|frequency|centre|gain)?_?(hz|db)$", "", name)
        if unit_of(name) == "hz":
            hertz[key] = float(value)
        elif unit_of(name) == "db" and value:
            gains[key] = float(value)
    return {hertz[key]: gains[key] for key in sorted(gains, key=lambda k: hertz.get(k, 0)) if key in hertz}


def knob_of(step: Step, name: str, ending: str) -> float | None:
    """Return the knob called ``name``, or else the first number whose name ends in ``ending``."""
    by_ending = bool(ending) and name not in step.knobs
    values = [v for knob, v in step.knobs.items() if (knob.endswith(ending) if by_ending else knob == name)]
    numbers = [float(value) for value in values if not isinstance(value, bool | str)]
    return numbers[0] if numbers else None
