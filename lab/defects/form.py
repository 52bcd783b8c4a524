"""The one form of a defect: a host, a strength from a fixed table, a flawed song with what was planted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from controlroom.model.audio import Audio
from controlroom.model.brief import FormSection
from lab.songs.truth import SongTruth, Stretch, SynthSong, sum_stems

FULL = 0.84
"""Peak (−1.5 dBFS) that no planted defect but clipping passes, so that it does not plant a hot peak too."""

GRADES = ("faint", "moderate", "clear")
"""Weak to strong; ``clear`` lies at least 6 dB beyond the masked threshold or the corridor."""


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """A clean song that a defect is planted in.

    A human master has a mix only; a synthesised song has its stems, its truth
    and the recipe to make it again.
    """

    mix: Audio
    stems: Mapping[str, Audio] = field(default_factory=dict)
    truth: SongTruth | None = None
    recipe: SynthSong | None = None

    @property
    def offers(self) -> frozenset[str]:
        """What a defect may ask for: stem roles, ``truth``, ``recipe``."""
        extra = {"truth"} if self.truth else set()
        return frozenset({*self.stems, *extra, *({"recipe"} if self.recipe else set())})


@dataclass(frozen=True, slots=True)
class Planted:
    """What was planted: the finding kind it should trigger, where, how strong (in the defect's unit)."""

    defect: str
    kind: str
    grade: str
    strength: float
    unit: str
    spans: tuple[Stretch, ...]
    part: str = "mix"


@dataclass(frozen=True, slots=True, eq=False)
class Flawed:
    """A song with a defect in it.

    ``stems`` holds the stems when the defect sits in one of them (they add up
    to the mix), and nothing when it sits in the mix alone. ``spans`` is where
    it is; empty means everywhere. ``intended`` is the form that a brief
    asks for, where the fault is that the song does something else. ``reached``
    is False where the host could not be given the strength that was asked for.
    """

    mix: Audio
    stems: Mapping[str, Audio] = field(default_factory=dict)
    spans: tuple[Stretch, ...] = ()
    planted: tuple[Planted, ...] = ()
    intended: tuple[FormSection, ...] = ()
    reached: bool = True


Apply = Callable[[Host, float, np.random.Generator], Flawed]


@dataclass(frozen=True, slots=True)
class Defect:
    """One way for a song to be wrong.

    Parameters
    ----------
    name, kind : str
        Its own name, and the finding kind that should name it.
    unit : str
        What the strengths are measured in, in words.
    strengths : three floats
        Faint, moderate, clear: fixed here, before any threshold was set.
    apply : callable
        (host, strength, rng) to flawed song.
    needs : frozenset of str
        Stem roles, ``truth`` or ``recipe`` that the host must offer.
    part : str
        The stem that it is heard in, or ``mix``.
    """

    name: str
    kind: str
    unit: str
    strengths: tuple[float, float, float]
    apply: Apply
    needs: frozenset[str] = frozenset()
    part: str = "mix"

    def fits(self, host: Host) -> bool:
        """Whether a host offers what this defect needs."""
        return self.needs <= host.offers

    def plant(self, host: Host, grade: str, seed: int) -> Flawed:
        """Return the host with this defect in it, at one of ``GRADES``.

        Raises
        ------
        ValueError
            If the grade is unknown, or the host lacks what is needed.
        """
        if grade not in GRADES:
            raise ValueError(f"grade {grade!r} is not one of {', '.join(GRADES)}")
        if not self.fits(host):
            raise ValueError(f"{self.name} needs {', '.join(sorted(self.needs - host.offers))} of its host")
        strength = self.strengths[GRADES.index(grade)]
        name = int.from_bytes(self.name.encode()[:6], "little")
        # one seed, one place and one noise for all grades: only the strength differs
        flawed = self.apply(host, strength, np.random.default_rng([seed, name]))
        spans = flawed.spans or (Stretch(0.0, flawed.mix.duration_s),)
        told = Planted(self.name, self.kind, grade, strength, self.unit, spans, self.part)
        return replace(flawed, planted=(told,), spans=spans)


def host_of(song: SynthSong) -> Host:
    """Return a synthesised song as a host."""
    return Host(song.mix, song.stems, song.truth, song)


def intended_form(truth: SongTruth, turned_share: float = 0.0) -> tuple[FormSection, ...]:
    """Return the form that the arranger meant, or one whose energies are turned over by a share."""
    energies = [section.energy for section in truth.sections]
    middle = (max(energies) + min(energies)) / 2
    sections = []
    for section in truth.sections:
        inside = (truth.downbeats_s >= section.start_s - 0.01) & (truth.downbeats_s < section.end_s - 0.01)
        energy = section.energy + 2 * turned_share * (middle - section.energy)
        bars = max(1, int(np.count_nonzero(inside)))
        sections.append(FormSection(name=section.label, bars=bars, energy=energy))
    return tuple(sections)


def of_mix(samples: np.ndarray, rate_hz: int, spans: tuple[Stretch, ...] = ()) -> Flawed:
    """Return a flawed song whose defect sits in the mix."""
    return Flawed(Audio(samples.astype(np.float32, copy=False), rate_hz), spans=spans)


def with_stems(host: Host, changed: Mapping[str, np.ndarray], spans: tuple[Stretch, ...] = ()) -> Flawed:
    """Return a flawed song some of whose stems were changed; the mix is their sum anew.

    Where the sum would pass full scale, everything is turned down alike.
    """
    rate = host.mix.rate_hz
    replaced = {role: Audio(samples.astype(np.float32), rate) for role, samples in changed.items()}
    stems = {**host.stems, **replaced}
    mix = sum_stems(stems)
    peak = float(np.abs(mix.samples).max())
    if peak > FULL:
        gain = np.float32(FULL / peak)
        stems = {role: Audio(stem.samples * gain, rate) for role, stem in stems.items()}
        mix = sum_stems(stems)
    return Flawed(mix, stems, spans)
