"""SPACE: how wide a part is above a corner, by the side alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from controlroom.dsp import space
from controlroom.dsp.filters import (
    gentle_high_pass_db,
)
from controlroom.dsp.spectrum import BandSpectra, Floats
from controlroom.listening.heard import spectra_of
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.listening.space import worst_correlation
from controlroom.model.figures import frequency, number
from controlroom.model.findings import Finding
from controlroom.model.parts import BACKING, MIX, VOICES, leaves
from controlroom.model.proposals import Claim, Stage, Step
from controlroom.model.step_words import StepWords, knob_of, plainly
from controlroom.model.timeline import Span
from controlroom.processors.form import Offer, Processor, Trial, knob
from controlroom.processors.side_filter import SideFilter

DEEPEST_DB = 12.0
STEP_DB = 0.5
MOST_SIDE = 0.6
"""A stem with this share of the mix's side is narrowed by itself."""

WIDTH = "stereo.width_db"
PASSAGE_S = 4.0
WHOLE_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class _Cure:
    """How a finding kind is cured: its measurement, also read off spectra, and where the side moves."""

    name: str
    read: Callable[[BandSpectra], float]
    corner_hz: float
    tolerance: float
    least: bool = False

    def short_of(self, value: float, limit: float) -> float:
        """Return how far a value lies on the wrong side of its limit; negative when it keeps to it."""
        return limit - value if self.least else value - limit


CURES = {
    "mono-fold": _Cure("stereo.upper_fold_loss_db", space.fold_loss_db, 200.0, 0.2),
    "side-highs": _Cure("stereo.high_correlation", worst_correlation, 4000.0, 0.05, least=True),
}


def _tell_stem_width(step: Step) -> str:
    side, corner = knob_of(step, "side_db", ""), knob_of(step, "corner_hz", "")
    if not side or corner is None:
        return plainly(step)
    way = "wider" if side > 0 else "narrower"
    return f"make it {way} above {frequency(corner)}: its sides {number(side, signed=True)} dB"


class StemWidth(SideFilter, Processor):
    """Turns the side up or down above a corner, zero-phase, so that mid and side stay in step.

    The mid is not touched: what a fold to mono plays does not change at all,
    however wide or narrow the part becomes. A sound of one channel stays as it is.
    """

    name: ClassVar[str] = "stem_width"
    stage: ClassVar[Stage] = Stage.SPACE
    words: ClassVar[StepWords] = StepWords("Width", _tell_stem_width)
    order: ClassVar[int] = 20
    reach_s: ClassVar[float] = 0.05
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    answers: ClassVar[tuple[str, ...]] = ("mono-fold", "side-highs")
    claims: ClassVar[tuple[str, ...]] = (*(cure.name for cure in CURES.values()), WIDTH)

    side_db: float = knob(
        0.0, low=-24.0, high=6.0, step=0.1, unit="dB", help="how far the side is turned up or down"
    )
    corner_hz: float = knob(
        500.0, low=100.0, high=8000.0, step=1.0, unit="Hz", help="corner above which the side moves"
    )
    slope_db_per_octave: float = knob(
        12.0, low=6.0, high=24.0, step=6.0, unit="dB/octave", help="how steeply it sets in"
    )

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return the least narrowing that cures, on the part that is to blame when one is, else on the mix."""
        listening, standards = trial.sound, trial.standards
        cure = CURES[finding.kind]
        if finding.standard is None or finding.part != MIX:
            return []
        span = _where(listening, cure, finding.standard.limit)
        for role in _to_blame(listening, cure.corner_hz):
            processor = cls._narrowing(cure, finding.standard.limit, listening, role, span)
            if processor is None:
                continue
            after = trial.after(processor, role, span)
            reached = measure(after, cure.name, standards)
            if cure.short_of(reached, finding.standard.limit) > 0.0:
                continue
            claims = (
                Claim(
                    measurement=cure.name,
                    before=measure(listening, cure.name, standards),
                    expected=reached,
                    tolerance=cure.tolerance,
                    sense="at_least" if cure.least else "at_most",
                    on="song",
                ),
                Claim(
                    measurement=WIDTH,
                    before=measure(listening.part(role), WIDTH, standards),
                    expected=measure(after.part(role), WIDTH, standards),
                    tolerance=standards.number("claim.tolerance_db"),
                ),
            )
            return [Offer(processor, claims, part=role, span=span, confidence=finding.confidence)]
        return []

    @classmethod
    def _narrowing(
        cls, cure: _Cure, limit: float, listening: Listening, role: str, span: Span | None
    ) -> Self | None:
        """Return the least narrowing of one part that the band spectra promise to be enough; None if none is."""
        mix, part = spectra_of(listening), spectra_of(listening.part(role))
        inside = np.ones((min(len(mix.side), len(part.side)), 1))
        if span is not None:
            at_s = mix.frames_s[: len(inside), None]
            inside = ((at_s >= span.start_s) & (at_s < span.end_s)).astype(np.float64)
        for side_db in np.arange(-STEP_DB, -DEEPEST_DB - STEP_DB, -STEP_DB):
            processor = cls(side_db=float(side_db), corner_hz=cure.corner_hz)
            gain = 1.0 - inside * (1.0 - processor.side_gain(part.centres_hz))
            if cure.short_of(cure.read(_narrowed(mix, part, gain)), limit) < -cure.tolerance:
                return processor
        return None

    def side_gain(self, freq_hz: Floats) -> Floats:
        """Return the linear gain on the side at ``freq_hz``."""
        above = 10.0 ** (gentle_high_pass_db(freq_hz, self.corner_hz, self.slope_db_per_octave) / 20.0)
        return np.asarray(1.0 + (10.0 ** (self.side_db / 20.0) - 1.0) * above)

    def max_boost_db(self) -> float:
        """Return the most that a frequency or moment is raised, in dB."""
        return max(0.0, self.side_db)

    def is_neutral(self) -> bool:
        """Return whether the side is left alone."""
        return self.side_db == 0.0

    def weakened(self, amount: float) -> Self:
        """Return the same corner with a share of the gain in dB."""
        return self.model_copy(update={"side_db": round(self.side_db * amount, 1)})


def _narrowed(mix: BandSpectra, part: BandSpectra, gain: Floats) -> BandSpectra:
    """Return a mix's spectra with the side of one part times a gain, shape (frames, bands)."""
    frames = len(gain)
    side, cross = mix.side.astype(np.float64), mix.cross.astype(np.float64)
    side[:frames] -= part.side[:frames] * (1.0 - gain**2)
    cross[:frames] -= part.cross[:frames] * (1.0 - gain)
    return replace(mix, side=np.maximum(side, 0.0).astype(np.float32), cross=cross.astype(np.float32))


def _to_blame(listening: Listening, low_hz: float) -> list[str]:
    """Return which parts to try, in order: a stem or the backing that holds most of the side, then the mix."""
    whole = _side_power(listening, low_hz)
    roles = [role for role in leaves(listening.stems) if role not in VOICES]
    if BACKING in listening.stems:
        roles.append(BACKING)
    sides = {role: _side_power(listening.stems[role], low_hz) for role in roles}
    leaf = [role for role in roles if role != BACKING and sides[role] >= MOST_SIDE * whole > 0.0]
    backing = [role for role in roles if role == BACKING and sides[role] >= MOST_SIDE * whole > 0.0]
    return [*sorted(leaf, key=lambda role: -sides[role])[:1], *backing, MIX]


def _side_power(sound: Listening, low_hz: float) -> float:
    spectra = spectra_of(sound)
    return float(spectra.side[:, spectra.between(low_hz, 20000.0)].sum(dtype=np.float64))


def _where(listening: Listening, cure: _Cure, limit: float) -> Span | None:
    """Return the stretch from the first to the last passage that misses the limit; None when that is most of the song."""
    spectra = spectra_of(listening)
    per = max(1, round(PASSAGE_S * spectra.rate_hz / spectra.hop_frames))
    hop_s = spectra.hop_frames / spectra.rate_hz
    over = []
    for first in range(0, len(spectra.mid), per):
        rows = slice(first, first + per)
        piece = replace(spectra, mid=spectra.mid[rows], side=spectra.side[rows], cross=spectra.cross[rows])
        if cure.short_of(cure.read(piece), limit) > 0.0:
            over.append(first)
    if not over or (over[-1] + per - over[0]) * hop_s > WHOLE_SHARE * listening.audio.duration_s:
        return None
    return listening.span(over[0] * hop_s, (over[-1] + per) * hop_s)
