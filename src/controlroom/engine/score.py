"""A song is a score: which sound follows from which.

Nodes are frozen and hold no samples; ``engine.player`` makes them sound. A node's
key names all that its samples depend on, and what is known of it: two nodes of one
key are the same sound, in any song and at any time. Its clock is the one that its
spans are on. Length may change from node to node.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from controlroom.listening.known import Known
from controlroom.listening.listening import Listening
from controlroom.model.base import canonical_json, digest_text
from controlroom.model.errors import UsageError
from controlroom.model.proposals import Stage, Step
from controlroom.model.route import Route
from controlroom.model.song import StemTrust
from controlroom.model.timeline import Span, Timeline, check_clock
from controlroom.music.correction import laid_out

BEFORE_LOUDNESS = tuple(stage for stage in Stage if stage is not Stage.LOUDNESS)


@dataclass(frozen=True)
class Part:
    """A stem of a take: its role, the digest of its samples, and how far it can be trusted."""

    role: str
    digest: str
    trust: StemTrust | None = None


@dataclass(frozen=True)
class Take:
    """What was imported, with the stems beside it."""

    digest: str
    known: Known
    parts: tuple[Part, ...] = ()

    @classmethod
    def of(cls, sound: Listening) -> Take:
        """Return the node of a sound that follows from no other."""
        parts = (Part(role, stem.key, stem.trust) for role, stem in sound.stems.items())
        return cls(sound.key, sound.known, tuple(parts))

    @cached_property
    def key(self) -> str:
        """Name of the samples and of what is known."""
        trusts = [part.trust.model_dump(mode="json") if part.trust else None for part in self.parts]
        parts = [[part.role, part.digest, trust] for part, trust in zip(self.parts, trusts, strict=True)]
        return _key("take", self.digest, self.known.digest, parts)


@dataclass(frozen=True)
class Edit:
    """A sound with its time laid out anew: cut, repeated, moved; its stems with it. See `edited`."""

    source: Node
    timeline: Timeline

    @property
    def sources(self) -> tuple[Node, ...]:
        """What it is made of."""
        return (self.source,)

    @cached_property
    def known(self) -> Known:
        """What is known of the source, laid out as it is."""
        return _laid_out(self.sources, self.timeline)

    @cached_property
    def key(self) -> str:
        """Name of the samples and of what is known."""
        return _key("edit", self.source.key, self.timeline.canonical(), self.known.digest)


@dataclass(frozen=True)
class Comp:
    """One sound made of spans of several takes; their clocks differ. The stems are those that all have."""

    sources: tuple[Node, ...]
    timeline: Timeline

    def __post_init__(self) -> None:
        clocks = [node.known.clock for node in self.sources]
        if len(set(clocks)) < len(clocks):
            raise UsageError("comp.twice", "two sources of a comp are on one clock", "name each take once")
        for piece in self.timeline.pieces:
            if piece.source.clock not in clocks:
                check_clock("a piece of the comp", piece.source.clock, " or ".join(clocks))

    @cached_property
    def known(self) -> Known:
        """What is known of all sources, laid out as they are."""
        return _laid_out(self.sources, self.timeline)

    @cached_property
    def key(self) -> str:
        """Name of the samples and of what is known."""
        keys = [node.key for node in self.sources]
        return _key("comp", keys, self.timeline.canonical(), self.known.digest)


@dataclass(frozen=True)
class Staged:
    """A sound after the steps of one stage; ``least_coherence`` is what a stem's band must have for overlay."""

    source: Node
    stage: Stage
    steps: tuple[Step, ...]
    least_coherence: float

    @property
    def known(self) -> Known:
        """What is known of the source: a step changes none of it."""
        return self.source.known

    @cached_property
    def key(self) -> str:
        """Name of the samples and of what is known."""
        return _key("staged", self.source.key, [step.id for step in self.steps], self.least_coherence)


@dataclass(frozen=True)
class Routed:
    """What goes out on a route: at its rate, from two speakers, after the steps of LOUDNESS, under its ceiling.

    Without steps no level was decided: it is the sound at the rate, and no master.
    """

    source: Node
    route: Route
    rate_hz: int
    steps: tuple[Step, ...]

    @property
    def known(self) -> Known:
        """What is known of the source."""
        return self.source.known

    @cached_property
    def key(self) -> str:
        """Name of the samples and of what is known; what of the route moves no sample is not in it."""
        ids = [step.id for step in self.steps]
        return _key("routed", self.source.key, self.rate_hz, self.route.ceiling_dbtp, ids)


Node: TypeAlias = Take | Comp | Edit | Staged | Routed


def edited(source: Node, timeline: Timeline) -> Node:
    """Return a sound laid out on a timeline; an edit of an edit is one edit, and what it undoes is undone.

    Raises
    ------
    UsageError
        ``span.foreign-clock``: the timeline is of another sound.
    """
    for piece in timeline.pieces:
        check_clock("a piece of the edit", piece.source.clock, source.known.clock)
    if isinstance(source, Edit):
        return Edit(source.source, timeline.over(source.timeline))
    if isinstance(source, Comp):
        return Comp(source.sources, timeline.over(source.timeline))
    return Edit(source, timeline)


def staged(source: Node, stage: Stage, steps: Iterable[Step], least_coherence: float) -> Node:
    """Return a sound after the steps of a stage, each where it sounds now; itself where none does."""
    here = tuple(one for step in steps for one in placed(step, source))
    return Staged(source, stage, here, least_coherence) if here else source


def chain(source: Node, steps: Sequence[Step], least_coherence: float) -> Node:
    """Return a sound after steps of any stages before LOUDNESS, each stage in its turn."""
    node = source
    for stage in BEFORE_LOUDNESS:
        node = staged(node, stage, (step for step in steps if step.stage is stage), least_coherence)
    return node


def placed(step: Step, node: Node) -> tuple[Step, ...]:
    """Return a step at every place of a node where it sounds: none where its place was cut away.

    Raises
    ------
    UsageError
        ``span.foreign-clock``: its place is on no clock that the node is made of.
    """
    if step.span is None:
        return (step,)
    places = _places(step.span, node)
    if places is None:
        check_clock(f"{step.processor} at {step.span.start_s:g} s", step.span.clock, node.known.clock)
    elif places == (step.span,):
        return (step,)
    return tuple(step.model_copy(update={"span": place}) for place in places or ())


def _places(span: Span, node: Node) -> tuple[Span, ...] | None:
    """Return where a span of this clock, or of one that it is made of, is now; None for any other."""
    if span.clock == node.known.clock:
        return (span,)
    if isinstance(node, Staged | Routed):
        return _places(span, node.source)
    if isinstance(node, Take):
        return None
    for source in node.sources:
        found = _places(span, source)
        if found is not None:
            return tuple(place for one in found for place in node.timeline.from_source(one))
    return None


def _laid_out(sources: Sequence[Node], timeline: Timeline) -> Known:
    """Return what is known of an edit: it is of the same song, and a person's word moves with what it is of."""
    said = {node.known.clock: node.known.said for node in sources if node.known.said is not None}
    return Known(sources[0].known.meant, laid_out(said, timeline), timeline.clock)


def _key(*content: object) -> str:
    return "n" + digest_text(canonical_json(list(content)))[:24]
