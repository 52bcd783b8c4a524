"""``make mutants``: small faults in ``studio/``, ``engine/`` and ``ledger/``, one at a time: do the tests see them?

``python -m lab.mutants [--sample 400] [--seed 1] [--only studio/walk.py …] [--budget 30]``. A fault is met by the
tests that run its line, the fastest first, until one fails or their seconds are used up. What was tried is kept
under ``.work/mutants`` by content, so a run that was stopped goes on where it was, and tests that were added
since are tried on what survived. The page is docs/evaluation/mutants.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from lab.mutation import mapping, trial
from lab.mutation.mapping import ROOT, Map
from lab.mutation.operators import Mutant, mutants_of

WORK = ROOT / ".work" / "mutants"
PAGE = ROOT / "docs" / "evaluation" / "mutants.md"
JUDGED = ROOT / "lab" / "mutation" / "judged.toml"
JOBS = 2
NULLS = 3
"""Trials of the code as it is: the instrument must not kill what is whole."""

UNREACHED = "no test runs it"


def sites() -> list[Mutant]:
    """Return every fault of every file, in one order."""
    found: list[Mutant] = []
    for room in trial.MUTATED:
        for path in sorted((ROOT / "src" / "controlroom" / room).glob("*.py")):
            name = str(path.relative_to(ROOT))
            found += mutants_of(f"controlroom.{room}.{path.stem}", name, path.read_text(encoding="utf-8"))
    return found


def chosen(mutant: Mutant, known: Map, budget_s: float) -> tuple[list[str], float, bool]:
    """Return the tests to run, the fastest first; their seconds; and whether no wide fixture meets the fault.

    A fault that a session's fixture meets is in what the fixture makes: those tests count too, and pay for it.
    """
    direct, fixtures = known.meets(mutant)
    cost = {name: known.seconds.get(name, 0.0) for name in direct}
    for name, used in known.fixtures.items():
        if met := fixtures.intersection(used):
            cost[name] = known.seconds.get(name, 0.0) + sum(known.seconds.get(f, 0.0) for f in met)
    tests, spent = [], 0.0
    for name in sorted(cost, key=lambda name: (cost[name], name)):
        if tests and spent + cost[name] > budget_s:
            break
        tests.append(name)
        spent += cost[name]
    return tests, spent, not fixtures


def key_of(mutant: Mutant, tests: Sequence[str], known: Map) -> str:
    """Name a trial by all that its outcome hangs on."""
    files = sorted({name.split("::")[0] for name in tests})
    said = [mutant.id, mutant.before, mutant.after, *tests, *(known.keys.get(name, "") for name in files)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]


def try_all(mutants: Sequence[Mutant], known: Map, budget_s: float) -> dict[str, dict[str, str]]:
    """Try what was not tried yet, and return the outcome of each mutant by id."""
    kept = WORK / "outcomes.jsonl"
    done = {}
    if kept.is_file():
        done = {one["key"]: one for one in map(json.loads, kept.read_text().splitlines())}
    plans = {mutant.id: chosen(mutant, known, budget_s) for mutant in mutants}
    keys = {mutant.id: key_of(mutant, plans[mutant.id][0], known) for mutant in mutants}
    found = {m.id: done[keys[m.id]] for m in mutants if keys[m.id] in done}
    found |= {m.id: {"outcome": "survived", "by": UNREACHED} for m in mutants if not plans[m.id][0]}
    waiting = [m for m in mutants if m.id not in found]
    print(f"{len(mutants)} mutants, {len(waiting)} to try", flush=True)
    running: dict[int, tuple[Mutant, trial.Trial]] = {}
    free = list(range(JOBS))
    while waiting or running:
        while waiting and free:
            mutant, slot = waiting.pop(0), free.pop()
            tests, spent, whole = plans[mutant.id]
            limit_s = 20.0 + 3.0 * spent
            running[slot] = (mutant, trial.start(mutant.id, tests, limit_s, WORK, slot, kept=whole))
        ended, outcome = trial.end_of([one for _, one in running.values()])
        slot = next(s for s, (_, one) in running.items() if one is ended)
        mutant, _ = running.pop(slot)
        free.append(slot)
        one = {"key": keys[mutant.id], "id": mutant.id, "outcome": outcome, "by": ended.killer()}
        found[mutant.id] = one
        with kept.open("a") as file:
            file.write(json.dumps(one) + "\n")
        print(f"{outcome:9} {mutant.id} {mutant.operator}: {mutant.before[:60]}", flush=True)
    return found


def check_instrument(mutants: Sequence[Mutant], known: Map, budget_s: float) -> None:
    """Run the tests of some mutants on the code as it is; none may fail."""
    for number, mutant in enumerate(mutants[:NULLS]):
        tests, spent, whole = chosen(mutant, known, budget_s)
        if tests:
            one, outcome = trial.end_of([trial.start("", tests, 60 + 3 * spent, WORK, number, kept=whole)])
            if outcome != "survived":
                raise SystemExit(f"the code as it is was {outcome}:\n{one.log.read_text()[-3000:]}")


def judgements() -> dict[tuple[str, str, str, str], str]:
    """Return what was said of survivors that were read: by file, function, and how the place reads."""
    if not JUDGED.is_file():
        return {}
    listed = tomllib.loads(JUDGED.read_text(encoding="utf-8")).get("judged", [])
    return {(one["file"], one["function"], one["before"], one["after"]): one["why"] for one in listed}


def page(mutants: Sequence[Mutant], found: Mapping[str, Mapping[str, str]], words: str) -> str:
    """Return the tables: the score, per file, per operator, and the survivors with what was said of them."""
    outcomes = {mutant.id: found[mutant.id]["outcome"] for mutant in mutants}
    by_file, by_operator = defaultdict(Counter), defaultdict(Counter)
    for mutant in mutants:
        by_file[_short(mutant)][outcomes[mutant.id]] += 1
        by_operator[mutant.operator][outcomes[mutant.id]] += 1
    parts = [words, f"**{_score(Counter(outcomes.values()))}**", _table("file", by_file)]
    parts += [_table("operator", by_operator), "## Survivors", _survivors(mutants, found)]
    return "\n\n".join(parts) + "\n"


def _short(mutant: Mutant) -> str:
    return mutant.path.removeprefix("src/controlroom/")


def _score(counts: Mapping[str, int]) -> str:
    killed, survived = counts.get("killed", 0), counts.get("survived", 0)
    share = killed / max(1, killed + survived)
    return f"score {share:.3f}: {killed} killed, {survived} survived, {counts.get('timeout', 0)} timed out"


def _table(head: str, rows: Mapping[str, Mapping[str, int]]) -> str:
    lines = [f"| {head} | killed | survived | timed out | score |", "|---|--:|--:|--:|--:|"]
    for name in sorted(rows):
        killed, survived, late = (rows[name].get(word, 0) for word in ("killed", "survived", "timeout"))
        score = f"{killed / (killed + survived):.2f}" if killed + survived else "–"
        lines.append(f"| {name} | {killed} | {survived} | {late} | {score} |")
    return "\n".join(lines)


def _survivors(mutants: Iterable[Mutant], found: Mapping[str, Mapping[str, str]]) -> str:
    said = judgements()
    lines = ["| where | was | became | read as |", "|---|---|---|---|"]
    for mutant in sorted(mutants, key=lambda m: (m.path, m.line, m.site)):
        if found[mutant.id]["outcome"] == "survived":
            name = (_short(mutant), mutant.function, mutant.before, mutant.after)
            why = said.get(name) or ("" if found[mutant.id]["by"] != UNREACHED else UNREACHED)
            place = f"{_short(mutant)}:{mutant.line} {mutant.function}"
            lines.append(f"| {place} | {_cell(mutant.before)} | {_cell(mutant.after)} | {why} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    short = text if len(text) <= 100 else text[:97] + "…"
    return f"`{short}`".replace("|", "\\|")


def main() -> None:
    """Sample, map, try, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--sample", type=int, default=400)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", nargs="*", default=[], help="files below src/controlroom")
    asked.add_argument("--budget", type=float, default=30.0, help="seconds of tests per mutant")
    wish = asked.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    known = mapping.load(WORK)
    all_sites = [m for m in sites() if not wish.only or _short(m) in wish.only]
    sample = random.Random(wish.seed).sample(all_sites, min(wish.sample, len(all_sites)))
    trial.warm_up()
    check_instrument(sample, known, wish.budget)
    found = try_all(sample, known, wish.budget)
    words = (
        f"{len(sample)} of {len(all_sites)} small faults in `studio/`, `engine/` and `ledger/`, drawn with seed "
        f"{wish.seed}; each tried on the tests of {', '.join(mapping.ROOMS)} that run its line, the fastest first, "
        f"for at most {wish.budget:g} s of tests. Score: killed / (killed + survived). A survivor may fall to a "
        "test beyond the limit or of another room: the score is a lower bound."
    )
    text = page(sample, found, words)
    print(text)
    if not wish.only:
        PAGE.write_text(
            "# Evaluation: mutants\n\nSmall faults, one at a time: do the tests see them?\n\n" + text
        )


if __name__ == "__main__":
    main()
