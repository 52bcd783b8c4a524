"""Compute the tonal corridor from finished human masters: ``python -m lab.corridor [AUDIO_FOLDER]``.

For each master: third-octave levels of its loudest third (the measurement that
the tone detector itself uses), level removed. Then, per band, with every
artist weighing the same however many tracks there are:

* ``median_db``: the weighted median over all tracks.
* ``low_db``, ``high_db``: the median plus the 10 % and 90 % points of
  *leave-one-artist-out* deviations, d = track − median of the tracks of all
  other artists. So the width says how far a finished master by an artist who
  was not in the set lies from it. For A artists the points are widened by
  t(0.9; A − 1) / z(0.9), Student's correction for a spread known from A
  samples, and are never nearer to the median than ``FLOOR_DB``.
* limits and median are then smoothed over three bands with ¼, ½, ¼, because
  quantiles of few tracks are ragged and corridors are not.

Aggregates only go into the package; no audio does.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import soundfile
from scipy import stats

from controlroom.dsp.spectrum import (
    Floats,
    band_spectra,
    broadband_gain_db,
    loudest_frames,
    third_octave_levels,
)

FREQ_HZ = (
    25.0, 31.5, 40.0, 50.0, 63.0, 80.0, 100.0, 125.0, 160.0, 200.0, 250.0, 315.0, 400.0, 500.0, 630.0, 800.0,
    1000.0, 1250.0, 1600.0, 2000.0, 2500.0, 3150.0, 4000.0, 5000.0, 6300.0, 8000.0, 10000.0, 12500.0, 16000.0,
)  # fmt: skip
FIT = np.array([100 <= f <= 10000 for f in FREQ_HZ])
LOUDEST_SHARE = 1 / 3
TAILS = (0.1, 0.9)
FLOOR_DB = 2.0
"""A corridor narrower than this would judge taste: it is about what a careful listener notices in a band."""
MIN_ARTISTS = 5
MIN_TRACKS = 12

ARTISTS = {
    "human/maxstack": ("Maxstack", "CC BY-SA 3.0"),
    "human/crystan": ("Christian Hoffmann (Crystan)", "CC BY-SA 3.0"),
    "human/mattias-westlund": ("Mattias Westlund", "GPL-2+"),
    "human/blkrbt": ("blkrbt", "GPL-2+"),
    "human/jonathan-coulton": ("Jonathan Coulton", "CC BY-NC 3.0"),
    "human/joshua-morin": ("Joshua Morin", "CC BY-SA 2.5"),
    "pairs/mastering-band": ("SJTU band union", "licence unstated"),
    "pairs/mastering-dnb": ("Brainstormer", "measured for evaluation only"),
}
WITH_VOICE = {"human/jonathan-coulton", "human/joshua-morin"}
DATA = Path(__file__).parent.parent / "src/controlroom/data/corridor.toml"


@dataclass(frozen=True, slots=True, eq=False)
class Master:
    """One finished master: whose, and its third-octave levels on ``FREQ_HZ``, mean 0 over the fit."""

    artist: str
    levels_db: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Corridor:
    """A corridor on ``FREQ_HZ`` and how many tracks and artists it stands on."""

    tracks: int
    artists: int
    median_db: Floats
    low_db: Floats
    high_db: Floats


def find_masters(folder: Path) -> list[tuple[str, Path]]:
    """Return (artist folder, file) of every finished human master there is."""
    found: list[tuple[str, Path]] = []
    for name in ARTISTS:
        wanted = "*" if name.startswith("human") else "*astered.mp3"
        files = sorted(path for path in (folder / name).glob(wanted) if path.suffix in {".mp3", ".ogg"})
        found += [(name, path) for path in files if not path.name.startswith("Un-")]
    return found


def measure(path: Path) -> Floats:
    """Return third-octave levels of the loudest third, dB, mean 0 over 100 Hz to 10 kHz."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    spectra = band_spectra(np.ascontiguousarray(samples.T), int(rate_hz))
    levels = third_octave_levels(spectra, loudest_frames(spectra, LOUDEST_SHARE))
    at = [int(np.argmin(np.abs(np.log(spectra.nominal_hz / f)))) for f in FREQ_HZ]
    chosen = levels[at]
    return np.asarray(chosen - chosen[FIT].mean())


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return the quantile of weighted values, interpolated between the middles of their weights."""
    order = np.argsort(values)
    middle = np.cumsum(weights[order]) - 0.5 * weights[order]
    return float(np.interp(share * weights.sum(), middle, values[order]))


def _weights(masters: list[Master]) -> Floats:
    names = [master.artist for master in masters]
    return np.array([1.0 / names.count(name) for name in names])


def _medians(masters: list[Master]) -> Floats:
    levels, weights = np.stack([m.levels_db for m in masters]), _weights(masters)
    return np.array([weighted_quantile(levels[:, band], weights, 0.5) for band in range(levels.shape[1])])


def aligned(masters: list[Master]) -> list[Master]:
    """Take the level out as the detector does: the median difference from the median curve."""
    for _ in range(3):
        middle = _medians(masters)
        masters = [
            Master(m.artist, m.levels_db - broadband_gain_db(m.levels_db, middle, FIT)) for m in masters
        ]
    return masters


def corridor_of(masters: list[Master]) -> Corridor:
    """Return the corridor of some masters; see the top of the file for the formula."""
    masters = aligned(masters)
    artists = sorted({master.artist for master in masters})
    deviations = np.stack(
        [m.levels_db - _medians([o for o in masters if o.artist != m.artist]) for m in masters]
    )
    weights = _weights(masters)
    widening = float(stats.t.ppf(TAILS[1], len(artists) - 1) / stats.norm.ppf(TAILS[1]))
    bands = range(deviations.shape[1])
    low = widening * np.array([weighted_quantile(deviations[:, b], weights, TAILS[0]) for b in bands])
    high = widening * np.array([weighted_quantile(deviations[:, b], weights, TAILS[1]) for b in bands])
    median = smoothed(_medians(masters))
    median = median - median[FIT].mean()
    return Corridor(
        tracks=len(masters),
        artists=len(artists),
        median_db=median,
        low_db=median + np.minimum(smoothed(low), -FLOOR_DB),
        high_db=median + np.maximum(smoothed(high), FLOOR_DB),
    )


def smoothed(curve: Floats) -> Floats:
    """Smooth over three bands with ¼, ½, ¼; the ends are kept."""
    inner = 0.25 * curve[:-2] + 0.5 * curve[1:-1] + 0.25 * curve[2:]
    return np.concatenate([curve[:1], inner, curve[-1:]])


def inside_share(masters: list[Master]) -> float:
    """Return the share of judged bands of masters inside a corridor made without their artist."""
    inside = []
    for artist in sorted({m.artist for m in masters}):
        corridor = corridor_of([m for m in masters if m.artist != artist])
        for master in (m for m in masters if m.artist == artist):
            gain = broadband_gain_db(master.levels_db, corridor.median_db, FIT)
            levels = master.levels_db - gain
            inside.append(np.mean(((levels >= corridor.low_db) & (levels <= corridor.high_db))[FIT]))
    return float(np.mean(inside))


def as_toml(styles: dict[str, Corridor], masters: list[Master], held_out: float) -> str:
    """Write the data file."""
    named = [f"#   {ARTISTS[a][0]} ({ARTISTS[a][1]}): {sum(m.artist == a for m in masters)}" for a in ARTISTS]
    lines = [
        "# Tonal corridors of finished human masters: third-octave levels of the loudest third, level removed.",
        "# Computed by `python -m lab.corridor`, whose docstring has the formula; aggregate figures, no audio.",
        f"# {len(masters)} tracks of {len({m.artist for m in masters})} artists, each artist weighing the same:",
        *named,
        "# limits: 10 % and 90 % points of leave-one-artist-out deviations, Student-widened for few artists,",
        f"# at least {FLOOR_DB:g} dB from the median. Bands of a master (100 Hz to 10 kHz) that fall inside a",
        f"# corridor made without its artist: {100 * held_out:.0f} %.",
        f"# A style has its own corridor from {MIN_TRACKS} tracks of {MIN_ARTISTS} artists on; few have that many,",
        "# so `unknown` (all of them) is the default, and the artist's own references judge better.",
        'schema = "corridor/1"',
        f'date = "{datetime.now(tz=UTC).date().isoformat()}"',
        f"freq_hz = {list(FREQ_HZ)}",
    ]
    for name, corridor in styles.items():
        lines += ["", f"[styles.{name}]", f"n = {corridor.tracks}", f"artists = {corridor.artists}"]
        for key in ("median_db", "low_db", "high_db"):
            values = ", ".join(f"{value:.2f}" for value in getattr(corridor, key))
            lines.append(f"{key} = [{values}]")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Measure the masters and write the data file."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parents[2] / "shared/audio"
    files = find_masters(folder)
    if not files:
        print(f"no masters found under {folder}")
        return 1
    masters = [Master(artist, measure(path)) for artist, path in files]
    groups = {
        "unknown": masters,
        "instrumental": [m for m in masters if m.artist not in WITH_VOICE],
        "voice": [m for m in masters if m.artist in WITH_VOICE],
    }
    styles = {
        name: corridor_of(group)
        for name, group in groups.items()
        if len(group) >= MIN_TRACKS and len({m.artist for m in group}) >= MIN_ARTISTS
    }
    held_out = inside_share(masters)
    DATA.write_text(as_toml(styles, masters, held_out), encoding="utf-8")
    for name, corridor in styles.items():
        print(f"{name}: {corridor.tracks} tracks, {corridor.artists} artists")
        for f, low, mid, high in zip(
            FREQ_HZ, corridor.low_db, corridor.median_db, corridor.high_db, strict=True
        ):
            print(f"{f:8.0f} Hz {low:7.1f} {mid:7.1f} {high:7.1f}")
    print(f"inside a corridor made without the artist: {100 * held_out:.0f} % of bands")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
