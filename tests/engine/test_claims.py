"""What a step will really come to is found out by a render, which can be stopped."""

from __future__ import annotations

import numpy as np
import pytest

from controlroom.engine.claims import predicted
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import Cancelled
from controlroom.model.proposals import Claim
from controlroom.processors.level import Level
from controlroom.studio.standards import shipped_standards

STEP = Level(gain_db=-3.0).step("bass")
CLAIM = Claim(
    measurement="loudness.integrated_lufs", before=0.0, expected=99.0, tolerance=0.5, sense="near", on="part"
)


def sound() -> Listening:
    noise = 0.1 * np.random.default_rng(1).standard_normal((2, 96_000)).astype(np.float32)
    bass = Audio(noise, 48_000)
    return Listening(Audio(2.0 * noise, 48_000), stems={"bass": Listening(bass)})


def test_a_claim_is_replaced_by_what_the_render_measures() -> None:
    before = predicted(Level(gain_db=-0.1).step("bass"), [CLAIM], sound(), shipped_standards(), Context())
    after = predicted(STEP, [CLAIM], sound(), shipped_standards(), Context())
    assert after[0].expected - before[0].expected == pytest.approx(-2.9, abs=0.05)


def test_it_stops_when_the_person_says_so() -> None:
    with pytest.raises(Cancelled):
        predicted(STEP, [CLAIM], sound(), shipped_standards(), Context(cancel=lambda: True))
