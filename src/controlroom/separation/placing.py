"""Imported stems, brought to their take: rate, length, place, polarity and level."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.separation.alignment import Place, locate, locate_anywhere, placed
from controlroom.separation.levels import Level, Levels
from controlroom.separation.shelf import Keep, Sound, in_memory, whole

MAX_OFFSET_S = 2.0
"""Where a stem is looked for first; one of another length is looked for in the whole take too."""
OWN_GAIN_DB = 0.5
"""A stem whose level differs by more from that of the set was exported at a level of its own."""
SET_GAIN_DB = 0.1

_NEAR_FRAMES = 1.5
_TELLS_FRAMES = 0.25
_CLEARER = 1.3


@dataclass(frozen=True, slots=True, eq=False)
class PlacedStem:
    """A stem at its place in the take: what was measured, what was done, and the sound moved there.

    ``gain`` is what it was multiplied with, polarity and all; ``error_db`` how
    surely that is known, None where it was not told from the stem itself.
    """

    name: str
    audio: Sound
    place: Place
    gain: float
    error_db: float | None
    from_rate_hz: int
    duration_s: float

    @property
    def gain_db(self) -> float:
        """The gain in dB, without its sign."""
        return float(20 * np.log10(abs(self.gain)))


Sets = Sequence[Sequence[str]]
"""Names of stems that stand beside each other: in one set none holds another."""


def place_stems(
    stems: Mapping[str, Sound],
    mix: Audio,
    ctx: Context,
    keep: Keep = in_memory,
    pick: Callable[[Levels], Sets] | None = None,
) -> Mapping[str, PlacedStem]:
    """Bring stems to the take's rate, length, channels, place, polarity and level.

    A stem too quiet to be found by itself takes the place of the others
    (exports start together). A shorter one is padded with silence, what lies
    outside the take is cut. Exports are turned down as a whole, and then the
    balance between stems is theirs: one gain, the median, is applied to all. Where
    the own gain of one differs from that, by more than ``OWN_GAIN_DB`` and by
    more than it is unsure, stems were exported each at a level of its own, and
    each whose level is told is brought back from it.

    Parameters
    ----------
    stems : mapping
        Name to sound, at any rates and lengths.
    mix : Audio
        The take.
    ctx : Context
        Progress and cancel.
    keep : callable
        Lays a stem where it is kept; one at a time is in memory besides.
    pick : callable, optional
        Told what the placed stems are in the take, says which of them stand
        beside each other (``no_bass`` beside ``bass``, the leaves without it), in
        sets; what is in no set is left out. All in one set by default.

    Returns
    -------
    mapping
        Name to stem; each as long as the take.
    """
    from controlroom.media.resample import resample

    level: dict[str, Sound] = {}
    found: dict[str, Place] = {}
    blur: dict[str, float] = {}
    for n, (name, stem) in enumerate(stems.items()):
        ctx.tell("separation.place", 0.5 * n / len(stems))
        audio = resample(whole(stem), mix.rate_hz)
        found[name], blur[name] = found_place(audio, mix), blur_frames(audio)
        level[name] = stem if stem.rate_hz == mix.rate_hz else keep(audio)
    places = agreed(found, mix.frames, blur, reach=round(MAX_OFFSET_S * mix.rate_hz))
    moved: dict[str, Sound] = {}
    for n, name in enumerate(stems):
        ctx.tell("separation.place", 0.5 + 0.2 * n / len(stems))
        audio = as_channels(whole(level.pop(name)), mix.channels)
        moved[name] = keep(placed(audio, places[name], mix.frames))
    with ctx.part("separation.levels", 0.7, 0.9) as inner:
        levels = Levels(moved, mix, inner)
    told = levels.of(pick(levels) if pick else [tuple(stems)])
    factors = _factors(told)
    done = {
        name: PlacedStem(
            name,
            _scaled(moved.pop(name), factors[name], keep),
            places[name],
            factors[name] * places[name].polarity,
            told[name].error_db if told[name].sure else None,
            stems[name].rate_hz,
            stems[name].duration_s,
        )
        for name in told
    }
    ctx.tell("separation.place", 1.0)
    return done


def as_channels(audio: Audio, channels: int) -> Audio:
    """Return a stem with its take's channels: a mono one in the middle, a stereo one folded by halves."""
    if audio.channels == channels:
        return audio
    folded = audio.samples.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)
    return Audio(np.repeat(folded, channels, axis=0), audio.rate_hz)


def found_place(audio: Audio, mix: Audio) -> Place:
    """Return where a stem sits: near its take's start, or, for one of another length, anywhere.

    A stem that was cut before its first note is found by its sound. Loops are
    alike everywhere: the place at the start stands unless the other is plainly clearer.
    """
    near = locate(audio, mix, MAX_OFFSET_S)
    if abs(audio.duration_s - mix.duration_s) <= MAX_OFFSET_S:
        return near
    far_frames = locate_anywhere(audio, mix)
    there = placed(audio, Place(far_frames, 0.0, 1, 0.0), mix.frames)
    far = locate(there, mix, 0.1)
    if not far.found or far.clarity < _CLEARER * near.clarity:
        return near
    return replace(far, offset_frames=far.offset_frames + far_frames)


def blur_frames(stem: Audio) -> float:
    """Return by how many frames a stem may be off before it leaves more than −20 dB of itself behind.

    A sound moved by e frames differs from itself by ω·e of its level, ω being
    the RMS of its angular frequency per frame, read off its first difference: a
    bass is blunt, and its spike tells its place less well than others do.
    """
    power = float(np.vdot(stem.samples, stem.samples))
    steps = np.diff(stem.samples, axis=1)
    return 0.1 * float(np.sqrt(power / max(float(np.vdot(steps, steps)), 1e-20)))


def agreed(
    found: Mapping[str, Place], frames: int, blur: Mapping[str, float] | None = None, reach: int | None = None
) -> dict[str, Place]:
    """Return one place for all stems that plainly share one: that of the clearest.

    Exports start together and run on one clock. A stem that was found within
    1.5 frames of the clearest one, or within its own ``blur`` (`blur_frames`),
    at the take's start and at its end, was measured less well, not moved. A
    stem that was not found takes the clearest one's place too. One that was found
    farther than ``reach`` from the start was cut by itself: it leads no other,
    unless all were.
    """
    found = {name: _whole(place) for name, place in found.items()}
    leading = [place for place in found.values() if place.found]
    if not leading:
        return found
    close = [place for place in leading if reach is None or abs(place.offset_frames) <= reach]
    best = max(close or leading, key=lambda place: place.clarity)

    def near(name: str, place: Place) -> bool:
        start = place.offset_frames - best.offset_frames
        end = start + (place.drift_ppm - best.drift_ppm) * 1e-6 * frames
        return max(abs(start), abs(end)) < max(_NEAR_FRAMES, (blur or {}).get(name, 0.0))

    return {
        name: replace(place, offset_frames=best.offset_frames, drift_ppm=best.drift_ppm)
        if near(name, place) or not place.found
        else place
        for name, place in found.items()
    }


def _whole(place: Place) -> Place:
    """Return a place on a whole frame where it is no farther from one than a spike can tell."""
    frame = round(place.offset_frames)
    if place.drift_ppm or abs(place.offset_frames - frame) > _TELLS_FRAMES:
        return place
    return replace(place, offset_frames=float(frame))


def _factors(told: Mapping[str, Level]) -> dict[str, float]:
    """Return what each stem is multiplied with; see ``place_stems``."""
    known = [level for level in told.values() if level.sure]
    common_db = float(np.median([level.gain_db for level in known])) if known else 0.0
    if own := any(_differs(level, common_db) for level in known):
        common_db = 0.0
    factors: dict[str, float] = {}
    for name, level in told.items():
        gain_db = level.gain_db if own and level.sure else common_db
        sign = -1.0 if level.sure and level.gain < 0 else 1.0
        factors[name] = sign * float(10 ** (gain_db / 20)) if abs(gain_db) > SET_GAIN_DB else sign
    return factors


def _differs(level: Level, common_db: float) -> bool:
    return abs(level.gain_db - common_db) > max(OWN_GAIN_DB, 3 * level.error_db)


def _scaled(sound: Sound, factor: float, keep: Keep) -> Sound:
    if factor == 1.0:
        return sound
    return keep(Audio(whole(sound).samples * np.float32(factor), sound.rate_hz))
