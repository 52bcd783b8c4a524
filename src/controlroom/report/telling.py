"""Findings and steps as people read them, in the words of the detector's or processor's own file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from controlroom.detectors.form import all_detectors
from controlroom.model.figures import clock, frequency, number
from controlroom.model.finding_words import FindingWords, anything
from controlroom.model.findings import Finding
from controlroom.model.proposals import Proposal, Step
from controlroom.model.step_words import StepWords, plainly
from controlroom.model.wording import listed, on_part, spoken
from controlroom.processors.form import all_processors


@cache
def findings_told() -> Mapping[str, FindingWords]:
    """Return the words of every finding kind."""
    return {kind: words for detector in all_detectors().values() for kind, words in detector.words.items()}


@cache
def steps_told() -> Mapping[str, StepWords]:
    """Return the words of every processor, by its name."""
    return {name: processor.words for name, processor in all_processors().items()}


def finding_title(kind: str) -> str:
    """Return the heading of a finding kind; ``hand-made`` is a step without a finding."""
    if kind == "hand-made":
        return "A step of your own"
    words = findings_told().get(kind)
    return words.title if words else spoken(kind)


def finding_sentence(finding: Finding) -> str:
    """Return what was observed, as one or two sentences with numbers and units."""
    words = findings_told().get(finding.kind)
    told = (words.says if words else anything)(finding)
    return told + on_part(finding.part, told)


def severity_words(severity: float) -> str:
    """Return a severity of 0 to 1 as a word."""
    return "slight" if severity < 1 / 3 else "clear" if severity < 2 / 3 else "strong"


def finding_place(finding: Finding) -> str:
    """Return where a finding sounds: a stretch of time, or the whole song."""
    if finding.span is None:
        return "whole song"
    return f"{clock(finding.span.start_s)} to {clock(finding.span.end_s)}"


def step_title(processor: str) -> str:
    """Return a processor's name as people say it."""
    words = steps_told().get(processor)
    return words.title if words else spoken(processor)


def step_phrase(step: Step) -> str:
    """Return what a step does, as the end of "Shall I …?"; with its part and place."""
    words = steps_told().get(step.processor)
    done = (words.does if words else plainly)(step)
    done += on_part(step.part, done)
    if step.span is None:
        return done
    return f"{done}, from {clock(step.span.start_s)} to {clock(step.span.end_s)}"


def proposal_sentence(proposal: Proposal) -> str:
    """Return a proposal as the question that it is: "Shall I …?"."""
    return f"Shall I {step_phrase(proposal.step)}?"


def proposal_remarks(proposal: Proposal) -> tuple[str, ...]:
    """Return what must be known beside the question: weakened, provisional, for a person only."""
    told = []
    if proposal.amount < 1.0:
        told.append(
            f"The guards weakened it to {number(proposal.amount * 100, 0)} % of what would answer the finding."
        )
    if proposal.provisional:
        told.append("Provisional: it is asked again when something before it changes.")
    if proposal.step.part != "mix" and proposal.confidence < 1.0:
        told.append(
            f"Sure to {number(proposal.confidence * 100, 0)} %: no surer than the stem can be trusted."
        )
    if proposal.refused:
        bands = listed([f"{frequency(b.low_hz)} to {frequency(b.high_hz)}" for b in proposal.refused])
        told.append(f"Left out from {bands}: there the stem is not in the mix as a wave.")
    if proposal.person_only:
        told.append("Only a person may answer this one; no policy can.")
    return tuple(told)
