"""What a stem's trust comes to: one confidence, the bands that are refused, what may be done with it.

The confidence is the share of the stem that can be expected to be the part that
it is named after, as far as the set and its mix tell without the true stems. It
is a product of four shares of power, each 0 to 1:

* **null**: ``1 − 10^(null_db/10)``, the share of the mix that the stems account for;
* **bleed**: ``1 − 10^(bleed_db/10)``, the share of the stem that no other stem explains;
* **artifact**: ``1 / (1 + a)``, where ``a`` is the error that the mask predicts over the
  stem: with as much error as part, half of it is the part;
* **coherence**: its mean over the bands in which the stem sounds, each by the power that it holds.

Bleed and artifact see some of the same error: the product is cautious on purpose.
True stems come out near 1, a good voice from a separator near 0.8, a hi-hat that
was split off a separated drum stem near 0.4.
"""

from __future__ import annotations

from controlroom.engine.overlay import refused_bands
from controlroom.model.song import StemTrust
from controlroom.model.standards import Standards

WEIGHTY_DB = -40.0


def confidence_of(trust: StemTrust | None) -> float:
    """Return how far a stem can be trusted to be its part, 0 to 1; 1 where nobody measured it.

    See the module for the formula.
    """
    if trust is None:
        return 1.0
    null = 1.0 - _power(trust.null_db)
    bleed = 1.0 - _power(trust.bleed_db)
    artifact = 1.0 / (1.0 + (trust.artifact or 0.0))
    coherence = _mean_coherence(trust)
    return round(max(0.0, null) * max(0.0, bleed) * artifact * coherence, 3)


def _mean_coherence(trust: StemTrust) -> float:
    silent = trust.silent or (False,) * len(trust.coherence)
    levels = trust.level_db or (0.0,) * len(trust.coherence)
    bands = zip(trust.coherence, silent, levels, strict=True)
    heard = [(coherence, _power(level_db)) for coherence, quiet, level_db in bands if not quiet]
    total = sum(power for _, power in heard)
    return sum(coherence * power for coherence, power in heard) / total if total > 0 else 1.0


def heard_coherence(trust: StemTrust) -> tuple[float, ...]:
    """Return the coherence of the bands in which the stem sounds."""
    silent = trust.silent or (False,) * len(trust.coherence)
    return tuple(c for c, quiet in zip(trust.coherence, silent, strict=True) if not quiet)


def refused_bands_hz(trust: StemTrust | None, standards: Standards) -> tuple[tuple[float, float], ...]:
    """Return the bands in which no change of the stem is laid over the mix, as (low, high)."""
    least = standards.number("stems.overlay_min_coherence")
    return tuple((band.low_hz, band.high_hz) for band in refused_bands(trust, least))


def weighty_coherence(trust: StemTrust) -> tuple[float, ...]:
    """Return the coherence of the bands that hold at least ``WEIGHTY_DB`` of the stem's power.

    In a band that holds less, what the window lets through of its neighbours is
    as strong as the stem, and a true stem seems to be less than one.
    """
    heard = trust.level_db or (0.0,) * len(trust.coherence)
    return tuple(c for c, level_db in zip(trust.coherence, heard, strict=True) if level_db >= WEIGHTY_DB)


def may_be_removed(trust: StemTrust, standards: Standards) -> bool:
    """Return whether a stem is so much part of the mix that subtracting it takes it away."""
    return min(weighty_coherence(trust), default=1.0) >= standards.number("stems.remove_min_coherence")


def may_be_boosted(trust: StemTrust | None, standards: Standards) -> bool:
    """Return whether a stem is trusted with boosts beyond ``stems.max_boost_db``."""
    return confidence_of(trust) >= standards.number("stems.trusted_confidence")


def _power(level_db: float | None) -> float:
    return 0.0 if level_db is None else float(10.0 ** (level_db / 10.0))
