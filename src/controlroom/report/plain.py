r"""Text for a terminal, in which nothing from outside can move the cursor, hide a word or make a line.

File names, titles, tags, notes, reasons and ledger entries may be written by
anybody. What a terminal would obey, and what turns the reading direction, is
shown as its code instead (``\x1b``). Plain letters of any script stay.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from typing import Any

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_TERMINAL = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{_BIDI}\ud800-\udfff\ufff9-\ufffb]")
_LINE = re.compile(r"[\t\n]")


def harmless(text: str) -> str:
    """Return text that a terminal only shows; its lines and tabs stay."""
    return _TERMINAL.sub(_shown, text)


def one_line(text: str) -> str:
    """Return harmless text that is one line, whatever was written into it."""
    return _LINE.sub(_shown, harmless(text))


def as_lines(lines: Iterable[str]) -> str:
    """Return lines as one text: none of them can pretend to be two."""
    return "\n".join(one_line(line) for line in lines)


def harmless_json(value: Any) -> str:
    """Return JSON that a terminal only shows and any program reads back: equal values, harmless letters."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return _TERMINAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class HarmlessFormatter(logging.Formatter):
    """Log lines and tracebacks that a terminal only shows: what failed may carry a stranger's name."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one record as text."""
        return harmless(super().format(record))


def _shown(found: re.Match[str]) -> str:
    """Return a letter's code; an undecodable byte of a file name is shown as that byte."""
    number = ord(found[0])
    if 0xDC80 <= number <= 0xDCFF:
        number -= 0xDC00
    return {9: "\\t", 10: "\\n"}.get(number) or (f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}")
