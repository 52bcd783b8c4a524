"""What a person types, as values."""

from __future__ import annotations

import re

from controlroom.model.errors import UsageError
from controlroom.model.proposals import Knob

_CLOCK = re.compile(r"^(?:(\d+):)?(\d+(?:\.\d+)?)$")


def seconds(text: str) -> float:
    """Return ``72.5`` or ``1:12.5`` in seconds; UsageError otherwise."""
    found = _CLOCK.match(text.strip())
    if not found:
        raise UsageError("usage.time", f"{text!r} is no time", "write 72.5 or 1:12.5")
    return 60 * float(found[1] or 0) + float(found[2])


def place(text: str) -> tuple[float, float]:
    """Return ``1:12`` or ``1:12-1:20`` as start and end in seconds."""
    start, _, end = text.partition("-")
    first = seconds(start)
    last = seconds(end) if end else first
    if last < first:
        raise UsageError("usage.time", f"{text!r} ends before it starts", "write START-END")
    return first, last


def knobs(given: list[str]) -> dict[str, Knob]:
    """Return ``name=value`` pairs as knobs."""
    result: dict[str, Knob] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError("usage.knob", f"{pair!r} is no knob", "write --knob name=value")
        result[name.strip()] = _value(value.strip())
    return result


def _value(text: str) -> Knob:
    if text.lower() in ("true", "yes", "on"):
        return True
    if text.lower() in ("false", "no", "off"):
        return False
    try:
        return float(text)
    except ValueError:
        return text
