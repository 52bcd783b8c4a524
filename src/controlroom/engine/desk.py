"""Steps to samples.

Per stage ``k``: ``mix_k = M_k(mix_{k-1} + Σ(stem_k - stem_{k-1}))``; stem steps
come before mix steps, and a term that nobody touched is skipped, never added as
zero, because ``-0.0 + 0.0`` changes bits (design.md, promise 2).

Every step runs over blocks on one absolute grid, each widened by the
processor's context, so that an excerpt is the same samples as the excerpt of
the whole render.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio, Samples
from controlroom.model.context import Context
from controlroom.model.proposals import Stage, Step
from controlroom.model.timeline import Span
from controlroom.processors.form import Block, Processor, from_step

GRID_FRAMES = 1 << 16
SPAN_FADE_S = 0.01


@dataclass(frozen=True)
class Sources:
    """What a stage works on: the mix, and the stems that were handed in."""

    mix: Audio
    stems: Mapping[str, Audio] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """What only the processors' own states know: numbers and curves, by measurement name.

    A state that has something to tell carries ``readings`` and ``curves``
    (arrays of shape (2, points): seconds, values), such as the limiter's reduction.
    """

    readings: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)

    def joined(self, other: Told) -> Told:
        """Return what both tell; the later one counts."""
        return Told({**self.readings, **other.readings}, {**self.curves, **other.curves})


@dataclass(frozen=True)
class Rendered:
    """What came out: the sources after the last stage, and what the steps told."""

    sources: Sources
    told: Told = Told()


@dataclass(frozen=True)
class StepResult:
    """One step's sound, and what it told."""

    audio: Audio
    told: Told = Told()


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Return steps in the order in which they sound: by stage, stems before mix, what comes last at the end."""
    return sorted(
        steps, key=lambda step: (step.stage.position, step.part == "mix", from_step(step).last_in_stage)
    )


def render(sources: Sources, steps: Sequence[Step], context: Context) -> Rendered:
    """Render accepted steps, stage by stage; no steps return the sources themselves."""
    told = Told()
    ordered = in_order(steps)
    for stage in Stage:
        chosen = [step for step in ordered if step.stage is stage]
        if chosen:
            with context.part(f"render.{stage}", stage.position / 6, (stage.position + 1) / 6) as inner:
                result = render_stage(sources, chosen, inner)
            sources = result.sources
            told = told.joined(result.told)
    return Rendered(sources, told)


def render_stage(sources: Sources, steps: Sequence[Step], context: Context) -> Rendered:
    """Render the steps of one stage onto ``sources``."""
    told = Told()
    stems = dict(sources.stems)
    touched: dict[str, Audio] = {}
    steps = in_order(steps)
    for step in steps:
        if step.part != "mix":
            result = run_step(stems[step.part], step, context, stems)
            if result.audio is not stems[step.part]:
                touched.setdefault(step.part, stems[step.part])
                stems[step.part] = result.audio
            told = told.joined(result.told)
    mix = overlay(sources.mix, [(before, stems[role]) for role, before in touched.items()])
    for step in steps:
        if step.part == "mix":
            result = run_step(mix, step, context, stems)
            mix = result.audio
            told = told.joined(result.told)
    return Rendered(Sources(mix, stems), told)


def overlay(mix: Audio, changed: Sequence[tuple[Audio, Audio]]) -> Audio:
    """Return ``mix + Σ(after - before)``; with nothing changed, ``mix`` itself."""
    if not changed:
        return mix
    out = mix.samples.copy()
    for start in range(0, mix.frames, GRID_FRAMES):
        here = slice(start, start + GRID_FRAMES)
        total = np.zeros(out[:, here].shape, dtype=np.float64)
        for before, after in changed:
            total += after.samples[:, here].astype(np.float64) - before.samples[:, here]
        moved = total != 0.0
        out[:, here] = np.where(moved, out[:, here] + total, out[:, here])
    return Audio(out, mix.rate_hz)


def run_step(
    audio: Audio, step: Step, context: Context, stems: Mapping[str, Audio] | None = None
) -> StepResult:
    """Run one step over a whole sound; a neutral step returns the sound itself."""
    processor = from_step(step)
    if processor.is_neutral() or audio.frames == 0:
        return StepResult(audio)
    state = prepare(processor, audio, stems or {})
    first, last = _span_frames(step.span, audio)
    out = audio.samples.copy()
    for start in range(first - first % GRID_FRAMES, last, GRID_FRAMES):
        context.tell(f"step.{step.processor}", start / max(1, audio.frames))
        stop = min(start + GRID_FRAMES, audio.frames)
        out[:, start:stop] = run_block(processor, state, audio, start, stop)
    if step.span is not None:
        _crossfade_span(out, audio, first, last)
    told = Told(getattr(state, "readings", {}), getattr(state, "curves", {}))
    return StepResult(Audio(out, audio.rate_hz), told)


def prepare(processor: Processor, audio: Audio, stems: Mapping[str, Audio]) -> Any:
    """Return the processor's whole-song state for a sound."""
    parts = {role: Listening(stem) for role, stem in stems.items()}
    return processor.prepare(Listening(audio, stems=parts))


def run_excerpt(processor: Processor, state: Any, audio: Audio, span: Span) -> Audio:
    """Return the frames of ``span`` as the whole render would have them."""
    first, last = _span_frames(span, audio)
    pieces = []
    for start in range(first - first % GRID_FRAMES, last, GRID_FRAMES):
        stop = min(start + GRID_FRAMES, audio.frames)
        block = run_block(processor, state, audio, start, stop)
        pieces.append(block[:, max(0, first - start) : last - start])
    return Audio(np.concatenate(pieces, axis=1), audio.rate_hz)


def run_block(processor: Processor, state: Any, audio: Audio, start: int, stop: int) -> Samples:
    """Run one block of the grid with its context, and cut the context off."""
    wide = math.ceil(processor.context_s() * audio.rate_hz)
    left, right = max(0, start - wide), min(audio.frames, stop + wide)
    samples = audio.samples[:, left:right]
    pad = (left - (start - wide), (stop + wide) - right)
    if any(pad):
        samples = np.pad(samples, ((0, 0), pad))
    done = processor.apply(Block(samples, start - wide, audio.rate_hz), state)
    return done[:, wide : wide + stop - start]


def _span_frames(span: Span | None, audio: Audio) -> tuple[int, int]:
    if span is None:
        return 0, audio.frames
    first = min(audio.frames, round(span.start_s * audio.rate_hz))
    return first, max(first, min(audio.frames, round(span.end_s * audio.rate_hz)))


def _crossfade_span(out: Samples, audio: Audio, first: int, last: int) -> None:
    """Leave everything outside the span untouched, and fade in and out inside it."""
    dry = audio.samples
    out[:, :first] = dry[:, :first]
    out[:, last:] = dry[:, last:]
    fade = min(round(SPAN_FADE_S * audio.rate_hz), (last - first) // 2)
    if fade == 0:
        return
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / fade)).astype(np.float32)
    if first > 0:
        head = slice(first, first + fade)
        out[:, head] = dry[:, head] + ramp * (out[:, head] - dry[:, head])
    if last < audio.frames:
        tail = slice(last - fade, last)
        out[:, tail] = dry[:, tail] + ramp[::-1] * (out[:, tail] - dry[:, tail])
