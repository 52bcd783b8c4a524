"""Every defect changes the mix, grows with its grade, and sits where it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache

import numpy as np
import pytest
from lab.defects import DEFECTS, GRADES, NULLS, Flawed, Host, demo_take, host_of
from lab.defects.audible import over_masked_db
from lab.defects.balance import beyond_db, levels_over_corridor, shipped_corridor
from lab.defects.sound import band_pass, envelope, masked_tone_rms
from lab.defects.source import end_level_db
from lab.defects.voice_space import darker
from lab.songs import make_song, sum_stems
from lab.songs.truth import Stretch
from scipy import signal

from controlroom.model.audio import Audio
from tests.tolerances import EXACT, MASKED_TONE_DB, MEAN_OFFSET, NOISE_SLOPE_DB

Measure = Callable[[np.ndarray, int], float]

SECONDS = 22.0

HEAVY = {"tempo-drift", "tuning-drift", "one-loop", "transcoded", "shimmer", "late-degradation", "flat-arc"}


@lru_cache(maxsize=1)
def host() -> Host:
    return host_of(make_song(0, duration_s=SECONDS))


def host_for(name: str) -> Host:
    """Return the host, for a step between repeats with its last section named as a repeat."""
    if name != "section-level":
        return host()
    *others, last = host().truth.sections
    sections = (*others, replace(last, occurrence=2))
    return replace(host(), truth=replace(host().truth, sections=sections))


@cache
def flawed(name: str, grade: str) -> Flawed:
    return DEFECTS[name].plant(host_for(name), grade, seed=5)


def difference_db(samples: np.ndarray, _rate_hz: int) -> float:
    """Energy of what is not a plain gain of the clean mix, against the mix."""
    clean = host().mix.samples.astype(np.float64)
    count = min(clean.shape[1], samples.shape[1])
    a, b = samples[:, :count].astype(np.float64), clean[:, :count]
    gain = np.vdot(a, b) / np.vdot(b, b)
    return 10 * np.log10(np.mean((a / gain - b) ** 2) / np.mean(b**2) + 1e-20)


def correlation(low_hz: float, high_hz: float) -> Measure:
    return lambda x, rate: -float(np.corrcoef(band_pass(x, rate, low_hz, high_hz))[0, 1])


def beyond(low_hz: float, high_hz: float, *, above: bool) -> Measure:
    def measure(samples: np.ndarray, rate: int) -> float:
        freq = shipped_corridor()["freq_hz"]
        core = (freq >= low_hz) & (freq <= high_hz)
        return beyond_db(levels_over_corridor(samples, rate), core, above=above)

    return measure


def crest_lost_db(samples: np.ndarray, _rate_hz: int) -> float:
    return -20 * np.log10(np.abs(samples).max() / np.sqrt(np.mean(samples**2)))


def seconds(samples: np.ndarray, rate_hz: int) -> float:
    return samples.shape[1] / rate_hz


def side_lost_db(samples: np.ndarray, _rate_hz: int) -> float:
    return -10 * np.log10(np.mean((samples[0] - samples[1]) ** 2) + 1e-20)


def flatness_of_arc(samples: np.ndarray, rate_hz: int) -> float:
    level = 20 * np.log10(envelope(samples, rate_hz, 3.0)[2 * rate_hz : -4 * rate_hz : rate_hz])
    return -float(np.std(level))


def drums_spread(samples: np.ndarray, rate_hz: int) -> float:
    """How slow the steepest rises have become: minus the upper tail of 5 ms level steps in the highs."""
    level = np.log10(
        envelope(band_pass(samples, rate_hz, 2000, 16000), rate_hz, 0.005)[:: rate_hz // 200] + 1e-5
    )
    return -float(np.quantile(np.diff(level), 0.99))


def tilt_left(samples: np.ndarray, _rate_hz: int) -> float:
    third = samples.shape[1] // 3
    balance = [
        np.log10(np.mean(p[0] ** 2) / np.mean(p[1] ** 2)) for p in (samples[:, :third], samples[:, -third:])
    ]
    return float(abs(balance[1] - balance[0]))


def softness(samples: np.ndarray, _rate_hz: int) -> float:
    return -float(np.sqrt(np.mean(samples**2)))


def loudness(samples: np.ndarray, _rate_hz: int) -> float:
    return float(np.abs(samples).max())


MEASURES: dict[str, Measure] = {
    "quiet": softness,
    "hot-peaks": loudness,
    "inner-silence": seconds,
    "mud": beyond(200, 500, above=True),
    "boom": beyond(80, 125, above=True),
    "harshness": beyond(2500, 5000, above=True),
    "fizz": beyond(8000, 12500, above=True),
    "dullness": beyond(5000, 12500, above=False),
    "thin": beyond(63, 125, above=False),
    "dual-mono": side_lost_db,
    "start-silence": seconds,
    "end-silence": seconds,
    "cut-off-end": end_level_db,
    "smear": drums_spread,
    "low-end-width": correlation(0, 110),
    "side-highs": correlation(7000, 20000),
    "mono-fold": correlation(300, 20000),
    "stereo-drift": tilt_left,
    "over-compression": crest_lost_db,
    "flat-arc": flatness_of_arc,
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in HEAVY else ()) for name in DEFECTS]
)
def test_a_defect_changes_the_mix_and_grows_with_its_grade(name):
    measure = MEASURES.get(name, difference_db)
    clean = host().mix
    values = [measure(flawed(name, grade).mix.samples, clean.rate_hz) for grade in GRADES]
    if name == "turned-arc":  # the song stays as it is; what is asked of it is something else
        assert all(flawed(name, grade).mix is clean for grade in GRADES)
        asked = [flawed(name, grade).intended for grade in GRADES]
        assert len(set(asked)) == len(GRADES)
        return
    if name not in {"tempo-drift", "tuning-drift", "copied-bars", "one-loop"}:
        assert values[0] < values[1] < values[2], values
    for grade in GRADES:
        changed = flawed(name, grade).mix.digest() != clean.digest()
        assert changed or (name == "one-loop" and grade != "clear" and not flawed(name, grade).reached)
    if measure is not difference_db:
        assert values[2] > measure(clean.samples, clean.rate_hz)


@pytest.mark.parametrize("name", DEFECTS)
def test_a_flawed_song_says_what_was_planted_and_stays_below_full_scale(name):
    song = flawed(name, "clear")
    (planted,) = song.planted
    assert (planted.defect, planted.kind) == (name, DEFECTS[name].kind)
    assert planted.strength == DEFECTS[name].strengths[2]
    assert np.all(np.isfinite(song.mix.samples))
    assert np.max(np.abs(song.mix.samples)) < 1.0 or name == "hot-peaks"
    assert planted.spans
    for span in planted.spans:
        assert 0 <= span.start_s <= span.end_s <= song.mix.duration_s + 1 / song.mix.rate_hz
    if song.stems:
        assert np.max(np.abs(sum_stems(song.stems).samples - song.mix.samples)) == EXACT


def test_planting_twice_gives_the_same_samples():
    for name in ("shimmer", "clicks", "hat-density"):
        again = DEFECTS[name].plant(host_for(name), "clear", seed=5)
        assert again.mix.digest() == flawed(name, "clear").mix.digest()
        other = DEFECTS[name].plant(host_for(name), "clear", seed=6)
        assert other.mix.digest() != again.mix.digest()


def test_clear_balance_defects_lie_6_db_beyond_the_corridor():
    for name in ("mud", "boom", "harshness", "fizz", "dullness", "thin"):
        mix = flawed(name, "clear").mix
        assert MEASURES[name](mix.samples, mix.rate_hz) >= 5.5


def test_the_drift_of_a_song_is_in_its_beats():
    steady, drifting = host().recipe, make_song(0, duration_s=SECONDS, tempo_drift=0.08)
    assert steady is not None
    bars = np.diff(drifting.truth.downbeats_s)
    assert bars[-1] / bars[0] == pytest.approx(1.04 / 0.96)
    assert drifting.truth.music_end_s == pytest.approx(steady.truth.music_end_s)


def test_copied_bars_are_equal_to_the_sample():
    song = flawed("copied-bars", "clear")
    truth, rate = host().truth, song.mix.rate_hz
    assert truth is not None
    starts = np.round(truth.downbeats_s[:-1] * rate).astype(int)
    length, skip = int(np.diff(truth.downbeats_s)[0] * rate) - 2000, 1000
    bars = {song.mix.samples[:, s + skip : s + length].tobytes() for s in starts}
    assert len(bars) <= 0.4 * len(starts)


def test_a_masked_tone_lies_below_white_noise_by_the_stated_amount():
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal((2, 5 * 44100))
    tone = masked_tone_rms(noise, 44100, 4000.0)
    erb_hz = 24.7 * (0.00437 * 4000 + 1)
    expected = 0.1 * np.sqrt(erb_hz / 22050) * 10 ** (-5 / 20)
    assert 20 * np.log10(tone / expected) == pytest.approx(0.0, abs=MASKED_TONE_DB)


def test_how_far_a_fault_lies_over_its_mask_follows_its_level_alone():
    rng = np.random.default_rng(1)
    sound, fault = (rng.standard_normal((2, 2 * 44100)) for _ in range(2))
    first = over_masked_db(sound, 0.1 * fault, 44100)
    assert over_masked_db(sound, 0.2 * fault, 44100) - first == pytest.approx(20 * np.log10(2))
    assert over_masked_db(0.1 * sound, 0.01 * fault, 44100) == pytest.approx(first)


@pytest.mark.parametrize("name, top_hz", [("hiss", 18000.0), ("hum", 600.0)])
def test_a_sound_without_pauses_carries_no_clear_fault_of_noise(name, top_hz):
    rate, rng = 44100, np.random.default_rng(2)
    noise = 0.1 * band_pass(rng.standard_normal((2, 6 * rate)), rate, 0.0, top_hz)
    broken = noise * (np.arange(6 * rate) % rate < 0.8 * rate)
    for samples, carries in ((noise, False), (broken, True)):
        song = Host(Audio(samples.astype(np.float32), rate))
        assert {DEFECTS[name].plant(song, grade, 5).reached for grade in GRADES} == {carries}


def test_a_voice_too_dark_to_hiss_is_no_host():
    clean = host()
    voice = clean.stems["vocals"]
    dark = {**clean.stems, "vocals": Audio(darker(voice.samples, voice.rate_hz, 20.0), voice.rate_hz)}
    assert DEFECTS["sibilance"].plant(clean, "clear", 5).reached
    assert not DEFECTS["sibilance"].plant(replace(clean, stems=dark), "clear", 5).reached


def test_a_song_in_which_nothing_comes_back_has_no_step_between_repeats():
    defect = DEFECTS["section-level"]
    assert not defect.plant(host(), "clear", 5).reached
    assert defect.plant(host_for("section-level"), "clear", 5).reached
    assert defect.plant(Host(host().mix), "clear", 5).reached  # without a map nobody knows


def test_a_voice_of_one_section_cannot_sink_in_another():
    clean, truth = host(), host().truth
    assert truth is not None
    first = Stretch(truth.sections[0].start_s, truth.sections[0].end_s)
    once = replace(clean, truth=replace(truth, vocal_spans=(first,)))
    assert not DEFECTS["voice-level"].plant(once, "clear", 5).reached
    assert DEFECTS["voice-level"].plant(clean, "clear", 5).reached


def test_a_host_without_stems_takes_mix_defects_only():
    bare = Host(host().mix)
    assert DEFECTS["hiss"].fits(bare)
    assert not DEFECTS["weak-kick"].fits(bare)
    with pytest.raises(ValueError, match="kick"):
        DEFECTS["weak-kick"].plant(bare, "clear", 0)
    with pytest.raises(ValueError, match="loud"):
        DEFECTS["hiss"].plant(bare, "loud", 0)


@pytest.mark.parametrize("name", NULLS)
def test_nulls_are_finite_and_below_full_scale(name):
    sound = NULLS[name](1, 12.0)
    assert sound.channels == 2
    assert 0.1 < np.max(np.abs(sound.samples)) < 1.0


def test_the_noise_nulls_have_their_slopes():
    for name, slope in (("white", 0.0), ("pink", -3.01)):
        sound = NULLS[name](1, 12.0)
        f, power = signal.welch(sound.samples, sound.rate_hz, nperseg=8192)
        band = (f > 200) & (f < 16000)
        fitted = np.polyfit(np.log2(f[band]), 10 * np.log10(power.mean(axis=0)[band]), 1)[0]
        assert fitted == pytest.approx(slope, abs=NOISE_SLOPE_DB)


def test_the_demo_take_is_flawed_as_told():
    demo = demo_take(duration_s=14.0)
    assert demo.take.digest() == demo_take(duration_s=14.0).take.digest()
    assert {p.kind for p in demo.planted} == {
        "mud",
        "fizz",
        "low-end-width",
        "rumble",
        "dc-offset",
        "cut-off-end",
    }
    samples, rate = demo.take.samples, demo.take.rate_hz
    assert abs(float(np.mean(samples[0]))) == pytest.approx(0.008 * 10 ** (-3 / 20), rel=MEAN_OFFSET)
    assert -correlation(30, 100)(samples, rate) < 0.2
    assert end_level_db(samples, rate) > -12
    assert MEASURES["mud"](samples, rate) > 2
