"""A low end that is wide or out of phase: it thins in mono and can't be cut to vinyl.

Where there is a stem of the bass it is judged by itself, and more strictly: in
the mix a kick in the middle hides a bass that falls apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from controlroom.listening.heard import spectra_of
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.parts import MIX
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

LIMIT = "stereo.low_side_mid_db"
BASS, BASS_LIMIT = "bass", "stereo.bass_side_mid_db"
FULL_SEVERITY_DB = 9.0
SURE_ABOVE_DB = 10.0
EXPLAINED_SHARE = 0.5
"""Of the mix's low side: as much in the bass alone, and the mix is not told as well."""


def _tell_low_end_width(finding: Finding) -> str:
    return f"The low end is wide: its sides measure {judged(finding)} against its middle{allowed(finding)}. On one speaker, or in a club, part of the bass is lost."


class LowEndWidthDetector:
    """Finds too much side energy in the low end, where there is a low end."""

    name: ClassVar[str] = "low_end_width"
    kinds: ClassVar[tuple[str, ...]] = ("low-end-width",)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "low-end-width": FindingWords("Width of the low end", _tell_low_end_width),
    }
    stage: ClassVar[Stage] = Stage.SPACE
    version: ClassVar[int] = 2

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return a finding when the low end of the bass is too wide, and one when that of the mix is."""
        bass = listening.stems.get(BASS)
        of_bass = self._judge(bass, standards, BASS, BASS_LIMIT) if bass else None
        of_mix = self._judge(listening, standards, MIX, LIMIT)
        if (
            bass
            and of_bass
            and of_mix
            and _low_side(bass, standards) > EXPLAINED_SHARE * _low_side(listening, standards)
        ):
            of_mix = None
        return [finding for finding in (of_bass, of_mix) if finding]

    def _judge(self, sound: Listening, standards: Standards, part: str, key: str) -> Finding | None:
        if sound.audio.channels < 2:
            return None
        width = measure(sound, LIMIT, standards)
        present = measure(sound, "lowend.level_db", standards)
        limit, least = standards.number(key), standards.number("stereo.low_end_present_db")
        if width <= limit or present < least:
            return None
        return Finding(
            kind="low-end-width",
            part=part,
            measurements=(
                Measurement(name=LIMIT, value=width),
                Measurement(
                    name="stereo.low_correlation",
                    value=measure(sound, "stereo.low_correlation", standards),
                ),
                Measurement(name="lowend.level_db", value=present),
            ),
            standard=StandardRef(key=key, limit=limit),
            severity=min(1.0, (width - limit) / FULL_SEVERITY_DB),
            confidence=min(1.0, 0.5 + 0.5 * (present - least) / SURE_ABOVE_DB),
            detector_version=self.version,
        )


def _low_side(sound: Listening, standards: Standards) -> float:
    spectra = spectra_of(sound)
    low = spectra.between(20.0, standards.number("stereo.low_below_hz"))
    return float(spectra.side[:, low].sum(dtype=np.float64))
