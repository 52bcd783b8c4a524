"""The seed's example, with truth: dense hats over snare and voice, a soft kick, a covered voice, a bass that falls apart.

``seed_song`` makes the take and its stems; ``read_changes`` says by the truth
what a set of decisions did to every part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Audio, Samples
from controlroom.model.parts import DRUMS, KIT
from lab.defects import DEFECTS, Host, host_of
from lab.defects.form import with_stems
from lab.defects.sound import band_pass, onset_gain, recorrelated
from lab.songs import make_song
from lab.songs.truth import Stretch, Times, sum_stems

Mask = npt.NDArray[np.bool_]

PLANTED = ("hat-density", "weak-kick", "masked-voice")
BASS_CORRELATION = 0.3
HATS_DB, KICK_LOSS_DB = 8.0, 14.0
KICK_UNDER_LOUD_DB = 12.0
ROLE_OF = {
    "pads": "synth", "lead": "synth", "keys": "keyboard", "cymbals": "percussion", "toms": "percussion",
}  # fmt: skip
"""What the synthesiser calls a part, and what the house does."""


@dataclass(frozen=True, slots=True, eq=False)
class SeedSong:
    """A flawed take as the sum of its true stems, by the house's roles, and where it is judged.

    ``sung`` is where the voice sings; ``kicks_s`` and ``snares_s`` are strokes:
    known of a synthesised song, picked from the drums of a recorded one, whose
    ``snares_s`` are empty. ``kit`` are the true drums where the stems have them
    as one track.
    """

    take: Audio
    stems: Mapping[str, Audio]
    sung: tuple[Stretch, ...]
    kicks_s: Times
    snares_s: Times
    kit: Mapping[str, Audio] = field(default_factory=dict)


def seed_song(seed: int = 7, style: str = "pop", duration_s: float = 32.0, grade: str = "clear") -> SeedSong:
    """Synthesise a song with a voice and plant the four faults of the seed's example in its stems."""
    song = make_song(seed, style=style, duration_s=duration_s, rate_hz=48000)
    host = host_of(song)
    for name in PLANTED:
        flawed = DEFECTS[name].plant(host, grade, seed)
        host = Host(flawed.mix, flawed.stems, song.truth, song)
    bass = recorrelated(host.stems["bass"].samples, host.mix.rate_hz, (0, 24000), BASS_CORRELATION)
    stems: dict[str, Audio] = {}
    for role, stem in with_stems(host, {"bass": bass}).stems.items():
        name = ROLE_OF.get(role, role)
        stems[name] = sum_stems({"one": stems[name], "two": stem}) if name in stems else stem
    onsets = song.truth.onsets_s
    return SeedSong(sum_stems(stems), stems, song.truth.vocal_spans, onsets["kick"], onsets["snare"])


def drums_in_one(song: SeedSong) -> SeedSong:
    """Return a song that is handed in with its drums as one track, as most exports have them."""
    kit = {role: stem for role, stem in song.stems.items() if role in KIT}
    others = {role: stem for role, stem in song.stems.items() if role not in KIT}
    return replace(song, stems={**others, DRUMS: sum_stems(kit)}, kit=kit)


def recorded_song(stems: Mapping[str, Audio]) -> SeedSong:
    """Plant the same four faults in recorded stems: ``vocals``, ``drums``, ``bass`` and others."""
    rate = stems["drums"].rate_hz
    drums = DEFECTS["hats-in-mix"].apply(Host(stems["drums"]), HATS_DB, np.random.default_rng(1)).mix
    soft = onset_gain(low_strokes_in(stems["drums"]), KICK_LOSS_DB, 0.025, drums.frames, rate)
    low = band_pass(drums.samples, rate, 20, 150)
    bass = recorrelated(_both_sides(stems["bass"]), rate, (0, rate / 2), BASS_CORRELATION)
    changed = {**stems, "drums": Audio((drums.samples + (soft - 1) * low).astype(np.float32), rate)}
    masked = DEFECTS["masked-voice"].plant(Host(sum_stems(changed), changed), "clear", 1)
    flawed = with_stems(Host(masked.mix, masked.stems), {"bass": bass}).stems
    return SeedSong(sum_stems(flawed), flawed, masked.spans, kicks_in(stems["drums"]), np.zeros(0))


def low_strokes_in(drums: Audio) -> Times:
    """Return whatever is struck in the low end of recorded drums, in seconds: rises of 30 to 120 Hz by 6 dB over 20 ms."""
    low = band_pass(drums.samples, drums.rate_hz, 30, 120).mean(axis=0)
    return _picked(low, drums.rate_hz, Picker(hop_s=0.005, over=4, least_db=6.0, apart_s=0.15))


def kicks_in(drums: Audio) -> Times:
    """Return the kicks of recorded drums, in seconds: the strokes in the low end that are near the loud ones.

    A snare's shell reaches down there too, 15 to 20 dB under a kick: what has
    less than a quarter of the loud strokes' level (their 90th percentile) in its
    first 60 ms is another drum. A stroke begins where the drums first come within
    20 dB of the peak that they reach around the rise.
    """
    rate = drums.rate_hz
    picked, low = low_strokes_in(drums), band_pass(drums.samples, rate, 30, 120).mean(axis=0)
    levels = np.asarray([_level_db(low[round(t * rate) : round((t + 0.06) * rate)]) for t in picked])
    loud = picked[levels > np.quantile(levels, 0.9) - KICK_UNDER_LOUD_DB] if picked.size else picked
    return np.asarray([_beginning(drums, float(t)) for t in loud])


def _beginning(drums: Audio, near_s: float) -> float:
    """Return where a stroke begins, in seconds: within 20 ms of a time, the first sample within 20 dB of the peak there."""
    rate = drums.rate_hz
    first = max(0, round((near_s - 0.02) * rate))
    sound = np.abs(drums.samples[:, first : round((near_s + 0.02) * rate)]).max(axis=0)
    return (first + int(np.argmax(sound >= 0.1 * sound.max(initial=0.0)))) / rate


def _both_sides(sound: Audio) -> Samples:
    return sound.samples if sound.channels == 2 else np.repeat(sound.samples, 2, axis=0)


@dataclass(frozen=True, slots=True)
class Changes:
    """What decisions did, by the truth; all in dB but ``hat_onset_f1``.

    ``hats``: level of the hats' contribution while voice or snare sound.
    ``snare_crack``: the snare's own 5 to 12 kHz. ``kick_front``: peak of 0 to
    10 ms over the RMS of 50 to 150 ms, its change; ``kick_sustain``: 30 to
    60 Hz. ``voice_over_backing``: 1 to 4 kHz while it sings; ``voice``: the
    voice itself. ``bass_side_mid`` (below 100 Hz) and ``bass_balance`` are
    values after the change.
    """

    hats: float
    hat_onset_f1: float
    snare_crack: float
    kick_front: float
    kick_sustain: float
    voice_over_backing: float
    voice: float
    bass_side_mid: float
    bass_balance: float


def read_changes(song: SeedSong, before: Mapping[str, Audio], after: Mapping[str, Audio]) -> Changes:
    """Return what happened to each part between two sets of contributions, by role.

    Contributions are what each part adds to the mix; ``accompaniment`` is taken
    as all but the voice when it is given, else summed.
    """
    from lab.metrics import event_scores

    rate = song.take.rate_hz
    covered = _mask(song.sung, song.take.frames, rate) | _near(song.snares_s, 0.15, song.take.frames, rate)
    hats = event_scores(strokes_in(after["hats"]), strokes_in(before["hats"]), 0.03)
    return Changes(
        hats=_moved(before["hats"], after["hats"], (2000, 20000), covered),
        hat_onset_f1=hats.f,
        snare_crack=_moved(before["snare"], after["snare"], (5000, 12000)),
        kick_front=front_db(after["kick"], song) - front_db(before["kick"], song),
        kick_sustain=_moved(before["kick"], after["kick"], (30, 60)),
        voice_over_backing=_voice_db(song, after) - _voice_db(song, before),
        voice=_moved(before["vocals"], after["vocals"], (20, 20000)),
        bass_side_mid=_side_mid_db(after["bass"], 100),
        bass_balance=_balance_db(after["bass"]),
    )


def read_true_drums(song: SeedSong, before: Mapping[str, Audio], after: Mapping[str, Audio]) -> Changes:
    """Return what happened to the true drums of a song whose drums were handed in as one track.

    What the drums changed by is projected on a drum: that much of it was taken
    away. A kick's front is that of the true kick with what its split part changed by.
    """
    changes = read_changes(song, before, after)
    rate, moved = (
        song.take.rate_hz,
        {role: after[role].samples - before[role].samples for role in song.kit if role in before},
    )
    total = np.sum(list(moved.values()), axis=0, dtype=np.float32)
    covered = _mask(song.sung, song.take.frames, rate) | _near(song.snares_s, 0.15, song.take.frames, rate)
    kick = Audio(song.kit["kick"].samples + moved["kick"], rate)
    return replace(
        changes,
        hats=_projected(song.kit["hats"], total, (2000, 20000), covered),
        snare_crack=_projected(song.kit["snare"], total, (5000, 12000)),
        kick_front=front_db(kick, song) - front_db(song.kit["kick"], song),
        kick_sustain=_moved(song.kit["kick"], kick, (30, 60)),
    )


def front_db(kick: Audio, song: SeedSong) -> float:
    """Return the kick's peak in 0 to 10 ms over its RMS in 50 to 150 ms, median over strokes, in dB."""
    mono, rate = kick.samples.mean(axis=0, dtype=np.float64), kick.rate_hz
    found = []
    for onset_s in song.kicks_s:
        at = round(onset_s * rate)
        head = mono[at : at + rate // 100]
        body = mono[at + rate // 20 : at + 3 * rate // 20]
        if body.size == rate // 10 and np.any(body):
            found.append(20 * np.log10(np.abs(head).max() / np.sqrt(np.mean(body**2))))
    return float(np.median(found))


@dataclass(frozen=True, slots=True)
class Picker:
    """How strokes are picked: step, steps that a rise is taken over, least rise, least distance."""

    hop_s: float
    over: int
    least_db: float
    apart_s: float


def strokes_in(hats: Audio) -> Times:
    """Return the onsets in the hats, in seconds: rises of their level above 5 kHz by 6 dB over 9 ms.

    A plain picker of its own, so that what is judged does not judge itself.
    """
    high = band_pass(hats.samples, hats.rate_hz, 5000, 20000).mean(axis=0)
    return _picked(high, hats.rate_hz, Picker(hop_s=0.003, over=3, least_db=6.0, apart_s=0.05))


def _picked(band: npt.NDArray[np.float32], rate_hz: int, picker: Picker) -> Times:
    """Return the peaks of the half-wave rectified difference of the level in dB."""
    hop = round(picker.hop_s * rate_hz)
    frames = band[: band.size // hop * hop].reshape(-1, hop)
    level = 10 * np.log10(np.mean(frames.astype(np.float64) ** 2, axis=1) + 1e-10)
    rise = np.maximum(0.0, level[picker.over :] - level[: -picker.over])
    wide = round(picker.apart_s / picker.hop_s)
    largest = np.lib.stride_tricks.sliding_window_view(np.pad(rise, wide), 2 * wide + 1).max(axis=1)
    peaks = np.flatnonzero((rise == largest) & (rise > picker.least_db))
    return np.asarray((peaks + picker.over - 1) * hop / rate_hz, dtype=np.float64)


def _voice_db(song: SeedSong, parts: Mapping[str, Audio]) -> float:
    sung = _mask(song.sung, song.take.frames, song.take.rate_hz)
    backing = parts.get("accompaniment")
    total = (
        backing.samples
        if backing is not None
        else np.sum([p.samples for role, p in parts.items() if role != "vocals"], axis=0)
    )
    levels = [
        _level_db(band_pass(sound, song.take.rate_hz, 1000, 4000)[:, sung])
        for sound in (parts["vocals"].samples, total)
    ]
    return levels[0] - levels[1]


def _moved(before: Audio, after: Audio, band_hz: tuple[float, float], where: Mask | None = None) -> float:
    cut = slice(None) if where is None else where
    levels = [_level_db(band_pass(s.samples, s.rate_hz, *band_hz)[:, cut]) for s in (before, after)]
    return levels[1] - levels[0]


def _projected(
    part: Audio, change: Samples, band_hz: tuple[float, float], where: Mask | None = None
) -> float:
    """Return what a change does to a part, in dB: one plus the change's projection on it."""
    cut = slice(None) if where is None else where
    own, moved = (
        band_pass(s, part.rate_hz, *band_hz)[:, cut].astype(np.float64) for s in (part.samples, change)
    )
    return float(20 * np.log10(max(1e-6, 1.0 + np.vdot(own, moved) / np.vdot(own, own))))


def _side_mid_db(sound: Audio, below_hz: float) -> float:
    low = band_pass(sound.samples, sound.rate_hz, 20, below_hz)
    return _level_db(low[:1] - low[1:]) - _level_db(low[:1] + low[1:])


def _balance_db(sound: Audio) -> float:
    return abs(_level_db(sound.samples[:1]) - _level_db(sound.samples[1:]))


def _level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-20))


def _mask(spans: tuple[Stretch, ...], frames: int, rate_hz: int) -> Mask:
    out = np.zeros(frames, dtype=bool)
    for span in spans:
        out[round(span.start_s * rate_hz) : round(span.end_s * rate_hz)] = True
    return out


def _near(times_s: Times, after_s: float, frames: int, rate_hz: int) -> Mask:
    return _mask(tuple(Stretch(float(t), float(t) + after_s) for t in times_s), frames, rate_hz)
