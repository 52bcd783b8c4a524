"""Samples in words: what a person brought to be laid under a drum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlroom.model.figures import frequency, number
from controlroom.model.one_shots import OneShot
from controlroom.report.plain import as_lines


def samples_text(listed: Sequence[Mapping[str, Any]]) -> str:
    """Return one line for each sample, from its JSON form."""
    if not listed:
        return "No samples yet."
    return as_lines(f"{one['id']}  {one['file_name']}: {sample_facts(one)}" for one in listed)


def sample_facts(body: Mapping[str, Any]) -> str:
    """Return length, rate and tone of a sample; a sample without a tone keeps its pitch."""
    one = OneShot.model_validate(body)
    tones = {"kick": one.kick_tone_hz, "snare": one.snare_tone_hz}
    heard = [f"{frequency(hz)} under a {drum}" for drum, hz in tones.items() if hz]
    rings = f"rings at {' and '.join(heard)}" if heard else "no clear tone: it keeps its pitch"
    return f"{number(1000 * one.duration_s)} ms, {number(one.rate_hz / 1000, 1)} kHz, {rings}"
