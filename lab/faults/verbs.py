"""The verbs that are killed: what each begins from, its command lines, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.faults.place import Place

CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb, or a few that go together.

    Attributes
    ----------
    tree : str
        The workspace that it begins from.
    lines : tuple of str
        Its command lines; ``{take}`` and the like are filled in.
    kills : int
        Its share of 500.
    done : tuple of str
        Errors by which a rerun says that the killed run had done it.
    """

    tree: str
    lines: tuple[str, ...]
    kills: int
    done: tuple[str, ...] = ()

    def filled(self, place: Place, inputs: Path) -> list[list[str]]:
        """Return the command lines, each a list of words."""
        known = place.known
        names = {
            "in": str(inputs),
            "seq": str(known.get("seq", 0)),
            **{f"open{n}": id_ for n, id_ in enumerate(known.get("open", []))},
            **{f"answered{n}": id_ for n, id_ in enumerate(known.get("answered", []))},
        }
        return [[word.format(**names) for word in line.split()] for line in self.lines]


VERBS: Mapping[str, Verb] = {
    "new, add": Verb("empty", ("new b --title Second", "add b {in}/take.wav --json"), 60, ("song.exists",)),
    "finish": Verb("empty", ("finish {in}/take.wav --out a --policy trusting --json",), 55),
    "propose": Verb("taken", ("propose a --json",), 26),
    "decide": Verb(
        "asked",
        (
            "decide a {open0} accept --reason yes",
            "decide a {open1} reject --reason no",
            "decide a {open2} defer",
        ),
        32,
    ),
    "do": Verb(
        "asked",
        ("do a gain --knob gain_db=-1 --reason less", "do a gain --from 1 --to 2 --knob gain_db=-2"),
        26,
    ),
    "note": Verb("taken", ("note a 0:01 late", "note a 0:02-0:02.5 early"), 24),
    "mark": Verb("stemmed", ("mark a vocals stays --reason hers", "mark a drums reshaped"), 22),
    "correct": Verb("taken", ("correct a --tempo 121 --reason counted", "correct a --key A:min"), 22),
    "stems --add": Verb("taken", ("stems a --add {in}/stems --json",), 46),
    "samples --add": Verb("taken", ("samples a --add {in}/kick.wav --json",), 26),
    "render": Verb("decided", ("render a --json",), 42),
    "release": Verb("rerendered", ("release a",), 32),
    "undo, go-back": Verb(
        "decided", ("undo a {answered0} --reason again", "go-back a {seq}"), 26, ("decision.nothing-to-undo",)
    ),
    "standards --set": Verb("taken", ("standards a --set {in}/numbers.toml --json",), 22),
    CONSOLE: Verb("empty", (), 55),
}
