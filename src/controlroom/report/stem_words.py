"""Stems in words: how far each can be trusted, what that lets happen to it, what a person said of it.

Everything is made from the JSON form of the studio's view, so that terminal and
page say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlroom.report.figures import clock, frequency, number
from controlroom.report.plain import as_lines
from controlroom.report.wording import listed, spoken

STATUS: Mapping[str, str] = {
    "stays": "stays",
    "removed": "removed",
    "reshaped": "reshaped",
    "defines-the-identity": "defines the identity",
}
LEFT_OUT: Mapping[str, str] = {
    "near-silent": "nothing sounds in it",
    "leakage": "what was separated as it is only what leaked into it: the song has none",
    "the-mix": "it is the whole mix, not a part of it",
}
FLOOR_DB = -120.0
WEIGHTY_DB = -40.0
"""A band that holds less of a stem than this is not told of."""


def stems_text(view: Mapping[str, Any]) -> str:
    """Return the trust table of a song's stems, with what it means."""
    if not view["stems"]:
        return "No stems of this take yet."
    rows = [_row(stem) for stem in view["stems"]]
    head = ("part", "confidence", "bleed", "artifact", "coherence", "said of it", "from")
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
    lines += ["", *set_sentences(view)]
    lines += [
        f"{spoken(stem['role'])}: {sentence}" for stem in view["stems"] if (sentence := stem_sentence(stem))
    ]
    return as_lines([*lines, "", *MEANINGS])


MEANINGS = (
    "confidence  how much of the stem can be expected to be that part: null × bleed × artifact × coherence;",
    "            what is proposed on a stem is never surer than this",
    "bleed       how much of the stem other stems hold too, in dB: the lower the cleaner",
    "artifact    the error that its separation predicts, over the stem: 0 % for a true stem",
    "coherence   how much of the stem is in the take as a wave, in the worst band that holds it; a change enters",
    "            the mix only in bands of 0.9 or more",
)
"""What the columns of ``stems_text`` mean."""


def set_sentences(view: Mapping[str, Any]) -> list[str]:
    """Return what is to be said of the stems as a set."""
    null_db = view["null_db"]
    if null_db <= FLOOR_DB:
        told = ["Together the stems are the take, to the last bit that can be heard."]
    else:
        told = [f"Together the stems leave {number(null_db)} dB of the take unaccounted for."]
    if view["incomplete"]:
        told.append("A stem is missing, or the take went through effects on its bus.")
    if view["regenerated"]:
        told.append(
            f"Sung or played again, not cut out of the take: {listed(list(view['regenerated']))}. "
            "They sound like the parts and are not in the take as waves: changes of them can't be laid over it."
        )
    told += [
        f"Left out: {one['name']}, because {LEFT_OUT.get(one['why'], one['why'])}."
        for one in view["left_out"]
    ]
    return told


def stem_sentence(stem: Mapping[str, Any]) -> str:
    """Return what may not be done with one stem; empty where all may."""
    told = []
    if stem["refused_bands_hz"]:
        bands = [f"{frequency(low)} to {frequency(high)}" for low, high in stem["refused_bands_hz"]]
        told.append(f"no change enters the mix at {listed(bands)}")
    if not stem["removable"]:
        told.append("removed only by rebuilding the song from its stems")
    if not stem["boostable"]:
        told.append("raised by at most 3 dB")
    return "; ".join(told)


def _row(stem: Mapping[str, Any]) -> Sequence[str]:
    trust = stem["trust"]
    levels = trust["level_db"] or [0.0] * len(trust["coherence"])
    heard = [c for c, level_db in zip(trust["coherence"], levels, strict=True) if level_db >= WEIGHTY_DB]
    return (
        stem["role"] if stem["leaf"] else f"({stem['role']})",
        f"{number(stem['confidence'] * 100, 0)} %",
        f"{number(trust['bleed_db'])} dB" if trust["bleed_db"] is not None else "–",
        f"{number(trust['artifact'] * 100, 0)} %" if trust["artifact"] is not None else "–",
        f"{number(min(heard), 2)}" if heard else "–",
        STATUS.get(str(stem["status"]), "–"),
        stem["origin"],
    )


def mark_sentence(mark: Mapping[str, Any]) -> str:
    """Return what was said of a part, by whom, when and why."""
    span = mark["span"]
    where = f" from {clock(span['start_s'])} to {clock(span['end_s'])}" if span else ""
    status = STATUS.get(str(mark["status"]))
    what = f"{status}" if status else "free again"
    why = f": “{mark['reason']}”" if mark["reason"] else ""
    return f"{spoken(mark['part'])}{where}: {what} ({mark['by']}, {str(mark['at'])[:10]}{why})"
