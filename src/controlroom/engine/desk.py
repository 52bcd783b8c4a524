"""Steps to samples.

Per stage ``k``: ``mix_k = M_k(mix_{k-1} + Σ(stem_k - stem_{k-1}))``; stem steps
come before mix steps, and a term that nobody touched is skipped, never added as
zero, because ``-0.0 + 0.0`` changes bits (design.md, promise 2).

Within a stage leaf stems come first, then the groups that hold them, then the
mix. A step on a part may be keyed by other stems, which it hears as they were
when the stage began; so what one stem becomes does not depend on a decision
about another, and is kept by content. A step on the mix hears the stems as
they became.

Every step runs over blocks on one absolute grid, each widened by the
processor's context, so that an excerpt is the same samples as the excerpt of
the whole render.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from controlroom.engine.cache import Cache
from controlroom.engine.overlay import (
    Changes,
    allowed_change,
    laid_over,
    overlay_filter,
    refused_bands,
)
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio, Samples
from controlroom.model.base import canonical_json, digest_text
from controlroom.model.context import Context
from controlroom.model.errors import UsageError
from controlroom.model.parts import MIX, depth, groups_of
from controlroom.model.proposals import Step
from controlroom.model.timeline import Span
from controlroom.processors.form import Block, Processor, from_step

GRID_FRAMES = 1 << 16
SPAN_FADE_S = 0.01
MIN_COHERENCE = 0.9


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
    """What came out: the sound with its stems, and what the steps told."""

    sound: Listening
    told: Told = Told()


@dataclass(frozen=True)
class StepResult:
    """One step's sound, and what it told."""

    audio: Audio
    told: Told = Told()


@dataclass(frozen=True)
class Handling:
    """How stems are handled: what is kept of them, and how coherent a band must be for overlay.

    ``one_shots`` are those that the song holds, by id: a step that names one gets it from here.
    """

    cache: Cache | None = None
    min_coherence: float = MIN_COHERENCE
    one_shots: Mapping[str, Listening] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """A stretch of the mix without and with one step."""

    before: Audio
    after: Audio


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Return steps in the order in which they sound, whatever the order in which they were accepted.

    By stage, stems before groups before mix, and on one part as the processors
    declare it; two steps of one processor by their place, then by their content.
    """

    def place(step: Step) -> tuple[int, int, str, int, float, str]:
        start_s = step.span.start_s if step.span else 0.0
        return step.stage.position, depth(step.part), step.part, from_step(step).order, start_s, step.id

    return sorted(steps, key=place)


def render_stage(
    sound: Listening, steps: Sequence[Step], context: Context, handling: Handling = Handling()
) -> Rendered:
    """Render the steps of one stage onto a sound and its stems.

    Raises
    ------
    KeyError
        A step is on a stem that the sound does not have.
    UsageError
        ``span.foreign-clock``: a step's span is on another clock than the sound.
    """
    told = Told()
    stems = dict(sound.stems)
    changes = Changes()
    steps = in_order(steps)
    for step in steps:
        _span_of(step, sound)
    for role, own in groupby((step for step in steps if step.part != MIX), key=lambda step: step.part):
        part = after = stems[role]
        for step in own:
            after, said = part_with(after, step, sound.stems, context, handling)
            told = told.joined(said)
        if after is part:
            continue
        changes.add(part.audio, after.audio)
        stems[role] = after
        for group in groups_of(role, stems):
            stems[group] = group_with(stems[group], part, after)
    mix = changes.laid_over(sound.audio)
    for step in steps:
        if step.part == MIX:
            result = run_step(sound.derived(mix, stems=stems), step, context, handling.one_shots)
            mix, told = result.audio, told.joined(result.told)
    if mix is sound.audio and stems == sound.stems:
        return Rendered(sound, told)
    return Rendered(sound.derived(mix, stems=stems), told)


def part_with(
    part: Listening, step: Step, stems: Mapping[str, Listening], context: Context, handling: Handling
) -> tuple[Listening, Told]:
    """Return a part with one step done: found in the cache, or run and kept there."""
    processor = from_step(step)
    if processor.is_neutral():
        return part, Told()
    key = _key(part, step, processor, stems, handling) if handling.cache else ""
    load = handling.cache.find(key) if handling.cache else None
    told = Told()
    if load is None:
        result = run_step(part.derived(part.audio, stems=stems), step, context, handling.one_shots)
        audio = _effective(part, result.audio, handling.min_coherence)
        told = result.told
        if handling.cache is None or told.readings:
            return part.derived(audio), told
        load = handling.cache.put(key, audio)
    return part.derived(load, key=key), told


def _key(
    part: Listening, step: Step, processor: Processor, stems: Mapping[str, Listening], handling: Handling
) -> str:
    """Name what a step makes of a part, by all that goes into it."""
    keyed = {role: stem.key for role, stem in _keys_of(processor, stems).items()}
    keyed |= {id_: shot.key for id_, shot in _named(processor, handling.one_shots).items()}
    trust = part.trust.model_dump(mode="json") if part.trust else None
    return "d" + digest_text(canonical_json([part.key, step.id, keyed, trust, handling.min_coherence]))[:24]


def _keys_of(processor: Processor, stems: Mapping[str, Listening]) -> Mapping[str, Listening]:
    if processor.keyed_by is None:
        return stems
    return {role: stems[role] for role in processor.keyed_by if role in stems}


def _named(processor: Processor, one_shots: Mapping[str, Listening]) -> Mapping[str, Listening]:
    """Return the one-shots that a processor's knobs name; UsageError where there is no such one."""
    missing = [id_ for id_ in processor.one_shots() if id_ not in one_shots]
    if missing:
        raise UsageError(
            "sample.missing",
            f"{processor.name} names a sample that is not here: {missing[0]!r}",
            f"one of: {', '.join(one_shots) or 'none, yet'}; `controlroom samples SONG --add FILE` brings one",
        )
    return {id_: one_shots[id_] for id_ in processor.one_shots()}


def _effective(part: Listening, after: Audio, min_coherence: float) -> Audio:
    """Return what of a change may be laid over the mix: all of it, or what lies outside refused bands."""
    before = part.audio
    response = _response(part, before.rate_hz, min_coherence)
    return after if response is None or after is before else allowed_change(before, after, response)


def _response(part: Listening, rate_hz: int, min_coherence: float) -> Any:
    refused = refused_bands(part.trust, min_coherence)
    if part.trust is None or not refused:
        return None
    return part.keep(
        ("engine.overlay_filter", rate_hz, min_coherence),
        lambda: overlay_filter(refused, part.trust, rate_hz) if part.trust else None,
    )


def group_with(group: Listening, before: Listening, after: Listening) -> Listening:
    """Return a group in which one member changed; summed when it is needed."""
    key = "g" + digest_text(canonical_json([group.key, before.key, after.key]))[:24]
    return group.derived(lambda: laid_over(group.audio, before.audio, after.audio), key=key)


def run_step(
    sound: Listening,
    step: Step,
    context: Context,
    one_shots: Mapping[str, Listening] | None = None,
) -> StepResult:
    """Run one step over a whole sound, keyed by the stems beside it; a neutral step returns the sound itself."""
    processor, audio, span = from_step(step), sound.audio, _span_of(step, sound)
    if processor.is_neutral() or audio.frames == 0:
        return StepResult(audio)
    state = prepare(processor, sound, one_shots)
    first, last = span_frames(span, audio)
    out = audio.samples.copy()
    for start in range(first - first % GRID_FRAMES, last, GRID_FRAMES):
        context.tell(f"step.{step.processor}", start / max(1, audio.frames))
        stop = min(start + GRID_FRAMES, audio.frames)
        block = run_block(processor, state, audio, start, stop)
        out[:, start:stop] = _inside_span(block, audio, span, start)
    told = Told(getattr(state, "readings", {}), getattr(state, "curves", {}))
    return StepResult(Audio(out, audio.rate_hz), told)


def prepare(processor: Processor, sound: Listening, one_shots: Mapping[str, Listening] | None = None) -> Any:
    """Return the processor's whole-song state for a sound, beside it the stems and one-shots that it names."""
    heard = sound.derived(sound.audio, stems=_keys_of(processor, sound.stems))
    return processor.prepare(heard.with_one_shots(_named(processor, one_shots or {})))


def run_excerpt(
    processor: Processor, state: Any, audio: Audio, span: Span, within: Span | None = None
) -> Audio:
    """Return the frames of ``span`` as the whole render would have them.

    ``within`` is the step's own span; outside of it the sound is left alone.
    """
    first, last = span_frames(span, audio)
    out = np.empty((audio.channels, last - first), dtype=np.float32)
    for start in range(first - first % GRID_FRAMES, last, GRID_FRAMES):
        stop = min(start + GRID_FRAMES, audio.frames)
        block = _inside_span(run_block(processor, state, audio, start, stop), audio, within, start)
        out[:, max(0, start - first) : stop - first] = block[:, max(0, first - start) : last - start]
    return Audio(out, audio.rate_hz)


def excerpt_with(sound: Listening, step: Step, span: Span, handling: Handling = Handling()) -> Pair:
    """Return a stretch of the mix without and with one step, as the whole render would have it."""
    before = sound.audio.excerpt(*span_frames(span.on(sound.clock), sound.audio))
    return Pair(before, stretch_with(sound, step, span, handling, before))


def stretch_with(
    sound: Listening,
    step: Step,
    span: Span,
    handling: Handling = Handling(),
    before: Audio | None = None,
) -> Audio:
    """Return a stretch of the mix with one step, as the whole render would have it.

    A step on a stem is laid over the mix as a render lays it, refused bands left
    out. Nothing but the stretch is run, and what a processor measures of the whole
    sound is kept with it: the next knob is heard without measuring again.
    ``before`` is the stretch as it is, where somebody cut it out already.
    """
    processor = from_step(step)
    part = sound.part(step.part)
    audio, within = part.audio, _span_of(step, sound)
    first, last = span_frames(span.on(sound.clock), audio)
    if processor.is_neutral() or first == last:
        return sound.audio.excerpt(first, last) if before is None else before
    heard = part.beside(_keys_of(processor, sound.stems))
    state = processor.prepare(heard.with_one_shots(_named(processor, handling.one_shots)))
    if step.part == MIX:
        return run_excerpt(processor, state, audio, span, within)
    response = _response(part, audio.rate_hz, handling.min_coherence)
    reach = response.reach_frames if response else 0
    left, right = max(0, first - reach), min(audio.frames, last + reach)
    wide = Span(clock=span.clock, start_s=left / audio.rate_hz, end_s=right / audio.rate_hz)
    old, new = audio.excerpt(left, right), run_excerpt(processor, state, audio, wide, within)
    if response is not None:
        new = allowed_change(old, new, response)
    inner = slice(first - left, last - left)
    return laid_over(
        sound.audio.excerpt(first, last) if before is None else before,
        Audio(old.samples[:, inner], audio.rate_hz),
        Audio(new.samples[:, inner], audio.rate_hz),
    )


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


def _span_of(step: Step, sound: Listening) -> Span | None:
    """Return where a step is on a sound's clock; UsageError where it was written for another."""
    return None if step.span is None else step.span.on(sound.clock)


def span_frames(span: Span | None, audio: Audio) -> tuple[int, int]:
    """Return first and last frame of a span, or of the whole sound."""
    if span is None:
        return 0, audio.frames
    first = min(audio.frames, round(span.start_s * audio.rate_hz))
    return first, max(first, min(audio.frames, round(span.end_s * audio.rate_hz)))


def _inside_span(block: Samples, audio: Audio, span: Span | None, start: int) -> Samples:
    """Return a processed block with the sound itself outside a step's span, faded in and out inside it."""
    if span is None:
        return block
    stop = start + block.shape[1]
    first, last = span_frames(span, audio)
    dry = audio.samples[:, start:stop]
    out = dry.copy()
    inner = slice(max(0, first - start), max(0, last - start))
    out[:, inner] = block[:, inner]
    fade = min(round(SPAN_FADE_S * audio.rate_hz), (last - first) // 2)
    if first > 0:
        _fade(out, dry, first - start, fade, _rise)
    if last < audio.frames:
        _fade(out, dry, last - fade - start, fade, lambda at: 1.0 - _rise(at))
    return out


def _rise(at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * at))


def _fade(
    out: Samples,
    dry: Samples,
    start: int,
    length: int,
    gain: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
) -> None:
    """Cross over between dry and wet on ``length`` frames from ``start``, as far as they lie in the block."""
    here = slice(max(0, start), min(out.shape[1], start + length))
    if here.start >= here.stop:
        return
    at = (np.arange(here.start, here.stop) - start + 0.5) / length
    ramp = gain(at).astype(np.float32)
    out[:, here] = dry[:, here] + ramp * (out[:, here] - dry[:, here])
