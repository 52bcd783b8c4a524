"""What each streaming service does to the level of a master when it is played."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pydantic import Field

from controlroom.model.base import Record, check_schema

SAME_DB = 0.05
"""Below this a gain reads as 0.0 dB and is told as none."""


class Service(Record):
    """One service, in one of its modes; the comment atop ``services.toml`` explains the fields."""

    name: str
    mode: str = ""
    target_lufs: float | None = None
    lowers: bool
    raises: bool
    limits: bool = False
    raise_ceiling_dbtp: float | None = None
    album: bool
    source: str
    date: str
    trust: str = Field(pattern="^(published|reported)$")
    note: str = ""


@dataclass(frozen=True, slots=True)
class Playback:
    """What a listener gets of one master on one service.

    Attributes
    ----------
    service : Service
        Where it is played.
    code : str
        ``untouched`` (no normalisation, or already there), ``lowered``,
        ``raised``, ``raised-less`` (peaks stopped it short of the target),
        ``not-raised`` (quieter than the target, and left so), ``limited``
        (raised through the service's own limiter) or ``unknown``.
    gain_db : float
        What the service adds; 0 where it does nothing.
    heard_lufs, peak_dbtp : float or None
        Integrated loudness and true peak as played; None where the master has
        no such figure.
    """

    service: Service
    code: str
    gain_db: float
    heard_lufs: float | None
    peak_dbtp: float | None


@cache
def services() -> tuple[Service, ...]:
    """Return the table that is shipped as ``controlroom/data/services.toml``."""
    text = resources.files("controlroom.data").joinpath("services.toml").read_text(encoding="utf-8")
    stored = tomllib.loads(text)
    check_schema(stored["schema"], "services", 1)
    return tuple(Service.model_validate(entry) for entry in stored["services"])


def play(service: Service, integrated_lufs: float | None, true_peak_dbtp: float | None) -> Playback:
    """Return what ``service`` does to a master that is played as a single song.

    Parameters
    ----------
    service : Service
        Target and behaviour.
    integrated_lufs, true_peak_dbtp : float or None
        BS.1770 measurements of the master; None when it has no block above
        the gate.

    Returns
    -------
    Playback
        The gain, and what is left of level and peak. A downward gain is the
        whole distance to the target. An upward gain stops where the true peak
        would reach the service's ceiling, except on a service that limits.

    References
    ----------
    Spotify for Artists, "Loudness normalization": a master of −20 LUFS with a
    true peak of −5 dBTP is raised only to −16 LUFS.
    """
    if integrated_lufs is None or true_peak_dbtp is None:
        return Playback(service, "unknown", 0.0, integrated_lufs, true_peak_dbtp)
    if service.target_lufs is None:
        return Playback(service, "untouched", 0.0, integrated_lufs, true_peak_dbtp)
    wanted = service.target_lufs - integrated_lufs
    code = _code(service, wanted, true_peak_dbtp)
    gain = {"untouched": 0.0, "not-raised": 0.0, "raised-less": _room(service, true_peak_dbtp)}.get(
        code, wanted
    )
    peak = true_peak_dbtp + gain
    if code == "limited" and service.raise_ceiling_dbtp is not None:
        peak = min(peak, service.raise_ceiling_dbtp)
    return Playback(service, code, gain, integrated_lufs + gain, peak)


def _code(service: Service, wanted_db: float, true_peak_dbtp: float) -> str:
    if abs(wanted_db) < SAME_DB:
        return "untouched"
    if wanted_db < 0:
        return "lowered" if service.lowers else "untouched"
    if not service.raises:
        return "not-raised"
    room_db = _room(service, true_peak_dbtp)
    if room_db >= wanted_db:
        return "raised"
    if service.limits:
        return "limited"
    return "raised-less" if room_db >= SAME_DB else "not-raised"


def _room(service: Service, true_peak_dbtp: float) -> float:
    """Return how far the peaks let a service raise a master, in decibels, 0 or more."""
    ceiling = service.raise_ceiling_dbtp if service.raise_ceiling_dbtp is not None else 0.0
    return max(0.0, ceiling - true_peak_dbtp)
