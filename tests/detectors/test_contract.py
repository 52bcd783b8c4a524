"""What every detector promises, over the folder."""

from functools import cache

import numpy as np
import pytest

from controlroom.detectors.form import Detector, all_detectors
from controlroom.listening.listening import Listening
from controlroom.listening.measures import MEASURES, split_name
from controlroom.model.audio import Audio
from tests import tolerances as tol
from tests.detectors.sounds import PLANTS, clean, standards, with_samples

DETECTORS = list(all_detectors().values())
LEVEL_KINDS = {"level", "true-peak"}
LENGTHENED_S = 0.5
IN_OTHER_WORDS = {"tonal-balance": {"mud"}}
"""The planted bump at 250 Hz is mud, and may be called so."""

every = pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)


def judged(detector, heard):
    return [f for f in detector.detect(heard, standards()) if not f.information]


def everything(sound):
    heard = Listening(sound)
    return [f for detector in DETECTORS for f in judged(detector, heard)]


@cache
def planted(kind):
    """Return a listening that all detectors share, as in the program: none depends on another's turn."""
    return Listening(PLANTS[kind](clean()))


@cache
def cleaned(rate_hz, channels, seed):
    return Listening(clean(8.0, rate_hz, channels, seed))


def test_the_folder_is_not_empty():
    assert {"loudness", "true_peak", "tonal_balance", "rumble", "dc", "low_end_width", "start_end"} <= {
        d.name for d in DETECTORS
    }


@every
def test_it_has_the_form(detector):
    assert isinstance(detector, Detector)
    assert detector.kinds
    assert detector.version >= 1


def test_each_kind_has_one_detector_and_one_plant():
    kinds = [kind for detector in DETECTORS for kind in detector.kinds]
    assert len(kinds) == len(set(kinds))
    assert {kind for d in DETECTORS for kind in d.kinds} >= set(PLANTS)


@every
@pytest.mark.parametrize(
    "rate_hz,channels,seed", [(44100, 2, 440), (48000, 2, 1), (32000, 1, 2), (96000, 2, 3)]
)
def test_a_clean_sound_gives_no_finding(detector, rate_hz, channels, seed):
    assert judged(detector, cleaned(rate_hz, channels, seed)) == []


@every
@pytest.mark.parametrize("frames,channels", [(0, 1), (100, 2), (30000, 2)])
def test_scraps_and_silence_do_not_upset_it(detector, frames, channels):
    silence = Audio(np.zeros((channels, frames), dtype=np.float32), 44100)
    assert {f.kind for f in judged(detector, Listening(silence))} <= {"start-silence", "level"}


@every
@pytest.mark.parametrize("kind", PLANTS)
def test_findings_are_whole(detector, kind):
    found = detector.detect(planted(kind), standards())
    again = detector.detect(Listening(planted(kind).audio), standards())
    assert [f.canonical() for f in found] == [f.canonical() for f in again]
    for finding in found:
        assert finding.kind in detector.kinds
        assert finding.detector_version == detector.version
        assert all(split_name(m.name)[0] in MEASURES for m in finding.measurements)
        assert finding.information == (finding.standard is None)
        if finding.standard is not None:
            assert finding.standard.limit == standards().number(finding.standard.key)
            assert finding.severity > 0


@pytest.mark.parametrize("kind", PLANTS)
def test_a_planted_defect_is_found_and_nothing_else(kind):
    found = [f.kind for detector in DETECTORS for f in judged(detector, planted(kind))]
    assert kind in found
    assert set(found) <= {kind, *IN_OTHER_WORDS.get(kind, ())}


@pytest.mark.parametrize("kind", sorted(set(PLANTS) - LEVEL_KINDS))
@pytest.mark.parametrize("gain_db", [-9.0, 4.0])
def test_turning_it_up_or_down_changes_no_finding_but_the_level(kind, gain_db):
    sound = PLANTS[kind](clean())
    moved = with_samples(sound, sound.samples * 10 ** (gain_db / 20))
    before, after = everything(sound), [f for f in everything(moved) if f.kind not in LEVEL_KINDS]
    assert [f.kind for f in after] == [f.kind for f in before]
    for was, now in zip(before, after, strict=True):
        judged_name = was.measurements[0].name
        assert now.value(judged_name) == pytest.approx(was.value(judged_name), abs=tol.BAND_LEVEL_DB)


@pytest.mark.parametrize("kind", ["end-silence", "cut-off-end"])
def test_spans_move_with_the_sound(kind):
    sound = PLANTS[kind](clean())
    later = with_samples(sound, np.pad(sound.samples, ((0, 0), (round(LENGTHENED_S * sound.rate_hz), 0))))
    (was,), (now,) = everything(sound), everything(later)
    assert now.span.start_s - was.span.start_s == pytest.approx(LENGTHENED_S, abs=0.011)
    assert now.span.end_s - was.span.end_s == pytest.approx(LENGTHENED_S, abs=tol.FLOAT32)


def test_more_of_a_defect_is_more_severe():
    sound = clean()
    rumble = PLANTS["rumble"](sound).samples.astype(np.float64) - sound.samples
    severities = [
        max((f.severity for f in everything(with_samples(sound, sound.samples + g * rumble))), default=0.0)
        for g in (1.0, 2.0, 4.0)
    ]
    assert severities == sorted(severities)
    assert severities[0] < severities[-1]
