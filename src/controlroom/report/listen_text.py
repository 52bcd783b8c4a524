"""What `listen` prints: the music in two lines, then a table of findings, what matters most first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlroom.model.figures import NOTHING, clock, format_measurement, number
from controlroom.model.finding_words import judged, limit
from controlroom.model.findings import Finding
from controlroom.report.plain import as_lines
from controlroom.report.telling import (
    finding_place,
    finding_sentence,
    finding_title,
    severity_words,
)


def listen_text(findings: Sequence[Finding], music: Mapping[str, Any]) -> str:
    """Return music and findings as plain text.

    Each finding has a line with title, how grave, where, its number and its
    standard, and its sentence below; those that are judged come first, by
    severity times confidence.
    """
    ordered = sorted(findings, key=lambda f: (f.information, -f.severity * f.confidence, f.kind))
    rows = [_row(finding) for finding in ordered]
    head = ("what", "how grave", "where", "number", "standard")
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    lines = music_lines(music)
    if not rows:
        return as_lines([*lines, "Nothing to observe: no standard was missed."])
    lines += ["", _padded(head, widths)]
    for finding, row in zip(ordered, rows, strict=True):
        lines += [_padded(row, widths), f"    {finding_sentence(finding)}"]
    return as_lines(lines)


def music_lines(music: Mapping[str, Any]) -> list[str]:
    """Return tempo, key, metre and form in at most two lines; what is not known is said so."""
    tempo, key = music.get("tempo_bpm"), music.get("key")
    beats = music.get("beats_per_bar")
    told = [
        _tempo_words(music) if tempo else "tempo not known",
        f"{beats} beats to the bar" if tempo and beats else "",
        f"key {key}" if key else "key not known",
    ]
    lines = [", ".join(part for part in told if part)]
    sections = music.get("sections") or []
    if sections:
        lines.append("  ".join(f"{part['label']} {clock(part['start_s'])}" for part in sections))
    return lines


def _tempo_words(music: Mapping[str, Any]) -> str:
    """Return the tempo, with the octave that it may as well be counted in."""
    tempo, other = music["tempo_bpm"], music.get("tempo_alternative_bpm")
    words = format_measurement("x_bpm", tempo)
    return f"{words} (or {format_measurement('x_bpm', other)})" if other else words


def _row(finding: Finding) -> tuple[str, ...]:
    grave = "information" if finding.information else severity_words(finding.severity)
    sure = "" if finding.confidence >= 1.0 else f", {number(100 * finding.confidence, 0)} % sure"
    return (
        finding_title(finding.kind),
        grave + sure,
        finding_place(finding),
        judged(finding),
        limit(finding) or NOTHING,
    )


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
