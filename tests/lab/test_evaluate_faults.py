"""The page of faults says of each kill what it is, and hides none that broke something."""

from __future__ import annotations

from lab.evaluate_faults import COLUMNS, killed_text
from lab.faults.failing import FAILURES, said, trials
from lab.faults.kills import Fate, Kill, kind_of
from lab.faults.tripwire import Act
from lab.faults.verbs import VERBS

WHOLE = Fate("write songs/a/x", "signal 9", {"opens": [], "kept": []})
LOST = Fate("write songs/a/x", "signal 9", {"opens": [], "kept": ["a: entry 3 was acknowledged and is gone"]})


def row(text: str, name: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_each_promise_is_counted_by_itself_and_what_broke_is_named():
    kills = [
        Kill("note", 3, Act.KILL_BEFORE),
        Kill("note", 4, Act.KILL_HALF, group=False),
        Kill("do", 1, Act.KILL_AFTER),
    ]
    text = killed_text(kills, [WHOLE, LOST, WHOLE], ["rename songs/#/x"])
    kept = list(COLUMNS).index("acknowledged there") + 1
    assert row(text, "note")[0] == "2"
    assert row(text, "note")[kept] == "1"
    assert row(text, "all")[0] == "3"
    assert [row(text, "all")[n] for n in range(1, len(COLUMNS) + 1)].count("3") == len(COLUMNS) - 1
    assert "- note, KILL_HALF write songs/a/x: kept: a: entry 3 was acknowledged and is gone" in text
    assert "3 kills: 2 of the whole run, 1 of only the process" in text
    assert "without a kill: rename songs/#/x." in text


def test_five_hundred_kills_are_shared_out():
    assert sum(verb.kills for verb in VERBS.values()) >= 500
    assert len(VERBS) >= 10


def test_every_fault_is_tried_in_every_verb_that_it_names():
    assert len(trials()) == sum(len(failure.verbs) for failure in FAILURES)
    assert all(verb in VERBS for failure in FAILURES for verb in failure.verbs)
    assert (
        said([Fate("", "env.disk-full"), Fate("", ""), Fate("", "env.disk-full")])
        == "env.disk-full ×2, went on ×1"
    )


def test_a_kind_of_file_has_no_ids_titles_or_numbers():
    names = {
        "songs/a/renders/0001-6b9354ff/.Glass Harbour.flac.3a30c610c82c.part": "songs/#/renders/#/#.flac.#.part",
        "songs/.b.92c21a87.creating/ledger.sqlite": "songs/.#.creating/ledger.sqlite",
        "tmp/decode-ab12cd_f/samples.1": "tmp/#/#",
        "songs/a/ledger.sqlite-journal": "songs/#/ledger.sqlite-journal",
        "songs/.console/import-abc_defg/take.wav": "songs/.console/import-#/#.wav",
    }
    assert {name: kind_of(name) for name in names} == names
