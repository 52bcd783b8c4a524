"""How familiar the harmony is: the loop it goes round in, and how surprising its chords are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.listening.musical import chord_table, familiarity_of, music_of
from controlroom.model.figures import number
from controlroom.model.finding_words import FindingWords, allowed, fact, judged
from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards
from controlroom.music.familiarity import Familiarity

LIMIT = "harmony.loop_share"
TOLD = (
    "harmony.loop_share",
    "harmony.next_chord_bits",
    "harmony.surprise_bits",
    "harmony.triads_count",
)
FULL_SHARE = 0.28
LEAST_TURNS = 2.5
"""A song goes round in its loop when it does so this often without leaving it: twice is a verse of eight bars."""


def _tell_harmonic_familiarity(finding: Finding) -> str:
    loop = finding.facts.get("loop")
    told = (
        f"One loop, {loop}, covers {judged(finding)} of the chords’ time{allowed(finding)}."
        if loop
        else f"No loop of up to four chords is repeated: {judged(finding)} of the chords’ time{allowed(finding)}."
    )
    if "loop_source" in finding.facts:
        told += (
            f" {number(fact(finding, 'loop_percent'), 1)} % of songs use it ({finding.facts['loop_source']})."
        )
    if "next_chord_percentile" in finding.facts:
        told += f" Its next chord is more predictable than in {number(100.0 - fact(finding, 'next_chord_percentile'), 0)} % of songs ({finding.facts.get('statistics_source', '')})."
    return told


class HarmonicFamiliarityDetector:
    """Tells the loop and its published rank; judges a song that never leaves one loop."""

    name: ClassVar[str] = "harmonic_familiarity"
    kinds: ClassVar[tuple[str, ...]] = ("harmonic-familiarity",)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "harmonic-familiarity": FindingWords("Harmonic familiarity", _tell_harmonic_familiarity),
    }
    judges: ClassVar[dict[str, str]] = {"harmonic-familiarity": LIMIT}
    stage: ClassVar[Stage] = Stage.ARRANGEMENT
    version: ClassVar[int] = 2
    deep: ClassVar[bool] = True

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return the one finding; none where there are too few chords to tell."""
        heard, key = familiarity_of(listening), music_of(listening).key
        if heard is None or key is None:
            return []
        share, limit = measure(listening, LIMIT, standards), standards.number(LIMIT)
        missed = share > limit and heard.loop is not None and heard.loop.unbroken >= LEAST_TURNS
        return [
            Finding(
                kind="harmonic-familiarity",
                measurements=tuple(
                    Measurement(name=name, value=measure(listening, name, standards)) for name in TOLD
                ),
                standard=StandardRef(key=LIMIT, limit=limit) if missed else None,
                severity=min(1.0, max(0.01, 0.5 + 0.5 * (share - limit) / FULL_SHARE)) if missed else 0.0,
                confidence=key.confidence,
                information=not missed,
                facts=_facts(heard),
                detector_version=self.version,
            )
        ]


def _facts(heard: Familiarity) -> dict[str, str | float | int | bool]:
    """Return what the sentence needs: the loop, its published spread, and the source of each rank."""
    facts: dict[str, str | float | int | bool] = {
        "next_chord_percentile": round(heard.next_entropy_percentile, 1),
        "statistics_source": chord_table().source,
    }
    if heard.loop is not None:
        facts |= {"loop": "–".join(heard.loop.numerals), "turns": heard.loop.turns}
        if heard.loop.known is not None:
            facts |= {"loop_percent": heard.loop.known.percent, "loop_source": heard.loop.known.source}
    return facts
