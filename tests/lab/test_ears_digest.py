"""A kept figure rests on its own fault's and ear's code, and on no neighbour's."""

from __future__ import annotations

import pytest
from lab.defects import DEFECTS
from lab.ears_digest import _gather, _names_of, code_of, code_of_defect

from controlroom.detectors.form import all_detectors


def _fault(name: str) -> set[str]:
    used: dict[str, str] = {}
    _gather(DEFECTS[name].apply.__module__, DEFECTS[name].apply.__name__, used)
    return {key.removeprefix("lab.defects.") for key in used}


def _ear(name: str) -> set[str]:
    used: dict[str, str] = {}
    detector = type(all_detectors()[name])
    _gather(detector.__module__, detector.__name__, used)
    return {key.removeprefix("controlroom.") for key in used}


def test_no_two_faults_and_no_two_ears_share_a_digest() -> None:
    assert len({code_of_defect(name) for name in DEFECTS}) == len(DEFECTS)
    assert len({code_of(name) for name in all_detectors()}) == len(all_detectors())


@pytest.mark.parametrize(
    "name, uses, leaves",
    [
        (
            "late-degradation",
            {"dynamics_form.late_degradation", "voice_space.darker", "sound.shaped"},
            "pumping",
        ),
        ("whine", {"noise.whine", "sound.masked_tone_rms", "sound.MASKED_TONE_DB"}, "hiss"),
        (
            "hiss",
            {"noise._under", "audible.over_masked_db", "audible.LOWEST_HZ", "audible.HIGHEST_HZ"},
            "whine",
        ),
        ("masked-voice", {"voice_space._sung", "voice_space.BACKING", "form.with_stems"}, "sibilance"),
    ],
)
def test_a_fault_is_digested_with_what_it_calls_and_not_with_its_neighbours(
    name: str, uses: set[str], leaves: str
) -> None:
    own = _fault(name)
    assert uses <= own
    assert not any(key.endswith(f".{leaves}") for key in own)


@pytest.mark.parametrize(
    "name, uses, leaves",
    [
        # through the measurement's name, a module's name and the cache that every ear shares
        ("hiss", {"detectors.hiss.JUDGE", "listening.noise.hiss", "dsp.noise.noise_floor"}, "dsp.lines.hum"),
        (
            "lines",
            {"listening.noise.hum_of", "dsp.lines.hum", "dsp.lines._HUM_FRAME_S"},
            "dsp.noise.noise_floor",
        ),
        ("sibilance", {"listening.heard.loudest_of", "dsp.levels.loudest_window"}, "dsp.pumping"),
        ("tempo_drift", {"music.drift.tempo_drift", "music.analysis.analyse"}, "music.familiarity"),
        ("harmonic_familiarity", {"music.familiarity.familiarity"}, "dsp.noise"),
        # the name is put together where it is asked for
        ("tonal_balance", {"listening.tone.tonal_balance"}, "dsp.lines"),
    ],
)
def test_an_ear_is_digested_with_what_it_calls_and_not_with_its_neighbours(
    name: str, uses: set[str], leaves: str
) -> None:
    own = _ear(name)
    assert uses <= own
    assert not any(key.startswith(leaves) for key in own)


def test_every_ear_reaches_what_it_judges_by() -> None:
    for name, detector in all_detectors().items():
        assert any(key.startswith(("listening.", "dsp.")) for key in _ear(name)), name
        assert f"detectors.{type(detector).__module__.rpartition('.')[2]}.{type(detector).__name__}" in _ear(
            name
        )


def test_what_is_no_module_has_no_names() -> None:
    names = _names_of("controlroom.music.chords.MAJOR_DEGREES")
    assert not names.bodies
    assert not names.homes
