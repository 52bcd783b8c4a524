"""How loud each stem is in its take, and how surely that is known.

Exports come at levels of their own: each normalised, one turned down, one with
its polarity turned. Least squares over the stems that stand beside each other
gives each one's gain; the weight of a cell of time and frequency is what is
left unexplained there (generalised least squares), so a voice that is missing
does not blur the bass. How sure a gain is comes from leaving out stretches of
the song in turn (jackknife; Efron and Stein 1981), and whether it is one gain
at all from the bands, which must agree: another song's stem has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.separation.shelf import Sound
from controlroom.separation.trust import band_gains, cross_cells

Cells = npt.NDArray[np.float64]

SURE_DB = 1.0
"""A gain that is known less surely than this is not used."""
PRESENT = 0.7
"""Least agreement of the bands, by power, on one gain; true stems have 0.9 and more, others under 0.3."""

_ROUNDS = 4
_FLOOR = 1e-4
_GROUPS = 12


@dataclass(frozen=True)
class Level:
    """A stem's gain in the take, signed; its standard error; how far the bands agree on it, 0 to 1."""

    gain: float
    error_db: float
    present: float

    @property
    def sure(self) -> bool:
        """Whether the gain may be used."""
        return self.gain != 0 and self.error_db <= SURE_DB and self.present >= PRESENT

    @property
    def gain_db(self) -> float:
        """The gain in dB, without its sign."""
        return float(20 * np.log10(max(abs(self.gain), 1e-10)))


class Levels:
    """What placed stems are in their take, measured once.

    Parameters
    ----------
    stems : mapping
        Name to sound, at the take's rate, length and channels.
    mix : Audio
        The take.
    ctx : Context
        Progress and cancel.
    """

    def __init__(self, stems: Mapping[str, Sound], mix: Audio, ctx: Context) -> None:
        self._at = {name: n for n, name in enumerate(stems)}
        self._cells = cross_cells(list(stems.values()), mix, ctx)
        self._total = self._cells.real.sum(axis=(0, 1))

    def of(self, sets: Iterable[Sequence[str]]) -> dict[str, Level]:
        """Return the level of each stem that is in a set, from the set in which it is known best.

        Parameters
        ----------
        sets : iterable of sequences
            Names that stand beside each other: none holds another.
        """
        found: dict[str, Level] = {}
        for names in sets:
            for name, level in self._solved(names).items():
                if name not in found or level.error_db < found[name].error_db:
                    found[name] = level
        return found

    def left_db(self, gains: Mapping[str, float]) -> float:
        """Return how much of the take is left when a sum of stems, at its best level, is taken from it."""
        own, weights = self._picked(gains)
        power = float(weights @ self._total[np.ix_(own, own)] @ weights)
        link = float(weights @ self._total[own, -1])
        whole = max(float(self._total[-1, -1]), 1e-20)
        return _db(1.0 - link**2 / max(power * whole, 1e-20)) if power > 0 else 0.0

    def share_db(self, gains: Mapping[str, float]) -> float:
        """Return the power of a sum of stems over the take's."""
        own, weights = self._picked(gains)
        power = float(weights @ self._total[np.ix_(own, own)] @ weights)
        return _db(power / max(float(self._total[-1, -1]), 1e-20))

    def apart_db(self, one: str, two: str) -> float:
        """Return how much of one stem the other, at its best level, does not explain."""
        i, j = self._at[one], self._at[two]
        norm = float(self._total[i, i] * self._total[j, j])
        return _db(1.0 - float(self._total[i, j]) ** 2 / norm) if norm > 0 else 0.0

    def _picked(self, gains: Mapping[str, float]) -> tuple[list[int], npt.NDArray[np.float64]]:
        return [self._at[name] for name in gains], np.array([gains[name] for name in gains], np.float64)

    def _solved(self, names: Sequence[str]) -> dict[str, Level]:
        own = [self._at[name] for name in names]
        if not own:
            return {}
        picked = self._cells[
            np.ix_(range(len(self._cells)), range(self._cells.shape[1]), [*own, -1], [*own, -1])
        ]
        cells = picked.real
        gains, weights = _fitted(cells)
        errors = _errors(cells, weights)
        present = _present(picked.sum(axis=0), gains)
        return {
            name: Level(float(gains[n]), _error_db(errors[n], gains[n]), float(present[n]))
            for n, name in enumerate(names)
        }


def _fitted(cells: Cells) -> tuple[npt.NDArray[np.float64], Cells]:
    """Return gains by iterated generalised least squares, and the weights (stretches, bands) of the last round."""
    power = cells[:, :, -1, -1]
    floor = _FLOOR * power.mean(axis=0, keepdims=True) + 1e-20
    weights = np.broadcast_to(1.0 / (power.mean(axis=0, keepdims=True) + 1e-20), power.shape)
    for _ in range(_ROUNDS):
        gains = _solution(np.einsum("sb,sbij->ij", weights, cells))
        full = np.append(-gains, 1.0)
        left = np.einsum("i,sbij,j->sb", full, cells, full)
        weights = 1.0 / (np.maximum(left, 0.0) + floor)
    return gains, weights


def _solution(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    own = matrix[:-1, :-1]
    size = np.sqrt(np.maximum(np.diagonal(own), 1e-30))
    scaled = own / np.outer(size, size) + 1e-9 * np.eye(len(own))
    return np.asarray(np.linalg.solve(scaled, matrix[:-1, -1] / size) / size)


def _errors(cells: Cells, weights: Cells) -> npt.NDArray[np.float64]:
    """Return each gain's standard error by leaving out a group of stretches in turn; infinite with one alone."""
    groups = np.array_split(np.arange(len(cells)), min(_GROUPS, len(cells)))
    if len(groups) < 2:
        return np.full(cells.shape[2] - 1, np.inf)
    each = np.stack([np.einsum("sb,sbij->ij", weights[group], cells[group]) for group in groups])
    found = np.stack([_solution(each.sum(axis=0) - one) for one in each])
    spread = np.sum((found - found.mean(axis=0)) ** 2, axis=0)
    return np.asarray(np.sqrt((len(groups) - 1) / len(groups) * spread))


def _present(cross: npt.NDArray[np.complex128], gains: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how far the bands agree on each gain, weighted by the stem's power in them."""
    ratio = band_gains(cross) / np.where(gains == 0, np.inf, gains)[:, None]
    score = np.clip(ratio.real / np.maximum(1.0, np.abs(ratio) ** 2), 0.0, 1.0)
    power = np.diagonal(cross, axis1=1, axis2=2).real[:, :-1].T
    return np.asarray((score * power).sum(axis=1) / np.maximum(power.sum(axis=1), 1e-20))


def _error_db(error: float, gain: float) -> float:
    return float(20 * np.log10(1.0 + error / abs(gain))) if gain else float("inf")


def _db(share: float) -> float:
    return float(10 * np.log10(max(share, 1e-20)))
