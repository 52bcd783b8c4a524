"""A hand tried on a song, as the desk renders it: what is claimed is what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controlroom.engine.claims import outcome_of
from controlroom.engine.desk import Handling, Pair, Told, excerpt_with, group_with, part_with, run_step
from controlroom.engine.overlay import laid_over
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.parts import MIX, groups_of
from controlroom.model.proposals import Claim, Step
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span
from controlroom.processors.form import Offer, Processor


@dataclass
class Trial:
    """One sound on which steps are tried, each by itself and each rendered once.

    What was rendered of a stem goes into the desk's cache, so that an acceptance
    does not render it again either. Listenings stay, with what was measured of
    them; of samples only those of the song that was tried last.
    """

    sound: Listening
    standards: Standards
    context: Context = field(default_factory=Context)
    handling: Handling = field(default_factory=Handling)
    _songs: dict[str, Listening] = field(default_factory=dict, init=False)
    _readings: dict[str, Mapping[str, float]] = field(default_factory=dict, init=False)
    _held: Audio | None = field(default=None, init=False)

    def after(self, processor: Processor, part: str = MIX, span: Span | None = None) -> Listening:
        """Return the song as it would be with a step on one part: its mix, that stem, and the groups it lies in.

        Raises
        ------
        KeyError
            There is no such stem.
        UsageError
            ``span.foreign-clock``.
        """
        return self._song_with(processor.step(part, span))

    def claims_of(self, offer: Offer) -> tuple[Claim, ...]:
        """Return an offer's claims as they will come out: on a stem, by what the song really gets of the step."""
        if offer.part == MIX or not offer.claims:
            return offer.claims
        step = offer.processor.step(offer.part, offer.span)
        song = self._song_with(step)
        heard = {"part": song.part(step.part), "song": song}
        readings = self._readings[step.id]
        return tuple(
            claim.model_copy(
                update={"expected": outcome_of(claim, heard[claim.on], self.standards, readings)}
            )
            for claim in offer.claims
        )

    def stretch(self, offer: Offer, span: Span) -> Pair:
        """Return a stretch of the mix without and with an offer; the step on a stem is rendered whole, for its claims."""
        step = offer.processor.step(offer.part, offer.span)
        if step.part == MIX and step.id not in self._songs:
            return excerpt_with(self.sound, step, span, self.handling)
        place = span.on(self.sound.clock)
        return Pair(_cut(self.sound.audio, place), _cut(self._song_with(step).audio, place))

    def _song_with(self, step: Step) -> Listening:
        if step.id not in self._songs:
            self._songs[step.id], told = _with(self.sound, step, self.context, self.handling)
            self._readings[step.id] = told.readings
        self._held = self._songs[step.id].audio
        return self._songs[step.id]


def _with(sound: Listening, step: Step, context: Context, handling: Handling) -> tuple[Listening, Told]:
    """Return a song with one step, bit for bit as its stage would be rendered; sums are made when needed."""
    if step.part == MIX:
        result = run_step(sound, step, context, handling.one_shots)
        return sound.derived(result.audio, stems=sound.stems), result.told
    part = sound.stems[step.part]
    after, told = part_with(part, step, sound.stems, context, handling)
    if after is part:
        return sound, told
    stems = {**sound.stems, step.part: after}
    for group in groups_of(step.part, stems):
        stems[group] = group_with(stems[group], part, after)
    return sound.derived(lambda: laid_over(sound.audio, part.audio, after.audio), stems=stems), told


def _cut(audio: Audio, span: Span) -> Audio:
    return audio.excerpt(round(span.start_s * audio.rate_hz), round(span.end_s * audio.rate_hz))
