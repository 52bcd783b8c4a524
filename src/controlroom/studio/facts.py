"""The meter's reading as a record: what has no value is None, never a number that lies."""

from __future__ import annotations

import math

from controlroom.listening.heard import loudness_of
from controlroom.listening.listening import Listening
from controlroom.model.render import LoudnessFacts


def loudness_facts(listening: Listening) -> LoudnessFacts:
    """Return the meter's numbers of one sound, rounded to a thousandth."""
    heard = loudness_of(listening)
    return LoudnessFacts(
        integrated_lufs=_stated(heard.integrated_lufs),
        loudness_range_lu=_stated(heard.loudness_range_lu),
        momentary_max_lufs=_stated(heard.momentary_max_lufs),
        short_term_max_lufs=_stated(heard.short_term_max_lufs),
        true_peak_dbtp=_stated(heard.true_peak_dbtp),
        sample_peak_dbfs=_stated(heard.sample_peak_dbfs),
        plr_db=_stated(heard.plr_db),
        psr_p5_db=_stated(heard.psr_p5_db),
        psr_min_db=_stated(heard.psr_min_db),
    )


def _stated(value: float) -> float | None:
    return round(float(value), 3) if math.isfinite(value) else None
