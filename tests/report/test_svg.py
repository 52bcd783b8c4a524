"""Drawing never writes a coordinate that is not a number."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controlroom.model.findings import Plot
from controlroom.report import charts, svg
from controlroom.report.model import Curve, Spectrum, Waveform
from tests.report.sample import sample
from tests.tolerances import FLOAT64

ANY = st.floats(allow_nan=True, allow_infinity=True, width=32)
BOX = svg.Box(40, 10, 400, 200)


def coordinates(drawn: str) -> list[float]:
    """Return every number in paths and positions; a word that is none fails."""
    found = re.findall(r'\b(?:d|x|y|x1|y1|viewBox)="([^"]*)"', drawn)
    return [float(part) for text in found for part in re.split(r"[MLHVZ\s]+", text) if part]


@given(st.lists(st.tuples(ANY, ANY), max_size=30))
def test_lines_hold_numbers_only(points: list[tuple[float, float]]) -> None:
    drawn = svg.line([x for x, _ in points], [y for _, y in points], "curve")
    assert all(math.isfinite(v) for v in coordinates(drawn))
    whole = sum(math.isfinite(x) and math.isfinite(y) for x, y in points)
    assert drawn.count("L") + drawn.count("M") == whole


@given(st.lists(st.tuples(ANY, ANY, ANY), max_size=30))
def test_bands_hold_numbers_only(points: list[tuple[float, float, float]]) -> None:
    drawn = svg.band(*[[p[i] for p in points] for i in range(3)], "corridor")
    assert all(math.isfinite(v) for v in coordinates(drawn))


def test_a_gap_interrupts_a_line() -> None:
    assert svg.line([0, 1, 2, 3], [0, 1, math.nan, 3], "c").count("M") == 2


@given(ANY, st.booleans())
def test_scales_stay_inside_their_pixels(value: float, log: bool) -> None:
    scale = svg.Scale(20, 20000, 40, 400, log=log)
    assert math.isnan(scale(value)) == math.isnan(value)
    if not math.isnan(value):
        assert 40 <= scale(value) <= 400


def test_scales_meet_their_ends() -> None:
    scale = svg.Scale(20, 20000, 40, 400, log=True)
    assert scale(20) == 40
    assert scale(20000) == 400
    assert scale(math.sqrt(20 * 20000)) == pytest.approx(220, abs=FLOAT64 * 1000)
    assert svg.Scale(3, 3, 40, 400)(3) == 40


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 12))
def test_ticks_are_inside_even_and_few(low: float, extent: float, count: int) -> None:
    marks = svg.ticks(low, low + extent, count)
    step = svg.nice_step(extent, count)
    assert len(marks) <= count + 2
    assert all(low - step * 1e-6 <= t.value <= low + extent + step * 1e-6 for t in marks)


@pytest.mark.parametrize("low, high", [(1, 1), (2, 1), (math.nan, 1), (0, math.inf)])
def test_ticks_of_nothing_are_none(low: float, high: float) -> None:
    assert svg.ticks(low, high) == []


def test_ticks_are_readable() -> None:
    assert [t.label for t in svg.ticks(-24, -6, 4)] == ["−20", "−15", "−10"]
    assert [t.label for t in svg.ticks(-6, 6, 4, signed=True)] == ["−5", "0", "+5"]
    assert [t.label for t in svg.time_ticks(208, 12)] == [f"{i // 2}:{30 * (i % 2):02d}" for i in range(7)]
    assert svg.time_ticks(0, 5) == svg.time_ticks(math.nan, 5) == []
    assert [t.label for t in svg.frequency_ticks(20, 20000, sparse=True) if t.label] == [
        "20",
        "100",
        "1k",
        "10k",
    ]


def test_ticks_stay_few_where_floats_run_out() -> None:
    assert svg.ticks(1e38, 1e38 + 1e23) == []
    assert len(svg.time_ticks(1e30, 6)) <= 7


def test_words_are_escaped() -> None:
    drawn = svg.chart("c", BOX, "<t>", "a & b", svg.text(1, 2, "<x>", "tick"))
    root = ET.fromstring(drawn)
    assert [child.text for child in root] == ["<t>", "a & b", "<x>"]
    assert svg.text(math.nan, 2, "x", "tick") == ""


@pytest.mark.parametrize("name", ["waveform", "loudness", "reduction", "spectrum", "residual", "plot"])
def test_every_chart_is_xml_with_a_title_and_axis_labels(name: str) -> None:
    data = sample()
    plotted = next(f.plot for f in data.findings if f.plot)
    drawn = {
        "waveform": lambda: charts.waveform(data.waveform_before, data.waveform_after),
        "loudness": lambda: charts.loudness(data.loudness_before, data.loudness_after, -17.8, -10.2),
        "reduction": lambda: charts.reduction(data.gain_reduction),
        "spectrum": lambda: charts.spectrum(data.spectrum),
        "residual": lambda: charts.residual(data.spectrum),
        "plot": lambda: charts.plot("p", plotted),
    }[name]()
    root = ET.fromstring(drawn)
    for chart in root.iter("svg"):
        assert chart.findtext("title")
        assert chart.findtext("desc")
        assert any("unit" in (t.get("class") or "") for t in chart.iter("text"))
        assert sum("tick" in (t.get("class") or "") for t in chart.iter("text")) >= 4
        width = float((chart.get("viewBox") or "").split()[2])
        xs = [float(t.get("x") or "nan") for t in chart.iter("text")]
        assert all(0 <= x <= width for x in xs)
    assert len(list(root.iter("svg"))) == (1 if name == "plot" else 2)
    assert all(math.isfinite(v) for v in coordinates(drawn))


NAN = float("nan")
GONE = float("-inf")


def test_empty_and_broken_curves_draw_nothing() -> None:
    assert charts.waveform(None, None) == ""
    assert charts.loudness(Curve(x=(), y=()), None, None, None) == ""
    assert charts.loudness(Curve(x=(0.0, 1.0), y=(NAN, GONE)), None, None, None) == ""
    assert charts.reduction(Curve(x=(0.0,), y=(NAN,))) == ""
    assert charts.spectrum(Spectrum(freq_hz=(100.0, 200.0), before_db=(GONE, NAN))) == ""
    assert charts.residual(Spectrum(freq_hz=(100.0,), before_db=(0.0,), low_db=(0.0,), high_db=(1.0,))) == ""
    assert charts.plot("p", Plot(x_name="at_s", y_name="a_db", x=(), y=())) == ""


@example(points=[(5e-324, 0.0)], bands=[(0.0, 0.0, 0.0, 0.0)] * 2)  # the least float there is
@given(
    st.lists(st.tuples(st.floats(0, 600), ANY), max_size=12),
    st.lists(st.tuples(ANY, ANY, ANY, ANY), min_size=2, max_size=6),
)
def test_charts_survive_any_numbers(
    points: list[tuple[float, float]], bands: list[tuple[float, float, float, float]]
) -> None:
    curve = Curve(x=tuple(sorted(x for x, _ in points)), y=tuple(y for _, y in points))
    freqs = tuple(50.0 * 2**i for i in range(len(bands)))
    columns = [tuple(b[i] for b in bands) for i in range(4)]
    spectrum = Spectrum(
        freq_hz=freqs, before_db=columns[0], after_db=columns[1], low_db=columns[2], high_db=columns[3]
    )
    drawn = charts.loudness(curve, curve, points[0][1] if points else None, -10.0) + charts.reduction(curve)
    drawn += charts.spectrum(spectrum) + charts.residual(spectrum)
    drawn += charts.plot("p", Plot(x_name="at_s", y_name="a_db", x=curve.x, y=curve.y))
    drawn += charts.waveform(Waveform(duration_s=1, low=columns[0], high=columns[1]), None)
    assert all(math.isfinite(v) for v in coordinates(drawn))
