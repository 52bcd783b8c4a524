"""The page's meters against what BS.1770-5 says, and against the studio's own."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from controlroom.dsp.k_weighting import k_weighted_block_energies
from controlroom.dsp.loudness import integrated_from_energies
from controlroom.dsp.true_peak import to_dbtp, true_peak
from tests.browser.driving import open_desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240, func_only=True),
    pytest.mark.filterwarnings("default"),
]

METER_LU = 0.1
"""Tolerance of a meter's reading (EBU Tech 3341)."""
TRUE_PEAK_UNDER_DB, TRUE_PEAK_OVER_DB = 0.4, 0.3
"""Four-times oversampling: EBU Tech 3341 allows +0.2/−0.4 dB; a tenth more above for the interpolator's ripple."""

READ = """async ([rate, left, right]) => {
  const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const channels = [floats(left), floats(right)];
  const context = new OfflineAudioContext(2, channels[0].length, rate);
  await context.audioWorklet.addModule("/static/js/audio/meter.worklet.js");
  const buffer = new AudioBuffer({ length: channels[0].length, numberOfChannels: 2, sampleRate: rate });
  channels.forEach((one, at) => buffer.copyToChannel(one, at));
  const source = new AudioBufferSourceNode(context, { buffer });
  const meter = new AudioWorkletNode(context, "meter", { outputChannelCount: [1], channelCount: 2, channelCountMode: "explicit" });
  let read = null;
  meter.port.onmessage = ({ data }) => { read = data; };
  source.connect(meter).connect(context.destination);
  source.start();
  await context.startRendering();
  await new Promise((done) => setTimeout(done, 200));
  return { ...read, peak: 20 * Math.log10(read.peak), highest: 20 * Math.log10(read.highest) };
}"""


def reading(page, samples, rate):
    packed = [base64.b64encode(np.asarray(row, "<f4").tobytes()).decode() for row in samples]
    return page.evaluate(READ, [rate, *packed])


@pytest.fixture
def desk(page, server):
    open_desk(page, server, "harbour")
    return page


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_a_tone_reads_as_the_standard_says(desk, rate):
    """BS.1770-5: 997 Hz at 0 dBFS in one channel reads −3.01 LKFS, in both 0.0; here at −23 dBFS."""
    t = np.arange(4 * rate) / rate
    tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * 997 * t)
    read = reading(desk, [tone, tone], rate)
    for name in ("m", "s", "i"):
        assert read[name] == pytest.approx(-23.0, abs=METER_LU)
    assert read["correlation"] == pytest.approx(1.0, abs=1e-6)
    one = reading(desk, [tone, np.zeros_like(tone)], rate)
    assert one["i"] == pytest.approx(-26.0, abs=METER_LU)
    assert reading(desk, [tone, -tone], rate)["correlation"] == pytest.approx(-1.0, abs=1e-6)


@pytest.mark.parametrize("phase, sample_db", [(45.0, -9.03), (0.0, -6.02), (67.5, -6.71)])
def test_a_peak_between_samples_is_seen(desk, phase, sample_db):
    """EBU Tech 3341, cases 15 to 18: a quarter of the rate, half of full scale, is −6 dBTP at any phase."""
    rate = 48000
    n = np.arange(2 * rate)
    tone = 0.5 * np.sin(2 * np.pi * n / 4 + np.radians(phase)) * np.minimum(1, n / 4800)
    assert 20 * np.log10(np.abs(tone).max()) == pytest.approx(sample_db, abs=0.02)
    read = reading(desk, [tone, tone], rate)
    assert -6.02 - TRUE_PEAK_UNDER_DB <= read["highest"] <= -6.02 + TRUE_PEAK_OVER_DB


def test_silence_is_gated_and_counts_for_nothing(desk):
    rate = 48000
    t = np.arange(6 * rate) / rate
    tone = 0.1 * np.sin(2 * np.pi * 997 * t)
    alone = reading(desk, [tone, tone], rate)
    with_rest = np.concatenate([tone, np.zeros(6 * rate)])
    rested = reading(desk, [with_rest, with_rest], rate)
    both = np.stack([with_rest, with_rest]).astype(np.float32)
    expected = integrated_from_energies(k_weighted_block_energies(both, rate))
    assert rested["i"] == pytest.approx(expected, abs=METER_LU)
    assert rested["i"] == pytest.approx(alone["i"], abs=3 * METER_LU)  # three blocks hold both
    # JSON has no word for silence: neither has the page's message, which says minus infinity
    assert rested["m"] is None or rested["m"] < -70


def test_music_reads_as_the_studio_reads_it(desk):
    rate = 44100
    rng = np.random.default_rng(5)
    t = np.arange(12 * rate) / rate
    swell = 0.05 + 0.3 * np.abs(np.sin(2 * np.pi * t / 7))
    music = (swell * rng.normal(0, 0.4, (2, t.size))).astype(np.float32)
    read = reading(desk, music, rate)
    assert read["i"] == pytest.approx(
        integrated_from_energies(k_weighted_block_energies(music, rate)), abs=METER_LU
    )
    assert read["highest"] == pytest.approx(to_dbtp(true_peak(music)), abs=0.5)
