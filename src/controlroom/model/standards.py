"""Standards: the person's thresholds, targets and policies, each with its origin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from controlroom.model.base import Document, Record, canonical_json, digest_text, shown
from controlroom.model.errors import UsageError

Value = float | int | bool | str | tuple[float, ...]


class Standard(Record):
    """One number with its unit, what it is for, and where it comes from."""

    value: Value
    unit: str = ""
    help: str
    origin: str
    minimum: float | None = None
    maximum: float | None = None


class Standards(Document):
    """The full, resolved set: nothing is judged by a number that is not in it.

    Keys are dotted, such as ``loudness.ceiling_dbtp``; the unit is the end of
    the name.
    """

    schema_number: ClassVar[int] = 1
    schema_name: ClassVar[str] = "standards"

    entries: dict[str, Standard]

    def number(self, key: str) -> float:
        """Return a numeric standard; UsageError names an unknown key."""
        value = self._entry(key).value
        if isinstance(value, str | tuple):
            raise UsageError("standards.not-a-number", f"standard {key} is {value!r}, not a number")
        return float(value)

    def flag(self, key: str) -> bool:
        """Return a yes/no standard."""
        value = self._entry(key).value
        if not isinstance(value, bool):
            raise UsageError("standards.not-a-flag", f"standard {key} is {value!r}, not true or false")
        return value

    def text(self, key: str) -> str:
        """Return a standard that is a word."""
        return str(self._entry(key).value)

    def curve(self, key: str) -> tuple[float, ...]:
        """Return a standard that is a list of numbers."""
        value = self._entry(key).value
        if not isinstance(value, tuple):
            raise UsageError("standards.not-a-curve", f"standard {key} is {value!r}, not a list")
        return value

    def _entry(self, key: str) -> Standard:
        if key not in self.entries:
            raise UsageError(
                "standards.unknown-key",
                f"there is no standard called {key!r}",
                "`controlroom standards` lists them all",
            )
        return self.entries[key]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the whole set."""
        return digest_text(canonical_json(self.document()))

    def overlaid(self, values: Mapping[str, Any], origin: str) -> Standards:
        """Return a copy with some values replaced by a person's.

        Raises
        ------
        UsageError
            Unknown key, wrong type, or a number outside the stated range.
        """
        entries = dict(self.entries)
        for key, given in values.items():
            known = self._entry(key)
            value = tuple(given) if isinstance(given, list) else given
            if not _same_type(value, known.value):
                raise UsageError(
                    "standards.wrong-type",
                    f"standard {key} is {shown(known.value)}; {shown(given)} can't replace it",
                    f"give {_kind(known.value)}",
                )
            if not _in_range(value, known):
                raise UsageError(
                    "standards.out-of-range",
                    f"standard {key} = {shown(given)} is outside {known.minimum} to {known.maximum}",
                    known.help,
                )
            entries[key] = Standard.model_validate({**known.model_dump(), "value": value, "origin": origin})
        return Standards(entries=entries)


def _same_type(value: object, known: Value) -> bool:
    if isinstance(known, bool) or isinstance(value, bool):
        return isinstance(known, bool) and isinstance(value, bool)
    if isinstance(known, float | int):
        return _is_number(value)
    if isinstance(known, tuple):
        return isinstance(value, tuple) and len(value) > 0 and all(_is_number(one) for one in value)
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    """Return whether a value is a number that can be reckoned with: TOML knows nan, inf and integers of any size."""
    if isinstance(value, bool) or not isinstance(value, float | int):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _kind(known: Value) -> str:
    if isinstance(known, bool):
        return "true or false"
    if isinstance(known, float | int):
        return "a number"
    return "a list of numbers" if isinstance(known, tuple) else "a word"


def _in_range(value: object, known: Standard) -> bool:
    if isinstance(value, bool) or not isinstance(value, float | int):
        return True
    return (known.minimum is None or value >= known.minimum) and (
        known.maximum is None or value <= known.maximum
    )
