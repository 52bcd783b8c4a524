"""Stems in words: how far each can be trusted, what that lets happen to it, what a person said of it.

Everything is made from the JSON form of the studio's view, so that terminal and
page say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlroom.model.figures import clock, frequency, number
from controlroom.model.wording import listed, spoken
from controlroom.report.plain import as_lines

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
    "the-same": "another file is the same sound",
    "held": "the other stems are all that is in it",
    "overlaps": "it holds what other stems hold too, and can't be told apart from them",
    "empty": "there is nothing in it",
    "too-short": "it is too short to be a stem",
    "no-audio": "it is no audio",
    "replaced": "a later file of the same name stands for it",
}
BY: Mapping[str, str] = {"sound": "told by its sound", "person": "as you said"}
LEAST_MOVE_S = 0.0005
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


def set_text(view: Mapping[str, Any]) -> str:
    """Return a song's stems in a few lines: which there are, and what is to be said of them."""
    roles = listed([stem["role"] for stem in view["stems"] if stem["leaf"]])
    how = "imported" if view["backend"] == "imported" else f"separated by {view['backend']}"
    return "\n".join([f"Stems, {how}: {roles}", *(f"  {sentence}" for sentence in set_sentences(view))])


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
    return [*told, *file_sentences(view)]


def file_sentences(view: Mapping[str, Any]) -> list[str]:
    """Return what was done with a person's files, and which were left out, and why."""
    told = [file_sentence(one) for one in view["files"] if done_to(one)]
    return [*told, *map(left_out_sentence, view["left_out"])]


def left_out_sentence(one: Mapping[str, Any]) -> str:
    """Return why a file or part is no stem."""
    more = f" ({one['detail']})" if one["detail"] else ""
    return f"Left out: {one['name']}, because {LEFT_OUT.get(one['why'], one['why'])}{more}."


def file_sentence(file: Mapping[str, Any]) -> str:
    """Return what was done with a person's file so that it fits its take."""
    return f"{file['name']} ({spoken(file['role']).lower()}): {'; '.join(done_to(file))}."


def done_to(file: Mapping[str, Any]) -> list[str]:
    """Return each thing that was done to a file; nothing for one that fitted, and whose name told its role."""
    done = []
    if file["by"] in BY:
        done.append(BY[file["by"]])
    if file["from_rate_hz"]:
        done.append(f"converted from {file['from_rate_hz']} Hz")
    if file["gain_db"]:
        way = "raised" if file["gain_db"] > 0 else "lowered"
        sure = file["gain_error_db"]
        how = "as the others were" if sure is None else f"± {number(sure, 2)}, told by its wave in the take"
        done.append(f"{way} by {number(abs(file['gain_db']), 1)} dB ({how})")
    if file["inverted"]:
        done.append("polarity turned back")
    if abs(file["late_s"]) >= LEAST_MOVE_S:
        done.append(
            f"moved {'forward' if file['late_s'] > 0 else 'back'} by {number(abs(file['late_s']), 3)} s"
        )
    if file["drift_ppm"]:
        done.append(f"its clock ran off by {number(file['drift_ppm'], 1)} ppm, put right")
    if file["padded_s"]:
        done.append(f"{number(file['padded_s'], 1)} s of silence behind it")
    if file["cut_s"]:
        done.append(f"{number(file['cut_s'], 1)} s beyond the take's end cut")
    return done


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
