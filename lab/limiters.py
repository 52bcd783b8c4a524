"""The limiter against its peers, at equal loudness and equal true peak.

``python -m lab.limiters`` decodes the loudest seconds of each shared AI file, drives our
limiter by a stated amount over what its peak allows, then searches each peer's drive until its
output, trimmed to the same 32x true peak, is as loud. Results are kept per file, keyed by the
file's content, the settings and the sources, under ``.work/limiters``; a second call only prints.

``--only WORD`` keeps files whose path holds the word; ``--drive LU`` and ``--seconds S`` change the
trial; ``--synthetic`` prints only intermodulation and recovery. Eight seconds of each of 28 files take
four minutes on two free cores.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy import signal

from controlroom.dsp.k_weighting import k_weighted_block_energies
from controlroom.dsp.limiter import LimiterSettings, limit
from controlroom.dsp.loudness import integrated_from_energies, window_loudness
from controlroom.dsp.true_peak import true_peak_reference
from controlroom.model.audio import Samples

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".work" / "limiters"
SHARED = ROOT.parent / "shared" / "audio" / "ai"
CEILING_DBTP = -1.0
RATE_HZ = 44100  # matchering's limiter is tested at this rate only, so all get it
LOUDNESS_MATCH_LU = 0.1
Limiter = Callable[[Samples, int, float], Samples]


# ---------------------------------------------------------------- the four limiters


def ours(samples: Samples, rate_hz: int, drive_db: float, settings: LimiterSettings | None = None) -> Samples:
    return limit(samples, rate_hz, settings or LimiterSettings(ceiling_dbtp=CEILING_DBTP), drive_db)


def pedalboard_limiter(samples: Samples, rate_hz: int, drive_db: float, release_ms: float = 100.0) -> Samples:
    """JUCE's limiter as pedalboard wires it: drive is a lower threshold, its make-up does the rest."""
    import pedalboard

    box = pedalboard.Limiter(threshold_db=-drive_db, release_ms=release_ms)
    return box.process(np.ascontiguousarray(samples), rate_hz, reset=True)


def alimiter(samples: Samples, rate_hz: int, drive_db: float, release_ms: float = 50.0) -> Samples:
    """ffmpeg's limiter, level=disabled, latency compensated."""
    limit_linear = 10 ** (CEILING_DBTP / 20)
    chain = f"alimiter=level_in={10 ** (drive_db / 20):.6f}:limit={limit_linear:.6f}:level=disabled:release={release_ms}:latency=1"
    channels = samples.shape[0]
    pipe = ["-f", "f32le", "-ar", str(rate_hz), "-ac", str(channels)]
    command = ["ffmpeg", "-v", "error", *pipe, "-i", "-", "-af", chain, *pipe, "-"]
    done = subprocess.run(command, input=samples.T.astype("<f4").tobytes(), capture_output=True, check=True)
    out = np.frombuffer(done.stdout, "<f4").reshape(-1, channels).T
    return _fitted(out, samples.shape[1])


def hyrax(samples: Samples, rate_hz: int, drive_db: float, release_ms: float = 3000.0) -> Samples:
    """Limit as Matchering's own mastering stage does, with its threshold."""
    from matchering import Config
    from matchering.defaults import LimiterConfig
    from matchering.limiter import limit as hyrax_limit

    config = Config(internal_sample_rate=rate_hz, limiter=LimiterConfig(release=release_ms))
    stereo = samples if samples.shape[0] == 2 else np.repeat(samples, 2, axis=0)
    driven = stereo.T.astype(np.float64) * 10 ** (drive_db / 20)
    return hyrax_limit(driven, config).T[: samples.shape[0]].astype(np.float32)


PEERS: dict[str, Limiter] = {"pedalboard": pedalboard_limiter, "alimiter": alimiter, "matchering": hyrax}


def _fitted(samples: Samples, frames: int) -> Samples:
    return np.pad(samples, ((0, 0), (0, max(0, frames - samples.shape[1]))))[:, :frames].astype(np.float32)


# ---------------------------------------------------------------- measures


def loudness_lufs(samples: Samples, rate_hz: int) -> float:
    return integrated_from_energies(k_weighted_block_energies(samples, rate_hz))


def peak_dbtp(samples: Samples) -> float:
    return 20 * math.log10(max(true_peak_reference(samples, 32), 1e-9))


def trimmed(samples: Samples) -> Samples:
    """Return the sound brought to the ceiling by a static gain."""
    return samples * np.float32(10 ** ((CEILING_DBTP - peak_dbtp(samples)) / 20))


def matched_gain(source: Samples, out: Samples, rate_hz: int) -> float:
    return loudness_lufs(out, rate_hz) - loudness_lufs(source, rate_hz)


def _spectra_db(samples: Samples) -> npt.NDArray[np.float64]:
    _, _, z = signal.stft(samples, nperseg=2048, noverlap=1536, boundary=None, padded=False)
    return np.abs(z) ** 2


def _third_octaves(power: npt.NDArray[np.float64], rate_hz: int) -> npt.NDArray[np.float64]:
    freqs = np.fft.rfftfreq(2048, 1 / rate_hz)
    edges = 1000 * 2 ** (np.arange(-14, 15) / 3 - 1 / 6)
    masks = [(freqs >= lo) & (freqs < hi) for lo, hi in itertools.pairwise(edges)]
    return np.stack([power[:, m].sum(axis=1) for m in masks if m.any()], axis=1)


def spectral_distance_db(
    source: Samples, out: Samples, rate_hz: int, *, bands: bool, floor_db: float = -80.0
) -> float:
    """Return the log-spectral distance after the broadband gain that makes it least.

    Short-time spectra of 2048 points; per frame the RMS over bins (or third
    octaves) of the difference in dB, then the mean over frames. Bins more than
    ``-floor_db`` under the loudest are raised to that level in both.
    """
    a, b = _spectra_db(source), _spectra_db(out)
    if bands:
        a, b = _third_octaves(a, rate_hz), _third_octaves(b, rate_hz)
    a = a / a.max()
    b = b / b.max()
    floor = 10 ** (floor_db / 10)
    gain_db = float(np.mean(10 * np.log10(np.maximum(b, floor)) - 10 * np.log10(np.maximum(a, floor))))
    for _ in range(3):  # the floor moves with the gain
        lifted = a * 10 ** (gain_db / 10)
        d = 10 * np.log10(np.maximum(b, floor)) - 10 * np.log10(np.maximum(lifted, floor))
        gain_db += float(d.mean())
    d = d - d.mean()
    return float(np.sqrt((d**2).mean(axis=1)).mean())


def kick_onsets(samples: Samples, rate_hz: int) -> npt.NDArray[np.int64]:
    """Return frames where the energy at 40–120 Hz leaps."""
    sos = signal.butter(4, [40, 120], "bandpass", fs=rate_hz, output="sos")
    low = signal.sosfiltfilt(sos, samples.mean(axis=0))
    hop = rate_hz // 200
    energy = np.add.reduceat(low**2, np.arange(0, low.size, hop))
    level = 10 * np.log10(energy + 1e-4 * energy.max())
    rise = np.maximum(level[6:] - level[:-6], 0)
    peaks, _ = signal.find_peaks(rise, height=6.0, distance=20)
    return (peaks + 3) * hop


def kick_loss_db(source: Samples, out: Samples, rate_hz: int) -> float:
    """Return how much less energy the kicks' first 50 ms have, at equal loudness, in dB.

    Whole band; the mean over onsets. NaN when no kick is heard.
    """
    onsets = kick_onsets(source, rate_hz)
    length = rate_hz // 20
    starts = onsets[onsets + length < source.shape[1]]
    if starts.size < 4:
        return math.nan
    gain_db = matched_gain(source, out, rate_hz)
    span = starts[:, None] + np.arange(length)
    before = (source[:, span] ** 2).sum(axis=(0, 2), dtype=np.float64)
    after = (out[:, span] ** 2).sum(axis=(0, 2), dtype=np.float64)
    return float(np.mean(10 * np.log10(before / after)) + gain_db)


def intermodulation_db(out: Samples, rate_hz: int) -> float:
    """Return the sidebands of 7 kHz at multiples of 60 Hz relative to it, after the first second."""
    x = out[0, rate_hz : 2 * rate_hz].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(x * np.blackman(x.size))) ** 2

    def power(f_hz: float) -> float:
        k = round(f_hz * x.size / rate_hz)
        return float(spectrum[k - 3 : k + 4].sum())

    sidebands = sum(power(7000 + 60 * n) for n in range(-8, 9) if n)
    return 10 * math.log10(sidebands / power(7000) + 1e-20)


def two_tone(rate_hz: int, seconds: float = 3.0) -> Samples:
    """60 Hz and 7 kHz, 4:1 (SMPTE RP 120), peak 0 dBFS."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    x = 0.8 * np.sin(2 * np.pi * 60 * t) + 0.2 * np.sin(2 * np.pi * 7000 * t)
    return np.stack([x, x]).astype(np.float32)


def burst(rate_hz: int) -> Samples:
    """A 1 kHz tone at −20 dBFS with 200 ms at 0 dBFS, at 1 s."""
    t = np.arange(3 * rate_hz) / rate_hz
    level = np.where((t >= 1.0) & (t < 1.2), 1.0, 0.1)
    x = (level * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
    return np.stack([x, x])


def recovery_db(limiter: Limiter, rate_hz: int, drive_db: float = 6.0) -> float:
    """Return how far the gain still is from its last value 400 ms after the burst's end."""
    out = limiter(burst(rate_hz), rate_hz, drive_db)[0].astype(np.float64)
    width = rate_hz // 100
    at = int(1.6 * rate_hz)
    now = np.sqrt(np.mean(out[at : at + width] ** 2))
    rest = np.sqrt(np.mean(out[-10 * width : -9 * width] ** 2))
    return 20 * math.log10(rest / now)


# ---------------------------------------------------------------- the search


@dataclass(frozen=True)
class Trial:
    """One limiter on one file at the agreed loudness; ``reached`` False where it could not get there."""

    loudness_lufs: float
    drive_db: float
    reached: bool
    lsd_bins_db: float
    lsd_bands_db: float
    kick_loss_db: float


def judged(source: Samples, out: Samples, rate_hz: int, drive_db: float, reached: bool) -> Trial:
    return Trial(
        loudness_lufs(out, rate_hz),
        drive_db,
        reached,
        spectral_distance_db(source, out, rate_hz, bands=False),
        spectral_distance_db(source, out, rate_hz, bands=True),
        kick_loss_db(source, out, rate_hz),
    )


def driven_to(limiter: Limiter, source: Samples, rate_hz: int, target_lufs: float) -> Trial:
    """Bisect the drive until the trimmed output is as loud as the target."""
    low, high = 0.0, 24.0
    best, best_drive, best_miss = source, 0.0, math.inf
    for _ in range(10):
        drive = (low + high) / 2
        out = trimmed(limiter(source, rate_hz, drive))
        loudness = loudness_lufs(out, rate_hz)
        if abs(loudness - target_lufs) < best_miss:
            best, best_drive, best_miss = out, drive, abs(loudness - target_lufs)
        if best_miss < LOUDNESS_MATCH_LU / 2:
            break
        low, high = (drive, high) if loudness < target_lufs else (low, drive)
    return judged(source, best, rate_hz, best_drive, best_miss <= LOUDNESS_MATCH_LU)


def compare(source: Samples, rate_hz: int, drive_db: float) -> dict[str, Trial]:
    """Return every limiter's trial on one sound, driven ``drive_db`` beyond its own peak."""
    own_db = CEILING_DBTP - peak_dbtp(source) + drive_db
    mine = trimmed(ours(source, rate_hz, own_db))
    found = {"ours": judged(source, mine, rate_hz, own_db, reached=True)}
    peaked = source * np.float32(10 ** ((CEILING_DBTP - peak_dbtp(source)) / 20))
    for name, limiter in PEERS.items():
        found[name] = driven_to(limiter, peaked, rate_hz, found["ours"].loudness_lufs)
    return found


# ---------------------------------------------------------------- files


def decoded(path: Path) -> Samples:
    """Return the whole file at RATE_HZ, stereo or mono."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        command = ["ffmpeg", "-v", "error", "-y", "-i", str(path), "-ar", str(RATE_HZ), "-c:a", "pcm_f32le"]
        subprocess.run([*command, wav.name], check=True)
        samples, _ = soundfile.read(wav.name, dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.T)


def loudest(samples: Samples, rate_hz: int, seconds: float) -> Samples:
    """Return the loudest stretch of the given length."""
    blocks = k_weighted_block_energies(samples, rate_hz)
    window = min(int(seconds * 100), blocks.energy.size)
    start = int(np.argmax(window_loudness(blocks, window, 10))) * 10
    return np.ascontiguousarray(samples[:, blocks.edges[start] : blocks.edges[start + window]])


def excerpt(path: Path, seconds: float) -> Samples:
    """Return the loudest stretch of a file, kept on disk under its content's digest."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    kept = WORK / "excerpts" / f"{digest}-{seconds:g}s.npy"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, loudest(decoded(path), RATE_HZ, seconds))
    return np.load(kept)


def files(only: str) -> Iterator[Path]:
    for path in sorted(SHARED.rglob("*")):
        if path.suffix in {".mp3", ".opus", ".flac", ".wav", ".ogg", ".m4a"} and only in str(path):
            yield path


def file_trials(path: Path, seconds: float, drive_db: float) -> dict[str, Trial]:
    """Return the trials of one file, from the cache where nothing that matters has changed."""
    source = excerpt(path, seconds)
    dsp = ROOT / "src/controlroom/dsp"
    sources = [Path(__file__), dsp / "limiter.py", dsp / "gain_curve.py", dsp / "peak_check.py"]
    key = hashlib.sha256(source.tobytes() + b"".join(p.read_bytes() for p in sources)).hexdigest()[:20]
    kept = WORK / f"{key}-{drive_db:g}.json"
    if kept.exists():
        return {name: Trial(**fields) for name, fields in json.loads(kept.read_text()).items()}
    found = compare(source, RATE_HZ, drive_db)
    kept.write_text(json.dumps({name: vars(trial) for name, trial in found.items()}))
    return found


# ---------------------------------------------------------------- tables


def print_synthetic(drive_db: float = 6.0) -> None:
    """Print intermodulation and recovery; ours also with the release that recovers as slowly as Matchering."""
    print(f"60 Hz + 7 kHz 4:1, driven {drive_db:g} dB; gain 400 ms after a 200 ms burst")
    rows: dict[str, Limiter] = {
        "ours": ours,
        **PEERS,
        "matchering, release 300": partial(hyrax, release_ms=300.0),
    }
    tone = two_tone(RATE_HZ)
    for name, limiter in rows.items():
        level = -1.0 if name == "ours" else 0.0
        imd = intermodulation_db(limiter(tone, RATE_HZ, drive_db + level), RATE_HZ)
        print(f"  {name:24s} IMD {imd:7.1f} dB   short of rest {recovery_db(limiter, RATE_HZ):6.2f} dB")


def print_files(only: str, seconds: float, drive_db: float) -> None:
    rows = {}
    for path in files(only):
        started = time.perf_counter()
        rows[path.stem] = file_trials(path, seconds, drive_db)
        parts = [
            f"{name[:5]} {t.lsd_bins_db:5.2f} {t.lsd_bands_db:5.2f} {t.kick_loss_db:5.2f}{' ' if t.reached else '!'}"
            for name, t in rows[path.stem].items()
        ]
        print(
            f"{path.stem[:22]:22s} | {' | '.join(parts)} | {time.perf_counter() - started:4.1f} s", flush=True
        )
    for measure in ("lsd_bins_db", "lsd_bands_db", "kick_loss_db"):
        mine = np.array([getattr(t["ours"], measure) for t in rows.values()])
        print(f"{measure}: median ours {np.nanmedian(mine):.3f}")
        for name in PEERS:
            theirs = np.array([getattr(t[name], measure) for t in rows.values()])
            able = np.array([t[name].reached for t in rows.values()]) & ~np.isnan(mine)
            won = np.mean(mine[able] < theirs[able]) if able.any() else math.nan
            print(
                f"    {name:12s} median {np.nanmedian(theirs):.3f}   ours smaller on {won:.0%} of {able.sum()}"
                f" ({(~able & ~np.isnan(mine)).sum()} can't reach)"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--drive", type=float, default=6.0)
    parser.add_argument("--synthetic", action="store_true")
    asked = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    print_synthetic()
    if not asked.synthetic:
        print_files(asked.only, asked.seconds, asked.drive)


if __name__ == "__main__":
    main()
