from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.dsp.k_weighting import BlockEnergies, block_edges, k_weighted_block_energies
from controlroom.dsp.loudness import (
    gain_to,
    integrated_from_energies,
    loudness_range,
    measure,
    nearest_rank,
)
from tests import tolerances

RATE_HZ = 48000
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "audio"


def sines(*parts, hertz=1000.0, rate_hz=RATE_HZ, channels=2):
    """A continuous sine whose level steps through (peak dBFS, seconds); None is silence."""
    level = np.concatenate(
        [np.full(round(s * rate_hz), 0.0 if db is None else 10 ** (db / 20)) for db, s in parts]
    )
    wave = level * np.sin(2 * np.pi * hertz / rate_hz * np.arange(level.size))
    return np.stack([wave] * channels).astype(np.float32)


def near(expected):
    return pytest.approx(expected, abs=tolerances.LOUDNESS_LU)


@pytest.mark.parametrize("case, level", [(1, -23), (2, -33)])
def test_ebu_tech_3341_steady_tone(case, level):
    read = measure(sines((level, 20)), RATE_HZ)
    assert read.integrated_lufs == near(level), case
    assert read.momentary_max_lufs == near(level)
    assert read.short_term_max_lufs == near(level)


@pytest.mark.parametrize(
    "case, parts",
    [
        (3, [(-36, 10), (-23, 60), (-36, 10)]),
        (4, [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)]),
        (5, [(-26, 20), (-20, 20.1), (-26, 20)]),
    ],
)
def test_ebu_tech_3341_gates(case, parts):
    assert measure(sines(*parts), RATE_HZ).integrated_lufs == near(-23), case


def test_ebu_tech_3341_case_6_five_channels():
    tones = {level: sines((level, 20), channels=1) for level in (-28, -24, -30)}
    samples = np.concatenate([tones[level] for level in (-28, -28, -24, -30, -30)])
    assert measure(samples, RATE_HZ).integrated_lufs == near(-23)
    with_lfe = np.insert(samples, 3, sines((0, 20), channels=1), axis=0)
    assert measure(with_lfe, RATE_HZ).integrated_lufs == measure(samples, RATE_HZ).integrated_lufs


def test_ebu_tech_3341_case_9_short_term_is_constant():
    read = measure(sines(*[(-20, 1.34), (-30, 1.66)] * 5), RATE_HZ)
    assert read.short_term_lufs.size > 200
    np.testing.assert_allclose(read.short_term_lufs, -23, atol=tolerances.LOUDNESS_LU)


@pytest.mark.parametrize("i", range(20))
def test_ebu_tech_3341_cases_10_and_13_single_tones(i):
    ten = measure(sines((None, 0.15 * i), (-23, 3), (None, 1)), RATE_HZ)
    assert ten.short_term_max_lufs == near(-23)
    thirteen = measure(sines((None, 0.02 * i), (-23, 0.4), (None, 1)), RATE_HZ)
    assert thirteen.momentary_max_lufs == near(-23)


def test_ebu_tech_3341_case_11_live_short_term():
    parts = [p for i in range(20) for p in ((None, 0.15 * i), (i - 38, 3), (None, 3 - 0.15 * i))]
    read = measure(sines(*parts), RATE_HZ)
    ends_s = np.arange(read.short_term_lufs.size) * read.short_term_hop_s + 3
    for i in range(20):
        inside = read.short_term_lufs[(ends_s > 6 * i) & (ends_s <= 6 * i + 6)]
        assert inside.max() == near(i - 38)


def test_ebu_tech_3341_case_12_momentary_is_constant():
    read = measure(sines(*[(-20, 0.18), (-30, 0.22)] * 25), RATE_HZ)
    settled = read.momentary_lufs[round(0.6 / read.momentary_hop_s) :]
    assert settled.size > 400
    np.testing.assert_allclose(settled, -23, atol=tolerances.LOUDNESS_LU)


def test_ebu_tech_3341_case_14_live_momentary():
    parts = [p for i in range(20) for p in ((None, 0.02 * i), (i - 38, 0.4), (None, 0.4 - 0.02 * i))]
    read = measure(sines(*parts), RATE_HZ)
    ends_s = np.arange(read.momentary_lufs.size) * read.momentary_hop_s + 0.4
    for i in range(20):
        inside = read.momentary_lufs[(ends_s > 0.8 * i) & (ends_s <= 0.8 * i + 0.8)]
        assert inside.max() == near(i - 38)


@pytest.mark.parametrize(
    "case, levels, expected",
    [
        (1, (-20, -30), 10),
        (2, (-20, -15), 5),
        (3, (-40, -20), 20),
        (4, (-50, -35, -20, -35, -50), 15),
    ],
)
def test_ebu_tech_3342(case, levels, expected):
    read = measure(sines(*[(level, 20) for level in levels]), RATE_HZ)
    assert read.loudness_range_lu == pytest.approx(expected, abs=tolerances.LOUDNESS_RANGE_LU), case


BS2217_PEAK_DBFS = {25: -11.92, 100: -21.18, 500: -22.35, 1000: -23.01, 2000: -25.38, 10000: -26.35}


@pytest.mark.parametrize("hertz", list(BS2217_PEAK_DBFS))
@pytest.mark.parametrize("target", [-23, -24])
def test_bs_2217_tones(hertz, target):
    level = BS2217_PEAK_DBFS[hertz] + target + 23
    assert measure(sines((level, 10), hertz=hertz), RATE_HZ).integrated_lufs == near(target)


@pytest.mark.parametrize("channel, weight", [(0, 1.0), (1, 1.0), (2, 1.0), (3, 0.0), (4, 1.41), (5, 1.41)])
@pytest.mark.parametrize("target", [-23, -24])
def test_bs_2217_channel_check(channel, weight, target):
    samples = np.zeros((6, 5 * RATE_HZ), np.float32)
    level = target + 3.01 - 10 * math.log10(weight or 1.0)
    samples[channel] = sines((level, 5), channels=1)
    expected = near(target) if weight else -math.inf
    assert measure(samples, RATE_HZ).integrated_lufs == expected


def test_bs_2217_six_channels_sum():
    # six channels at one level: 3 × 1 + 2 × 1.41, the LFE left out
    level = -24 + 3.01 - 10 * math.log10(5.82)
    assert measure(sines((level, 5), channels=6), RATE_HZ).integrated_lufs == near(-24)


def test_the_absolute_gate_is_strict():
    # energies are set directly: exactly −70 LUFS is not above the gate
    edges = block_edges(5 * RATE_HZ, RATE_HZ)
    power = 10 ** ((-70 + 0.691) / 10)
    at_gate = BlockEnergies(np.full(500, power * 480), edges, RATE_HZ)
    assert integrated_from_energies(at_gate, 1 - tolerances.FLOAT32) == -math.inf
    assert integrated_from_energies(at_gate, 1 + tolerances.FLOAT32) == near(-70)


def test_the_calibration_tone_reads_minus_3_01():
    for rate_hz in (22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000):
        read = measure(sines((0, 3), hertz=997, rate_hz=rate_hz, channels=1), rate_hz)
        assert read.integrated_lufs == near(-3.01), rate_hz


def test_a_mono_sound_is_one_channel():
    one = measure(sines((-20, 4), channels=1), RATE_HZ).integrated_lufs
    two = measure(sines((-20, 4), channels=2), RATE_HZ).integrated_lufs
    assert two - one == pytest.approx(10 * math.log10(2), abs=tolerances.METER_GATED_LU)


def music(seed, seconds=8, rate_hz=44100):
    """Noise that swells and falls by 20 dB above the absolute gate, in two unlike channels, silent at both ends."""
    rng = np.random.default_rng(seed)
    t = np.arange(seconds * rate_hz) / rate_hz
    swell = 10 ** (0.5 * np.cos(2 * np.pi * t / 3.7))
    samples = rng.normal(0, 0.03, (2, t.size)) * swell * np.array([[1.0], [0.6]])
    samples[:, : rate_hz // 2] = 0
    samples[:, -rate_hz // 2 :] = 0
    return samples.astype(np.float32)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), gain_db=st.floats(-12, 12))
def test_a_gain_moves_every_level_by_itself(seed, gain_db):
    samples = music(seed)[:, 22050:-22050]  # without the ends, that cross the absolute gate
    before = measure(samples, 44100)
    after = measure((samples * 10 ** (gain_db / 20)).astype(np.float32), 44100)
    for name in ("integrated_lufs", "momentary_max_lufs", "short_term_max_lufs"):
        moved = getattr(after, name) - getattr(before, name)
        assert moved == pytest.approx(gain_db, abs=tolerances.METER_GATED_LU), name
    for name in ("true_peak_dbtp", "sample_peak_dbfs"):
        moved = getattr(after, name) - getattr(before, name)
        assert moved == pytest.approx(gain_db, abs=20 * tolerances.FLOAT32), name
    assert after.plr_db == pytest.approx(before.plr_db, abs=20 * tolerances.FLOAT32)
    assert after.loudness_range_lu == pytest.approx(before.loudness_range_lu, abs=tolerances.METER_GATED_LU)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), tenths=st.integers(1, 40))
def test_silence_in_front_moves_the_curves_and_nothing_else(seed, tenths):
    samples = music(seed)
    before = measure(samples, 44100)
    later = measure(np.pad(samples, ((0, 0), (tenths * 4410, 0))), 44100)
    assert later.integrated_lufs == pytest.approx(before.integrated_lufs, abs=tolerances.METER_GATED_LU)
    assert later.true_peak_dbtp == before.true_peak_dbtp
    np.testing.assert_allclose(
        later.momentary_lufs[5 * tenths :], before.momentary_lufs, atol=tolerances.METER_GATED_LU
    )
    np.testing.assert_allclose(
        later.short_term_lufs[2 * tenths :], before.short_term_lufs, atol=tolerances.METER_GATED_LU
    )
    np.testing.assert_allclose(later.psr_db[2 * tenths :], before.psr_db, atol=tolerances.METER_GATED_LU)


def test_polarity_and_the_order_of_channels_change_nothing():
    samples = music(3)
    facts = measure(samples, 44100).facts()
    assert measure(-samples, 44100).facts() == facts
    assert measure(samples[::-1], 44100).facts() == facts


def test_silence_reads_minus_infinity_and_says_none():
    read = measure(np.zeros((2, 5 * 44100), np.float32), 44100)
    for name in (
        "integrated_lufs",
        "momentary_max_lufs",
        "short_term_max_lufs",
        "true_peak_dbtp",
        "sample_peak_dbfs",
    ):
        assert getattr(read, name) == -math.inf, name
    for name in ("loudness_range_lu", "plr_db", "psr_p5_db", "psr_min_db"):
        assert math.isnan(getattr(read, name)), name
    assert set(read.facts().model_dump().values()) == {None}
    assert json.loads(read.facts().model_dump_json())["integrated_lufs"] is None


@pytest.mark.parametrize("seconds", [0, 0.005, 0.39, 0.4, 2.99, 3.0])
def test_a_short_sound_reads_what_fits_in_it(seconds):
    read = measure(sines((-6, seconds)), RATE_HZ)
    assert read.momentary_lufs.size == (max(0, math.floor((seconds - 0.4) / 0.02 + 1.001)))
    assert math.isfinite(read.integrated_lufs) == (seconds >= 0.4)
    assert read.short_term_lufs.size == read.psr_db.size == (1 if seconds == 3.0 else 0)
    assert math.isfinite(read.sample_peak_dbfs) == (seconds > 0)


def test_psr_is_the_peak_inside_each_window_over_its_loudness():
    samples = sines((-20, 10))
    samples[0, 5 * RATE_HZ] = 0.9  # one click, in the windows from 2 to 5 s
    read = measure(samples, RATE_HZ)
    starts_s = np.arange(read.psr_db.size) * read.short_term_hop_s
    clicked = (starts_s > 2.01) & (starts_s <= 4.99)
    calm = (starts_s < 1.9) | (starts_s > 5.1)
    assert read.psr_db[clicked].min() > 15
    # a sine in both channels: peak −20 dBTP over −20 LUFS, to the meter's tolerance
    np.testing.assert_allclose(read.psr_db[calm], 0, atol=tolerances.LOUDNESS_LU)
    assert read.psr_min_db == near(0)
    assert read.plr_db == pytest.approx(read.true_peak_dbtp - read.integrated_lufs, abs=tolerances.FLOAT64)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), target=st.floats(-24, -6))
def test_gain_to_reaches_its_target(seed, target):
    samples = music(seed, 4)
    gain_db = gain_to(k_weighted_block_energies(samples, 44100), target)
    louder = (samples * 10 ** (gain_db / 20)).astype(np.float32)
    assert measure(louder, 44100).integrated_lufs == pytest.approx(target, abs=tolerances.METER_GATED_LU)


def test_gain_to_silence_is_refused():
    with pytest.raises(ValueError, match="above -70"):
        gain_to(k_weighted_block_energies(np.zeros((1, 44100), np.float32), 44100), -14)


def test_a_planned_gain_reads_as_the_carried_out_one():
    samples = music(9)
    blocks = k_weighted_block_energies(samples, 44100)
    gain = np.linspace(0.5, 1.5, blocks.energy.size)
    carried_out = samples[:, : blocks.edges[-1]] * np.interp(
        np.arange(blocks.edges[-1]), (blocks.edges[:-1] + blocks.edges[1:]) / 2, gain
    )
    read = measure(carried_out.astype(np.float32), 44100).integrated_lufs
    assert integrated_from_energies(blocks, gain) == pytest.approx(read, abs=tolerances.FFMPEG_INTEGRATED_LU)


def test_percentiles_are_nearest_ranks():
    values = np.array([5.0, 1.0, 4.0, 2.0, 3.0])
    assert [nearest_rank(values, p) for p in (0, 10, 12.5, 50, 95, 100)] == [1, 1, 2, 3, 5, 5]
    assert math.isnan(loudness_range(np.array([-80.0, -math.inf])))


def ffmpeg_reading(samples, rate_hz):
    """ffmpeg's integrated loudness and range: the last frame's metadata, as its summary has one decimal."""
    source = ["-f", "f32le", "-ar", str(rate_hz), "-ac", str(samples.shape[0]), "-i", "-"]
    chain = "ebur128=metadata=1,ametadata=mode=print:file=-"
    text = subprocess.run(
        ["ffmpeg", "-hide_banner", "-v", "error", *source, "-af", chain, "-f", "null", "-"],
        input=samples.T.astype("<f4").tobytes(),
        check=True,
        capture_output=True,
    ).stdout.decode()
    return {name: float(re.findall(rf"r128\.{name}=(\S+)", text)[-1]) for name in ("I", "LRA")}


needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


@needs_ffmpeg
@pytest.mark.parametrize("rate_hz", [44100, 48000])
def test_agrees_with_ffmpeg_on_a_minute_of_noise(rate_hz):
    samples = music(11, 64, rate_hz)
    read, theirs = measure(samples, rate_hz), ffmpeg_reading(samples, rate_hz)
    assert read.integrated_lufs == pytest.approx(theirs["I"], abs=tolerances.FFMPEG_INTEGRATED_LU)
    assert read.loudness_range_lu == pytest.approx(theirs["LRA"], abs=tolerances.FFMPEG_RANGE_LU)


def shared_files():
    if not SHARED.is_dir():
        return []
    kinds = {".mp3", ".ogg", ".opus", ".flac", ".wav", ".m4a"}
    return sorted(p for p in SHARED.rglob("*") if p.suffix in kinds)


@needs_ffmpeg
@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared audio beside the repository")
@pytest.mark.parametrize("path", shared_files(), ids=lambda p: p.stem)
def test_agrees_with_ffmpeg_on_shared_audio(path):
    probe = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "a:0",
        "-show_entries",
        "stream=sample_rate,channels",
    ]
    shown = subprocess.run([*probe, "-of", "json", str(path)], check=True, capture_output=True).stdout
    stream = json.loads(shown)["streams"][0]
    rate_hz, channels = int(stream["sample_rate"]), int(stream["channels"])
    decode = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:a:0", "-f", "f32le", "-"]
    raw = subprocess.run(decode, check=True, capture_output=True).stdout
    samples = np.ascontiguousarray(np.frombuffer(raw, "<f4").reshape(-1, channels).T)
    if samples.shape[1] < 60 * rate_hz:
        pytest.skip("shorter than the minute that a loudness range needs")
    read, theirs = measure(samples, rate_hz), ffmpeg_reading(samples, rate_hz)
    assert read.integrated_lufs == pytest.approx(theirs["I"], abs=tolerances.FFMPEG_INTEGRATED_LU)
    assert read.loudness_range_lu == pytest.approx(theirs["LRA"], abs=tolerances.FFMPEG_RANGE_LU)
