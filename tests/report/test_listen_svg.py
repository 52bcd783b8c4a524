"""The picture and the table of a listening."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.timeline import Section, Span
from controlroom.music.chords import ChordSpan
from controlroom.report.listen_svg import MOST_DRAWN, ListenPicture, listen_svg
from controlroom.report.listen_text import listen_text
from controlroom.report.png import SIGNATURE, ramp, write_png

CENTRES = 20.0 * 2.0 ** (np.arange(31) / 3.0)


def finding(
    kind: str = "rumble", severity: float = 0.5, *, span: Span | None = None, **more: object
) -> Finding:
    return Finding(
        kind=kind,
        measurements=(Measurement(name="level.infrasonic_db", value=-3.0),),
        standard=StandardRef(key="rumble.infrasonic_db", limit=-20.0),
        severity=severity,
        span=span,
        **more,  # type: ignore[arg-type]
    )


def picture(findings: list[Finding], **more: object) -> ListenPicture:
    decibels = np.linspace(-90.0, 0.0, 31 * 40, dtype=np.float32).reshape(31, 40)
    return ListenPicture("a <song> & more", 60.0, decibels, CENTRES, findings, **more)  # type: ignore[arg-type]


def span(start: float, end: float) -> Span:
    return Span(clock="take", start_s=start, end_s=end)


def parsed(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)


def marks(drawn: str) -> list[ET.Element]:
    return [e for e in parsed(drawn).iter() if e.get("class") == "mark"]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_a_png_holds_its_picture(rows: int, columns: int, seed: int) -> None:
    indices = np.random.default_rng(seed).integers(0, 256, (rows, columns)).astype(np.uint8)
    png = write_png(indices, ramp(((0, 0, 0), (255, 255, 255))))
    assert png.startswith(SIGNATURE)
    at, chunks = len(SIGNATURE), {}
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (columns, rows)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(rows, columns + 1)
    assert np.array_equal(lines[:, 1:], indices)
    assert not lines[:, 0].any()


def test_the_picture_is_a_document_with_findings_at_their_place() -> None:
    drawn = listen_svg(picture([finding(span=span(15.0, 30.0)), finding(severity=0.2)]))
    root = parsed(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    (mark,) = marks(drawn)
    # a quarter to half of the 1000 pixels from 64 on
    assert float(mark.get("x", "nan")) == 314.0
    assert float(mark.get("width", "nan")) == 250.0
    assert "a &lt;song&gt; &amp; more" in drawn


def test_a_finding_that_names_a_frequency_is_drawn_there() -> None:
    low, high = (
        marks(listen_svg(picture([finding(facts={"freq_hz": hz})])))[0].get("y") for hz in (100.0, 8000.0)
    )
    assert float(low or "nan") > float(high or "nan")


def test_form_chords_and_arc_have_lanes() -> None:
    drawn = listen_svg(
        picture(
            [],
            sections=(
                Section(label="verse", start_s=0, end_s=30),
                Section(label="chorus", start_s=30, end_s=60),
            ),
            chords=(ChordSpan(start_s=0, end_s=60, label="A:min", roman="i"),),
            edges_s=(0.0, 30.0, 60.0),
            energies=(0.3, 0.9),
        )
    )
    classes = [e.get("class") for e in parsed(drawn).iter()]
    assert (classes.count("section"), classes.count("chord"), classes.count("arc")) == (2, 1, 1)
    assert "Nothing to observe" in drawn


def test_many_findings_are_counted_not_drawn() -> None:
    drawn = listen_svg(picture([finding(span=span(1.0, 2.0))] * (MOST_DRAWN + 5)))
    assert len(marks(drawn)) == MOST_DRAWN
    assert "and 5 more" in drawn


def test_the_table_leads_with_what_matters_most() -> None:
    told = listen_text(
        [
            finding("rumble", 0.3),
            finding("dc-offset", 0.9),
            Finding(
                kind="level",
                measurements=(Measurement(name="loudness.integrated_lufs", value=-9.0),),
                severity=0.0,
                information=True,
            ),
        ],
        {"tempo_bpm": 120.0, "beats_per_bar": 4, "key": "A:min", "sections": []},
    )
    assert told.index("DC offset") < told.index("Rumble") < told.index("Level")
    assert "120.0\u00a0BPM, 4 beats to the bar, key A:min" in told
    assert "−20.0\u00a0dB" in told


@pytest.mark.parametrize("music", [{}, {"tempo_bpm": None, "key": None}])
def test_what_is_not_known_is_said(music: dict[str, object]) -> None:
    told = listen_text([], music)
    assert "tempo not known, key not known" in told
    assert "no standard was missed" in told
