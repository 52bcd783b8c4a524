"""Guards refuse harm, and nothing that is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from controlroom.engine import guarding
from controlroom.engine.guarding import guarded, read, tried_span
from controlroom.engine.guards.form import Guard, all_guards
from controlroom.engine.trial import Trial
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Audio
from controlroom.model.proposals import Claim, GuardReading
from controlroom.model.timeline import Span
from controlroom.processors.form import Offer
from controlroom.processors.gain import Gain
from controlroom.studio.standards import shipped_standards
from tests.detectors.sounds import clean

CREST: Guard = next(guard for guard in all_guards() if guard.name == "crest")


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
    reading = read(CREST, peaked(before_db), peaked(after_db), shipped_standards())
    assert reading.before - reading.after > 0
    assert reading.broken is broken


def test_every_guard_reads_a_measurement_that_is_there_against_standards_that_are() -> None:
    standards = shipped_standards()
    sound = Listening(clean(4.0))
    for guard in all_guards():
        assert math.isfinite(measure(sound, guard.measurement, standards)), guard.name
        assert standards.number(guard.limit_key) > 0
        assert guard.title
        assert not guard.fine_above_key or standards.number(guard.fine_above_key) > 0
    assert {guard.name: guard.sense for guard in all_guards()} == {
        "voice-presence": "drop",
        "crest": "drop",
        "mono-fold": "rise",
        "correlation": "drop",
        "low-end": "move",
    }


@pytest.mark.parametrize(
    "sense, was, now, broken",
    [
        ("drop", 5.0, 3.5, False),  # as much as the limit is not beyond it
        ("drop", 5.0, 3.4, True),
        ("drop", 5.0, 9.0, False),
        ("rise", 5.0, 6.5, False),
        ("rise", 5.0, 6.6, True),
        ("rise", 5.0, 1.0, False),
        ("move", 5.0, 6.6, True),
        ("move", 5.0, 3.4, True),
        ("move", 5.0, 6.5, False),
    ],
)
def test_harm_lies_where_the_guard_says(
    monkeypatch: pytest.MonkeyPatch, sense: str, was: float, now: float, *, broken: bool
) -> None:
    before, after = peaked(12.0), peaked(12.0)
    standards = shipped_standards()
    limit = standards.number("guard.crest_loss_db")
    scaled = {before: was * limit / 1.5, after: now * limit / 1.5}
    monkeypatch.setattr(guarding, "measure", lambda sound, *_: scaled[sound])
    reading = read(Guard("g", "G", "db", "m", sense, "guard.crest_loss_db"), before, after, standards)
    assert (reading.guard, reading.before, reading.after) == ("g", scaled[before], scaled[after])
    assert reading.limit == limit
    assert reading.broken is broken


def offered(gain_db: float, span: Span | None = None) -> Offer:
    claim = Claim(measurement="loudness.integrated_lufs", before=-20.0, expected=-16.0, tolerance=0.5)
    return Offer(Gain(gain_db=gain_db), (claim,), span=span)


def reading(*, broken: bool) -> GuardReading:
    return GuardReading(guard="g", before=0.0, after=0.0, limit=0.0, broken=broken)


@pytest.mark.parametrize(
    "holds_from_db, amount, withheld",
    [(4.0, 1.0, False), (3.0, 0.75, False), (1.0, 0.25, False), (0.5, 0.25, True)],
)
def test_an_offer_is_weakened_until_no_guard_breaks(
    monkeypatch: pytest.MonkeyPatch, holds_from_db: float, amount: float, *, withheld: bool
) -> None:
    tried = []

    def readings(offer: Offer, *_: object) -> tuple[GuardReading, ...]:
        tried.append(offer.processor.gain_db)
        return reading(broken=False), reading(broken=offer.processor.gain_db > holds_from_db)

    monkeypatch.setattr(guarding, "readings_of", readings)
    found = guarded(offered(4.0), Trial(Listening(clean(4.0)), shipped_standards()))
    assert (found.amount, found.withheld) == (amount, withheld)
    assert found.offer.processor.gain_db == pytest.approx(4.0 * amount)
    assert found.offer.claims[0].expected == pytest.approx(-20.0 + 4.0 * amount)
    assert len(tried) == len(set(tried))


@pytest.mark.parametrize(
    "span_s, loud_s, tried_s",
    [
        ((1.0, 3.0), 62.0, (1.0, 3.0)),
        ((0.0, 30.0), 62.0, (0.0, 30.0)),  # as long as a trial is short enough
        ((0.0, 31.0), 62.0, (50.0, 80.0)),
        (None, 62.0, (50.0, 80.0)),
        (None, 20.0, (20.0, 50.0)),
    ],
)
def test_a_short_span_is_tried_where_it_is_and_a_long_one_where_the_song_is_loudest(
    span_s: tuple[float, float] | None, loud_s: float, tried_s: tuple[float, float]
) -> None:
    standards = shipped_standards()
    assert standards.number("guard.excerpt_s") == 30.0
    samples = 0.01 * np.random.default_rng(1).standard_normal((1, 80 * 8000)).astype(np.float32)
    samples[:, round(loud_s * 8000) : round((loud_s + 8.0) * 8000)] *= np.float32(20.0)
    sound = Listening(Audio(samples, 8000))
    found = tried_span(offered(4.0, sound.span(*span_s) if span_s else None), sound, standards)
    assert (found.start_s, found.end_s) == pytest.approx(tried_s, abs=0.5)
