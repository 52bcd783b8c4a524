"""Calls that fail: a full disk, one that breaks, one that may not be written, a write that is short, a signal."""

from __future__ import annotations

import errno
import random
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from lab.faults.kills import KILLED, SEED, Fate, fate
from lab.faults.run import Bench, Run
from lab.faults.tripwire import NAMES, TAKES_SPACE, WRITES, Act, Call, Plan, Wire
from lab.faults.verbs import CONSOLE, VERBS

TRIED = (
    "new, add",
    "finish",
    "decide",
    "mark",
    "stems --add",
    "render",
    "release",
    "standards --set",
    CONSOLE,
)
MAY_BE_OPENED = ("create", "open", *NAMES)
SYNCS = ("fsync", "fdatasync")
LEDGER_JOURNAL = "songs/*/ledger.sqlite-journal"


@dataclass(frozen=True, slots=True)
class Failure:
    """One fault, how it is injected, and what a run may say of it."""

    fault: str
    how: str
    plan: Plan
    may_say: tuple[str, ...]
    verbs: tuple[str, ...] = TRIED
    anywhere: bool = True


def _errno(
    number: int, fault: str, calls: tuple[str, ...], codes: tuple[str, ...], *, lasting: bool, name: str = ""
) -> Failure:
    word = errno.errorcode[number]
    how = f"{word} from a seeded call on" if lasting else f"{word} at one seeded call of {', '.join(calls)}"
    return Failure(fault, how, Plan(1, Act.FAIL, number, lasting, calls, name), codes)


FULL = ("env.disk-full",)
CLOSED = ("env.not-writable",)
BROKEN = ("env.io-failed", "env.ledger-io")
GOES_ON = ""
"""What is only tidied, or kept beside the ledger, may fail without a word: the promises are looked at all the same."""
FAILURES: Sequence[Failure] = (
    _errno(errno.ENOSPC, "full disk", TAKES_SPACE, (*FULL, GOES_ON), lasting=True),
    _errno(errno.ENOSPC, "full for a moment", WRITES, (*FULL, GOES_ON), lasting=False),
    _errno(errno.EDQUOT, "quota used up", TAKES_SPACE, (*FULL, *BROKEN, GOES_ON), lasting=True),
    _errno(errno.EIO, "disk breaks", (*WRITES, *SYNCS), (*BROKEN, GOES_ON), lasting=True),
    _errno(errno.EIO, "one sync fails", SYNCS, (*BROKEN, GOES_ON), lasting=False),
    _errno(errno.EROFS, "disk turns read-only", MAY_BE_OPENED, (*CLOSED, *BROKEN, GOES_ON), lasting=True),
    _errno(
        errno.EACCES,
        "permission is taken away",
        MAY_BE_OPENED,
        (*CLOSED, *BROKEN, GOES_ON),
        lasting=True,
        name="songs/*",
    ),
    Failure(
        "short write",
        "half of one seeded write is made",
        Plan(1, Act.SHORT, calls=WRITES),
        (*FULL, *BROKEN, GOES_ON),
    ),
    Failure(
        "Ctrl-C",
        "SIGINT to the whole run at a seeded call",
        Plan(1, Act.SIGNAL, signal.SIGINT),
        ("exit code 130", GOES_ON),
        TRIED[:-1],
    ),
    Failure(
        "SIGTERM",
        "SIGTERM to the whole run at a seeded call",
        Plan(1, Act.SIGNAL, signal.SIGTERM),
        (f"signal {signal.SIGTERM:d}", "exit code 143"),
        TRIED[:-1],
    ),
    Failure(
        "power cut inside an append",
        "SIGKILL before the ledger's journal is unlinked: it stays hot",
        Plan(1, Act.KILL_BEFORE, calls=("unlink",), name=LEDGER_JOURNAL),
        (KILLED, "the server is gone"),
        ("propose", "decide", "do", "note", "mark", "correct", "stems --add", "render", "release", CONSOLE),
        anywhere=False,
    ),
    Failure(
        "power cut as the ledger is written",
        "SIGKILL after half of a page of the ledger",
        Plan(1, Act.KILL_HALF, calls=("pwrite",), name="songs/*/ledger.sqlite"),
        (KILLED, "the server is gone"),
        ("decide", "note", "correct", "samples --add", "standards --set", "undo, go-back"),
        anywhere=False,
    ),
)


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault in one verb."""

    failure: Failure
    verb: str

    def plan(self, bench: Bench) -> Plan:
        """Return the plan, at a seeded one of the calls that count, or at the first."""
        plan = self.failure.plan
        if not self.failure.anywhere:
            return plan
        calls = [one for one in bench.undisturbed(self.verb)[0] if _counts(plan, one)]
        at = random.Random(f"{SEED} {self.failure.fault} {self.verb}").randint(1, len(calls))
        return replace(plan, at=at)


def _counts(plan: Plan, call: Call) -> bool:
    return (not plan.calls or call.kind in plan.calls) and fnmatchcase(call.name, plan.name or "*")


def trials() -> list[Trial]:
    """Return every fault in each of its verbs."""
    return [Trial(failure, verb) for failure in FAILURES for verb in failure.verbs]


def tried(bench: Bench, trial: Trial) -> Fate:
    """Run a verb with its fault, look from outside, and run it again on a whole disk."""
    plan, (_, wanted) = trial.plan(bench), bench.undisturbed(trial.verb)
    with bench.ground(VERBS[trial.verb].tree) as (warm, place):
        run = Run(warm, place, trial.verb, bench.inputs)
        told = run.begun(plan)
        call = Wire(place.plan).at()
        if call is None:
            return Fate("", told, {"told": ["the call was never made"]})
        words = told.split(", then ")
        wrong = [] if set(words) <= set(trial.failure.may_say) else [f"it said {told!r}"]
        return fate(run, call, told, wanted, wrong)


def said(fates: Sequence[Fate]) -> str:
    """Return what runs said, and how often."""
    counted = Counter(one.told.partition(":")[0] or "went on" for one in fates)
    return ", ".join(f"{word} ×{number}" for word, number in counted.most_common())
