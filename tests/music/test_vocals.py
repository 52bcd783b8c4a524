from __future__ import annotations

import numpy as np
import pytest

from controlroom.music.analysis import analyse
from controlroom.music.vocals import ESTIMATE_CAP, gate, measure_vocals, two_classes
from tests.music.band import play
from tests.tolerances import VOCAL_EDGE_S

RATE_HZ = 16000
SUNG = ((2.0, 5.0), (6.0, 7.5), (9.0, 11.0))


def stem(bleed_db: float = -60.0) -> np.ndarray:
    rng = np.random.default_rng(5)
    out = 10 ** (bleed_db / 20) * 0.2 * rng.standard_normal(12 * RATE_HZ)
    for start, end in SUNG:
        t = np.arange(int((end - start) * RATE_HZ)) / RATE_HZ
        at = int(start * RATE_HZ)
        out[at : at + t.size] += 0.2 * np.sin(2 * np.pi * 220 * t) * (1 + 0.3 * np.sin(2 * np.pi * 3 * t))
    return out.astype(np.float32)[None]


@pytest.mark.parametrize("gain_db", [-30.0, 0.0])
@pytest.mark.parametrize("bleed_db", [-60.0, -35.0])
def test_a_stem_tells_when_it_sounds(gain_db: float, bleed_db: float) -> None:
    heard = measure_vocals(stem(bleed_db) * np.float32(10 ** (gain_db / 20)), RATE_HZ)
    assert not heard.estimated
    assert len(heard.spans) == len(SUNG)
    for span, (start, end) in zip(heard.spans, SUNG, strict=True):
        assert span.start_s == pytest.approx(start, abs=VOCAL_EDGE_S)
        assert span.end_s == pytest.approx(end, abs=VOCAL_EDGE_S)


def test_a_near_silent_stem_holds_no_voice() -> None:
    faint = measure_vocals(stem() * np.float32(1e-3), RATE_HZ)
    assert faint.spans == ()
    assert measure_vocals(np.zeros((2, 0), dtype=np.float32), RATE_HZ).spans == ()


def test_an_estimate_is_marked_and_capped() -> None:
    take = play(bars=8)
    t = np.arange(take.samples.shape[1]) / take.rate_hz
    sway = 300.0 * 2 ** (0.8 / 12 * np.sin(2 * np.pi * 5.5 * t))
    phase = 2 * np.pi * np.cumsum(sway) / take.rate_hz
    sung = (t > 6.0) & (t < 14.0)
    voice = 0.15 * sung * sum(np.sin(k * phase) / k**0.5 for k in range(1, 12))
    facts = analyse(take.samples + voice.astype(np.float32)[None], take.rate_hz)
    assert facts.vocals is not None
    assert facts.vocals.estimated
    assert facts.vocals.confidence <= ESTIMATE_CAP
    inside = sum(max(0.0, min(s.end_s, 14.0) - max(s.start_s, 6.0)) for s in facts.vocals.spans)
    total = sum(s.end_s - s.start_s for s in facts.vocals.spans)
    assert inside >= 0.8 * 8.0
    assert inside >= 0.8 * total


def test_a_stem_wins_over_the_estimate() -> None:
    take = play(bars=6)
    voice = np.zeros_like(take.samples)
    facts = analyse(take.samples, take.rate_hz, vocal=voice)
    assert facts.vocals is not None
    assert not facts.vocals.estimated
    assert facts.vocals.spans == ()


def test_the_gate_opens_high_and_stays_low() -> None:
    levels = np.array([-60.0, -28.0, -20.0, -28.0, -60.0, -28.0, -60.0])
    assert gate(levels, -22.0, -30.0).tolist() == [False, True, True, True, False, False, False]
    assert not gate(np.full(3, -90.0), -22.0, -30.0).any()


def test_two_classes_are_parted_between_them() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0, 0.1, 300), rng.normal(3, 0.1, 200)])
    assert 0.3 < two_classes(values) < 2.95
