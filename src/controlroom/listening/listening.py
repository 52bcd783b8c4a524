"""A lazy view of one sound: what was measured once is not measured again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar
from weakref import ref

from controlroom.listening.known import Known
from controlroom.model.audio import Audio
from controlroom.model.song import StemTrust
from controlroom.model.timeline import Span

T = TypeVar("T")


class Listening:
    """One sound, with everything that was ever measured of it.

    Measurements are kept for the life of the object under a key that names the
    function and its parameters; a song's stems are Listenings of their own,
    handed in by role.

    Parameters
    ----------
    audio : Audio
        The sound.
    known : Known
        What is meant and said of the sound, and the clock that its spans are on.
    stems : mapping of str to Listening
        Parts of the sound, by role; may be empty.
    trust : StemTrust or None
        How far a stem can be trusted; None for a sound that is no stem, and
        for a stem that nobody measured.

    Attributes
    ----------
    one_shots : mapping of str to Listening
        What a person brought and a step names, by id; see `with_one_shots`.
    """

    one_shots: Mapping[str, Listening] = MappingProxyType({})

    def __init__(
        self,
        audio: Audio,
        known: Known = Known(),
        stems: Mapping[str, Listening] | None = None,
        trust: StemTrust | None = None,
    ) -> None:
        self._comes_from(lambda: audio, "", known, stems, trust)

    def _comes_from(
        self,
        load: Callable[[], Audio],
        key: str,
        known: Known,
        stems: Mapping[str, Listening] | None,
        trust: StemTrust | None,
    ) -> None:
        self._known = known
        self.stems: Mapping[str, Listening] = dict(stems or {})
        self.trust = trust
        self._kept: dict[tuple[object, ...], object] = {}
        self._load = load
        self._key = key
        self._weakly: Callable[[], Audio | None] = lambda: None

    @property
    def known(self) -> Known:
        """What is meant and said of the sound, and its clock."""
        return self._known

    @property
    def clock(self) -> str:
        """Name of the clock that spans of this sound are on."""
        return self._known.clock

    @property
    def audio(self) -> Audio:
        """The sound; a lazy one is loaded unless somebody still holds it."""
        held = self._weakly()
        if held is None:
            held = self._load()
            self._weakly = ref(held)
        return held

    @property
    def key(self) -> str:
        """Name of the samples: given to a lazy sound, else the digest of the sound."""
        return self._key or self.keep(("audio.digest",), self.audio.digest)

    def keep(self, key: tuple[object, ...], measure: Callable[[], T]) -> T:
        """Return what is kept under ``key``, measuring it the first time."""
        if key not in self._kept:
            self._kept[key] = measure()
        return self._kept[key]  # type: ignore[return-value]  # one key, one type: see the callers

    def derived(
        self,
        sound: Audio | Callable[[], Audio],
        *,
        key: str = "",
        stems: Mapping[str, Listening] | None = None,
        known: Known | None = None,
    ) -> Listening:
        """Return a sound that was made of this one: the only way from one sound to another.

        What is known goes on, and how far a stem is trusted; nothing that was
        measured does, for it was measured of other samples.

        Parameters
        ----------
        sound : Audio or callable
            The samples, or what loads them; then ``key`` names them (see `LazyListening`).
        key : str
        stems : mapping of str to Listening
            The parts of the new sound; none unless given, for those of this one are not in it.
        known : Known
            Where the new sound has another clock: `Known.within`.
        """
        known = self.known if known is None else known
        if isinstance(sound, Audio):
            return Listening(sound, known, stems, self.trust)
        return LazyListening(sound, key, known, self.trust, stems)

    def beside(self, stems: Mapping[str, Listening]) -> Listening:
        """Return this sound with other stems beside it: a listening of its own, kept for the same stems."""

        def make() -> Listening:
            return self.derived(self._load, key=self._key, stems=stems)

        return self.keep(("listening.beside", *((role, id(stem)) for role, stem in stems.items())), make)

    def with_one_shots(self, one_shots: Mapping[str, Listening]) -> Listening:
        """Return this very sound with one-shots beside it; what was measured, and will be, is shared.

        So another one-shot costs no measuring anew. What is kept must not depend on them.
        """
        if dict(one_shots) == dict(self.one_shots):
            return self
        other = copy.copy(self)
        other.one_shots = dict(one_shots)
        return other

    def span(self, start_s: float, end_s: float) -> Span:
        """Return a span on this sound's clock, clipped to it."""
        return Span(
            clock=self.clock,
            start_s=max(0.0, start_s),
            end_s=min(self.audio.duration_s, max(start_s, end_s)),
        )

    def part(self, role: str) -> Listening:
        """Return the listening of ``mix`` (this one) or of a stem; KeyError if there is none."""
        return self if role == "mix" else self.stems[role]


class LazyListening(Listening):
    """The listening of a sound that is loaded when it is needed, and let go after.

    Twelve stems of a six-minute song are more than memory should hold: what was
    measured of one stays, its samples come and go.

    Parameters
    ----------
    load : callable
        Returns the sound; the same samples each time.
    key : str
        Names the samples: two sounds of one key are the same sound.
    known, trust, stems
        As for `Listening`.
    """

    def __init__(
        self,
        load: Callable[[], Audio],
        key: str,
        known: Known = Known(),
        trust: StemTrust | None = None,
        stems: Mapping[str, Listening] | None = None,
    ) -> None:
        self._comes_from(load, key, known, stems, trust)
