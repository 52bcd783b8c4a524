from __future__ import annotations

import numpy as np
import pytest

from controlroom.music.pitch import (
    LOWEST_NOTE,
    average_spans,
    estimate_tuning,
    fold_octaves,
    log_spectrum,
    note_activity,
    note_hz,
)
from controlroom.music.spectra import look
from tests.tolerances import FLOAT32, TUNING_CENTS

RATE_HZ = 22050


def tone(note: float, partials: int = 8) -> np.ndarray:
    t = np.arange(3 * RATE_HZ) / RATE_HZ
    hz = float(note_hz(np.array(note)))
    return (0.2 * sum(0.7**k * np.sin(2 * np.pi * (k + 1) * hz * t) for k in range(partials))).astype(
        np.float32
    )


@pytest.mark.parametrize("note", [45, 52, 60, 67, 76])
def test_the_fundamental_is_found_under_its_overtones(note: int) -> None:
    slow = look(tone(note), RATE_HZ).slow
    activity = note_activity(log_spectrum(slow, 0.0)).mean(axis=0)
    assert int(np.argmax(activity)) + LOWEST_NOTE == note


@pytest.mark.parametrize("root", range(0, 12, 3))
def test_a_chord_has_its_own_pitch_classes(root: int) -> None:
    wanted = {root, (root + 4) % 12, (root + 7) % 12}
    sound = tone(60 + root) + tone(64 + root) + tone(67 + root)
    chroma = fold_octaves(note_activity(log_spectrum(look(sound, RATE_HZ).slow, 0.0)))
    assert set(np.argsort(-chroma.treble.mean(axis=0))[:3]) == wanted


@pytest.mark.parametrize("cents", [-45.0, -20.0, 0.0, 13.0, 40.0])
def test_tuning_is_read_to_a_few_cents(cents: float) -> None:
    # four partials: the fifth and seventh are 14 and 31 cents under tempered notes by nature
    found = estimate_tuning(look(tone(57 + cents / 100, partials=4), RATE_HZ).slow)
    assert found is not None
    assert found.cents == pytest.approx(cents, abs=TUNING_CENTS)
    assert found.confidence > 0.9


def test_tuning_of_silence_is_not_known() -> None:
    assert estimate_tuning(look(np.zeros(RATE_HZ, dtype=np.float32), RATE_HZ).slow) is None


def test_averages_of_spans_are_means_of_their_frames() -> None:
    frames = np.random.default_rng(0).random((50, 3)).astype(np.float32)
    means = average_spans(frames, 0.1, np.array([0.0, 1.0, 1.2, 4.9]))
    assert means[0] == pytest.approx(frames[:10].mean(axis=0), abs=FLOAT32)
    assert means[1] == pytest.approx(frames[10:12].mean(axis=0), abs=FLOAT32)
    assert means[2] == pytest.approx(frames[12:49].mean(axis=0), abs=FLOAT32)
