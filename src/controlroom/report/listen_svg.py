"""The picture of a listening: spectrogram with the findings drawn in, sections, chords and the arc of energy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np
import numpy.typing as npt

from controlroom.model.figures import clock
from controlroom.model.findings import Finding
from controlroom.model.timeline import Section
from controlroom.music.chords import ChordSpan
from controlroom.report.png import png_address, ramp, write_png
from controlroom.report.svg import (
    Box,
    Scale,
    chart,
    frequency_ticks,
    level,
    line,
    text,
    time_ticks,
    x_axis,
    y_axis,
)
from controlroom.report.telling import finding_place, finding_sentence, finding_title

WIDTH = 1080.0
LEFT, RIGHT = 64.0, 1064.0
SECTIONS_TOP, CHORDS_TOP, SPECTRUM_TOP, ARC_TOP = 34.0, 62.0, 90.0, 424.0
LANE = 22.0
SPECTRUM_HEIGHT, ARC_HEIGHT = 300.0, 70.0
KEY_TOP, KEY_LINE = 548.0, 17.0
MOST_DRAWN = 24
LETTERS_PER_LINE = 150
LETTER_PX = 7.2
COLOURS = ramp(((11, 14, 24), (38, 48, 92), (110, 62, 122), (206, 96, 84), (246, 190, 96), (252, 246, 214)))
STYLE = """
svg { background: #fff; font: 12px system-ui, sans-serif; fill: #1c2230; }
.grid { stroke: #8a93a8; stroke-width: .5; fill: none; } .faint { opacity: .35; }
.tick, .unit { fill: #5a6378; font-size: 11px; } .middle { text-anchor: middle; } .end { text-anchor: end; }
.section { fill: #e8ebf3; stroke: #aab2c5; } .chord { fill: #f4f0e4; stroke: #d3c9a8; stroke-width: .5; }
.arc { stroke: #b3402e; stroke-width: 2; fill: none; }
.mark { fill: none; stroke: #fff; stroke-width: 1.5; stroke-dasharray: 5 3; }
.number { fill: #1c2230; font-weight: 700; } .disc { fill: #fff; stroke: #1c2230; }
.told { font-weight: 600; } .small { font-size: 11px; }
"""


@dataclass(frozen=True, slots=True, eq=False)
class ListenPicture:
    """What is drawn of one listening.

    Parameters
    ----------
    title : str
        Such as the file's name.
    duration_s : float
    spectrogram : float32 array, shape (bands, columns)
        Decibels, lowest band first; columns cover the whole duration evenly.
    centres_hz : float64 array, shape (bands,)
        A fixed number per octave, rising.
    findings : sequence of Finding
        What matters most first.
    sections, chords
        May be empty.
    edges_s, energies
        Section edges (one more) and energies, 0 to 1; may be empty.
    """

    title: str
    duration_s: float
    spectrogram: npt.NDArray[np.float32]
    centres_hz: npt.NDArray[np.float64]
    findings: Sequence[Finding]
    sections: Sequence[Section] = ()
    chords: Sequence[ChordSpan] = ()
    edges_s: Sequence[float] = ()
    energies: Sequence[float] = ()


def listen_svg(picture: ListenPicture) -> str:
    """Return the whole picture as a document of its own."""
    time = Scale(0.0, max(picture.duration_s, 1e-3), LEFT, RIGHT)
    drawn = picture.findings[:MOST_DRAWN]
    key = key_lines(drawn, len(picture.findings))
    height = KEY_TOP + KEY_LINE * (len(key) + 1)
    parts = [
        f"<style>{STYLE}</style>",
        text(LEFT, 22, picture.title, "told"),
        _sections(picture.sections, time),
        _chords(picture.chords, time),
        _spectrogram(picture, time),
        _marks(drawn, _frequency(picture), time),
        _arc(picture, time),
        *(text(LEFT, KEY_TOP + KEY_LINE * at, row.words, row.css) for at, row in enumerate(key)),
    ]
    counted = f"{len(picture.findings)} findings over {clock(picture.duration_s)}"
    return chart(
        "listen",
        Box(0, 0, WIDTH, height),
        f"What was heard in {picture.title}",
        counted,
        "".join(parts),
        f'xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}" height="{height:g}"',
    )


def _rect(box: Box, css: str) -> str:
    wide, high = max(box.right - box.left, 0.5), max(box.bottom - box.top, 0.5)
    return (
        f'<rect class="{css}" x="{box.left:.1f}" y="{box.top:.1f}" width="{wide:.1f}" height="{high:.1f}"/>'
    )


def _fitting(words: str, width: float) -> str:
    """Return the words where they have room, else nothing."""
    return words if len(words) * LETTER_PX <= width else ""


def _sections(sections: Sequence[Section], time: Scale) -> str:
    out = []
    for part in sections:
        box = Box(time(part.start_s), SECTIONS_TOP, time(part.end_s), SECTIONS_TOP + LANE)
        label = _fitting(part.label, box.right - box.left)
        out += [_rect(box, "section"), text((box.left + box.right) / 2, box.top + 15, label, "middle")]
    return "".join(out)


def _chords(chords: Sequence[ChordSpan], time: Scale) -> str:
    out = []
    for chord in chords:
        if chord.label == "N":
            continue
        box = Box(time(chord.start_s), CHORDS_TOP, time(chord.end_s), CHORDS_TOP + LANE)
        label = _fitting(chord.roman or chord.label, box.right - box.left)
        out += [_rect(box, "chord"), text((box.left + box.right) / 2, box.top + 15, label, "small middle")]
    return "".join(out)


def _frequency(picture: ListenPicture) -> Scale:
    """Return the scale of the spectrogram's frequencies: half a band beyond the outer centres."""
    centres = picture.centres_hz
    half = np.sqrt(centres[1] / centres[0]) if centres.size > 1 else 1.2
    low, high = float(centres[0] / half), float(centres[-1] * half)
    return Scale(low, high, SPECTRUM_TOP + SPECTRUM_HEIGHT, SPECTRUM_TOP, log=True)


def _spectrogram(picture: ListenPicture, time: Scale) -> str:
    decibels = picture.spectrogram
    top = float(np.quantile(decibels, 0.999)) if decibels.size else 0.0
    indices = np.clip((decibels - (top - 80.0)) / 80.0 * 255.0, 0.0, 255.0).astype(np.uint8)
    address = png_address(write_png(indices[::-1], COLOURS))
    box = Box(LEFT, SPECTRUM_TOP, RIGHT, SPECTRUM_TOP + SPECTRUM_HEIGHT)
    hertz = _frequency(picture)
    return (
        f'<image x="{LEFT:g}" y="{SPECTRUM_TOP:g}" width="{RIGHT - LEFT:g}" height="{SPECTRUM_HEIGHT:g}" '
        f'preserveAspectRatio="none" href="{address}"/>'
        + y_axis(hertz, [tick for tick in frequency_ticks(hertz.low, hertz.high) if tick.label], box)
        + x_axis(time, time_ticks(picture.duration_s, 12), box)
        + text(0, SPECTRUM_TOP + 14, "Hz", "unit")
    )


def _hertz_of(finding: Finding) -> float | None:
    """Return the frequency that a finding names, in its facts or in a measurement's brackets."""
    for name, value in finding.facts.items():
        if name.endswith("_hz") and not isinstance(value, str) and float(value) > 0:
            return float(value)
    for measured in finding.measurements:
        if found := re.search(r"\[([\d.]+)\]", measured.name):
            return float(found[1])
    return None


def _marks(findings: Sequence[Finding], hertz: Scale, time: Scale) -> str:
    """Return a frame with its number per finding that has a place: in time, in frequency, or both."""
    out = []
    for number, finding in enumerate(findings, 1):
        place, freq_hz = finding.span, _hertz_of(finding)
        if place is None and freq_hz is None:
            continue
        left = time(place.start_s) if place else LEFT
        right = time(place.end_s) if place else RIGHT
        top, bottom = SPECTRUM_TOP + 1, SPECTRUM_TOP + SPECTRUM_HEIGHT - 1
        if freq_hz is not None and hertz.low <= freq_hz <= hertz.high:
            top, bottom = hertz(freq_hz * 1.15), hertz(freq_hz / 1.15)
        x = min(max(left + 9 + 18 * ((number - 1) % 6), LEFT + 9), RIGHT - 9)
        y = top + 10 if bottom - top > 40 else (top + bottom) / 2
        out += [
            _rect(Box(left, top, right, bottom), "mark"),
            f'<circle class="disc" cx="{x:.1f}" cy="{y:.1f}" r="8"/>',
            text(x, y + 4, str(number), "number small middle"),
        ]
    return "".join(out)


def _arc(picture: ListenPicture, time: Scale) -> str:
    if not picture.energies:
        return ""
    energy = Scale(0.0, 1.0, ARC_TOP + ARC_HEIGHT, ARC_TOP)
    box = Box(LEFT, ARC_TOP, RIGHT, ARC_TOP + ARC_HEIGHT)
    steps = list(zip(picture.edges_s[:-1], picture.edges_s[1:], picture.energies, strict=True))
    xs = [time(edge) for start, end, _ in steps for edge in (start, end)]
    ys = [energy(value) for _, _, value in steps for _ in range(2)]
    return (
        level(box.top, box, "grid faint")
        + level(box.bottom, box, "grid")
        + line(xs, ys, "arc")
        + text(LEFT - 8, box.top + 8, "high", "tick end")
        + text(LEFT - 8, box.bottom, "low", "tick end")
        + text(LEFT, box.bottom + 17, "Surface energy per section: level, onset rate, brightness", "tick")
    )


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One line of words under the picture."""

    words: str
    css: str


def key_lines(findings: Sequence[Finding], count: int) -> list[KeyLine]:
    """Return number, title and place of each finding, and its sentence broken into lines."""
    if not findings:
        return [KeyLine("Nothing to observe: no standard was missed.", "told")]
    lines = []
    for number, finding in enumerate(findings, 1):
        heading = f"{number}  {finding_title(finding.kind)}, {finding_place(finding)}"
        lines.append(KeyLine(heading, "told"))
        lines += [KeyLine(part, "small") for part in wrap(finding_sentence(finding), LETTERS_PER_LINE)]
    if count > len(findings):
        lines.append(KeyLine(f"… and {count - len(findings)} more, in the table", "small"))
    return lines
