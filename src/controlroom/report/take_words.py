"""What a person should know of how a file was read: codes and numbers in, sentences out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controlroom.model.song import ImportRemark, TakeFacts

Values = Mapping[str, float]


def _s(values: Values, name: str) -> str:
    return f"{values[name]:.2f} s"


def _count(values: Values, name: str, one: str, many: str) -> str:
    number = round(values[name])
    return f"{number:,} {one if number == 1 else many}"


def _missing(values: Values) -> str:
    if "missing_s" not in values:
        return "It is incomplete and was read as it is; how much is missing, its header does not tell."
    return f"It is incomplete and was read as it is: {_s(values, 'missing_s')} are missing."


_SAYS: Mapping[str, Callable[[Values], str]] = {
    "behind-promise": lambda v: (
        f"Its header promises {_s(v, 'promised_s')} of sound; {_s(v, 'more_s')} more lie behind that and were read."
    ),
    "no-sound-behind": lambda v: (
        f"{_count(v, 'bytes', 'byte', 'bytes')} behind its sound are neither sound nor a known chunk; left out."
    ),
    "unread": lambda v: (
        f"{_count(v, 'bytes', 'byte', 'bytes')} behind what its header tells were not read, as was asked."
    ),
    "missing": _missing,
    "skipped": lambda v: (
        f"{_count(v, 'bytes', 'byte', 'bytes')} in {_count(v, 'places', 'place', 'places')} "
        "that are no frame of sound were skipped."
    ),
    "joined": lambda v: (
        f"It holds {_count(v, 'count', 'stream', 'streams')}, one after the other; all were read."
    ),
    "count-kept": lambda v: (
        f"Its header counts {_s(v, 'promised_s')} of frames, {_s(v, 'read_s')} are there and whole: "
        "it was cut, or its end is missing."
    ),
    "cut-frame": lambda _v: "Its last frame is cut: its end may be missing.",
    "no-end-mark": lambda _v: "It has no end mark: its recorder was stopped, or its end is missing.",
    "edit-list": lambda v: (
        f"Its edit list leaves {_s(v, 'left_out_s')} of the sound that it stores unplayed; so does this."
    ),
    "lost": lambda v: f"{_count(v, 'frames', 'frame', 'frames')} could not be decoded and were left out.",
    "scaled": lambda v: f"Its samples were scaled by {v['scale_db']:.2f} dB, as was asked.",
}
MONO = (
    "It is mono: its masters carry it in two equal channels, and its level is read as two speakers play it."
)


def remark_sentence(remark: ImportRemark) -> str:
    """Return what is to be told of a file; an unknown code is told by its name."""
    if remark.code == "named-otherwise":
        extension, _, label = remark.words.partition("|")
        return f"It is named {extension} and holds {label}: its content decides."
    says = _SAYS.get(remark.code)
    try:
        return says(remark.values) if says else f"{remark.code.replace('-', ' ')}."
    except KeyError:  # a remark of another version
        return f"{remark.code.replace('-', ' ')}."


def take_sentences(facts: TakeFacts) -> tuple[str, ...]:
    """Return all that is to be told of how a take was read."""
    told = tuple(remark_sentence(remark) for remark in facts.remarks)
    return (*told, MONO) if facts.channels == 1 else told
