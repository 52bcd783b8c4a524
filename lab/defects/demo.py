"""The take of ``make demo``: a song with the faults that a generator leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from controlroom.model.audio import Audio
from lab.defects.balance import fizz, mud
from lab.defects.form import Apply, Host, Planted
from lab.defects.noise import dc, rumble
from lab.defects.source import cut_off_end
from lab.defects.voice_space import low_end_width
from lab.songs import make_song
from lab.songs.truth import SongTruth, Stretch

RECIPE: tuple[tuple[str, str, Apply, float, str], ...] = (
    ("fizz", "fizz", fizz, 0.5, "dB beyond the corridor, mean of its bands"),
    ("mud", "mud", mud, 4.0, "dB beyond the corridor, mean of its bands"),
    ("low-end-width", "low-end-width", low_end_width, -0.2, "correlation of the band"),
    ("rumble", "rumble", rumble, -18.0, "dB against the song's RMS"),
    ("dc", "dc-offset", dc, 0.008, "of full scale"),
    ("cut-off-end", "cut-off-end", cut_off_end, -6.0, "dB against the song's RMS"),
)
QUIET_DB = -3.0


@dataclass(frozen=True, slots=True, eq=False)
class DemoTake:
    """The demo's take, what was planted in it, and the song that it was."""

    take: Audio
    planted: tuple[Planted, ...]
    truth: SongTruth


def demo_take(duration_s: float = 45.0, seed: int = 7, style: str = "pop") -> DemoTake:
    """Synthesise a flawed take: quiet, muddy, a little fizzy, DC and rumble, wide bass, cut-off end.

    The same arguments give the same samples.
    """
    # what the cut takes off the end is added first
    song = make_song(seed, style=style, duration_s=duration_s + 3.0, rate_hz=48000)
    sound = song.mix
    planted: list[Planted] = []
    for index, (name, kind, apply, strength, unit) in enumerate(RECIPE):
        flawed = apply(Host(sound, truth=song.truth), strength, np.random.default_rng([seed, index]))
        sound = flawed.mix
        spans = flawed.spans or (Stretch(0.0, sound.duration_s),)
        planted.append(Planted(name, kind, "moderate", strength, unit, spans))
    ends = sound.duration_s
    planted = [
        replace(p, spans=tuple(Stretch(s.start_s, min(s.end_s, ends)) for s in p.spans)) for p in planted
    ]
    gain = np.float32(10 ** (QUIET_DB / 20))
    return DemoTake(Audio(sound.samples * gain, sound.rate_hz), tuple(planted), song.truth)
