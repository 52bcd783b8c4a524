"""The tables of ``lab.evaluate_detectors``: recall by grade, false findings with intervals, human hits, nulls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import stats

from lab import evaluate_detectors as ears
from lab.defects import DEFECTS, GRADES, NULLS, Defect

PAGE = Path(__file__).parent.parent / "docs/evaluation_ears.md"
CLEARLY = 0.5
"""Severity from which a finding counts as a claim that something is wrong."""

ASKED_RECALL = 0.95
ASKED_FALSE = 0.02


def interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact (Clopper-Pearson) interval of a share."""
    if trials == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(stats.beta.ppf(tail, hits, trials - hits + 1))
    high = 1.0 if hits == trials else float(stats.beta.ppf(1 - tail, hits + 1, trials - hits))
    return low, high


def strength_at_half(strengths: Sequence[float], recalls: Sequence[float]) -> str:
    """Return the strength at which half are found, interpolated between the grades."""
    if any(np.isnan(recalls)):
        return "–"
    rising = np.maximum.accumulate(recalls)
    if rising[0] >= 0.5:
        return f"below {strengths[0]:g}"
    if rising[-1] < 0.5:
        return f"beyond {strengths[-1]:g}"
    # two strengths may be equal in recall; the first crossing counts
    upper = int(np.argmax(rising >= 0.5))
    share = (0.5 - rising[upper - 1]) / (rising[upper] - rising[upper - 1])
    return f"{strengths[upper - 1] + share * (strengths[upper] - strengths[upper - 1]):.3g}"


def _heard(cells: Sequence[ears.Cell], detector: str) -> list[ears.Heard]:
    kept = [ears.recall(cell, detector) for cell in cells]
    return [h for h in kept if h is not None]


def _share(heard: list[ears.Heard], kind: str, least: float) -> float:
    if not heard:
        return float("nan")
    hits = [h.has(kind) if least <= 0 else h.severity(kind) >= least for h in heard]
    return float(np.mean(hits))


def _planted(plan: ears.Plan, defect: Defect, grade: str, half: str) -> list[ears.Heard]:
    detector = ears.detector_of(defect.kind)
    if detector is None:
        return []
    hosts = [h for h in plan.hosts_of() if h.startswith("human" if half == "human" else "song")]
    if half in {"even", "odd"}:
        hosts = [h for h in hosts if int(h.rpartition(":")[2]) % 2 == (half == "odd")]
    cells = [ears.Cell(h, defect.name, grade) for h in hosts]
    return _heard([c for c in cells if ears.fits(c)], detector.name)


def recall_table(plan: ears.Plan) -> list[str]:
    """One line per defect: recall at severity ≥ 0.5 per grade on odd seeds, then at clear on even, human, told at all."""
    lines = [
        "| kind | unit | strengths | recall faint / moderate / clear (odd seeds) | 50 % at | clear, even seeds | clear, human hosts | clear, told at all (odd) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for defect in ears.defects_for(plan.kinds):
        information = _is_information(plan, defect)
        least = 0.0 if information else CLEARLY
        odd = [_planted(plan, defect, grade, "odd") for grade in GRADES]
        shares = [_share(h, defect.kind, least) for h in odd]
        even = _planted(plan, defect, "clear", "even")
        human = _planted(plan, defect, "clear", "human")
        lines.append(
            f"| {defect.kind}{' (information)' if information else ''} | {defect.unit} | "
            f"{' / '.join(f'{s:g}' for s in defect.strengths)} | "
            f"{' / '.join(f'{s:.2f}' for s in shares)} (n {len(odd[-1])}) | "
            f"{strength_at_half(defect.strengths, shares)} | {_share(even, defect.kind, least):.2f} (n {len(even)}) | "
            f"{_share(human, defect.kind, least):.2f} (n {len(human)}) | {_share(odd[-1], defect.kind, 0.0):.2f} |"
        )
    return lines


def _is_information(plan: ears.Plan, defect: Defect) -> bool:
    heard = [h for half in ("odd", "even") for h in _planted(plan, defect, "clear", half)]
    found = [f for h in heard for f in h.found if f["kind"] == defect.kind]
    return bool(found) and all(f["information"] for f in found)


def false_table(plan: ears.Plan) -> list[str]:
    """One line per kind: false findings on clean synthetic songs, on each null, and on human masters."""
    nulls = [name for name in NULLS if name != "clean"]
    lines = [
        f"| kind | clean songs, severity ≥ {CLEARLY} | share and 95 % interval | told at all | {' | '.join(nulls)} | human masters |",
        "|---|---|---|---|" + "---|" * len(nulls) + "---|",
    ]
    cells = plan.clean_cells()
    for detector in plan.detectors:
        for kind in detector.kinds:
            if kind not in plan.kinds:
                continue
            clean = _heard([c for c in cells if c.host.startswith("song")], detector.name)
            hits = sum(_judged(h, kind) >= CLEARLY for h in clean)
            low, high = interval(hits, len(clean))
            told = sum(_judged(h, kind) > 0 for h in clean)
            columns = []
            for name in nulls:
                null = _heard([c for c in cells if c.host.startswith(f"null:{name}:")], detector.name)
                columns.append(f"{sum(_judged(h, kind) >= CLEARLY for h in null)}/{len(null)}")
            human = _heard(plan.human_cells(), detector.name)
            columns.append(f"{sum(_judged(h, kind) >= CLEARLY for h in human)}/{len(human)}")
            lines.append(
                f"| {kind} | {hits}/{len(clean)} | {hits / max(1, len(clean)):.3f} [{low:.3f}, {high:.3f}] | "
                f"{told} | {' | '.join(columns)} |"
            )
    return lines


def _judged(heard: ears.Heard, kind: str) -> float:
    return max(
        (f["severity"] for f in heard.found if f["kind"] == kind and not f["information"]), default=0.0
    )


def human_table(plan: ears.Plan) -> list[str]:
    """Each finding of severity ≥ 0.5 on a human master, with its evidence."""
    lines = ["| master | kind | severity | evidence | where |", "|---|---|---|---|---|"]
    for cell in plan.human_cells():
        for detector in plan.detectors:
            heard = ears.recall(cell, detector.name)
            for found in heard.found if heard else ():
                if found["severity"] < CLEARLY or found["information"] or found["kind"] not in plan.kinds:
                    continue
                where = "–" if not found["span"] else "{:.1f} to {:.1f} s".format(*found["span"])
                lines.append(
                    f"| {ears.masters()[cell.seed][1].stem} | {found['kind']} | {found['severity']:.2f} | "
                    f"{found['name']} = {found['value']:.3g} | {where} |"
                )
    return lines


def null_table(plan: ears.Plan) -> list[str]:
    """The distribution of each judged measurement on clean songs of even seed, on human masters, and on planted ones."""
    lines = [
        "| kind | measurement | clean even: 50 / 95 / 99 % / worst | clean odd: 99 % / worst | human: 50 / 95 % / worst | clear even: least / 5 % / 50 % | clear human: least / 50 % |",
        "|---|---|---|---|---|---|---|",
    ]
    songs = [c for c in plan.clean_cells() if c.host.startswith("song")]
    for detector in plan.detectors:
        for kind, name in getattr(detector, "judges", {}).items():
            if kind not in plan.kinds:
                continue
            groups = [
                [c for c in songs if c.seed % 2 == 0],
                [c for c in songs if c.seed % 2 == 1],
                plan.human_cells(),
            ]
            even, odd, human = ([h.values[kind] for h in _heard(g, detector.name)] for g in groups)
            clear = {half: _clear_values(plan, kind, half) for half in ("even", "human")}
            lines.append(
                f"| {kind} | {name} | {_quantiles(even, (50, 95, 99, 100))} | {_quantiles(odd, (99, 100))} | "
                f"{_quantiles(human, (50, 95, 100))} | {_quantiles(clear['even'], (0, 5, 50))} | "
                f"{_quantiles(clear['human'], (0, 50))} |"
            )
    return lines


def _clear_values(plan: ears.Plan, kind: str, half: str) -> list[float]:
    heard = [h for d in ears.defects_for({kind}) for h in _planted(plan, d, "clear", half)]
    return [h.values[kind] for h in heard if kind in h.values]


def _quantiles(values: Sequence[float], points: Sequence[int]) -> str:
    if not values:
        return "–"
    return " / ".join(f"{v:.3g}" for v in np.percentile(values, points))


def _preface() -> str:
    return (
        f"Made by `python -m lab.evaluate_detectors`. A finding counts when its severity is at least {CLEARLY}; "
        "information counts when it is told. Strengths were fixed in `lab/defects` before any threshold. "
        f"Asked: recall at clear ≥ {ASKED_RECALL}; false findings ≤ {ASKED_FALSE} per clean song and kind. "
        "Intervals are exact (Clopper-Pearson)."
    )


def write_report(plan: ears.Plan, *, narrow: bool) -> str:
    """Return the page; keep it in ``docs`` when it covers every kind."""
    missing = sorted({d.kind for d in DEFECTS.values() if ears.detector_of(d.kind) is None})
    parts = [
        "# How well the ears hear",
        _preface(),
        "## Recall",
        "\n".join(recall_table(plan)),
        "## False findings",
        "\n".join(false_table(plan)),
        "## Findings on finished human masters",
        "\n".join(human_table(plan)),
        "## Null distributions that the standards come from",
        "\n".join(null_table(plan)),
    ]
    if missing:
        parts.append(f"Defects without a detector: {', '.join(missing)}.")
    page = "\n\n".join(parts) + "\n"
    if not narrow:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
    return page
