"""The page of ``lab.evaluate_detectors``: what holds and what misses, recall by grade, false findings, human hits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lab import evaluate_detectors as ears
from lab import metrics
from lab.defects import DEFECTS, GRADES, Defect
from lab.ears_sounds import (
    BLOCK_OF,
    NOISES,
    TUNING,
    Cell,
    clean_hosts,
    hosts_for,
    masters,
    null_hosts,
    report_seeds,
    whole_masters,
)

CLEARLY = 0.5
"""Severity from which a finding counts as a claim that something is wrong."""

ASKED_RECALL = 0.95
ASKED_FALSE = 0.02
MOST_HUMAN_HITS = 1
LEAST_HOSTS = 20
LEAST_CLEAN = 200
NOISE = frozenset(
    ["hiss", "hum", "whine", "shimmer", "hf-flutter", "clicks", "dropouts", "dc-offset", "rumble"]
)
STROKES = frozenset(["weak-kick", "weak-snare", "smear", "hat-density"])
VOICE_AND_SPACE = frozenset(
    [
        "masked-voice",
        "sibilance",
        "voice-level",
        "low-end-width",
        "side-highs",
        "mono-fold",
        "stereo-balance",
        "stereo-drift",
    ]
)
BALANCE = frozenset(
    ["mud", "boom", "harshness", "fizz", "dullness", "thin-low-end", "tonal-balance", "resonance"]
)
NO_FALSE_ON_HUMANS = NOISE | STROKES | VOICE_AND_SPACE
"""Kinds that a finished human master is taken not to have; the others it may really have."""

FOUND_IN_HUMANS = NO_FALSE_ON_HUMANS | BALANCE
"""Kinds whose recall is asked for on human recordings too."""


METERS = frozenset({"level", "true-peak"})
"""Readings of a meter (docs/evaluation/meter.md): a clean song that is quiet or hot really is."""

NOTES = {
    "dc-offset": "the masters claimed are one artist's, and do hold it: their samples' mean is 0.03 to 0.14 of full scale.",
    "fizz": "masters whose highs lie so far under the corridor that 36 dB more does not bring them over it are no hosts.",
    "level": "the made songs are not mastered; claims on clean ones are a meter's reading and are not counted.",
    "rumble": "the masters claimed hold -8 to -13 dB of their power at 3 to 20 Hz by a plain Fourier transform too; "
    "clear rumble is planted no stronger, so that no limit parts the two.",
    "hiss": "hosts that cover it are left out since 22 of 24 human ones had been found; the detector is as it was.",
    "hum": "hosts that cover it are left out since 20 of 22 human ones had been found; the detector is as it was.",
    "masked-voice": "makes no claim on a stem that lies 40 dB under its mix since a silent one had been judged; a fresh block.",
    "voice-level": "makes no claim on a stem that lies 40 dB under its mix since a silent one had been judged; a fresh block, "
    "where songs whose voice sings in one section only, in which nothing was planted, are no hosts any more.",
    "hat-density": "from the mix alone it says no more than severity 0.5; its scale was halved after ten human hosts had been "
    "seen, and its made songs are of a block that was not.",
    "resonance": "information: on human masters a fifth to a third of clear rings was missed, and a ring may be an instrument.",
    "sibilance": "its scale was doubled after 10 of 220 clean songs had been claimed, and it makes no claim on a stem that "
    "lies 40 dB under its mix; one human voice stays within the norm with 13 dB more (4 of 5 before it was left out).",
    "stereo-drift": "its scale was narrowed after ten human hosts had been seen; made songs are of a fresh block.",
    "harmonic-familiarity": "one chord that may be misheard ends no loop since 18 of 20 had been found, and only a loop that "
    "goes round two and a half times at once is claimed; clean songs 1100 to 1159 at 45 s were tuning hosts too; a fresh block.",
    "pumping": "reads what holds apart from what is struck, and beats that were heard half off or doubled, since 36 of 39 had "
    "been found; clean songs 1100 to 1159 at 45 s were tuning hosts too, and the human masters were in view; a fresh block.",
    "section-level": "reads nearer the top of the like pairs since 35 of 39 had been found, and looks for a passage's like "
    "at any quarter of a step since 20 of 24 were on the next seeds; clean songs 1100 to 1159 at 45 s were tuning hosts too; "
    "read anew on seeds of its own. Of those, hosts in which by their truth no section comes back are left out since 36 of 40 "
    "had been found: they had been given a step in music that never returns.",
    "surface-arc": "held against the brief's own sections since its first figures were seen (14 of 92 clean songs "
    "claimed), and those laid from the song's begin to its last stroke since its second were (12 of 220: sections lay "
    "partly on what rings out); read anew on seeds of its own.",
}
"""What a figure does not say by itself, as found when the table was first made."""


@dataclass(frozen=True, slots=True)
class Trials:
    """Hits of trials; hosts left out because the kind was told of them unplanted, or because they can't carry it."""

    hits: int
    count: int
    left_out: int = 0
    no_host: int = 0

    @property
    def share(self) -> float:
        """Share of hits; not a number without trials."""
        return self.hits / self.count if self.count else float("nan")

    def __str__(self) -> str:
        return f"{self.share:.2f} ({self.hits}/{self.count})" if self.count else "–"


@dataclass(frozen=True, slots=True)
class FalseFindings:
    """Clean sounds of which a kind was claimed at severity ≥ 0.5, by sort of sound."""

    songs: Trials
    alone: Trials
    nulls: tuple[Trials, ...]
    human: Trials
    told: int


def _heard(hosts: Iterable[str], detector: str) -> list[ears.Heard]:
    kept = (ears.recall(Cell(host), detector) for host in hosts)
    return [one for one in kept if one is not None]


def is_information(plan: ears.Plan, kind: str) -> bool:
    """Whether a kind is told as information by rule: each clear fault that was found was told as such."""
    detector = ears.detector_of(kind)
    found = [
        f
        for defect in ears.defects_for({kind})
        for host in hosts_for(defect.name, plan.seeds(kind))
        for heard in [ears.recall(Cell(host, defect.name, "clear"), detector.name if detector else "")]
        for f in (heard.found if heard else ())
        if f["kind"] == kind
    ]
    return bool(found) and all(f["information"] for f in found)


def recall_of(plan: ears.Plan, defect: Defect, grade: str, *, made: bool) -> Trials:
    """Return how many hosts that were silent before are told of after planting."""
    detector = ears.detector_of(defect.kind)
    information = is_information(plan, defect.kind)
    hits = count = left_out = no_host = 0
    for host in hosts_for(defect.name, plan.seeds(defect.kind)):
        if host.startswith("song") is not made or detector is None:
            continue
        before = ears.recall(Cell(host), detector.name)
        after = ears.recall(Cell(host, defect.name, grade), detector.name)
        if before is None or after is None:
            continue
        if after.unfit:
            no_host += 1
            continue
        if _counts(before, defect.kind, information=information):
            left_out += 1
            continue
        count += 1
        hits += _counts(after, defect.kind, information=information)
    return Trials(hits, count, left_out, no_host)


def _counts(heard: ears.Heard, kind: str, *, information: bool) -> bool:
    return heard.told(kind) if information else heard.severity(kind) >= CLEARLY


def false_of(plan: ears.Plan, kind: str) -> FalseFindings:
    """Count the clean sounds of which a kind is claimed."""
    detector, seeds = ears.detector_of(kind), plan.seeds(kind)
    name = detector.name if detector else ""

    def trials(hosts: Sequence[str]) -> Trials:
        heard = _heard(hosts, name)
        return Trials(sum(one.severity(kind) >= CLEARLY for one in heard), len(heard))

    songs = clean_hosts(seeds)
    return FalseFindings(
        trials(songs),
        trials(clean_hosts(seeds, "alone")),
        tuple(trials(null_hosts(seeds, noise)) for noise in NOISES),
        trials(whole_masters()),
        sum(one.told(kind) for one in _heard(songs, name)),
    )


def misses(plan: ears.Plan, kind: str) -> list[str]:
    """Return what a kind misses of the bars, in words; empty where it holds them all."""
    said = []
    defects = ears.defects_for({kind})
    for defect in defects:
        own = recall_of(plan, defect, "clear", made=True)
        human = recall_of(plan, defect, "clear", made=False)
        name = "" if len(defects) == 1 else f" ({defect.name})"
        if own.count and own.share < ASKED_RECALL:
            said.append(f"recall {own} on made songs{name}")
        if kind in FOUND_IN_HUMANS and human.count and human.share < ASKED_RECALL:
            said.append(f"recall {human} on human hosts{name}")
    if not is_information(plan, kind) and kind not in METERS:
        found = false_of(plan, kind)
        for trials, where in ((found.songs, "clean songs"), (found.alone, "clean songs without stems")):
            if trials.count and trials.share > ASKED_FALSE:
                said.append(f"false on {trials.hits} of {trials.count} {where}")
        if kind in NO_FALSE_ON_HUMANS and found.human.hits > MOST_HUMAN_HITS:
            said.append(f"claimed of {found.human.hits} of {found.human.count} human masters")
    return said


def verdict(plan: ears.Plan) -> list[str]:
    """Say at the top which kinds miss, which could not be tried, and which are information."""
    kinds = sorted(plan.kinds)
    missing = {kind: misses(plan, kind) for kind in kinds}
    tried = {d.kind for d in ears.defects_for(set(kinds)) if recall_of(plan, d, "clear", made=True).count}
    held = [kind for kind in kinds if not missing[kind] and kind in tried]
    nowhere = [
        kind
        for kind in kinds
        if kind in FOUND_IN_HUMANS
        and not any(recall_of(plan, d, "clear", made=False).count for d in ears.defects_for({kind}))
    ]
    undetected = sorted({d.kind for d in DEFECTS.values() if ears.detector_of(d.kind) is None})
    thin = [kind for kind in kinds if kind in tried and _is_thin(plan, kind)]
    sure = [kind for kind in held if kind not in thin]
    first = f"Of {len(kinds)} kinds {len(sure)} hold every bar that applies to them on as many sounds as the bars ask for"
    fewer = len(held) - len(sure)
    more = f", and {fewer} more on the fewer that have been heard so far" if fewer else ""
    lines = [f"{first}{more}. These miss:", ""]
    lines += [f"- **{kind}**: {'; '.join(missing[kind])}." for kind in kinds if missing[kind]]
    lines += [f"- **{kind}**: nothing heard yet on these seeds." for kind in kinds if kind not in tried]
    lines += [
        f"- **{kind}**: no detector; none that was tried told it from clean music." for kind in undetected
    ]
    if not any(line.startswith("- ") for line in lines):
        lines.append("- none.")
    weaker = [d for d in ears.defects_for(set(kinds)) if not recall_of(plan, d, GRADES[0], made=True).count]
    if weaker:
        lines += [
            "",
            f"Weaker grades, and so the strength at which half are found, are still to be heard for {len(weaker)} fault{'s' * (len(weaker) > 1)}.",
        ]
    if thin:
        bars = f"{LEAST_HOSTS} made hosts, {LEAST_HOSTS} human ones or {LEAST_CLEAN} clean songs"
        lines += [
            "",
            f"Heard so far on fewer than {bars}, so that figures may still move: {', '.join(thin)}.",
        ]
    lines += ["", *(f"- About {kind}: {NOTES[kind]}" for kind in kinds if kind in NOTES)]
    information = [kind for kind in kinds if is_information(plan, kind)]
    lines += ["", f"Information by rule, never a claim: {', '.join(information) or 'none'}."]
    if nowhere:
        lines += [
            "",
            f"No shared human recording can carry these (it has no such stem): {', '.join(nowhere)}.",
        ]
    return lines


def _is_thin(plan: ears.Plan, kind: str) -> bool:
    """Whether a kind was heard on less than the bars ask for; multitracks and kinds without human hosts apart."""
    clean = false_of(plan, kind).songs.count
    for defect in ears.defects_for({kind}):
        made, human = (recall_of(plan, defect, "clear", made=made) for made in (True, False))
        masters_fit = not defect.needs and kind in FOUND_IN_HUMANS
        if made.count + made.left_out < min(LEAST_HOSTS, len(hosts_for(defect.name, plan.seeds(kind)))):
            return True
        if masters_fit and human.count + human.left_out + human.no_host < LEAST_HOSTS:
            return True
    return clean < LEAST_CLEAN


def recall_table(plan: ears.Plan) -> list[str]:
    """One line per defect."""
    lines = [
        "| kind | planted | strengths, unit | faint | moderate | clear | 95 % interval at clear | half are found at | clear, human hosts | told before | no host |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for defect in sorted(ears.defects_for(set(plan.kinds)), key=lambda d: (d.kind, d.name)):
        own = [recall_of(plan, defect, grade, made=True) for grade in GRADES]
        human = recall_of(plan, defect, "clear", made=False)
        half = "–"
        if all(trials.count for trials in own):
            at = metrics.strength_at_half_recall(defect.strengths, [trials.share for trials in own])
            below = own[0].share >= 0.5
            half = "beyond the strongest" if at is None else f"{'at most ' if below else ''}{at:.3g}"
        lines.append(
            f"| {defect.kind} | {defect.name} | {' / '.join(f'{s:g}' for s in defect.strengths)} {defect.unit} | "
            f"{' | '.join(str(trials) for trials in own)} | {_interval(own[-1])} | {half} | {human} | "
            f"{own[-1].left_out + human.left_out or '–'} | {_no_host(own[-1], human)} |"
        )
    return lines


def _no_host(made: Trials, human: Trials) -> str:
    """Say how many made and human hosts can't carry a fault."""
    said = [f"{t.no_host} {word}" for t, word in ((made, "made"), (human, "human")) if t.no_host]
    return ", ".join(said) or "–"


def _interval(trials: Trials) -> str:
    if not trials.count:
        return "–"
    found = metrics.share_interval(trials.hits, trials.count)
    return f"{found.low:.3f} to {found.high:.3f}"


def false_table(plan: ears.Plan) -> list[str]:
    """One line per kind: claims on clean songs, on each other null, and on human masters."""
    lines = [
        f"| kind | clean songs | per song, 95 % interval | the same, mix alone | {' | '.join(NOISES)} | human masters | clean songs told at all |",
        "|---|---|---|---|" + "---|" * len(NOISES) + "---|---|",
    ]
    for kind in sorted(plan.kinds):
        found = false_of(plan, kind)
        cells = [f"{t.hits}/{t.count}" for t in (*found.nulls, found.human)]
        alone = f"{found.alone.hits}/{found.alone.count}" if found.alone.count else "–"
        share = f"{found.songs.share:.3f}, {_interval(found.songs)}" if found.songs.count else "–"
        lines.append(
            f"| {kind} | {found.songs.hits}/{found.songs.count} | {share} | {alone} | "
            f"{' | '.join(cells)} | {found.told} |"
        )
    return lines


def human_table(plan: ears.Plan) -> list[str]:
    """Each claim of severity ≥ 0.5 on a human master, with its evidence."""
    lines = ["| kind | master | severity | evidence | where |", "|---|---|---|---|---|"]
    for kind in sorted(plan.kinds):
        detector = ears.detector_of(kind)
        for heard in _heard(whole_masters(), detector.name if detector else ""):
            for found in heard.found:
                if found["kind"] != kind or found["severity"] < CLEARLY or found["information"]:
                    continue
                where = "all of it" if not found["span"] else "{:.1f} to {:.1f} s".format(*found["span"])
                lines.append(
                    f"| {kind}{'' if kind in NO_FALSE_ON_HUMANS else ' *'} | "
                    f"{masters()[heard.cell.number][1].stem} | {found['severity']:.2f} | "
                    f"{found['name']} = {found['value']:.3g} | {where} |"
                )
    return lines


def null_table(plan: ears.Plan) -> list[str]:
    """Return the distribution of each judged measurement on clean songs, on human masters, and where it is planted."""
    lines = [
        "| kind | measurement | standard | clean songs: least / 1 % / 50 % / 99 % / most | human masters: least / 50 % / most | clear: least / 5 % / 50 % / most |",
        "|---|---|---|---|---|---|",
    ]
    for kind in sorted(plan.kinds):
        detector = ears.detector_of(kind)
        name = getattr(detector, "judges", {}).get(kind)
        if detector is None or name is None:
            continue
        seeds = plan.seeds(kind)
        clean = [h.values[kind] for h in _heard(clean_hosts(seeds), detector.name) if kind in h.values]
        human = [h.values[kind] for h in _heard(whole_masters(), detector.name) if kind in h.values]
        planted = [
            heard
            for defect in ears.defects_for({kind})
            for host in hosts_for(defect.name, seeds)
            for heard in [ears.recall(Cell(host, defect.name, "clear"), detector.name)]
            if heard is not None
        ]
        clear = [heard.values[kind] for heard in planted if kind in heard.values]
        limits = {
            f["limit"]
            for heard in planted
            for f in heard.found
            if f["kind"] == kind and f["name"] == name and f.get("limit") is not None
        }
        limit = " / ".join(f"{value:g}" for value in sorted(limits)) or "–"
        lines.append(
            f"| {kind} | {name} | {limit} | {_quantiles(clean, (0, 1, 50, 99, 100))} | "
            f"{_quantiles(human, (0, 50, 100))} | {_quantiles(clear, (0, 5, 50, 100))} |"
        )
    return lines


def _quantiles(values: Sequence[float], points: Sequence[int]) -> str:
    if not values:
        return "–"
    return " / ".join(f"{v:.3g}" for v in np.percentile(values, points))


def _preface(plan: ears.Plan) -> str:
    if plan.tuning:
        return f"Tuning seeds ({TUNING}): these may be looked at and set by, and are never published."
    moved = {block: sorted(k for k, b in BLOCK_OF.items() if b == block) for block in set(BLOCK_OF.values())}
    seeds = [f"Seeds: {report_seeds(0)}."]
    seeds += [
        f"For {', '.join(kinds)}, changed after figures on earlier seeds had been seen: {report_seeds(block)}."
        for block, kinds in sorted(moved.items())
    ]
    return (
        "Made by `make evaluate ONLY=ears` (`lab/evaluate_detectors.py`). "
        f"Thresholds were set on other seeds ({TUNING}). {' '.join(seeds)}\n\n"
        f"A finding counts from severity {CLEARLY} on; information counts when it is told. A host that has the "
        'finding before anything is planted is left out of its recall ("told before"), and so is one that cannot '
        'carry it ("no host"): it has no such stem, or would not reach the strength. A host carries hiss and hum when '
        "the clear one lies 6 dB or more over its masked threshold in its best ERB band for a tenth of the time "
        "(`lab/defects/audible.py`), sibilance when the clear one lifts the voice's consonants over the norm of -10 to "
        "-6 dB against its vowels. Strengths were fixed in "
        "`lab/defects` before any threshold; those of bump, quiet, hot-peaks, inner-silence, one-loop, turned-arc and "
        "hats-in-mix were added after, from the standards' own distances. Clear faults are planted in all hosts, "
        "weaker ones in every fourth made one. Clean songs and hosts last 30 s (hosts 45 s for form, dynamics "
        "and drift), excerpts of human masters 40 s.\n\n"
        f"Bars: recall at clear ≥ {ASKED_RECALL}; claims ≤ {ASKED_FALSE} per clean song and kind; of "
        f"{len(masters())} human masters at most {MOST_HUMAN_HITS} per kind of noise, strokes, voice and space. "
        "Source, clipping, loudness, form and harmony are judged on made songs only: human masters really have them. "
        "Intervals are exact (Clopper-Pearson).\n\n"
        "The human masters are no held-out set: the corridor of balance and several limits of stereo and repair "
        "were set with them in view (the standards' origins say which). Stems of human hosts come from three "
        "shared multitracks, six excerpts, in one of which nobody sings."
    )


def page(plan: ears.Plan) -> str:
    """Return the page's text, without its title."""
    parts = [
        _preface(plan),
        "## What holds and what misses",
        "\n".join(verdict(plan)),
        "## Recall",
        "\n".join(recall_table(plan)),
        "## Claims where nothing is wrong",
        "\n".join(false_table(plan)),
        "## Claims on finished human masters, with their evidence",
        "Kinds marked * are not counted against the ears: a master may really have them.",
        "\n".join(human_table(plan)),
        "## What the measurements read",
        "\n".join(null_table(plan)),
    ]
    return "\n\n".join(parts)
