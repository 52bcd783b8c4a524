"""Imported stems, brought to their take: rate, length, place, polarity and level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError
from controlroom.separation.alignment import Place, gains, locate, placed
from controlroom.separation.shelf import Keep, Sound, in_memory, whole

MAX_DIFFERENCE_S = 2.0
"""A stem may be this much shorter or longer than its take: padding, not another song."""

_NEAR_FRAMES = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class PlacedStem:
    """A stem at its place in the take: what was measured, and the sound moved there."""

    name: str
    audio: Sound
    place: Place
    gain_db: float


def place_stems(
    stems: Mapping[str, Sound], mix: Audio, ctx: Context, keep: Keep = in_memory
) -> Mapping[str, PlacedStem]:
    """Bring stems to the take's rate, length, place, polarity and level.

    A stem too quiet to be found by itself takes the place of the others
    (exports start together). One gain is applied to all stems, the median of
    what least squares finds for those that were found, and only where it is more
    than 0.1 dB: exports are turned down as a whole, and the balance between
    stems is theirs.

    Parameters
    ----------
    stems : mapping
        Name to sound, all at one rate.
    mix : Audio
        The take.
    ctx : Context
        Progress and cancel.
    keep : callable
        Lays a stem where it is kept; one at a time is in memory besides.

    Returns
    -------
    mapping
        Of the same names; each stem as long as the take.

    Raises
    ------
    AudioInputError
        ``stem.rate``: stems of different rates; ``stem.length``: a stem more
        than ``MAX_DIFFERENCE_S`` shorter or longer than the take.
    """
    from controlroom.media.resample import resample

    _check_alike(stems, mix)
    level: dict[str, Sound] = {}
    found: dict[str, Place] = {}
    blur: dict[str, float] = {}
    for n, (name, stem) in enumerate(stems.items()):
        ctx.tell("separation.place", 0.6 * n / len(stems))
        audio = resample(whole(stem), mix.rate_hz)
        found[name], blur[name] = locate(audio, mix), blur_frames(audio)
        level[name] = stem if stem.rate_hz == mix.rate_hz else keep(audio)
    places = agreed(found, mix.frames, blur)
    moved: dict[str, Sound] = {}
    for n, name in enumerate(stems):
        ctx.tell("separation.place", 0.6 + 0.2 * n / len(stems))
        moved[name] = keep(placed(whole(level.pop(name)), places[name], mix.frames))
    factor = _factor(moved, [name for name, place in found.items() if place.found], mix)
    ctx.tell("separation.place", 1.0)
    return {
        name: PlacedStem(
            name, _scaled(moved.pop(name), factor, keep), places[name], float(20 * np.log10(factor))
        )
        for name in stems
    }


def _check_alike(stems: Mapping[str, Sound], mix: Audio) -> None:
    rates = {audio.rate_hz: name for name, audio in stems.items()}
    if len(rates) > 1:
        told = ", ".join(f"{name} {rate} Hz" for rate, name in sorted(rates.items()))
        raise AudioInputError(
            "stem.rate", f"the stems have different rates: {told}", "export them all at one rate"
        )
    for name, audio in stems.items():
        if abs(audio.duration_s - mix.duration_s) > MAX_DIFFERENCE_S:
            raise AudioInputError(
                "stem.length",
                f"{name} lasts {audio.duration_s:.1f} s, the take {mix.duration_s:.1f} s",
                "export every stem from the song's start to its end; or it is another song's",
            )


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
    found: Mapping[str, Place], frames: int, blur: Mapping[str, float] | None = None
) -> dict[str, Place]:
    """Return one place for all stems that plainly share one: that of the clearest.

    Exports start together and run on one clock. A stem that was found within
    1.5 frames of the clearest one, or within its own ``blur`` (`blur_frames`),
    at the take's start and at its end, was measured less well, not moved. A
    stem that was not found takes the clearest one's place too.
    """
    if not any(place.found for place in found.values()):
        return dict(found)
    best = max(found.values(), key=lambda place: place.clarity)

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


def _factor(moved: Mapping[str, Sound], known: list[str], mix: Audio) -> float:
    if not known:
        return 1.0
    each = gains(moved, mix)
    factor = float(np.median([each[name] for name in known]))
    return factor if factor > 0 and abs(20 * np.log10(factor)) > 0.1 else 1.0


def _scaled(sound: Sound, factor: float, keep: Keep) -> Sound:
    if factor == 1.0:
        return sound
    return keep(Audio(whole(sound).samples * np.float32(factor), sound.rate_hz))
