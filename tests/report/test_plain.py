from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlroom.model.findings import Note
from controlroom.model.timeline import Span
from controlroom.report.plain import HarmlessFormatter, as_lines, harmless, harmless_json, one_line
from controlroom.report.text import history_line

CLEAR = "\x1b[2J\x1b]0;owned\x07"


@pytest.mark.parametrize(
    "text, shown",
    [
        (CLEAR, "\\x1b[2J\\x1b]0;owned\\x07"),
        ("\x9b31m", "\\x9b31m"),  # the same order in one letter
        ("a\rb\x08\x7f", "a\\x0db\\x08\\x7f"),
        ("song\u202egpj.wav", "song\\u202egpj.wav"),
        ("Bl\udcffm", "Bl\\xffm"),  # a byte of a name that is no UTF-8
        ("[bold]Straße 夜 💿 שיר[/bold]", "[bold]Straße 夜 💿 שיר[/bold]"),
    ],
)
def test_what_a_terminal_obeys_is_shown_as_its_code(text, shown):
    assert harmless(text) == shown


def test_a_name_makes_no_line_of_its_own():
    assert one_line("take\nok  all is verified\there") == "take\\nok  all is verified\\there"
    assert as_lines(["one", "two\nthree"]) == "one\ntwo\\nthree"
    assert harmless("one\ntwo") == "one\ntwo"


@given(st.text(st.characters(codec=None)))
def test_anything_becomes_text_that_any_terminal_takes(text):
    shown = one_line(text)
    assert shown.encode("utf-8").decode() == shown
    assert one_line(shown) == shown
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in shown)


@given(st.text(st.characters(codec=None)))
def test_json_keeps_what_it_shows(text):
    shown = harmless_json({"name": text})
    assert json.loads(shown) == {"name": text}
    assert not {"\x1b", "\x7f", "\x9b", "\u202e"} & set(shown)


def test_a_traceback_in_the_log_is_harmless_too():
    error = ValueError(CLEAR)
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "of %s", (CLEAR,), (ValueError, error, None))
    told = HarmlessFormatter().format(record)
    assert "\x1b" not in told
    assert "\\x1b[2J" in told


def test_a_note_in_the_history_is_one_harmless_line():
    note = Note(
        text=f"{CLEAR}\nok  verified", span=Span(clock="t", start_s=0, end_s=1), by="me\x1bc", at="now"
    )
    line = history_line(
        {
            "seq": 3,
            "at": "2026-01-01T00:00:00",
            "kind": "note",
            "body": note.model_dump(mode="json"),
            "says": f"{note.text} ({note.by})",
        }
    )
    assert "\n" not in line
    assert "\x1b" not in line
