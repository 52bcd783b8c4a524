"""The report's charts, each drawn twice: wide for a desk, narrow for a phone.

Text in a scaled drawing shrinks with it, so a chart is laid out for two
widths and the style sheet shows the one that fits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controlroom.model.figures import clock, format_measurement, measure_label, number, unit_of
from controlroom.model.findings import Plot
from controlroom.report import svg
from controlroom.report.model import Curve, Spectrum, Waveform


@dataclass(frozen=True, slots=True)
class Layout:
    """One of the two widths, with what it has room for."""

    name: str
    width: float
    left: float
    time_ticks: int
    sparse: bool


WIDE = Layout("wide", 1040, 46, 12, sparse=False)
NARROW = Layout("narrow", 360, 38, 5, sparse=True)
ANY = Layout("any", 360, 38, 5, sparse=True)


def _both(draw: Callable[[Layout], str], *layouts: Layout) -> str:
    shown = (layout for layout in layouts or (WIDE, NARROW))
    drawn = "".join(f'<div class="{layout.name}">{draw(layout)}</div>' for layout in shown)
    return f'<div class="drawn">{drawn}</div>'


def waveform(before: Waveform | None, after: Waveform | None) -> str:
    """Draw the take above the master on one clock and one scale, with a cursor for the player."""
    lanes = [
        (w, css, name) for w, css, name in ((before, "before", "Before"), (after, "after", "After")) if w
    ]
    if not lanes:
        return ""
    duration = max(lane.duration_s for lane, _, _ in lanes)
    told = (
        f"Amplitude over {clock(duration)} minutes: {' above '.join(name.lower() for _, _, name in lanes)}."
    )

    def draw(layout: Layout) -> str:
        height = 92 if layout.name == "wide" else 70
        box = svg.Box(max(layout.left, 48), 8, layout.width - 6, 8 + height * len(lanes))
        x = svg.Scale(0, duration, box.left, box.right)
        out = [svg.x_axis(x, svg.time_ticks(duration, layout.time_ticks), box)]
        for index, (lane, css, name) in enumerate(lanes):
            middle = box.top + height * (index + 0.5)
            out.append(
                _lane(lane, x, svg.Scale(-1, 1, middle + height / 2 - 4, middle - height / 2 + 4), css)
            )
            out.append(svg.text(0, middle + 4, name, "unit"))
        out.append(f'<path class="cursor" d="M0 {box.top:g}V{box.bottom:g}"/>')
        size = svg.Box(0, 0, layout.width, box.bottom + 26)
        seek = (
            f'data-seek="" data-left="{box.left:g}" data-right="{box.right:g}" data-duration="{duration:.3f}"'
        )
        return svg.chart(f"waveform-{layout.name}", size, "Waveform", told, "".join(out), seek)

    return _both(draw)


def _lane(lane: Waveform, x: svg.Scale, y: svg.Scale, css: str) -> str:
    count = len(lane.low)
    xs = [x(lane.duration_s * (i + 0.5) / count) for i in range(count)]
    return svg.band(xs, [y(v) for v in lane.low], [y(v) for v in lane.high], f"wave {css}")


def loudness(
    before: Curve | None, after: Curve | None, integrated_before: float | None, integrated_after: float | None
) -> str:
    """Draw short-term loudness over time, with the integrated loudness of each as a dashed line."""
    curves = [(c, css) for c, css in ((before, "before"), (after, "after")) if c and svg.finite(c.y)]
    if not curves:
        return ""
    heard = sorted(v for curve, _ in curves for v in svg.finite(curve.y))
    high = 3 * math.ceil((heard[-1] + 1) / 3)
    low = max(3 * math.floor(heard[0] / 3), high - 36)
    duration = max(svg.finite(curve.x)[-1] for curve, _ in curves)
    marks = {"before": integrated_before, "after": integrated_after}
    told = "; ".join(
        f"{css} between {number(min(svg.finite(c.y)))} and {number(max(svg.finite(c.y)))} LUFS"
        for c, css in curves
    )

    def draw(layout: Layout) -> str:
        box = svg.Box(layout.left, 30, layout.width - 6, 246 if layout.name == "wide" else 210)
        x = svg.Scale(0, duration, box.left, box.right)
        y = svg.Scale(low, high, box.bottom, box.top)
        out = [svg.x_axis(x, svg.time_ticks(duration, layout.time_ticks), box)]
        out.append(svg.y_axis(y, svg.ticks(low, high, 6), box, "LUFS, short-term (3 s)"))
        for curve, css in curves:
            out.append(_floored(curve, x, y, low, css))
            mark = marks[css]
            out.append(svg.level(y(mark), box, f"mark {css}") if mark is not None and mark > low else "")
        size = svg.Box(0, 0, layout.width, box.bottom + 26)
        return svg.chart(f"loudness-{layout.name}", size, "Short-term loudness", told, "".join(out))

    return _both(draw)


def _floored(curve: Curve, x: svg.Scale, y: svg.Scale, low: float, css: str) -> str:
    """Draw a curve; where it falls under the chart's floor it is a gap."""
    ys = [y(v) if math.isfinite(v) and v >= low else math.nan for v in curve.y]
    return svg.line([x(v) for v in curve.x], ys, f"curve {css}")


def reduction(curve: Curve | None) -> str:
    """Draw how far the limiter pulled the level down, downwards as on a console."""
    if curve is None or not svg.finite(curve.y):
        return ""
    values = [abs(v) for v in curve.y]
    most = max(svg.finite(values))
    high = max(3.0, float(math.ceil(most)))
    duration = svg.finite(curve.x)[-1]
    told = f"At most {number(most)} dB of gain reduction."

    def draw(layout: Layout) -> str:
        box = svg.Box(layout.left, 30, layout.width - 6, 116)
        x = svg.Scale(0, duration, box.left, box.right)
        y = svg.Scale(0, high, box.top, box.bottom)
        out = [svg.x_axis(x, svg.time_ticks(duration, layout.time_ticks), box)]
        marks = [
            svg.Tick(t.value, number(-t.value, 0)) for t in svg.ticks(0, high, 3) if t.value == int(t.value)
        ]
        out.append(svg.y_axis(y, marks, box, "dB, limiter gain reduction"))
        xs = [x(v) for v in curve.x]
        out.append(svg.band(xs, [y(v) for v in values], [y(0.0)] * len(xs), "reduction"))
        size = svg.Box(0, 0, layout.width, box.bottom + 26)
        return svg.chart(f"reduction-{layout.name}", size, "Limiter gain reduction", told, "".join(out))

    return _both(draw)


def spectrum(bands: Spectrum | None) -> str:
    """Draw third-octave levels before and after, over the corridor they are judged against."""
    if bands is None:
        return ""
    shown = svg.finite(bands.before_db + bands.after_db + bands.low_db + bands.high_db)
    freqs = [f for f in svg.finite(bands.freq_hz) if f > 0]
    if not shown or len(freqs) < 2:
        return ""
    high = 6 * math.ceil((max(shown) + 1) / 6)
    low = max(6 * math.floor(min(shown) / 6), high - 60)

    def draw(layout: Layout) -> str:
        box = svg.Box(layout.left, 30, layout.width - 10, 330 if layout.name == "wide" else 260)
        x = svg.Scale(freqs[0], freqs[-1], box.left, box.right, log=True)
        y = svg.Scale(low, high, box.bottom, box.top)
        marks = svg.frequency_ticks(freqs[0], freqs[-1], sparse=layout.sparse)
        out = [
            svg.x_axis(x, marks, box, "Hz"),
            svg.y_axis(y, svg.ticks(low, high, 7), box, "dB per third octave"),
        ]
        xs = [x(f) for f in bands.freq_hz]
        if bands.low_db and bands.high_db:
            out.append(svg.band(xs, [y(v) for v in bands.low_db], [y(v) for v in bands.high_db], "corridor"))
        for values, css in ((bands.before_db, "before"), (bands.after_db, "after")):
            if values:
                out.append(svg.line(xs, [_gap(y, v, low) for v in values], f"curve {css}"))
        size = svg.Box(0, 0, layout.width, box.bottom + 42)
        return svg.chart(f"spectrum-{layout.name}", size, "Spectrum", spectrum_sentence(bands), "".join(out))

    return _both(draw)


def residual(bands: Spectrum | None) -> str:
    """Draw the same levels as distances from the middle of the corridor, where tenths can be seen."""
    if bands is None or not (bands.low_db and bands.high_db):
        return ""
    middle = [(lo + hi) / 2 for lo, hi in zip(bands.low_db, bands.high_db, strict=True)]

    def away(values: Sequence[float]) -> list[float]:
        return [v - m for v, m in zip(values, middle, strict=True)] if values else []

    freqs = [f for f in svg.finite(bands.freq_hz) if f > 0]
    edges = svg.finite(away(bands.low_db) + away(bands.high_db))
    heard = svg.finite(away(bands.before_db) + away(bands.after_db))
    if len(freqs) < 2 or not edges or not heard:
        return ""
    most = max(*map(abs, edges), min(12.0, max(map(abs, heard))))
    reach = 3 * math.ceil((most + 0.5) / 3)

    def draw(layout: Layout) -> str:
        box = svg.Box(layout.left, 30, layout.width - 10, 220 if layout.name == "wide" else 200)
        x = svg.Scale(freqs[0], freqs[-1], box.left, box.right, log=True)
        y = svg.Scale(-reach, reach, box.bottom, box.top)
        marks = svg.frequency_ticks(freqs[0], freqs[-1], sparse=layout.sparse)
        rows = svg.ticks(-reach, reach, 6, signed=True)
        out = [
            svg.x_axis(x, marks, box, "Hz"),
            svg.y_axis(y, rows, box, "dB from the middle of the corridor"),
        ]
        xs = [x(f) for f in bands.freq_hz]
        low, high = ([y(v) for v in away(edge)] for edge in (bands.low_db, bands.high_db))
        out.append(svg.band(xs, low, high, "corridor"))
        out.append(svg.level(y(0.0), box, "middle-line"))
        for values, css in ((bands.before_db, "before"), (bands.after_db, "after")):
            out.append(
                svg.line(xs, [y(v) if math.isfinite(v) else math.nan for v in away(values)], f"curve {css}")
            )
        size = svg.Box(0, 0, layout.width, box.bottom + 42)
        return svg.chart(
            f"residual-{layout.name}",
            size,
            "Distance from the corridor",
            spectrum_sentence(bands),
            "".join(out),
        )

    return _both(draw)


def _gap(y: svg.Scale, value: float, low: float) -> float:
    return y(value) if math.isfinite(value) and value >= low else math.nan


def outside(levels: Sequence[float], low: Sequence[float], high: Sequence[float]) -> int:
    """Return how many bands lie outside the corridor."""
    return sum(not lo <= v <= hi for v, lo, hi in zip(levels, low, high, strict=True) if math.isfinite(v))


def spectrum_sentence(bands: Spectrum) -> str:
    """Return how many bands lie outside the corridor, before and after."""
    count = len(bands.freq_hz)
    if not (bands.low_db and bands.high_db):
        return f"{count} third-octave bands."
    was = outside(bands.before_db, bands.low_db, bands.high_db)
    told = f"Of {count} third-octave bands, {was or 'none'} {'was' if was == 1 else 'were'} outside the corridor before"
    if not bands.after_db:
        return told + "."
    now = outside(bands.after_db, bands.low_db, bands.high_db)
    return f"{told}, {now or 'none'} {'is' if now == 1 else 'are'} after."


def plot(name: str, curve: Plot) -> str:
    """Draw a finding's own small curve, over its band of expectation if it has one."""
    shown = svg.finite(curve.y + curve.low + curve.high)
    xs = svg.finite(curve.x)
    log = unit_of(curve.x_name) == "hz"
    xs = [v for v in xs if v > 0 or not log]
    if not shown or len(xs) < 2 or min(xs) == max(xs):
        return ""
    room = max(0.06 * (max(shown) - min(shown)), 0.5 if unit_of(curve.y_name) else 1e-3)
    low, high = min(shown) - room, max(shown) + room
    unit = format_measurement(curve.y_name, 0.0).partition("\u00a0")[2] if unit_of(curve.y_name) else ""
    label = f"{unit}, {measure_label(curve.y_name)}" if unit else measure_label(curve.y_name)

    def draw(layout: Layout) -> str:
        box = svg.Box(layout.left, 30, layout.width - 12, 150)
        x = svg.Scale(min(xs), max(xs), box.left, box.right, log=log)
        y = svg.Scale(low, high, box.bottom, box.top)
        out = [_plot_x(curve, x, box, layout), svg.y_axis(y, svg.ticks(low, high, 4), box, label)]
        places = [x(v) for v in curve.x]
        if curve.low and curve.high:
            out.append(svg.band(places, [y(v) for v in curve.low], [y(v) for v in curve.high], "corridor"))
        out.append(
            svg.line(places, [y(v) if math.isfinite(v) else math.nan for v in curve.y], "curve before")
        )
        size = svg.Box(0, 0, layout.width, box.bottom + 40)
        told = f"{measure_label(curve.y_name)} from {number(min(shown))} to {number(max(shown))}."
        return svg.chart(f"{name}-{layout.name}", size, measure_label(curve.y_name), told, "".join(out))

    return _both(draw, ANY)


def _plot_x(curve: Plot, x: svg.Scale, box: svg.Box, layout: Layout) -> str:
    unit = unit_of(curve.x_name)
    if unit == "hz":
        return svg.x_axis(x, svg.frequency_ticks(x.low, x.high, sparse=layout.sparse), box, "Hz")
    if unit == "s" and x.low >= 0 and x.high - x.low > 1:
        step = max(1, layout.time_ticks)
        marks = [t for t in svg.time_ticks(x.high, step) if t.value >= x.low]
        return svg.x_axis(x, marks, box)
    return svg.x_axis(
        x, svg.ticks(x.low, x.high, 5), box, measure_label(curve.x_name) + (f", {unit}" if unit else "")
    )
