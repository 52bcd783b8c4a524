"""Small functions that draw: scales, ticks, paths and axes as SVG text.

Everything is drawn with classes and no colours: the style sheet decides, so a
chart follows the reader's light or dark scheme and the printer. Values that
are not finite are gaps, never coordinates.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from controlroom.model.figures import number

MOST_STEPS = 1e9
"""Beyond this many steps from zero a tick's label would not differ from its neighbour's."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values ``low … high`` to pixels ``start … end``; logarithmic if asked.

    A scale without extent (``low == high``) maps everything to ``start``.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of a value, clipped to the scale; NaN stays NaN."""
        if math.isnan(value):
            return math.nan
        place, low, high = (self._log(v) if self.log else v for v in (value, self.low, self.high))
        if high == low:
            return self.start
        share = min(1.0, max(0.0, (place - low) / (high - low)))
        return self.start + share * (self.end - self.start)

    @staticmethod
    def _log(value: float) -> float:
        return math.log10(value) if value > 0 else -math.inf


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and its label; an empty label is a line only."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Box:
    """The plotting area inside a chart, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


def finite(values: Sequence[float]) -> list[float]:
    """Return the values that can be drawn."""
    return [value for value in values if math.isfinite(value)]


def nice_step(extent: float, count: int) -> float:
    """Return 1, 2 or 5 times a power of ten that divides ``extent`` into about ``count``."""
    raw = extent / max(1, count)
    if not math.isfinite(raw) or raw <= sys.float_info.min:  # the least floats have no power of ten below
        return 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    return next((power * unit for unit in (1, 2, 5) if power * unit >= raw * (1 - 1e-9)), power * 10)


def ticks(low: float, high: float, count: int = 5, *, signed: bool = False) -> list[Tick]:
    """Return readable ticks inside ``low … high``; none where it has no finite extent."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    step = nice_step(high - low, count)
    if max(abs(low), abs(high)) / step > MOST_STEPS:  # floats no longer tell one tick from the next
        return []
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [Tick(i * step, number(i * step, digits, signed=signed)) for i in range(first, last + 1)]


def time_ticks(duration_s: float, count: int) -> list[Tick]:
    """Return ticks at round minutes and seconds, labelled ``m:ss``."""
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
    if not math.isfinite(duration_s) or duration_s <= 0:
        return []
    step = next((s for s in steps if duration_s / s <= count), nice_step(duration_s, count))
    places = [i * step for i in range(int(duration_s / step + 1e-9) + 1)]
    if step < 1:
        return [Tick(at, f"{at:.1f}") for at in places]
    return [Tick(at, f"{int(at) // 60}:{int(at) % 60:02d}") for at in places]


def frequency_ticks(low_hz: float, high_hz: float, *, sparse: bool = False) -> list[Tick]:
    """Return ticks of a logarithmic frequency axis: a line per 1, 2, 5, labelled where there is room."""
    labelled = (20, 100, 1000, 10000) if sparse else (20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)
    all_hz = [unit * 10**power for power in range(1, 5) for unit in (1, 2, 5)]
    return [Tick(hz, _hertz(hz) if hz in labelled else "") for hz in all_hz if low_hz <= hz <= high_hz]


def _hertz(hz: float) -> str:
    return f"{hz / 1000:g}k" if hz >= 1000 else f"{hz:g}"


def line(xs: Sequence[float], ys: Sequence[float], css: str) -> str:
    """Return a path through pixel positions; one that is not finite interrupts it."""
    parts: list[str] = []
    drawing = False
    for x, y in zip(xs, ys, strict=True):
        if not (math.isfinite(x) and math.isfinite(y)):
            drawing = False
            continue
        parts.append(f"{'L' if drawing else 'M'}{_px(x)} {_px(y)}")
        drawing = True
    return f'<path class="{css}" d="{"".join(parts)}"/>' if parts else ""


def band(xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], css: str) -> str:
    """Return filled areas between two curves of pixel positions, one per unbroken stretch."""
    runs: list[list[tuple[float, float, float]]] = [[]]
    for point in zip(xs, lows, highs, strict=True):
        if all(math.isfinite(value) for value in point):
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    drawn = "".join(_closed(run) for run in runs if len(run) > 1)
    return f'<path class="{css}" d="{drawn}"/>' if drawn else ""


def _closed(run: Sequence[tuple[float, float, float]]) -> str:
    there = [f"{_px(x)} {_px(high)}" for x, _, high in run]
    back = [f"{_px(x)} {_px(low)}" for x, low, _ in reversed(run)]
    return f"M{'L'.join(there + back)}Z"


def x_axis(scale: Scale, marks: Sequence[Tick], box: Box, unit: str = "") -> str:
    """Return vertical grid lines, their labels under the box, and the unit at the right end."""
    out = []
    for mark in marks:
        x = _px(scale(mark.value))
        css = "grid" if mark.label else "grid faint"
        out.append(f'<path class="{css}" d="M{x} {_px(box.top)}V{_px(box.bottom)}"/>')
        if mark.label:
            out.append(text(scale(mark.value), box.bottom + 17, mark.label, "tick middle"))
    if unit:
        out.append(text(box.right, box.bottom + 34, unit, "unit end"))
    return "".join(out)


def y_axis(scale: Scale, marks: Sequence[Tick], box: Box, unit: str = "") -> str:
    """Return horizontal grid lines, their labels left of the box, and the unit above it."""
    out = []
    for mark in marks:
        y = scale(mark.value)
        out.append(f'<path class="grid" d="M{_px(box.left)} {_px(y)}H{_px(box.right)}"/>')
        out.append(text(box.left - 8, y + 4, mark.label, "tick end"))
    if unit:
        out.append(text(0, box.top - 14, unit, "unit"))
    return "".join(out)


def level(y: float, box: Box, css: str) -> str:
    """Return a horizontal line across the box."""
    return f'<path class="{css}" d="M{_px(box.left)} {_px(y)}H{_px(box.right)}"/>' if math.isfinite(y) else ""


def text(x: float, y: float, words: str, css: str) -> str:
    """Return escaped words at a place; nothing where the place is not finite."""
    if not (math.isfinite(x) and math.isfinite(y)):
        return ""
    return f'<text class="{css}" x="{_px(x)}" y="{_px(y)}">{escape(words)}</text>'


def chart(name: str, size: Box, title: str, description: str, drawn: str, extra: str = "") -> str:
    """Return a whole chart: an ``svg`` with its accessible title and description.

    Parameters
    ----------
    name : str
        Unique in the document: letters, digits and hyphens.
    size : Box
        ``right`` and ``bottom`` are width and height in pixels.
    title, description : str
        Read out by screen readers; escaped here.
    drawn, extra : str
        The inside, and more attributes of the ``svg`` element; trusted.
    """
    return (
        f'<svg class="chart" viewBox="0 0 {_px(size.right)} {_px(size.bottom)}" role="img" '
        f'aria-labelledby="{name}-t {name}-d" {extra}>'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>'
        f"{drawn}</svg>"
    )


def _px(value: float) -> str:
    """Write a pixel position with at most one decimal, and no minus zero."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")
