"""A voice that the other parts lie over, where it is understood: 1 to 4 kHz."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.bound import Bound, Facts, told_more
from controlroom.listening.listening import Listening
from controlroom.listening.masked_bars import bars_in_words, masked_bars_of, worst_span
from controlroom.listening.measures import measure
from controlroom.listening.voice import worst_band_hz
from controlroom.listening.voice_there import only_a_trace
from controlroom.model.figures import frequency, number
from controlroom.model.finding_words import FindingWords, allowed, fact, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUND = Bound("masked-voice", "voice.over_backing_db", "voice.over_backing_min_db", 4.0, least=True)
COVERED, BARS = "voice.covered_share", "voice.masked_bars_share"


def _tell_masked_voice(finding: Finding) -> str:
    hz = fact(finding, "worst_hz")
    where = f" It is worst around {frequency(hz)}." if hz else ""
    told = f"The voice is covered where it is understood: at 1 to 4 kHz it measures {judged(finding)} against what masks it{allowed(finding)}.{where}"
    masked, sung, bars = fact(finding, "bars_masked"), fact(finding, "bars_sung"), finding.facts.get("bars")
    if not masked or not sung or not isinstance(bars, str):
        return told
    unit = "bars" if finding.facts.get("bars_from") == "beats" else "stretches of 2 s"
    return f"{told} It is so in {number(masked, 0)} of {number(sung, 0)} sung {unit}: {bars}."


class MaskedVoiceDetector:
    """Finds a masked voice by its stem beside the rest of the mix; without that stem it makes no claim."""

    name: ClassVar[str] = "masked_voice"
    kinds: ClassVar[tuple[str, ...]] = (BOUND.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "masked-voice": FindingWords("Masked voice", _tell_masked_voice),
    }
    judges: ClassVar[dict[str, str]] = {BOUND.kind: BOUND.name}
    stage: ClassVar[Stage] = Stage.STEMS
    version: ClassVar[int] = 3

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the voice lies under what masks it: in which bars and bands, and the longest run."""
        if only_a_trace(listening):
            return []
        found = BOUND.finding(listening, standards, self.version, "vocals")
        where = masked_bars_of(listening, standards) if found else None
        if found is None or where is None:
            return []
        told: Facts = {
            "worst_hz": round(worst_band_hz(listening), 1),
            "bands_hz": ", ".join(f"{hz:.0f}" for hz in where.masked_bands_hz()),
            "bars": bars_in_words(where),
            "bars_masked": int(where.masked.sum()),
            "bars_sung": int(where.sung.sum()),
            "bars_from": "beats" if where.from_grid else "windows of 2 s",
        }
        others = {name: measure(listening, name, standards) for name in (COVERED, BARS)}
        return [told_more(found, others, told, worst_span(listening, where))]
