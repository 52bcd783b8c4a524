"""The score: key, bars, sections, chords, and where on the clock each step falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.songs.styles import MAJOR_LOOPS, MINOR_LOOPS, ROMAN, Groove, Style
from lab.songs.truth import PITCH_NAMES, ChordTruth, SectionTruth, Times

ENERGY = {"intro": 0.35, "verse": 0.45, "chorus": 1.0, "bridge": 0.55, "outro": 0.4}
LAYERS = {
    "intro": ("hats", "harmony0", "bass"),
    "verse": ("kick", "snare", "hats", "bass", "harmony0", "vocals"),
    "chorus": ("kick", "snare", "hats", "cymbals", "bass", "harmony0", "harmony1", "harmony2", "vocals"),
    "bridge": ("kick", "hats", "bass", "harmony0", "harmony2", "vocals"),
    "outro": ("kick", "snare", "hats", "bass", "harmony0"),
}
LEAD_IN_S = 0.12
RING_S = 3.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its section, its chord, whether it ends the section (and so gets a fill)."""

    index: int
    start_s: float
    length_s: float
    label: str
    occurrence: int
    energy: float
    roman: str
    root: int
    triad: str
    last: bool


@dataclass(frozen=True, slots=True)
class Score:
    """The song on paper."""

    style: Style
    tempo_bpm: float
    metre: int
    tonic: int
    minor: bool
    swing: float
    groove: Groove
    bars: tuple[Bar, ...]
    sections: tuple[SectionTruth, ...]
    has_voice: bool
    rings_s: float
    total_s: float

    @property
    def beat_s(self) -> float:
        """Length of a beat."""
        return 60.0 / self.tempo_bpm

    @property
    def bar_s(self) -> float:
        """Length of a bar."""
        return self.metre * self.beat_s

    @property
    def steps(self) -> int:
        """Sixteenths per bar."""
        return 4 * self.metre

    @property
    def end_s(self) -> float:
        """The downbeat on which everything stops being played and rings out."""
        return self.bars[-1].start_s + self.bars[-1].length_s

    def step_s(self, bar: Bar, step: float) -> float:
        """Time of a sixteenth; off-beat eighths (and their sixteenths) swing."""
        beat, within = divmod(step, 4)
        fraction = within / 4
        # piecewise linear: the middle of the beat moves from 0.5 to `swing`
        moved = (
            fraction * 2 * self.swing
            if fraction <= 0.5
            else self.swing + (fraction - 0.5) * 2 * (1 - self.swing)
        )
        return bar.start_s + (beat + moved) * bar.length_s / self.metre

    def plays(self, bar: Bar, layer: str) -> bool:
        """Whether a layer plays in this bar."""
        return layer in LAYERS[bar.label]

    @property
    def key(self) -> str:
        """The key, such as ``A:min``."""
        return f"{PITCH_NAMES[self.tonic]}:{'min' if self.minor else 'maj'}"

    def beats(self) -> Times:
        """Return every beat, the last of them the stop at ``end_s``."""
        within = np.arange(self.metre) / self.metre
        beats = [bar.start_s + bar.length_s * within for bar in self.bars]
        return np.append(np.concatenate(beats), self.end_s)

    def chords(self) -> tuple[ChordTruth, ...]:
        """Return the chords; neighbouring bars of one chord are one entry."""
        merged: list[ChordTruth] = []
        for bar in self.bars:
            label = f"{PITCH_NAMES[bar.root % 12]}:{bar.triad}"
            end = bar.start_s + bar.length_s
            if merged and merged[-1].label == label:
                merged[-1] = ChordTruth(label, bar.roman, merged[-1].start_s, end)
            else:
                merged.append(ChordTruth(label, bar.roman, bar.start_s, end))
        return tuple(merged)


def section_plan(bars: int, rng: np.random.Generator) -> list[tuple[str, int]]:
    """Return (label, bars) that fill ``bars``: blocks of 8 or 4, then an outro."""
    unit = 8 if bars >= 40 else 4
    plan: list[tuple[str, int]] = []
    left = bars
    intro = unit if rng.random() < 0.3 and unit == 4 and bars >= 26 else unit // 2
    if bars >= 4 * unit + intro:
        plan.append(("intro", intro))
        left -= intro
    cycle = ("verse", "chorus", "verse", "chorus", "bridge", "chorus", "verse", "chorus")
    for label in cycle:
        if left < unit:
            break
        plan.append((label, unit))
        left -= unit
    if left >= 2:
        plan.append(("outro", left))
    elif left:
        plan[-1] = (plan[-1][0], plan[-1][1] + left)
    return plan


def write_score(
    style: Style,
    duration_s: float,
    rng: np.random.Generator,
    tempo_drift: float = 0.0,
    one_loop_share: float = 0.0,
) -> Score:
    """Choose tempo, key, loops and form, and lay out the bars.

    ``tempo_drift`` is how much longer the last bar is than the first, as a share;
    ``one_loop_share`` the share of bars, from the first, that go round the verse's loop.
    """
    low, high = style.tempo_bpm
    tempo = round(float(rng.uniform(low, high)), 1)
    metre = int(rng.choice(style.metres))
    tonic, minor = int(rng.integers(12)), bool(rng.random() < style.minor_share)
    swing = float(rng.uniform(*style.swing))
    groove = style.grooves[int(rng.integers(len(style.grooves)))]
    loops = MINOR_LOOPS if minor else MAJOR_LOOPS
    picks = rng.permutation(len(loops))
    loop_of = {
        "verse": loops[picks[0]],
        "chorus": loops[picks[1]],
        "bridge": loops[picks[2]],
    }
    loop_of |= {"intro": loop_of["verse"], "outro": loop_of["chorus"]}
    bar_s = metre * 60.0 / tempo
    count = max(6, int((duration_s - LEAD_IN_S - RING_S) / bar_s))
    has_voice = bool(rng.random() < style.voice_share)
    plan = section_plan(count, rng)
    total = sum(length for _, length in plan)
    lengths = bar_s * (1 + tempo_drift * (np.arange(total) / max(1, total - 1) - 0.5))
    bars, sections = _lay_out(plan, loop_of, tonic, lengths, round(one_loop_share * total))
    ends = bars[-1].start_s + bars[-1].length_s
    return Score(
        style, tempo, metre, tonic, minor, swing, groove, bars, sections, has_voice, RING_S, ends + RING_S
    )


def _lay_out(
    plan: list[tuple[str, int]],
    loop_of: dict[str, str],
    tonic: int,
    lengths_s: np.ndarray,
    one_loop_bars: int = 0,
) -> tuple[tuple[Bar, ...], tuple[SectionTruth, ...]]:
    starts = LEAD_IN_S + np.concatenate([[0.0], np.cumsum(lengths_s)])
    bars: list[Bar] = []
    sections: list[SectionTruth] = []
    seen: dict[str, int] = {}
    for label, length in plan:
        seen[label] = seen.get(label, 0) + 1
        # a later verse is a little fuller than the first, as players do
        energy = min(1.0, ENERGY[label] + (0.06 * (seen[label] - 1) if label == "verse" else 0.0))
        numerals = loop_of[label].split()
        first = len(bars)
        for at in range(length):
            index = first + at
            loop = loop_of["verse"].split() if index < one_loop_bars else numerals
            roman = loop[at % len(loop)]
            semitones, triad = ROMAN[roman]
            bars.append(
                Bar(index, float(starts[index]), float(lengths_s[index]), label, seen[label], energy, roman,
                    tonic + semitones, triad, last=at == length - 1)
            )  # fmt: skip
        sections.append(
            SectionTruth(label, float(starts[first]), float(starts[first + length]), energy, seen[label])
        )
    return tuple(bars), tuple(sections)
