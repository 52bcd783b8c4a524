"""Guards refuse harm, and nothing that is none."""

from __future__ import annotations

import numpy as np
import pytest

from controlroom.engine.guards import GUARDS, Guard
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.studio.standards import shipped_standards
from tests.detectors.sounds import clean

CREST: Guard = next(guard for guard in GUARDS if guard.name == "crest")


def peaked(peak_db: float) -> Listening:
    """Return a steady sound with one sample that stands a given level over its RMS."""
    samples = clean(9.0, 16000, 1).samples.copy()
    rms = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
    samples = np.clip(samples, -2 * rms, 2 * rms)
    samples[0, 70_000] = rms * 10 ** (peak_db / 20)
    return Listening(Audio(samples, 16000))


@pytest.mark.parametrize(
    "before_db, after_db, broken",
    [(24.0, 18.0, False), (24.0, 12.0, True), (14.0, 10.0, True), (14.0, 13.0, False)],
)
def test_a_crest_may_fall_only_a_little_or_stay_high(
    before_db: float, after_db: float, *, broken: bool
) -> None:
    reading = CREST.read(peaked(before_db), peaked(after_db), shipped_standards())
    assert reading.before - reading.after > 0
    assert reading.broken is broken
