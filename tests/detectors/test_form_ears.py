"""Form, drift and harmony: what is planted is found, what is clean is left alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from lab.defects import DEFECTS, host_of
from lab.defects.form import intended_form
from lab.songs import form, make_song

from controlroom.detectors.form import all_detectors, is_deep
from controlroom.listening import surface
from controlroom.listening.known import Known, Meant
from controlroom.listening.listening import Listening
from controlroom.listening.musical import block_s_of, music_of, power_of
from controlroom.listening.surface import surface_arc_of
from controlroom.model.audio import Audio
from controlroom.model.brief import Brief, FormSection
from controlroom.music.surface import music_extent
from controlroom.studio.standards import shipped_standards
from tests import tolerances as tol

SEED = 7
DEFECT_OF = {
    "predictable-arc": "flat-arc",
    "repetition": "copied-bars",
    "late-degradation": "late-degradation",
    "tempo-drift": "tempo-drift",
    "tuning-drift": "tuning-drift",
}
MINE = [
    d for d in all_detectors().values() if {*d.kinds} & {*DEFECT_OF, "harmonic-familiarity", "surface-arc"}
]


@cache
def host():
    return host_of(make_song(SEED, duration_s=30.0))


@cache
def planted(kind, grade="clear"):
    return DEFECTS[DEFECT_OF[kind]].plant(host(), grade, SEED).mix


def judged(audio):
    listening, standards = Listening(audio), shipped_standards()
    found = [f for d in MINE for f in d.detect(listening, standards)]
    return {f.kind: f for f in found if not f.information}


@cache
def judged_of(kind):
    return judged(planted(kind))


def test_a_clean_song_misses_none_of_these_standards():
    assert judged(host().mix) == {}


@pytest.mark.parametrize("kind", DEFECT_OF)
def test_what_is_planted_clearly_is_found_clearly(kind):
    found = judged_of(kind)
    assert found[kind].severity >= 0.5
    assert found[kind].standard.limit == shipped_standards().number(found[kind].standard.key)


@pytest.mark.parametrize("kind", ["predictable-arc", "late-degradation", "repetition"])
def test_level_polarity_and_channels_change_nothing(kind):
    sound = planted(kind)
    turned = Audio(np.ascontiguousarray(-0.3 * sound.samples[::-1]).astype(np.float32), sound.rate_hz)
    before, after = judged_of(kind)[kind], judged(turned)[kind]
    assert after.measurements[0].value == pytest.approx(before.measurements[0].value, abs=tol.BAND_LEVEL_DB)


def test_drifts_are_told_with_their_direction():
    drift = judged_of("tempo-drift")["tempo-drift"]
    glide = judged_of("tuning-drift")["tuning-drift"]
    assert isinstance(drift.facts["faster"], bool)
    assert isinstance(glide.facts["sharper"], bool)
    assert 45.0 < glide.measurements[0].value < 75.0


def test_copied_bars_have_a_place():
    found = judged_of("repetition")["repetition"]
    assert 0.0 <= found.span.start_s < found.span.end_s <= host().mix.duration_s
    assert found.facts["copied_bars"] <= found.facts["bars"]


def test_what_needs_the_music_analysed_says_so():
    deep = {d.name for d in MINE if is_deep(d)}
    assert deep == {"repetition", "tempo_drift", "tuning_drift", "harmonic_familiarity", "surface_arc"}
    listening = Listening(host().mix)
    for detector in MINE:
        if not is_deep(detector):
            detector.detect(listening, shipped_standards())
    assert ("music.analyse",) not in listening._kept


def told(energies):
    form = tuple(FormSection(name=str(i), bars=1, energy=e) for i, e in enumerate(energies))
    listening = Listening(host().mix, Known(Meant(brief=Brief(form=form))))
    detector = all_detectors()["surface_arc"]
    return detector.detect(listening, shipped_standards())[0]


def test_the_arc_is_judged_only_against_what_the_brief_intends():
    listening = Listening(host().mix)
    arc = surface_arc_of(listening)
    music = music_extent(power_of(listening), block_s_of(listening))
    places = (np.arange(32) + 0.5) / 32 * (music.end_s - music.start_s) + music.start_s
    energies = [
        arc.cues[min(int(np.searchsorted(arc.edges_s[1:], p)), len(arc.cues) - 1)].energy for p in places
    ]
    assert told(energies).information
    assert told(energies).value("arc.agreement_percent") > 90.0
    turned = told([1.0 - e for e in energies])
    assert not turned.information
    assert turned.value("arc.agreement_percent") < -90.0
    free = all_detectors()["surface_arc"].detect(listening, shipped_standards())[0]
    assert free.information


def test_a_brief_that_a_ringing_song_follows_is_no_reason_for_a_claim_and_the_opposite_is():
    """Half of seed 1035's last section once fell on what rings out after its last stroke."""
    song = host_of(make_song(1035, duration_s=30.0))
    for turned_share, claimed in ((0.0, False), (1.0, True)):
        listening = Listening(
            song.mix, Known(Meant(brief=Brief(form=intended_form(song.truth, turned_share))))
        )
        (found,) = all_detectors()["surface_arc"].detect(listening, shipped_standards())
        assert found.information is not claimed
        assert (found.severity >= 0.5) is claimed


def test_where_no_sections_are_heard_the_brief_names_them(monkeypatch):
    facts = music_of(Listening(host().mix)).model_copy(update={"sections": None})
    monkeypatch.setattr(surface, "music_of", lambda _: facts)
    assert surface_arc_of(Listening(host().mix)) is None
    listening = Listening(host().mix, Known(Meant(brief=Brief(form=intended_form(host().truth, 1.0)))))
    (found,) = all_detectors()["surface_arc"].detect(listening, shipped_standards())
    assert not found.information
    assert found.facts["sections"] == len(host().truth.sections)


def test_lyric_marks_name_the_sections():
    listening = Listening(host().mix, Known(Meant(lyrics="[Verse]\na\nb\nc\nd\n\n[Chorus]\na\nb\nc\nd\n")))
    assert {s.label for s in music_of(listening).sections.sections} == {"verse", "chorus"}


def harmony_of(seed):
    listening = Listening(make_song(seed, duration_s=60.0).mix)
    (found,) = all_detectors()["harmonic_familiarity"].detect(listening, shipped_standards())
    return found


def test_a_song_that_never_leaves_one_loop_is_judged_and_one_with_two_is_told(monkeypatch):
    several = harmony_of(SEED)
    assert several.information
    for name in ("MAJOR_LOOPS", "MINOR_LOOPS"):
        monkeypatch.setattr(form, name, (getattr(form, name)[0],) * 3)
    one = harmony_of(SEED)
    assert not one.information
    assert one.severity >= 0.5
    assert one.facts["turns"] > 3
    assert "Billboard" in one.facts["statistics_source"]
