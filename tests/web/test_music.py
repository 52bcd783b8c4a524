from __future__ import annotations

import math

import pytest

from controlroom.model.base import finite
from controlroom.studio import console_music


def test_the_page_reads_the_music_that_listen_hears(console):
    told = console.client.get(f"{console.song}/music").json()
    heard = console.studio().listen(console.root).music
    for name in ("tempo_bpm", "key", "downbeats_s", "sections", "chords"):
        assert told[name] == finite(heard[name])
    assert told["intended"] == []


def test_music_and_tone_are_measured_once(console, monkeypatch):
    studio = console.studio()
    first = studio.music(console.root), studio.tone(console.root)
    monkeypatch.setattr(console_music, "music_data", None)
    monkeypatch.setattr(console_music, "tonal_balance", None)
    assert (studio.music(console.root), studio.tone(console.root)) == first


def test_a_brief_is_laid_beside_the_arc_and_measured_anew(console):
    brief = 'schema = "brief/1"\n[[form]]\nname = "verse"\nbars = 8\nenergy = 0.3\n'
    before = console.studio().music(console.root)
    (console.root / "brief.toml").write_text(brief)
    after = console.studio().music(console.root)
    assert before["intended"] == []
    assert after["intended"] == [{"name": "verse", "bars": 8, "energy": 0.3}]
    assert len(list((console.root / ".cache" / "console").glob("music.*"))) == 1


def test_tone_is_the_corridor_of_the_standards_and_the_balance_of_the_finding(console):
    told = console.client.get(f"{console.song}/tone").json()
    standards = console.studio().standards(console.root)
    assert told["corridor"]["low_db"] == list(standards.curve("tone.corridor_low_db"))
    side = told["sides"]["take"]
    assert len(side["freq_hz"]) == len(side["residual_db"])
    judged = [v for v, counts in zip(side["residual_db"], side["judged"], strict=True) if counts]
    assert sum(judged) / len(judged) == pytest.approx(0.0, abs=3.0)  # level removed
    for finding in console.studio().desk(console.root).findings:
        if finding.kind == "tonal-balance":
            assert side["residual_db"] == pytest.approx(finding.plot.y, abs=0.01)


def test_what_is_kept_is_json_without_infinities():
    plain = finite({"a": math.inf, "b": (1.0, math.nan), "c": "x"})
    assert plain == {"a": None, "b": [1.0, None], "c": "x"}
