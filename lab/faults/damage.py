"""Files that were damaged, changed or removed by others, and two programs at once: what the house says of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from controlroom.media.files import sha256_of
from lab.faults.place import Place
from lab.faults.run import Bench
from lab.faults.warm import Warm

SONG = "a"
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Damage:
    """One damage to a released song, and how ``verify`` must begin to name it."""

    fault: str
    how: str
    do: Callable[[Path], None]
    codes: tuple[str, ...]


def _flip(path: Path, share: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * share)] ^= 0x55
    path.write_bytes(data)


def _only(song: Path, pattern: str) -> Path:
    return max(song.glob(pattern))


def _in_place(pattern: str, old: str, new: str) -> Callable[[Path], None]:
    def change(song: Path) -> None:
        path = _only(song, pattern)
        text = path.read_text()
        if old not in text:
            raise ValueError(f"{path} does not hold {old!r}")
        path.write_text(text.replace(old, new, 1))

    return change


def _cut(song: Path, *, head: bool) -> None:
    """Take the last entries off, chain whole, and the head that was noted beside it too."""
    with sqlite3.connect(song / "ledger.sqlite") as db:
        db.execute("DROP TRIGGER entries_are_never_removed")
        db.execute("DELETE FROM entries WHERE seq > (SELECT max(seq) FROM entries) - 3")
    db.close()
    if not head:
        (song / "ledger.head").unlink()


def _other_ledger(song: Path) -> None:
    for name in ("ledger.sqlite", "ledger.head", "song.toml", "standards.toml"):
        shutil.copyfile(song.parent / "other" / name, song / name)


def _longer_manifest(song: Path) -> None:
    path = _only(song, "renders/*/manifest.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "draft": True}))


DAMAGES: Sequence[Damage] = (
    Damage("damaged ledger", "a byte in its midst", lambda s: _flip(s / "ledger.sqlite"), ("ledger.",)),
    Damage(
        "damaged ledger",
        "cut to half its length",
        lambda s: (s / "ledger.sqlite").write_bytes((s / "ledger.sqlite").read_bytes()[: 4096 * 4]) and None,
        ("ledger.",),
    ),
    Damage("cut ledger", "its last 3 entries removed", lambda s: _cut(s, head=True), ("ledger.",)),
    Damage(
        "cut ledger",
        "the same, and ledger.head removed",
        lambda s: _cut(s, head=False),
        ("ledger.", "verify."),
    ),
    Damage(
        "another song's ledger",
        "ledger and documents of the song beside it",
        _other_ledger,
        ("ledger.", "verify."),
    ),
    Damage(
        "damaged ledger.head",
        "not JSON",
        lambda s: (s / "ledger.head").write_text("{") and None,
        ("ledger.",),
    ),
    Damage(
        "changed song.toml", "another id", _in_place("song.toml", 'id = "', 'id = "0'), ("verify.", "song.")
    ),
    Damage(
        "changed standards",
        "a number by hand",
        _in_place("standards.toml", "value = -1.0", "value = -0.5"),
        ("verify.", "standards."),
    ),
    Damage(
        "deleted take",
        "its archived file removed",
        lambda s: _only(s, "takes/*/*.wav").unlink(),
        ("verify.take",),
    ),
    Damage(
        "damaged take", "a byte in its midst", lambda s: _flip(_only(s, "takes/*/*.wav")), ("verify.take",)
    ),
    Damage(
        "changed premaster",
        "a byte in its midst",
        lambda s: _flip(_only(s, "renders/*/premaster.wav")),
        ("verify.premaster",),
    ),
    Damage(
        "changed master",
        "a byte in its midst",
        lambda s: _flip(_only(s, "renders/*/*.flac")),
        ("verify.master",),
    ),
    Damage("changed manifest", "a field by hand", _longer_manifest, ("verify.manifest",)),
    Damage(
        "changed release",
        "a master there replaced",
        lambda s: _flip(_only(s, "release/*.flac")),
        ("verify.",),
    ),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What ``verify`` said of a damage, and whether that is right and nothing was written."""

    said: str
    holds: bool


def told(bench: Bench, damage: Damage) -> Told:
    """Damage a released song and let it be verified."""
    with bench.ground("released") as (warm, place):
        song = place.songs / SONG
        damage.do(song)
        before = _digests(song)
        code = _told(warm, place)
        return Told(code or "nothing", code.startswith(damage.codes) and _digests(song) == before)


def at_once(bench: Bench) -> Told:
    """Let several programs note in one song at once: each waits for the others."""
    with bench.ground("taken") as (warm, place):
        lines = [[["note", SONG, f"0:0{n}", f"word-{n}"]] for n in range(AT_ONCE)]
        begun = [warm.start("lab.faults.acts:commands", place, lines=one) for one in lines]
        codes = [warm.wait(pid) for pid in begun]
        warm.run("lab.faults.outside:look", place)
        looked = json.loads(place.looked.read_text())
        noted = sum("word-" in one for one in looked["outcome"][SONG]["said"])
        holds = not (looked["opens"] or looked["verifies"] or looked["kept"]) and noted == codes.count(0)
        return Told(
            f"{codes.count(0)} of {AT_ONCE} noted, {noted} notes there", holds and codes.count(0) == AT_ONCE
        )


def _told(warm: Warm, place: Place) -> str:
    warm.run("lab.faults.acts:commands", place, lines=[["verify", SONG]])
    said = place.said_so_far()
    return "" if not said or said[-1]["code"] == 0 else str(said[-1]["error"])


def _digests(song: Path) -> dict[str, str]:
    """Return what every file holds, but for what a run may rewrite at any time."""
    files = (path for path in song.rglob("*") if path.is_file() and not path.name.startswith(".lock"))
    return {str(path): sha256_of(path) for path in files}
