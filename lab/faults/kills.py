"""Kills at calls of the system: which ones, done, looked at from outside, and the verb run again."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lab.faults.outside import PROMISES, age, leftovers
from lab.faults.run import Bench, Run
from lab.faults.tripwire import WRITES, Act, Call, Plan, Wire
from lab.faults.verbs import CONSOLE, VERBS

SEED = 9
REAL_EVERY = 25
ALONE_SHARE = 0.3
TRIES = 4
KILLED = "signal 9"
FAULTS = ("fault", "job.fault", "no JSON", "no answer", "job.never-ends")
KINDS = (
    (r"^tmp/[^/]+", "tmp/#"),
    (r"^songs/[^./][^/]*", "songs/#"),
    (r"/\.[^/]+\.creating", "/.#.creating"),
    (r"(import|parcel)-[^/]+", r"\1-#"),
    (r"[^/]*\.(wav|flac|mp3|m4a)(?=$|\.)", r"#.\1"),
    (r"[0-9a-f]{8,}|\d{4}-[0-9a-f]+", "#"),
    (r"\d+\.f4$|samples\.\d$", "#"),
)
"""What of a name differs between two runs, or between two files of one kind."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Where a run of a verb is killed: before, after or in the middle of its ``at``-th call.

    ``group`` kills the whole run, else only the process that made the call;
    ``real`` runs the true command line, in processes of their own.
    """

    verb: str
    at: int
    act: Act
    group: bool = True
    real: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What came of a kill.

    Attributes
    ----------
    call : str
        The call and the file that it was killed at; empty when it never came so far.
    told : str
        What the killed run said, when it could.
    broken : mapping
        What does not hold, by promise: after the kill and again after the
        rerun ``opens``, ``verifies``, ``kept``, ``theirs``; what it ``told``;
        of the rerun ``reruns``, ``same``, ``swept``.
    """

    call: str
    told: str
    broken: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def holds(self, *promises: str) -> bool:
        """Return whether nothing of some promises, or of any, is broken."""
        return not any(self.broken.get(promise) for promise in promises or self.broken)


def chosen(bench: Bench, kills: Mapping[str, int], *, whole: bool = False) -> list[Kill]:
    """Return a seeded choice of so many kills of each verb: kinds of call × file that no verb before had, then any.

    With ``whole`` there are more of them where that is needed to be at every kind once.
    """
    known: set[tuple[str, str]] = set()
    found: list[Kill] = []
    for name, share in kills.items():
        rng = random.Random(f"{SEED} {name}")
        calls, _ = bench.undisturbed(name)
        kinds = defaultdict(list)
        for call in calls:
            kinds[call.kind, kind_of(call.name)].append(call)
        new = sorted(kinds.keys() - known)
        rng.shuffle(new)
        new = new if whole else new[:share]
        known |= set(new)
        at = [rng.choice(kinds[kind]) for kind in new] + [rng.choice(calls) for _ in range(share - len(new))]
        for call in at:
            group = rng.random() >= ALONE_SHARE
            found.append(Kill(name, call.number, _act(call, rng), group, real=len(found) % REAL_EVERY == 0))
    return found


def missed(bench: Bench, kills: Sequence[Kill]) -> list[str]:
    """Return the kinds of call × kinds of file that no kill is at."""
    at = {(kill.verb, kill.at) for kill in kills}
    seen, all_kinds = set(), set()
    for name in dict.fromkeys(kill.verb for kill in kills):
        for call in bench.undisturbed(name)[0]:
            all_kinds.add((call.kind, kind_of(call.name)))
            if (name, call.number) in at:
                seen.add((call.kind, kind_of(call.name)))
    return sorted(f"{kind} {name}" for kind, name in all_kinds - seen)


def kind_of(name: str) -> str:
    """Return what kind of file a name below the watched folder is: without ids, titles and numbers."""
    for pattern, kind in KINDS:
        name = re.sub(pattern, kind, name)
    return name


def done(bench: Bench, kill: Kill) -> Fate:
    """Kill a run, look from outside, run the verb again, and look once more."""
    _, wanted = bench.undisturbed(kill.verb)
    for _ in range(TRIES):
        with bench.ground(VERBS[kill.verb].tree) as (warm, place):
            run = Run(warm, place, kill.verb, bench.inputs, kill.group, kill.real)
            told = run.begun(Plan(kill.at, kill.act))
            call = Wire(place.plan).at()
            if call is not None:
                wrong = kill.group and kill.verb != CONSOLE and told != KILLED
                return fate(
                    run, call, told, wanted, [f"it was to be killed, and said {told!r}"] if wrong else []
                )
        kill = replace(kill, at=max(1, kill.at * 3 // 4))  # threads may make a call fewer the next time
    return Fate("", told, {"told": [f"it never came to its call, and said {told!r}"]})


def fate(run: Run, call: Call, told: str, wanted: Mapping[str, Any], wrong: list[str]) -> Fate:
    """Look at what a run left, run the verb again, and look once more: it should come to what is wanted."""
    first = run.look()
    age(run.place)
    again = run.again()
    second = run.look()
    broken = {promise: list(first.get(promise, [])) for promise in PROMISES}
    for promise, found in broken.items():
        later = [one for one in second.get(promise, []) if one not in found]
        found += [f"after the rerun: {one}" for one in later]
    broken["told"] = wrong + ([told] if _is_a_fault(told) else [])
    broken["reruns"] = [again] if again else []
    broken["same"] = [] if again else list(_differences(wanted, second))
    broken["swept"] = leftovers(run.place)
    return Fate(f"{call.kind} {call.name}", told, broken)


def _is_a_fault(told: str) -> bool:
    """Return whether what a run said is no reason: a traceback, an answer without a code, or a second failure."""
    return (
        told == "exit code 1"
        or told.startswith("traceback")
        or any(one in told.split(", then ") for one in FAULTS)
    )


def _differences(wanted: Mapping[str, Any], looked: Mapping[str, Any]) -> Iterator[str]:
    """Yield where the songs came to something else than undisturbed."""
    outcomes = looked.get("outcome", {})
    for song, outcome in wanted["outcome"].items():
        for part, value in outcome.items():
            if outcomes.get(song, {}).get(part) != value:
                yield f"{song}: {part}"
    more = sorted(set(looked.get("files", [])) - set(wanted["files"]))
    less = sorted(set(wanted["files"]) - set(looked.get("files", [])))
    yield from (f"{name} lies there" for name in more)
    yield from (f"{name} is missing" for name in less)


def _act(call: Call, rng: random.Random) -> Act:
    acts = [Act.KILL_BEFORE, Act.KILL_AFTER, *([Act.KILL_HALF] if call.kind in WRITES else [])]
    return rng.choice(acts)
