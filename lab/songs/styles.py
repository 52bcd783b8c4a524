"""What makes the styles differ: tempo, metre, chords, grooves, instruments, room.

Nothing here quotes a song: the progressions and grooves are the commonplaces
of each style.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ROMAN: Mapping[str, tuple[int, str]] = {
    "I": (0, "maj"), "ii": (2, "min"), "iii": (4, "min"), "IV": (5, "maj"), "V": (7, "maj"), "vi": (9, "min"),
    "i": (0, "min"), "iv": (5, "min"), "v": (7, "min"), "bIII": (3, "maj"), "bVI": (8, "maj"), "bVII": (10, "maj"),
}  # fmt: skip
"""Roman numeral to (semitones above the tonic, triad)."""

# loops that start on vi are left out: nobody can tell them from the relative minor
MAJOR_LOOPS = (
    "I V vi IV", "I vi IV V", "I V IV V", "I IV V IV", "I iii IV V", "I IV vi V", "ii V I vi", "I ii vi IV",
    "I V ii IV", "IV I V vi", "I IV I V", "I bVII IV I",
)  # fmt: skip
MINOR_LOOPS = (
    "i bVI bIII bVII", "i bVII bVI bVII", "i iv bVI v", "i iv bVII bIII", "i bVI iv v", "i bIII bVII iv",
    "i v bVI iv", "i bVII iv bVI", "i bVI i bVII", "i iv i v",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Groove:
    """One bar of drums: a step string per part; ``x`` full, ``o`` medium, ``-`` ghost, ``.`` rest."""

    kick: str
    snare: str
    hats: str


@dataclass(frozen=True, slots=True)
class Style:
    """A style's ranges and choices; a seed picks within them.

    ``contrast_db`` is how much softer everything is played at energy 0 than
    at 1; ``jitter_ms`` and ``velocity_db`` are the standard deviations of a
    player's timing and force; ``levels_db`` are K-weighted levels of a part,
    while it plays, against the lead voice.
    """

    name: str
    tempo_bpm: tuple[float, float]
    grooves: tuple[Groove, ...]
    bass: str
    harmony: tuple[tuple[str, str], ...]
    voice_share: float = 0.85
    minor_share: float = 0.5
    metres: tuple[int, ...] = (4,)
    swing: tuple[float, float] = (0.5, 0.5)
    jitter_ms: float = 5.0
    velocity_db: float = 1.2
    contrast_db: float = 5.0
    room_s: float = 0.25
    wet_db: float = -16.0
    kit: str = "acoustic"
    levels_db: Mapping[str, float] = field(default_factory=dict)


LEVELS_DB: Mapping[str, float] = {
    "vocals": 0.0, "kick": -5.0, "snare": -4.5, "hats": -14.0, "cymbals": -14.0, "toms": -8.0,
    "bass": -4.0, "pads": -9.5, "keys": -6.5, "guitar": -6.0, "lead": -7.5,
}  # fmt: skip

STYLES: Mapping[str, Style] = {
    style.name: style
    for style in (
        Style(
            "pop", (96, 128),
            (Groove("x.......x.x.....", "....x.......x...", "x.o.x.o.x.o.x.o."),
             Groove("x.....x.x.......", "....x.......x..-", "o.x.o.x.o.x.o.x.")),
            "synth", (("pads", "warm"), ("keys", "piano"), ("lead", "pluck")), minor_share=0.35,
        ),
        Style(
            "rock", (108, 152),
            (Groove("x.......x.x.....", "....x.......x...", "x.x.x.x.x.x.x.x."),
             Groove("x..x....x.x.....", "....x..-....x...", "x.o.x.o.x.o.x.o.")),
            "finger", (("guitar", "driven"), ("lead", "organ")), jitter_ms=6.0, velocity_db=1.5, room_s=0.3,
            wet_db=-15.0,
        ),
        Style(
            "edm", (120, 130),
            (Groove("x...x...x...x...", "....x.......x...", "..x...x...x...x."),
             Groove("x...x...x...x...", "....x.......x...", "-.x.-.x.-.x.-.x.")),
            "synth", (("pads", "bright"), ("lead", "pluck"), ("keys", "epiano")), voice_share=0.6, minor_share=0.75,
            jitter_ms=0.3, velocity_db=0.5, contrast_db=4.0, kit="machine", levels_db={"kick": -3.0},
        ),
        Style(
            "hiphop", (80, 98),
            (Groove("x.....x...x.....", "....x.......x...", "x.o.x.o.x.o.x.o."),
             Groove("x..x......x..x..", "....x.......x..-", "x.o.x-o.x.o.x-o.")),
            "sub", (("keys", "epiano"), ("pads", "warm")), minor_share=0.8, swing=(0.52, 0.6), jitter_ms=3.0,
            kit="machine", levels_db={"kick": -3.5, "bass": -3.0},
        ),
        Style(
            "ballad", (62, 84),
            (Groove("x.......x.......", "....x.......x...", "x.o.o.o.x.o.o.o."),
             Groove("x.........x.....", "........x.......", "o...o...o...o...")),
            "finger", (("keys", "piano"), ("pads", "warm"), ("guitar", "picked")), minor_share=0.35, jitter_ms=8.0,
            velocity_db=1.5, contrast_db=6.0, room_s=0.35, wet_db=-13.0, levels_db={"kick": -8.0, "snare": -7.0},
        ),
        Style(
            "ambient", (66, 88),
            (Groove("x...............", "........o.......", "..o...o...o...o."),),
            "sub", (("pads", "warm"), ("lead", "bell"), ("keys", "epiano")), voice_share=0.3, jitter_ms=8.0,
            contrast_db=5.0, room_s=0.36, wet_db=-10.0, kit="machine",
            levels_db={"pads": -4.0, "kick": -9.0, "snare": -11.0, "hats": -17.0},
        ),
        Style(
            "folk", (88, 126),
            (Groove("x.......x.......", "....o.......o...", "x.o.x.o.x.o.x.o."),
             Groove("x.....x.x.......", "....o.......o.-.", "o.o.x.o.o.o.x.o.")),
            "finger", (("guitar", "strummed"), ("keys", "piano")), minor_share=0.3, metres=(4, 4, 3), swing=(0.5, 0.57),
            jitter_ms=8.0, velocity_db=1.6, levels_db={"kick": -8.0, "snare": -9.0, "guitar": -4.0},
        ),
        Style(
            "dnb", (170, 176),
            (Groove("x.........x.....", "....x.......x...", "x.o.x.o.x.o.x.o."),
             Groove("x.........x.....", "....x..-.-..x...", "x.x.o.x.x.x.o.x.")),
            "synth", (("pads", "warm"), ("lead", "pluck")), voice_share=0.5, minor_share=0.9, jitter_ms=0.5,
            velocity_db=0.8, kit="machine", levels_db={"kick": -3.5, "snare": -3.0, "bass": -3.0},
        ),
    )
}  # fmt: skip
