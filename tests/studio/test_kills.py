"""Twenty kills at calls of the system, over every verb: no song is lost, no word, no file, and the verb works again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.faults import place
from lab.faults.kills import Kill, chosen, done
from lab.faults.run import Bench
from lab.faults.tripwire import Act, missing
from lab.faults.verbs import CONSOLE, VERBS

TWICE = ("new, add", "decide", "release")
KILLS = {name: 2 if name in TWICE else 1 for name in VERBS}


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Return a bench with one warm process: the suite has others at work."""
    with place.scratch() as root, Bench(Path(root), hands=1) as made:
        yield made


def in_an_append(bench: Bench, verb: str) -> Kill:
    """Return the kill that leaves the ledger's journal hot."""
    calls, _ = bench.undisturbed(verb)
    hot = next(one for one in calls if one.kind == "unlink" and one.name == "songs/a/ledger.sqlite-journal")
    return Kill(verb, hot.number, Act.KILL_BEFORE)


@pytest.mark.fault
@pytest.mark.skipif(bool(missing()), reason=f"NO TRIPWIRE CAN BE LAID: {missing()}")
def test_after_twenty_kills_every_song_opens_and_every_word_is_there(bench: Bench) -> None:
    hot = [in_an_append(bench, verb) for verb in ("decide", "note")]
    kills = [*hot, *chosen(bench, KILLS)]
    assert len(kills) == 20
    assert {kill.verb for kill in kills} == set(VERBS)
    assert CONSOLE in VERBS
    broken = []
    for kill in kills:
        fate = done(bench, kill)
        if not fate.call or not fate.holds():
            broken.append(f"{kill}: {fate.call or 'never came to its call'} {json.dumps(fate.broken)}")
    assert not broken, "\n".join(broken)
