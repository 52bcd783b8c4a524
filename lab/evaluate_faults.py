"""``make evaluate ONLY=faults``: kills at calls of the system over every verb, and the table of faults."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from lab.children import ROOT
from lab.faults import place, tripwire
from lab.faults.damage import DAMAGES, at_once, told
from lab.faults.failing import FAILURES, Trial, said, trials, tried
from lab.faults.kills import Fate, Kill, chosen, done, missed
from lab.faults.run import Bench
from lab.faults.verbs import VERBS

WORK = ROOT / ".work" / "faults" / "kept"
SHOWN = 40
TOLD_EVERY = 50
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "every song opens": ("opens",),
    "verify 0": ("verifies",),
    "acknowledged there": ("kept",),
    "person's files there": ("theirs",),
    "rerun works": ("reruns", "told"),
    "comes to the same": ("same",),
    "swept": ("swept",),
}
Item = TypeVar("Item")


def section() -> str:
    """Return the tables; raises RuntimeError where no tripwire can be laid."""
    if why := tripwire.missing():
        raise RuntimeError(why)
    with place.scratch() as root, Bench(Path(root)) as bench:
        kills = chosen(bench, {name: verb.kills for name, verb in VERBS.items()}, whole=True)
        fates = _kept(bench, done, kills, lambda kill: json.dumps(asdict(kill)))
        tries = trials()
        failed = _kept(bench, tried, tries, lambda trial: f"{trial.failure} {trial.verb}")
        return "\n\n".join(
            (
                ABOUT,
                killed_text(kills, fates, missed(bench, kills)),
                ABOUT_FAULTS,
                faults_text(bench, tries, failed),
            )
        )


def killed_text(kills: Sequence[Kill], fates: Sequence[Fate], without: Sequence[str]) -> str:
    """Return the table of kills by verb, and what does not hold."""
    lines = ["| verb | kills | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
    for name in (*VERBS, "all"):
        some = [fate for kill, fate in zip(kills, fates, strict=True) if name in (kill.verb, "all")]
        cells = [f"{sum(fate.holds(*promises) for fate in some)}" for promises in COLUMNS.values()]
        lines.append(f"| {name} | {len(some)} | " + " | ".join(cells) + " |")
    named = (
        (f"{kill.verb}, {kill.act.name} {fate.call}", fate) for kill, fate in zip(kills, fates, strict=True)
    )
    return "\n".join([*lines, "", _summed(kills, fates, without), *_broken(named)])


def _summed(kills: Sequence[Kill], fates: Sequence[Fate], without: Sequence[str]) -> str:
    alone = sum(not kill.group for kill in kills)
    real = [fate for kill, fate in zip(kills, fates, strict=True) if kill.real]
    return (
        f"{len(kills)} kills: {len(kills) - alone} of the whole run, {alone} of only the process that made the call. "
        f"{len(real)} went through the true command line, and {sum(fate.holds() for fate in real)} of them hold everything. "
        f"Kinds of call × kinds of file without a kill: {', '.join(without) or 'none'}."
    )


def faults_text(bench: Bench, tries: Sequence[Trial], failed: Sequence[Fate]) -> str:
    """Return the table of faults: what was done, how, and what came of it."""
    lines = ["| fault | how injected | runs | said | promises hold |", "|---|---|---|---|---|"]
    for failure in FAILURES:
        some = [fate for trial, fate in zip(tries, failed, strict=True) if trial.failure is failure]
        hold = sum(fate.holds() for fate in some)
        lines.append(
            f"| {failure.fault} | {failure.how} | {len(some)} | {said(some)} | {hold} of {len(some)} |"
        )
    once = at_once(bench)
    lines.append(f"| several programs at once | 4 × `note` | 1 | {once.said} | {once.holds:d} of 1 |")
    for damage in DAMAGES:
        found = told(bench, damage)
        lines.append(f"| {damage.fault} | {damage.how} | 1 | {found.said} | {found.holds:d} of 1 |")
    lines += _broken(
        (f"{trial.failure.fault} in {trial.verb}, {fate.call}", fate)
        for trial, fate in zip(tries, failed, strict=True)
    )
    return "\n".join(lines)


def _broken(named: Iterable[tuple[str, Fate]]) -> list[str]:
    """Return what does not hold, a line each."""
    told = [
        f"- {name}: "
        + "; ".join(
            f"{promise}: {', '.join(map(str, found[:3]))}" for promise, found in fate.broken.items() if found
        )
        for name, fate in named
        if not fate.holds()
    ]
    if not told:
        return []
    more = [f"- and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
    return ["", "What does not hold:", "", *told[:SHOWN], *more]


def _kept(
    bench: Bench, work: Callable[[Bench, Item], Fate], items: Sequence[Item], name: Callable[[Item], str]
) -> list[Fate]:
    """Return what came of each item; done once per state of the source."""
    source = source_digest()

    def one(bench: Bench, item: Item) -> Fate:
        key = hashlib.sha256(f"{source} {name(item)}".encode()).hexdigest()[:20]
        kept = WORK / f"{key}.json"
        if kept.is_file():
            return Fate(**json.loads(kept.read_text()))
        fate = work(bench, item)
        WORK.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(asdict(fate)))
        return fate

    fates = []
    for fate in bench.all_of(one, items):
        fates.append(fate)
        if len(fates) % TOLD_EVERY == 0:
            print(f"{len(fates)} of {len(items)}", flush=True)
    return fates


def source_digest() -> str:
    """Return a digest of the house and of these tools."""
    sha = hashlib.sha256()
    for folder in (ROOT / "src", ROOT / "lab" / "faults"):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".c", ".toml"):
                sha.update(path.read_bytes())
    return sha.hexdigest()[:16]


ABOUT = """## Kills

Each verb was run in a workspace of its own and killed by SIGKILL before, after or in the middle of one system call
that changes the songs, the temporary folder or the user's configuration. The calls are counted by a preloaded library
(`lab/faults/tripwire.c`), in the process, its decoders and the console's workers alike; at every kind of call × kind of
file once, the rest anywhere, seeded. Then, in a process that had no part in it: every song in the workspace opens
(`show`), `verify` exits 0, all that was acknowledged (exit code 0, HTTP 2xx) is in the ledger, every file of the
person's own is there. Then the verb is run again: it exits 0, the songs come to what an undisturbed run makes of them
(answers, samples of premaster and masters, release), and nothing half-made lies about. The numbers count the kills after
which that holds."""
ABOUT_FAULTS = """## Faults

*Promises hold*: what was said has the right code and is no traceback; afterwards, on a whole disk, all that is asked
of a kill holds. Of a damage: `verify` names it, and nothing was written."""
