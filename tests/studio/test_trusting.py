"""What a stem's trust comes to, by the formula that the module states."""

from __future__ import annotations

import pytest

from controlroom.model.song import StemTrust
from controlroom.studio.trusting import (
    confidence_of,
    heard_coherence,
    may_be_boosted,
    may_be_removed,
    refused_bands_hz,
    weighty_coherence,
)

EDGES_HZ = (20.0, 1000.0, 4000.0, 16_000.0)


@pytest.mark.parametrize(
    "trust, confidence",
    [
        (StemTrust(null_db=-10.0), 0.9),
        (StemTrust(bleed_db=-10.0), 0.9),
        (StemTrust(artifact=0.25), 0.8),
        (StemTrust(null_db=-10.0, bleed_db=-3.0103, artifact=1.0), 0.225),
        (
            StemTrust(null_db=3.0),
            0.0,
        ),  # stems that miss the mix by more than the mix is are worth nothing, not less
        (StemTrust(null_db=3.0, bleed_db=3.0), 0.0),
        (StemTrust(coherence=(1.0, 0.5), coherence_edges_hz=EDGES_HZ[:3]), 0.75),
        (StemTrust(coherence=(1.0, 0.5), coherence_edges_hz=EDGES_HZ[:3], level_db=(-3.0103, -9.0309)), 0.9),
        (StemTrust(coherence=(1.0, 0.5), coherence_edges_hz=EDGES_HZ[:3], silent=(True, False)), 0.5),
        (StemTrust(coherence=(0.2,), coherence_edges_hz=EDGES_HZ[:2], silent=(True,)), 1.0),
    ],
)
def test_confidence_is_the_product_of_four_shares(trust: StemTrust, confidence: float) -> None:
    assert confidence_of(trust) == pytest.approx(confidence, abs=0.0005)


def test_bands_are_told_by_what_sounds_in_them(studio) -> None:
    trust = StemTrust(
        coherence=(0.3, 0.95, 0.2),
        coherence_edges_hz=EDGES_HZ,
        silent=(False, False, True),
        level_db=(-40.0, -1.0, -40.1),
    )
    standards = studio.standards()
    assert heard_coherence(trust) == (0.3, 0.95)
    assert weighty_coherence(trust) == (0.3, 0.95)  # −40 dB is just enough to count
    assert refused_bands_hz(trust, standards) == ((20.0, 1000.0),)
    assert not may_be_removed(trust, standards)
    assert may_be_removed(trust.model_copy(update={"coherence": (0.99, 0.99, 0.0)}), standards)
    assert may_be_removed(StemTrust(), standards)


def test_boosts_go_with_the_confidence_that_the_standard_asks(studio) -> None:
    standards = studio.standards()
    least = standards.number("stems.trusted_confidence")
    enough, little = (StemTrust(artifact=1.0 / c - 1.0) for c in (least, least - 0.002))
    assert may_be_boosted(None, standards)
    assert may_be_boosted(enough, standards)
    assert not may_be_boosted(little, standards)
