"""Small words that the message tables share."""

from __future__ import annotations

import re


def on_part(part: str, told: str = "") -> str:
    """Return which part is meant, in brackets; nothing for the mix, and where ``told`` names it already."""
    name = part.replace("_", " ").replace("-", " ")
    return "" if part == "mix" or re.search(rf"\b{name}\b", told, re.IGNORECASE) else f" (in the {name})"


def spoken(code: str) -> str:
    """Return a code made readable: hyphens and underscores gone, a capital first."""
    words = code.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def listed(items: list[str]) -> str:
    """Return items as a list is spoken: ``a, b and c``."""
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)
