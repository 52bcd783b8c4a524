"""In which bars, and in which ERB bands, the voice lies under what masks it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from controlroom.dsp import masking
from controlroom.dsp.spectrum import decibels
from controlroom.listening.listening import Listening
from controlroom.listening.musical import bar_lines_of
from controlroom.listening.voice import PRESENCE_HZ, SUNG_SHARE, WINDOW_S, Voice, voice_of
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span

Floats = npt.NDArray[np.float64]
LIMIT = "voice.over_backing_min_db"
MOST_SHARE = 0.5
"""A band is named when the voice lies under the limit in it in half of the masked bars."""
REST_BARS = 1
"""A run of masked bars goes on over so many bars in which nobody sings."""


@dataclass(frozen=True, slots=True, eq=False)
class MaskedBars:
    """The voice over what masks it, bar by bar.

    Parameters
    ----------
    edges_s : ndarray, shape (bars + 1,)
        Bar lines of the music, or every 2 s where they are not known.
    from_grid : bool
        Whether they are bar lines.
    over_db : ndarray, shape (bars, bands)
        Voice over mask per ERB band at 1 to 4 kHz; nan in a bar in which less
        than a quarter is sung.
    bands_hz : ndarray, shape (bands,)
        Middles of these bands.
    limit_db : float
    """

    edges_s: Floats
    from_grid: bool
    over_db: Floats
    bands_hz: Floats
    limit_db: float

    @property
    def sung(self) -> npt.NDArray[np.bool_]:
        """Bars in which somebody sings, shape (bars,)."""
        return np.asarray(~np.isnan(self.over_db[:, 0]))

    @property
    def masked(self) -> npt.NDArray[np.bool_]:
        """Bars in which the median band lies under the limit, shape (bars,)."""
        found = np.zeros(self.over_db.shape[0], dtype=bool)
        found[self.sung] = np.median(self.over_db[self.sung], axis=1) < self.limit_db
        return found

    @property
    def share(self) -> float:
        """Masked bars among the sung ones, 0 to 1."""
        return float(self.masked.sum()) / max(1.0, float(self.sung.sum()))

    def runs(self) -> list[slice]:
        """Return runs of masked bars: no sung bar between them is clear."""
        found: list[slice] = []
        for bar in np.flatnonzero(self.masked):
            at = int(bar)
            if found and not self.sung[found[-1].stop : at].any() and at - found[-1].stop <= REST_BARS:
                found[-1] = slice(found[-1].start, at + 1)
            else:
                found.append(slice(at, at + 1))
        return found

    def worst_run(self) -> slice | None:
        """Return the longest run, the deepest of equals; None when no bar is masked."""
        return max(self.runs(), key=lambda run: (run.stop - run.start, -self._depth(run)), default=None)

    def _depth(self, run: slice) -> float:
        return float(np.nanmean(self.over_db[run]))

    def masked_bands_hz(self) -> list[float]:
        """Return the bands in which the voice lies under the limit in half of the masked bars."""
        if not self.masked.any():
            return []
        under = np.mean(self.over_db[self.masked] < self.limit_db, axis=0)
        return [float(hz) for hz in self.bands_hz[under >= MOST_SHARE]]


def masked_bars_of(listening: Listening, standards: Standards) -> MaskedBars | None:
    """Return where the voice is masked, bar by bar; None without a stem of it."""
    voice, limit_db = voice_of(listening), standards.number(LIMIT)
    if voice is None:
        return None
    return listening.keep(("dsp.masked_bars", limit_db), lambda: _masked_bars(listening, voice, limit_db))


def _masked_bars(listening: Listening, voice: Voice, limit_db: float) -> MaskedBars:
    lines, ends_s = bar_lines_of(listening), listening.audio.duration_s
    if lines.size:
        inside = lines[(lines > 0.0) & (lines < ends_s)]
        edges = np.concatenate([[0.0], inside, [ends_s]])
    else:
        edges = np.append(np.arange(0.0, max(ends_s - WINDOW_S / 2, WINDOW_S / 2), WINDOW_S), ends_s)
    bands = np.flatnonzero(voice.own.between(*PRESENCE_HZ))
    own = voice.own.power[:, bands]
    over = masking.excitation(voice.backing)[:, bands]
    at = np.minimum(np.round(edges / voice.own.hop_s).astype(np.int64), voice.sings.size)
    found = np.full((edges.size - 1, bands.size), np.nan)
    for bar, (first, last) in enumerate(pairwise(at)):
        sings = voice.sings[first:last]
        if sings.size and sings.mean() >= SUNG_SHARE:
            means = [part[first:last][sings].mean(axis=0, dtype=np.float64) for part in (own, over)]
            found[bar] = decibels(means[0]) - decibels(means[1])
    middles = np.sqrt(voice.own.edges_hz[bands] * voice.own.edges_hz[bands + 1])
    return MaskedBars(edges, bool(lines.size), found, middles, limit_db)


def masked_share(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the share of the sung bars in which the voice is masked; 0 without a stem of it."""
    del argument
    found = masked_bars_of(listening, standards)
    return found.share if found else 0.0


def worst_span(listening: Listening, found: MaskedBars) -> Span | None:
    """Return the longest stretch of masked bars."""
    run = found.worst_run()
    return listening.span(float(found.edges_s[run.start]), float(found.edges_s[run.stop])) if run else None


def bars_in_words(found: MaskedBars) -> str:
    """Return the masked bars as numbers from 1, such as ``5-8, 13``."""
    runs = [(run.start + 1, run.stop) for run in found.runs()]
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
