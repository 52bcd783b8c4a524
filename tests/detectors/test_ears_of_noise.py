"""Balance, noise, clipping and the source: each planted fault is named, and moves as physics says."""

import io
from functools import cache

import numpy as np
import pytest
import soundfile

from controlroom.detectors.form import all_detectors
from controlroom.dsp.filters import bell_db, convolve_same, from_curve_db, grid_hz
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from tests import tolerances as tol
from tests.detectors.sounds import clean, seconds_of, standards, with_samples

CLEARLY = 0.5
OURS = ("balance", "hiss", "lines", "shimmer", "flutter", "breaks", "clipping", "source")
QUIET = ("balance", "hiss", "lines", "shimmer", "flutter", "breaks")


@cache
def song():
    """The clean sound in strokes with pauses between them, so that there is something to hear noise in."""
    sound = clean(16.0)
    at_s = seconds_of(sound)
    gate = 0.02 + np.exp(-(at_s % 0.5) / 0.06)
    return with_samples(sound, 0.5 * sound.samples * gate)


def level(sound):
    return float(np.sqrt(np.mean(sound.samples**2)))


def white(sound, seed=9):
    return np.random.default_rng(seed).standard_normal(sound.samples.shape).astype(np.float32)


def tilted(sound, freq_hz, gain_db, q):
    reach = round(0.08 * sound.rate_hz)
    return with_samples(
        sound,
        convolve_same(
            sound.samples, from_curve_db(bell_db(grid_hz(sound.rate_hz, reach), freq_hz, gain_db, q), reach)
        ),
    )


def hissing(sound):
    return with_samples(sound, sound.samples + 0.03 * level(sound) * white(sound))


def humming(sound):
    at_s = seconds_of(sound)
    comb = sum(np.sin(2 * np.pi * 50.0 * k * at_s) / k for k in range(1, 9))
    return with_samples(sound, sound.samples + 0.3 * level(sound) * comb)


def whining(sound):
    return with_samples(
        sound, sound.samples + 0.1 * level(sound) * np.sin(2 * np.pi * 3517.0 * seconds_of(sound))
    )


def shimmering(sound):
    rng = np.random.default_rng(4)
    out = sound.samples.copy()
    length = round(0.4 * sound.rate_hz)
    for start in rng.integers(0, sound.frames - length, round(16 * sound.duration_s)):
        pitch = rng.uniform(5100, 7200)
        out[:, start : start + length] += (
            0.1
            * level(sound)
            * np.sin(2 * np.pi * pitch * np.arange(length) / sound.rate_hz)
            * np.hanning(length)
        ).astype(np.float32)
    return with_samples(sound, out)


def fluttering(sound):
    beat = 1 + np.cos(2 * np.pi * 43.0 * seconds_of(sound))
    return with_samples(sound, sound.samples + 0.3 * level(sound) * white(sound) * beat)


def clicking(sound):
    out = sound.samples.copy()
    for at in range(sound.rate_hz // 3, sound.frames - 100, sound.rate_hz):
        out[:, at : at + 3] += np.float32([0.7, -0.5, 0.2])
    return with_samples(sound, out)


def dropping_out(sound):
    out = sound.samples.copy()
    for stroke in range(2, 8):
        at = round((0.5 * stroke + 0.02) * sound.rate_hz)
        out[:, at : at + round(0.03 * sound.rate_hz)] = 0
    return with_samples(sound, out)


def clipped(sound):
    peak = np.float32(0.3 * np.abs(sound.samples).max())
    return with_samples(sound, np.clip(sound.samples, -peak, peak))


def driven(sound):
    return with_samples(sound, 0.5 * np.tanh(0.3 * sound.samples / level(sound)))


PLANTS = {
    "mud": lambda s: tilted(s, 315.0, 14.0, 0.8),
    "boom": lambda s: tilted(s, 100.0, 14.0, 1.2),
    "harshness": lambda s: tilted(s, 3500.0, 14.0, 0.8),
    "fizz": lambda s: tilted(s, 10000.0, 16.0, 0.8),
    "dullness": lambda s: tilted(s, 9000.0, -18.0, 0.5),
    "thin-low-end": lambda s: tilted(s, 85.0, -16.0, 0.7),
    "hiss": hissing,
    "hum": humming,
    "whine": whining,
    "shimmer": shimmering,
    "hf-flutter": fluttering,
    "clicks": clicking,
    "dropouts": dropping_out,
    "hard-clipping": clipped,
    "soft-clipping": driven,
}


@cache
def planted(kind):
    return PLANTS[kind](song())


def found(sound):
    listening = Listening(sound)
    return {f.kind: f for name in OURS for f in all_detectors()[name].detect(listening, standards())}


@cache
def found_in(kind):
    return found(planted(kind))


every = pytest.mark.parametrize("kind", PLANTS)


def test_the_song_itself_has_none_of_it():
    assert not set(found(song())) & set(PLANTS)


@every
def test_a_planted_fault_is_clearly_named(kind):
    assert found_in(kind)[kind].severity >= CLEARLY


@every
@pytest.mark.parametrize("change", ["softer", "polarity", "swapped", "delayed", "stored"])
def test_it_moves_as_physics_says(kind, change):
    sound = planted(kind)
    before = found_in(kind)[kind]
    delay = 6000
    moved = {
        "softer": lambda x: x * np.float32(10 ** (-7 / 20)),
        "polarity": lambda x: -x,
        "swapped": lambda x: x[::-1],
        "delayed": lambda x: np.pad(x, ((0, 0), (delay, 0))),
        "stored": lambda x: through_flac(x, sound.rate_hz),
    }[change](sound.samples)
    after = found(with_samples(sound, moved))[kind]
    tolerance = tol.MOVED_FRAMES_DB if change in ("delayed", "stored") else tol.BAND_LEVEL_DB
    if before.measurements[0].name.endswith(("minute", "count")):
        assert after.measurements[0].value == pytest.approx(before.measurements[0].value, rel=0.1)
    else:
        assert after.measurements[0].value == pytest.approx(before.measurements[0].value, abs=tolerance)
    if change == "delayed" and before.span is not None:
        assert after.span.start_s - before.span.start_s == pytest.approx(delay / sound.rate_hz, abs=0.0025)


def through_flac(samples, rate_hz):
    """Through 24-bit FLAC and back; what passes full scale is turned down first."""
    held = samples * np.float32(min(1.0, 0.99 / np.abs(samples).max()))
    stored = io.BytesIO()
    soundfile.write(stored, held.T, rate_hz, format="FLAC", subtype="PCM_24")
    stored.seek(0)
    return soundfile.read(stored, dtype="float32", always_2d=True)[0].T.copy()


@pytest.mark.parametrize("kind", ["hum", "whine", "hiss"])
def test_more_of_it_is_more_severe(kind):
    sound = song()
    fault = planted(kind).samples.astype(np.float64) - sound.samples
    name = found_in(kind)[kind].measurements[0].name
    values = [
        measure(Listening(with_samples(sound, sound.samples + g * fault)), name, standards())
        for g in (0.1, 0.5, 1.0)
    ]
    assert values == sorted(values)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("colour", [0.0, 1.0])
def test_plain_noise_is_no_noise_fault(seed, colour):
    sound = song()
    freq = np.maximum(np.fft.rfftfreq(sound.frames, 1 / sound.rate_hz), 20.0)
    shaped = np.fft.irfft(
        np.fft.rfft(white(sound, seed), axis=1) * freq ** (-colour / 2), sound.frames, axis=1
    )
    listening = Listening(with_samples(sound, 0.1 * shaped / shaped.std()))
    told = {f.kind for name in QUIET[1:] for f in all_detectors()[name].detect(listening, standards())}
    assert told == set()


def test_the_source_is_audited():
    sound = song()
    told = found(with_samples(sound, np.round(sound.samples * 2048) / 2048))
    assert told["bit-depth"].measurements[0].value == 12
    told = found(with_samples(sound, np.repeat(sound.samples[:1], 2, axis=0)))
    assert told["dual-mono"].information
    gap = sound.samples.copy()
    gap[:, 5 * sound.rate_hz : 9 * sound.rate_hz] = 0
    assert found(with_samples(sound, gap))["silence"].measurements[0].value == pytest.approx(4.0, abs=0.3)
