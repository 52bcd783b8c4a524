"""Finding kinds in words: "I observe". One line per kind in ``FINDINGS``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controlroom.model.findings import Finding
from controlroom.report.figures import clock, format_measurement, frequency, measure_label, number
from controlroom.report.wording import on_part, spoken


@dataclass(frozen=True, slots=True)
class FindingWords:
    """A kind's title, and the sentence that tells one finding of it."""

    title: str
    says: Callable[[Finding], str]


def judged(finding: Finding) -> str:
    """Return the judged measurement with its unit."""
    first = finding.measurements[0]
    return format_measurement(first.name, first.value)


def limit(finding: Finding) -> str:
    """Return the limit it was judged against, with its unit; empty when it was not judged."""
    return format_measurement(finding.standard.key, finding.standard.limit) if finding.standard else ""


def _over(finding: Finding) -> float:
    """Return how far the judged value lies beyond its limit, in its own unit; 0 when not judged."""
    return finding.measurements[0].value - finding.standard.limit if finding.standard else 0.0


def _level(finding: Finding) -> str:
    if finding.standard is None:
        return f"It plays at {judged(finding)}, inside the range that masters are brought into."
    if _over(finding) < 0:
        return f"It plays at {judged(finding)}, {number(-_over(finding))} LU below the range that masters are brought into."
    return f"It plays at {judged(finding)}, {number(_over(finding))} LU above the range that masters are brought into."


def _true_peak(finding: Finding) -> str:
    told = f"Its true peak reaches {judged(finding)}"
    if finding.standard is None:
        return f"{told}."
    return f"{told}, {number(_over(finding))} dB over the ceiling of {limit(finding)}: converters and encoders may clip it."


def _tonal_balance(finding: Finding) -> str:
    away = judged(finding)
    worst = next((m for m in finding.measurements if m.name.startswith("tone.residual_db[")), None)
    hz = _argument(worst.name) if worst else None
    counted, whole = _fact(finding, "bands_outside"), _fact(finding, "bands_judged")
    told = (
        f"In its loudest third, {number(counted, 0)} of {number(whole, 0)} bands lie outside the corridor"
        if counted and whole
        else "In its loudest third, the tonal balance leaves the corridor"
    )
    if worst is None or hz is None:
        return f"{told}, by {away} at the worst place."
    side = "above" if worst.value >= 0 else "below"
    return f"{told}; the worst, around {frequency(hz)}, by {away} {side} it."


def _rumble(finding: Finding) -> str:
    return f"There is energy below hearing: what lies under 20 Hz measures {judged(finding)} against the whole{_allowed(finding)}. It eats headroom and nobody hears it."


def _dc(finding: Finding) -> str:
    wanders = " and wanders" if finding.facts.get("wanders") else ""
    return f"The waveform sits off its zero line{wanders}: the offset measures {judged(finding)} against the sound{_allowed(finding)}. It eats headroom and can click at the start and the end."


def _low_end_width(finding: Finding) -> str:
    return f"The low end is wide: its sides measure {judged(finding)} against its middle{_allowed(finding)}. On one speaker, or in a club, part of the bass is lost."


def _start_silence(finding: Finding) -> str:
    return f"The song starts after {judged(finding)} of silence{_allowed(finding)}."


def _end_silence(finding: Finding) -> str:
    return f"{judged(finding)} of silence follow the last sound{_allowed(finding)}."


def _cut_off_end(finding: Finding) -> str:
    first = finding.measurements[0]
    below = format_measurement(first.name, abs(first.value))
    side = "below" if first.value < 0 else "above"
    return f"The song does not end, it stops: when the file runs out there is still sound, {below} {side} its loudest passage."


def _anything(finding: Finding) -> str:
    first = finding.measurements[0]
    label = measure_label(first.name)
    return f"{label[:1].upper()}{label[1:]} measures {judged(finding)}{_allowed(finding)}."


def _allowed(finding: Finding) -> str:
    if finding.standard is None:
        return ""
    side = "at most" if _over(finding) > 0 else "at least"
    return f" (the standard: {side} {limit(finding)})"


def _fact(finding: Finding, name: str) -> float:
    value = finding.facts.get(name, 0.0)
    return 0.0 if isinstance(value, str) else float(value)


def _argument(name: str) -> float | None:
    found = re.search(r"\[([\d.]+)\]", name)
    return float(found[1]) if found else None


FINDINGS: Mapping[str, FindingWords] = {
    "level": FindingWords("Level", _level),
    "true-peak": FindingWords("True peak", _true_peak),
    "tonal-balance": FindingWords("Tonal balance", _tonal_balance),
    "rumble": FindingWords("Rumble", _rumble),
    "dc-offset": FindingWords("DC offset", _dc),
    "low-end-width": FindingWords("Width of the low end", _low_end_width),
    "start-silence": FindingWords("Silence at the start", _start_silence),
    "end-silence": FindingWords("Silence at the end", _end_silence),
    "cut-off-end": FindingWords("Cut-off end", _cut_off_end),
}


def finding_title(kind: str) -> str:
    """Return the heading of a finding kind; ``hand-made`` is a step without a finding."""
    if kind == "hand-made":
        return "A step of your own"
    words = FINDINGS.get(kind)
    return words.title if words else spoken(kind)


def finding_sentence(finding: Finding) -> str:
    """Return what was observed, as one or two sentences with numbers and units."""
    words = FINDINGS.get(finding.kind)
    told = (words.says if words else _anything)(finding)
    return told + on_part(finding.part)


def severity_words(severity: float) -> str:
    """Return a severity of 0 to 1 as a word."""
    return "slight" if severity < 1 / 3 else "clear" if severity < 2 / 3 else "strong"


def finding_place(finding: Finding) -> str:
    """Return where a finding sounds: a stretch of time, or the whole song."""
    if finding.span is None:
        return "whole song"
    return f"{clock(finding.span.start_s)} to {clock(finding.span.end_s)}"
