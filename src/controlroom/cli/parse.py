"""What a person types, as values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from controlroom.model.base import text_of
from controlroom.model.errors import UsageError
from controlroom.model.proposals import Knob

AS_IS_HELP = "Take what is there of an incomplete file."
SCALE_HELP = "Turn every sample up by this when the file is read: -90.31 for 16-bit integers stored as float."

_CLOCK = re.compile(r"^(?:(\d+):)?(\d+(?:\.\d+)?)$")


def text(given: str) -> str:
    """Return what a person wrote as text that can be kept: a byte that is no letter is shown as its number."""
    return text_of(given)


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


def named_roles(given: list[str]) -> dict[str, str]:
    """Return ``FILE=ROLE`` pairs by file name; the last ``=`` parts them, names may hold others."""
    result: dict[str, str] = {}
    for pair in given:
        name, equals, role = pair.rpartition("=")
        if not equals or not name or not role:
            raise UsageError("usage.role", f"{pair!r} is no file and role", "write --role FILE=ROLE")
        result[name.strip()] = role.strip()
    return result


def named_places(given: list[str]) -> list[dict[str, Any]]:
    """Return ``PLACE=NAME`` pairs as places with their names."""
    result = []
    for pair in given:
        at, equals, name = pair.partition("=")
        if not equals or not name.strip():
            raise UsageError("usage.place", f"{pair!r} is no place and name", "write 0:12=verse")
        result.append({"start_s": seconds(at), "label": name.strip()})
    return result


def section(label: str, sections: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Return where a section lies, in seconds: ``B`` where there is one, ``B2`` for the second of several."""
    for name, number in ((label, 1), (label[:-1], int(label[-1]) if label[-1:].isdigit() else 0)):
        same = [one for one in sections if str(one["label"]).lower() == name.lower()]
        if same and 1 <= number <= len(same) and (name != label or len(same) == 1):
            return float(same[number - 1]["start_s"]), float(same[number - 1]["end_s"])
    told = ", ".join(f"{one['label']} {one['start_s']:.0f}-{one['end_s']:.0f}" for one in sections)
    raise UsageError(
        "usage.section",
        f"{label!r} is no one section",
        f"heard, in seconds: {told or 'none'}; or give --span",
    )


def _value(text: str) -> Knob:
    if text.lower() in ("true", "yes", "on"):
        return True
    if text.lower() in ("false", "no", "off"):
        return False
    try:
        return float(text)
    except ValueError:
        return text
