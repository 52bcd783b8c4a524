"""What the printer is given: everything that a report shows, and nothing it would have to look up.

The studio fills a ``ReportData``; the printer only lays it out. Arrays arrive
as short tuples (a curve has at most 512 points), audio as paths relative to
the HTML file, so that the folder can be moved or zipped as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from controlroom.model.base import Document, Record
from controlroom.model.decisions import Answer, Decision, Elsewhere, Who, waiting
from controlroom.model.findings import MAX_PLOT_POINTS, Finding, Note
from controlroom.model.proposals import Proposal, Withheld
from controlroom.model.render import LoudnessFacts, Outcome, Render
from controlroom.model.song import SongState, TakeFacts

MAX_WAVEFORM_POINTS = 1024


class Curve(Record):
    """Up to 512 points of one curve; points that are not finite are gaps.

    Parameters
    ----------
    x, y : tuple of float, same length
        For short-term loudness: seconds and LUFS. For gain reduction: seconds
        and decibels, 0 or positive.
    """

    x: tuple[float, ...] = Field(max_length=MAX_PLOT_POINTS)
    y: tuple[float, ...] = Field(max_length=MAX_PLOT_POINTS)

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        if len(self.x) != len(self.y):
            raise ValueError(f"a curve has {len(self.y)} values for {len(self.x)} positions")
        return self


class Waveform(Record):
    """The least and the greatest sample of each of up to 1024 equal stretches.

    Parameters
    ----------
    duration_s : float
        Length of the sound in seconds.
    low, high : tuple of float, same length
        Full scale is ±1; over all channels.
    """

    duration_s: float = Field(gt=0)
    low: tuple[float, ...] = Field(max_length=MAX_WAVEFORM_POINTS)
    high: tuple[float, ...] = Field(max_length=MAX_WAVEFORM_POINTS)

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        if len(self.low) != len(self.high):
            raise ValueError(f"a waveform has {len(self.low)} minima and {len(self.high)} maxima")
        return self


class Spectrum(Record):
    """Third-octave levels before and after, and the corridor they are judged against.

    Parameters
    ----------
    freq_hz : tuple of float
        Centre frequencies, rising.
    before_db, after_db : tuple of float
        Levels in decibels; ``after_db`` is empty before the first render.
    low_db, high_db : tuple of float
        The corridor, aligned to the levels; empty where there is none.
    """

    freq_hz: tuple[float, ...] = Field(max_length=MAX_PLOT_POINTS)
    before_db: tuple[float, ...]
    after_db: tuple[float, ...] = ()
    low_db: tuple[float, ...] = ()
    high_db: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        for name in ("before_db", "after_db", "low_db", "high_db"):
            curve = getattr(self, name)
            if len(curve) not in ((len(self.freq_hz),) if name == "before_db" else (0, len(self.freq_hz))):
                raise ValueError(f"{name} has {len(curve)} values for {len(self.freq_hz)} bands")
        return self


class Audition(Record):
    """Loudness-matched files to compare, as paths relative to the report.

    Each of ``before``, ``after`` and ``difference`` lists the same sound in
    one or more formats, the preferred one first; any may be empty.
    ``matched_lufs`` is the level that all of them were brought to.
    """

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    difference: tuple[str, ...] = ()
    matched_lufs: float | None = None
    start_s: float = Field(default=0.0, ge=0)

    @property
    def playable(self) -> bool:
        """Whether there is anything to play."""
        return bool(self.before or self.after or self.difference)


class ReportData(Document):
    """One song's report: what was heard, decided, done, and measured of it.

    ``song`` is what a person types for SONG in the commands that are shown.
    ``decisions`` are in ledger order; the last answer to a proposal counts.
    ``elsewhere`` are the person's own steps for other takes of the song.
    """

    schema_number: ClassVar[int] = 1
    schema_name: ClassVar[str] = "report"

    title: str
    song: str
    state: SongState
    draft: bool = True
    take: TakeFacts
    policy: str | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    decisions: tuple[Decision, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    render: Render | None = None
    before: LoudnessFacts | None = None
    waveform_before: Waveform | None = None
    waveform_after: Waveform | None = None
    loudness_before: Curve | None = None
    loudness_after: Curve | None = None
    gain_reduction: Curve | None = None
    spectrum: Spectrum | None = None
    listen: Audition = Audition()
    auditions: dict[str, Audition] = {}
    ledger_seq: int = Field(default=0, ge=0)
    ledger_head: str = ""
    program: str = ""
    made_at: str = ""

    @property
    def answered(self) -> Mapping[str, Decision]:
        """The standing decision by proposal id."""
        return {decision.proposal_id: decision for decision in self.decisions}

    @property
    def waiting(self) -> tuple[Proposal, ...]:
        """The proposals that no one answered, or that were deferred."""
        return waiting(self.proposals, self.answered)

    @property
    def loudness_facts_before(self) -> LoudnessFacts | None:
        """What the meter said of the take."""
        return self.render.before if self.render else self.before

    def outcomes_of(self, proposal_id: str) -> tuple[Outcome, ...]:
        """Return what was measured of each claim of one proposal."""
        outcomes = self.render.outcomes if self.render else ()
        return tuple(outcome for outcome in outcomes if outcome.proposal_id == proposal_id)

    def answers_to(self, finding: Finding) -> tuple[Proposal, ...]:
        """Return the proposals that answer one finding, or one of its kind that is not shown."""
        return tuple(p for p in self.proposals if finding in self._answered_by(p))

    def unasked(self) -> tuple[Proposal, ...]:
        """Return the proposals that answer nothing that is shown: steps made by hand, mostly."""
        notes = {note.id for note in self.notes}
        return tuple(p for p in self.proposals if not self._answered_by(p) and notes.isdisjoint(p.answers))

    def _answered_by(self, proposal: Proposal) -> list[Finding]:
        """Return the findings that a proposal answers; a stage that listened again has its own ids."""
        named = [finding for finding in self.findings if finding.id in proposal.answers]
        kin = (f for f in self.findings if f.kind == proposal.kind and f.part == proposal.step.part)
        return named or list(kin)

    def sounding(self, who: Who | None = None) -> tuple[Decision, ...]:
        """Return the standing decisions that are part of the sound, of one kind of decider if asked."""
        standing = self.answered.values()
        return tuple(d for d in standing if d.sounds and (who is None or d.who is who))

    def rejected(self) -> tuple[Decision, ...]:
        """Return the standing answers that left things as they are."""
        return tuple(d for d in self.answered.values() if d.answer is Answer.REJECT)
