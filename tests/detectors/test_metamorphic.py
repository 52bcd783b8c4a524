"""Every finding kind, planted clearly, under what must not matter to it: gain, delay, polarity, sides, rate, storage.

Where physics does change a finding, ``PHYSICS`` says how, and that is tested instead.
"""

import io
from functools import cache

import numpy as np
import pytest
import soundfile
from lab.defects import DEFECTS, host_of
from lab.songs import make_song

from controlroom.detectors.form import all_detectors
from controlroom.listening.listening import Listening
from controlroom.media.resample import resample
from controlroom.model.audio import Audio
from tests import tolerances as tol
from tests.detectors.sounds import standards

pytestmark = pytest.mark.slow

SEED, STYLE = 9, "rock"
SHORT_S, LONG_S = 20.0, 45.0
SOFTER_DB = -7.0
DELAY_S = 0.25
OTHER_RATE_HZ = 48000
NEED_FORM = {
    "section-level", "copied-bars", "flat-arc", "late-degradation", "tempo-drift", "tuning-drift", "one-loop",
    "turned-arc", "stereo-drift", "voice-level",
}  # fmt: skip
CHANGES = ("softer", "polarity", "swapped", "delayed", "resampled", "stored")
GONE = None
PHYSICS = {
    ("quiet", "softer"): SOFTER_DB,
    ("hot-peaks", "softer"): GONE,
    ("bit-depth", "softer"): GONE,
    ("bit-depth", "resampled"): GONE,
    ("hard-clipping", "resampled"): GONE,
    ("soft-clipping", "resampled"): GONE,
    ("start-silence", "delayed"): DELAY_S,
}
"""(defect, change) to how far the judged number moves; GONE where the fault does not survive the change.

Gain moves levels and takes samples off a coarse grid; a resampling filter does the
same to the grid, and sets new tops over those that were flat or crowded: the samples
no longer tell what cut them.
"""


@cache
def host(length_s):
    return host_of(make_song(SEED, style=STYLE, duration_s=length_s))


@cache
def planted(name):
    clean = host(LONG_S if name in NEED_FORM else SHORT_S)
    flawed = DEFECTS[name].plant(clean, "clear", SEED)
    stems = {**clean.stems, **flawed.stems} if DEFECTS[name].needs - {"truth", "recipe"} else {}
    return {"mix": flawed.mix, **stems}


def change(sound, how):
    x, rate_hz = sound.samples, sound.rate_hz
    match how:
        case "softer":
            return Audio(x * np.float32(10 ** (SOFTER_DB / 20)), rate_hz)
        case "polarity":
            return Audio(-x, rate_hz)
        case "swapped":
            return Audio(x[::-1].copy(), rate_hz)
        case "delayed":
            return Audio(np.pad(x, ((0, 0), (round(DELAY_S * rate_hz), 0))), rate_hz)
        case "resampled":
            return resample(sound, OTHER_RATE_HZ)
    stored = io.BytesIO()
    # 32-bit float WAV keeps what lies above full scale
    soundfile.write(stored, x.T, rate_hz, format="WAV", subtype="FLOAT")
    stored.seek(0)
    return Audio(soundfile.read(stored, dtype="float32", always_2d=True)[0].T.copy(), rate_hz)


def found(name, how=""):
    sounds = {role: change(sound, how) if how else sound for role, sound in planted(name).items()}
    stems = {role: Listening(stem) for role, stem in sounds.items() if role != "mix"}
    listening = Listening(sounds["mix"], stems=stems)
    kind = DEFECTS[name].kind
    (detector,) = [d for d in all_detectors().values() if kind in d.kinds]
    return [f for f in detector.detect(listening, standards()) if f.kind == kind]


@cache
def before(name):
    return found(name)


def close_to(value, unit_of):
    """Return a value with the tolerance of its unit."""
    if unit_of.endswith(("_count", "_per_minute")):
        return pytest.approx(value, rel=tol.REFRAMED_SHARE)
    for ending, tolerance in tol.REFRAMED_BY_UNIT.items():
        if unit_of.endswith(ending):
            return pytest.approx(value, **tolerance)
    return pytest.approx(value, abs=tol.REFRAMED_DB)


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize("name", DEFECTS)
def test_a_finding_changes_only_as_physics_says(name, how):
    (was,) = before(name)[:1]
    moves = PHYSICS.get((name, how), 0.0)
    now = found(name, how)
    if moves is GONE:
        assert now == []
        return
    assert now, f"{was.kind} is no longer found"
    first = was.measurements[0]
    assert now[0].measurements[0].name.partition("[")[0] == first.name.partition("[")[0]
    assert now[0].measurements[0].value == close_to(first.value + moves, first.name.partition("[")[0])
    assert now[0].part == was.part
    if how in {"softer", "polarity", "swapped", "stored"} and moves == 0.0:
        assert (now[0].span is None) == (was.span is None)
        if was.span is not None:
            for end in ("start_s", "end_s"):
                assert getattr(now[0].span, end) == pytest.approx(getattr(was.span, end), abs=tol.SAME_SPAN_S)
        assert now[0].severity == pytest.approx(was.severity, abs=tol.SAME_SEVERITY)
