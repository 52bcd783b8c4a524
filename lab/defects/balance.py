"""Tonal balance: bands raised or cut until they lie a stated distance beyond the corridor."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import lru_cache
from importlib import resources

import numpy as np

from controlroom.dsp.spectrum import (
    band_spectra,
    broadband_gain_db,
    loudest_frames,
    third_octave_levels,
)
from lab.defects.form import FULL, Defect, Flawed, Host, of_mix
from lab.defects.sound import Curve, shaped

BEYOND_DB = (0.5, 3.0, 6.0)
"""Mean distance of the kind's bands beyond the corridor's limit: clear is 6 dB."""

LIMIT_DB = 36.0
"""Most that a band is moved: what a master has 36 dB too little of is not in it."""
ROUNDS, NEAR_DB = 8, 0.25
SHORT_DB = 1.0
"""A fault this much weaker than its strength was not planted."""


@lru_cache(maxsize=1)
def shipped_corridor() -> dict[str, np.ndarray]:
    """Return the package's default corridor."""
    text = resources.files("controlroom.data").joinpath("corridor.toml").read_text(encoding="utf-8")
    stored = tomllib.loads(text)
    unknown = stored["styles"]["unknown"]
    curves = {key: np.array(unknown[key]) for key in ("median_db", "low_db", "high_db")}
    return {"freq_hz": np.array(stored["freq_hz"]), **curves}


def levels_over_corridor(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return third-octave levels of the loudest third on the corridor's bands, level not fitted."""
    spectra = band_spectra(np.asarray(samples, dtype=np.float32), rate_hz)
    levels = third_octave_levels(spectra, loudest_frames(spectra))
    freq = shipped_corridor()["freq_hz"]
    return levels[[int(np.argmin(np.abs(np.log(spectra.nominal_hz / f)))) for f in freq]]


def beyond_db(levels_db: np.ndarray, core: np.ndarray, *, above: bool) -> float:
    """Return how far the core bands lie beyond their limit, in the mean, after fitting the level."""
    corridor = shipped_corridor()
    fit = (corridor["freq_hz"] >= 100) & (corridor["freq_hz"] <= 10000)
    fitted = levels_db - broadband_gain_db(levels_db, corridor["median_db"], fit)
    if above:
        return float(np.mean((fitted - corridor["high_db"])[core]))
    return float(np.mean((corridor["low_db"] - fitted)[core]))


def push(
    host: Host, unit_curve: Curve, core_hz: tuple[float, float], strength_db: float, *, above: bool
) -> Flawed:
    """Scale a curve until the core bands lie ``strength_db`` beyond the corridor, and apply it."""
    freq = shipped_corridor()["freq_hz"]
    core = (freq >= core_hz[0]) & (freq <= core_hz[1])
    levels = levels_over_corridor(host.mix.samples, host.mix.rate_hz)
    sign = 1.0 if above else -1.0
    grid = np.arange(0.0, LIMIT_DB, 0.25)
    moved = [beyond_db(levels + sign * gain * unit_curve(freq), core, above=above) for gain in grid]
    predicted = np.maximum.accumulate(moved)
    wanted, missed = strength_db, 0.0
    samples = host.mix.samples
    for _ in range(ROUNDS):
        gain = float(grid[min(np.searchsorted(predicted, wanted), grid.size - 1)])
        samples = _scaled(host, unit_curve, sign * gain)
        # a band is not flat inside, and other bars may now be the loudest: aim again by what was missed
        missed = strength_db - beyond_db(levels_over_corridor(samples, host.mix.rate_hz), core, above=above)
        if abs(missed) < NEAR_DB or gain >= grid[-1]:
            break
        wanted += missed
    flawed = of_mix(_kept_below_full_scale(samples), host.mix.rate_hz)
    return replace(flawed, reached=missed < SHORT_DB)


def _scaled(host: Host, unit_curve: Curve, gain_db: float) -> np.ndarray:
    return shaped(host.mix.samples, host.mix.rate_hz, lambda f: gain_db * unit_curve(f))


def _kept_below_full_scale(samples: np.ndarray) -> np.ndarray:
    return samples * min(1.0, FULL / float(np.abs(samples).max()))


def bell(centre_hz: float, octaves: float) -> Curve:
    """Return a Gaussian bump of 1 over log frequency; ``octaves`` is its standard deviation."""
    return lambda f: np.exp(-0.5 * (np.log2(np.maximum(f, 1.0) / centre_hz) / octaves) ** 2)


def high_shelf(corner_hz: float) -> Curve:
    """Return a smooth step from 0 to 1 around a corner."""
    return lambda f: 1 / (1 + (corner_hz / np.maximum(f, 1.0)) ** 3)


def low_shelf(corner_hz: float) -> Curve:
    """Return a smooth step from 1 to 0 around a corner."""
    return lambda f: 1 / (1 + (np.maximum(f, 1.0) / corner_hz) ** 3)


def mud(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Too much between 200 and 500 Hz."""
    return push(host, bell(315, 0.6), (200, 500), strength, above=True)


def boom(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Too much between 80 and 125 Hz."""
    return push(host, bell(100, 0.45), (80, 125), strength, above=True)


def harshness(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Too much between 2.5 and 5 kHz."""
    return push(host, bell(3500, 0.55), (2500, 5000), strength, above=True)


def fizz(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Too much above 8 kHz."""
    return push(host, high_shelf(7000), (8000, 12500), strength, above=True)


def dullness(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Too little above 5 kHz."""
    return push(host, high_shelf(4200), (5000, 12500), strength, above=False)


def thin(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Too little below 125 Hz."""
    return push(host, low_shelf(140), (63, 125), strength, above=False)


def resonance(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """One narrow ring (a tenth of an octave), the same on every note that reaches it."""
    centre = float(np.exp(rng.uniform(np.log(400), np.log(2500))))
    curve = bell(centre, 0.05)
    samples = _scaled(host, curve, strength)
    return of_mix(_kept_below_full_scale(samples), host.mix.rate_hz)


def bump(host: Host, strength: float, rng: np.random.Generator) -> Flawed:
    """A broad bell anywhere between 160 Hz and 8 kHz: out of balance, whatever it is called."""
    centre = float(np.exp(rng.uniform(np.log(160), np.log(8000))))
    core = (centre * 2**-0.34, centre * 2**0.34)
    return push(host, bell(centre, 0.4), core, strength, above=True)


UNIT = "dB beyond the corridor, mean of its bands"
DEFECTS = (
    Defect("mud", "mud", UNIT, BEYOND_DB, mud),
    Defect("boom", "boom", UNIT, BEYOND_DB, boom),
    Defect("harshness", "harshness", UNIT, BEYOND_DB, harshness),
    Defect("fizz", "fizz", UNIT, BEYOND_DB, fizz),
    Defect("dullness", "dullness", UNIT, BEYOND_DB, dullness),
    Defect("thin", "thin-low-end", UNIT, BEYOND_DB, thin),
    Defect("bump", "tonal-balance", UNIT, BEYOND_DB, bump),
    Defect("resonance", "resonance", "dB of a narrow bell", (6.0, 10.0, 16.0), resonance),
)
