"""Ledger entries in words, one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controlroom.model.decisions import Decision
from controlroom.model.figures import clock, format_measurement
from controlroom.model.findings import Finding, Note
from controlroom.model.proposals import Proposal, Step
from controlroom.model.song import StemSet, Take
from controlroom.model.wording import listed, spoken
from controlroom.report.sample_words import added_sentence
from controlroom.report.sentences import decision_sentence, withheld_sentence
from controlroom.report.stem_words import mark_sentence
from controlroom.report.telling import finding_title, proposal_sentence

Body = Mapping[str, Any]
MUSIC = ("tempo_bpm", "first_downbeat_s", "beats_per_bar", "key", "sections", "chords")


def _take(body: Body) -> str:
    take = Take.model_validate(body)
    return f"Take added: {take.facts.file_name}, {clock(take.facts.duration_s)}"


def _findings(body: Body) -> str:
    kinds = [Finding.model_validate(one).kind for one in body["findings"]]
    when = "Listened" if body["stage"] == "all" else f"Listened at the {body['stage']} stage"
    if not kinds:
        return f"{when}: nothing to observe"
    names = listed(list(dict.fromkeys(finding_title(kind).lower() for kind in kinds)))
    return f"{when}: {names}"


def _note(body: Body) -> str:
    note = Note.model_validate(body)
    return f"{note.by} noted at {clock(note.span.start_s)}: “{note.text}”"


def _withheld(body: Body) -> str:
    return withheld_sentence(Step.model_validate(body["step"]), body["broken"])


def _stems(body: Body) -> str:
    made = StemSet.model_validate(body)
    how = "imported" if made.backend == "imported" else f"separated by {made.backend}"
    return f"Stems {how}: {listed(list(made.roles))}"


def _target(body: Body) -> str:
    return f"Target set to {format_measurement('x_lufs', float(body['target_lufs']))}"


def _signed(body: Body) -> str:
    by = f" by {body['by']}" if body.get("by") else ""
    return f"Policy “{body['name']}” signed{by}"


def _signer(body: Body) -> str:
    return f"Signed by key {str(body['key'])[:16]} from here on" if body["key"] else "Not signed from here on"


def _corrected(body: Body) -> str:
    said = [name.replace("_", " ") for name in MUSIC if body.get(name) not in (None, [], ())]
    back = [str(name).replace("_", " ") for name in body.get("withdrawn", ())]
    told = [f"corrected the music: {listed(said)}"] if said else []
    told += [f"took back the word on {listed(back)}"] if back else []
    return f"{body['by']} {', and '.join(told)}"


ENTRIES: Mapping[str, Callable[[Body], str]] = {
    "song.created": lambda body: f"Song created: {body['title']}",
    "signer.set": _signer,
    "standards.set": lambda body: f"Standards set, digest {str(body['digest'])[:12]}",
    "take.added": _take,
    "findings": _findings,
    "note": _note,
    "proposal": lambda body: proposal_sentence(Proposal.model_validate(body)),
    "withheld": _withheld,
    "decision": lambda body: decision_sentence(Decision.model_validate(body)).removesuffix("."),
    "stems.set": _stems,
    "sample.added": added_sentence,
    "sample.removed": lambda body: f"Sample taken off: {body['id']}",
    "part.marked": mark_sentence,
    "music.corrected": _corrected,
    "policy.signed": _signed,
    "target.set": _target,
    "restored": lambda body: f"Put back what was missing or damaged: {body['file']}",
    "rendered": lambda body: f"Rendered {body.get('id', '')}".rstrip(),
    "released": lambda _body: "Released",
}


def entry_sentence(kind: str, body: Body) -> str:
    """Return what one ledger entry says; a kind or body that no table knows keeps its code."""
    words = ENTRIES.get(kind)
    try:
        return words(body) if words else spoken(kind.replace(".", " "))
    except (KeyError, ValueError, TypeError):  # written by another version: its code is still true
        return spoken(kind.replace(".", " "))
