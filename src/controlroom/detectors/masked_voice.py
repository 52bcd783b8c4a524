"""A voice that the other parts lie over, where it is understood: 1 to 4 kHz."""

from __future__ import annotations

from typing import ClassVar

from controlroom.detectors.bound import Bound, told_more
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.listening.voice import masked_spans, worst_band_hz
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUND = Bound("masked-voice", "voice.over_backing_db", "voice.over_backing_min_db", 4.0, least=True)
SHARE = "voice.covered_share"


class MaskedVoiceDetector:
    """Finds a masked voice by its stem beside the rest of the mix; without that stem it makes no claim."""

    name: ClassVar[str] = "masked_voice"
    kinds: ClassVar[tuple[str, ...]] = (BOUND.kind,)
    judges: ClassVar[dict[str, str]] = {BOUND.kind: BOUND.name}
    stage: ClassVar[Stage] = Stage.STEMS
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the voice lies under what masks it, with its worst band and place."""
        found = BOUND.finding(listening, standards, self.version, "vocals")
        if found is None:
            return []
        span = masked_spans(listening, standards.number(BOUND.limit))
        return [
            told_more(
                found,
                {SHARE: measure(listening, SHARE, standards)},
                {"worst_hz": round(worst_band_hz(listening), 1)},
                span,
            )
        ]
