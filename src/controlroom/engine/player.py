"""The score made to sound: a premaster, a master, a preview and an audition are all ``sound(node, span)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from controlroom.engine.deliverable import as_delivered, at_rate, from_two_speakers
from controlroom.engine.desk import Handling, Rendered, Told, render_stage, span_frames, stretch_with
from controlroom.engine.score import Comp, Edit, Node, Routed, Staged, Take
from controlroom.engine.timelines import laid_out
from controlroom.listening.heard import loudness_of
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import UsageError
from controlroom.model.song import StemTrust
from controlroom.model.timeline import Span
from controlroom.processors.form import from_step

CEILING_SLACK_DB = 0.01


class Player:
    """Makes nodes sound; each once, while this object lives.

    Parameters
    ----------
    takes : mapping of Take to Listening
        The sounds that follow from no other.
    handling : callable
        Returns how the desk handles stems now: its cache and one-shots. How coherent a
        band must be is in the node.
    """

    def __init__(self, takes: Mapping[Take, Listening], handling: Callable[[], Handling] = Handling) -> None:
        self._handling = handling
        self._made: dict[str, Rendered] = {take.key: Rendered(sound) for take, sound in takes.items()}

    def listening(self, node: Node, context: Context = Context()) -> Listening:
        """Return the whole sound of a node, with its stems and all that is measured of it."""
        return self.rendered(node, context).sound

    def told(self, node: Node, context: Context = Context()) -> Told:
        """Return what the processors told of a node, and of all that it is made of."""
        upstream = Told() if isinstance(node, Take | Comp | Edit) else self.told(node.source, context)
        return upstream.joined(self.rendered(node, context).told)

    def sound(self, node: Node, span: Span | None = None, context: Context = Context()) -> Audio:
        """Return the samples of a node, or of a stretch of it: the same as that stretch of the whole.

        Of a single step nothing but the stretch is run, unless the whole was made already;
        where bands of its stem are refused, it is the same within rounding.
        """
        if span is None:
            return self.listening(node, context).audio
        alone = node.key not in self._made and isinstance(node, Staged) and len(node.steps) == 1
        if alone and isinstance(node, Staged):
            source = self.listening(node.source, context)
            return stretch_with(source, node.steps[0], span, self._rules(node))
        whole = self.listening(node, context)
        return whole.audio.excerpt(*span_frames(span.on(whole.clock), whole.audio))

    def rendered(self, node: Node, context: Context = Context()) -> Rendered:
        """Return a node's sound and what the processors told of it."""
        if node.key not in self._made:
            self._made[node.key] = self._render(node, context)
        return self._made[node.key]

    def _rules(self, node: Staged) -> Handling:
        return replace(self._handling(), min_coherence=node.least_coherence)

    def _render(self, node: Node, context: Context) -> Rendered:
        match node:
            case Staged():
                return render_stage(
                    self.listening(node.source, context), node.steps, context, self._rules(node)
                )
            case Routed():
                return self._routed(node, context)
            case Edit() | Comp():
                return Rendered(_edit(node, [self.listening(one, context) for one in node.sources]))
        raise UsageError(
            "score.no-take",
            f"the sound of {node.known.clock} is not here",
            "add that take again to go back to it",
        )

    def _routed(self, node: Routed, context: Context) -> Rendered:
        """Return what goes out: at its rate *before* its limiter, and under its ceiling without one too."""
        source = self.listening(node.source, context)
        if not node.steps:
            return Rendered(at_rate(source, node.rate_hz))
        done = render_stage(as_delivered(source, node.rate_hz), node.steps, context)
        return Rendered(_under(done.sound, node.route.ceiling_dbtp), done.told)


def has_effect(node: Node) -> bool:
    """Return whether a node is another sound than what it is made of: steps may be neutral."""
    return not isinstance(node, Staged) or any(not from_step(step).is_neutral() for step in node.steps)


def turned_down(audio: Audio, by_db: float) -> Audio:
    """Return a sound so many decibels lower."""
    return Audio(audio.samples * np.float32(10 ** (-by_db / 20)), audio.rate_hz)


def _under(sound: Listening, ceiling_dbtp: float) -> Listening:
    """Turn a master down where no limiter was accepted: true peak is the one hard guard."""
    over_db = loudness_of(sound).true_peak_dbtp - ceiling_dbtp
    return sound if over_db <= CEILING_SLACK_DB else sound.derived(turned_down(sound.audio, over_db))


def _edit(node: Edit | Comp, sources: list[Listening]) -> Listening:
    """Return sources laid out on a timeline: all at the first one's rate, mono from two speakers beside stereo."""
    rate_hz = sources[0].audio.rate_hz
    stems = {}
    for role in sources[0].stems:
        if not all(role in one.stems for one in sources):
            continue
        of_role = [at_rate(one.stems[role], rate_hz) for one in sources]
        least = min(of_role, key=lambda stem: _worst(stem.trust))
        load = partial(_laid_out, node, of_role)
        stems[role] = least.derived(load, key=f"{node.key}.{role}", known=node.known)
    mix = _laid_out(node, [at_rate(one, rate_hz) for one in sources])
    return sources[0].derived(mix, stems=stems, known=node.known)


def _laid_out(node: Edit | Comp, sounds: Sequence[Listening]) -> Audio:
    audios = {one.known.clock: sound.audio for one, sound in zip(node.sources, sounds, strict=True)}
    if len({audio.channels for audio in audios.values()}) > 1:
        audios = {clock: from_two_speakers(audio) for clock, audio in audios.items()}
    return laid_out(node.timeline, audios)


def _worst(trust: StemTrust | None) -> float:
    """Return how far the least trusted band can be trusted; a stem that nobody measured is trusted."""
    return min(trust.coherence, default=1.0) if trust else 1.0
