"""What is published of the ears: seeds that nobody tuned by, a fault for every kind, and sums that are right."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from lab.defects import DEFECTS, GRADES
from lab.ears_sounds import TUNING, Cell, clean_hosts, grades_on, hosts_for, report_seeds, whole_masters
from lab.evaluate_detectors import Heard, Plan, all_kinds, detector_of

from lab import ears_report, evaluate_detectors

PLAN = Plan(frozenset({"hiss", "bit-depth"}))
SEEDS = report_seeds(0)


def test_no_two_sets_of_seeds_share_a_song():
    sets = [TUNING, *(report_seeds(block) for block in range(4))]
    used = [set(seeds.hosts) | set(seeds.clean) | set(seeds.nulls) for seeds in sets]
    for one, other in itertools.combinations(used, 2):
        assert not one & other


def test_at_least_two_hundred_clean_songs_are_published():
    assert len(clean_hosts(SEEDS)) >= 200
    assert len({Cell(host).number for host in clean_hosts(SEEDS)}) == len(clean_hosts(SEEDS))


def test_every_kind_that_is_told_has_a_fault_to_be_measured_with():
    assert all_kinds() <= {defect.kind for defect in DEFECTS.values()}


def test_clear_faults_are_planted_in_every_host():
    for defect in DEFECTS:
        hosts = hosts_for(defect, SEEDS)
        made = sum(host.startswith("song") for host in hosts)
        assert made == len(SEEDS.hosts) / (2 if "recipe" in DEFECTS[defect].needs else 1)
        assert all("clear" in grades_on(host) for host in hosts)
        assert any(grades_on(host) == GRADES for host in hosts)


def test_a_cell_tells_its_parts():
    cell = Cell("song:3101@45", "hiss", "clear")
    assert (cell.kind, cell.number, cell.length_s) == ("song", 3101, 45)
    assert cell.name == "song_3101_45~hiss~clear"


@pytest.fixture
def told(monkeypatch):
    """Let cells read as a table says: (host, defect, grade) to severity; anything else was not heard."""
    table: dict[Cell, float] = {}

    def recall(cell, detector):
        if cell not in table or detector != detector_of("hiss").name:
            return None
        severity = table[cell]
        found = [{"kind": "hiss", "severity": severity, "information": False, "span": None,
                  "name": "noise.hiss_db", "value": -30.0}]  # fmt: skip
        return Heard(cell, found if severity > 0 else [], {"hiss": -30.0})

    monkeypatch.setattr(evaluate_detectors, "recall", recall)
    return table


def test_a_host_that_is_told_of_before_planting_is_left_out(told):
    first, second, third = hosts_for("hiss", SEEDS)[:3]
    told |= {Cell(first): 0.0, Cell(second): 0.6, Cell(third): 0.2}
    told |= {Cell(first, "hiss", "clear"): 0.7, Cell(second, "hiss", "clear"): 0.9}
    told |= {Cell(third, "hiss", "clear"): 0.4}
    assert ears_report.recall_of(PLAN, DEFECTS["hiss"], "clear", made=True) == ears_report.Trials(1, 2, 1)
    assert ears_report.misses(PLAN, "hiss") == ["recall 0.50 (1/2) on made songs"]


def test_a_host_that_cannot_carry_a_fault_is_left_out_and_counted(told, monkeypatch):
    first, second = hosts_for("hiss", SEEDS)[:2]
    told |= {Cell(host): 0.0 for host in (first, second)}
    told |= {Cell(first, "hiss", "clear"): 0.7, Cell(second, "hiss", "clear"): 0.0}
    heard = evaluate_detectors.recall

    def recall(cell, detector):
        found = heard(cell, detector)
        return replace(found, unfit=True) if found and cell == Cell(second, "hiss", "clear") else found

    monkeypatch.setattr(evaluate_detectors, "recall", recall)
    assert ears_report.recall_of(PLAN, DEFECTS["hiss"], "clear", made=True) == ears_report.Trials(1, 1, 0, 1)
    row = next(row for row in ears_report.recall_table(PLAN) if row.startswith("| hiss "))
    assert row.endswith("| 1 made |")


def test_false_findings_count_from_one_half_and_are_told_when_too_many(told):
    hosts = clean_hosts(SEEDS)
    told |= {Cell(host): 0.49 for host in hosts}
    assert ears_report.misses(PLAN, "hiss") == []
    told |= {Cell(host): 0.5 for host in hosts[:5]}
    assert ears_report.misses(PLAN, "hiss") == [f"false on 5 of {len(hosts)} clean songs"]
    assert "5/220" in next(row for row in ears_report.false_table(PLAN) if row.startswith("| hiss "))


def test_claims_on_human_masters_are_listed_and_counted(told):
    hosts = whole_masters()[:2]
    if len(hosts) < 2:
        pytest.skip("no shared masters here")
    told |= {Cell(host): 0.8 for host in hosts}
    assert len(ears_report.human_table(PLAN)) == 2 + len(hosts)
    assert ears_report.misses(PLAN, "hiss") == ["claimed of 2 of 2 human masters"]


def test_the_page_says_first_what_misses_and_what_was_not_heard(told):
    first = hosts_for("hiss", SEEDS)[0]
    told |= {Cell(first): 0.0, Cell(first, "hiss", "clear"): 0.1}
    page = ears_report.page(PLAN)
    assert page.index("**hiss**: recall 0.00 (0/1) on made songs") < page.index("## Recall")
    assert "**bit-depth**: nothing heard yet" in page
