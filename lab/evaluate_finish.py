"""The main job on every real take: exit codes, peaks, loudness, budgets.

Each (file, mode) is done once per state of the source and kept under ``.work/``.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.children import ROOT, weighed

SHARED = ROOT.parent / "shared" / "audio"
WORK = ROOT / ".work" / "finish"
MODES = {
    "trusting": ["--policy", "trusting"],
    "hygiene": ["--policy", "hygiene"],
    "target −14": ["--policy", "hygiene", "--target", "-14"],
}
ONE_LOUDER_LU = 0.3
PROGRAM = """
import sys
from controlroom.cli.__main__ import run
if sys.argv[1].startswith("target"):  # the level is read from the WAV; the lossy files were judged in the other modes
    from controlroom.media.encode import MediaFormat
    from controlroom.studio import routing
    routing.FORMATS = (MediaFormat.WAV24,)
sys.exit(run(sys.argv[2:]))
"""


JOB_FILES = (
    "engine/*.py",
    "media/*.py",
    "processors/*.py",
    "studio/walk.py",
    "studio/deciding.py",
    "studio/levelling.py",
    "studio/mastering.py",
    "studio/importing.py",
    "data/corridor.toml",
    "data/policy_*.toml",
    "dsp/limiter.py",
    "dsp/gain_curve.py",
    "dsp/loudness*.py",
    "dsp/k_weighting.py",
    "dsp/oversampling.py",
    "dsp/peak_check.py",
    "dsp/equaliser.py",
    "dsp/filters.py",
    "listening/tone.py",
)
"""What decides over a master's samples; detectors that no processor answers do not."""


def source_digest() -> str:
    """Return a digest of everything that decides over a master's samples."""
    sha = hashlib.sha256()
    package = ROOT / "src" / "controlroom"
    for pattern in JOB_FILES:
        for path in sorted(package.glob(pattern)):
            sha.update(path.read_bytes())
    return sha.hexdigest()[:16]


def takes(folder: Path = SHARED / "ai") -> list[Path]:
    """Return every AI take of a folder."""
    return sorted(
        p for p in folder.rglob("*") if p.suffix.lower() in (".mp3", ".opus", ".wav", ".flac", ".m4a", ".ogg")
    )


def job(take: Path, mode: str) -> dict[str, Any]:
    """Return what one finish came to, measured from its files; kept by content."""
    key = hashlib.sha256(
        f"{source_digest()}:{mode}:{take.relative_to(SHARED)}:{take.stat().st_size}".encode()
    ).hexdigest()[:20]
    kept = WORK / f"{key}.json"
    if kept.is_file():
        return dict(json.loads(kept.read_text()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "song"
        words = ["finish", str(take), "--out", str(folder), "--json", *MODES[mode]]
        done = weighed([sys.executable, "-c", PROGRAM, mode, *words], {"OPENBLAS_NUM_THREADS": "1"})
        row: dict[str, Any] = {
            "take": take.stem,
            "mode": mode,
            "code": done.code,
            "cpu_s": done.cpu_s,
            "peak_mb": done.peak_mb,
        }
        if done.code == 0:
            row.update(_measured(json.loads(done.out[done.out.index("{") :]), mode))
        else:
            row["said"] = done.out[-600:]
    WORK.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(row))
    return row


def _measured(finished: dict[str, Any], mode: str) -> dict[str, Any]:
    from controlroom.dsp.loudness import measure
    from controlroom.dsp.true_peak import to_dbtp, true_peak, true_peak_reference
    from controlroom.media.decode import decode

    masters = {}
    for master in finished["masters"]:
        audio = decode(Path(master["path"])).audio
        lossless = master["format"].startswith(("wav", "flac"))
        peak = (
            true_peak_reference(audio.samples, 32)
            if lossless and master["format"].startswith("wav")
            else true_peak(audio.samples)
        )
        lufs = measure(audio.samples, audio.rate_hz).integrated_lufs
        masters[master["format"]] = {"dbtp": to_dbtp(peak), "lufs": lufs, "trim_db": master["trim_db"]}
    plan = finished["plan"]
    row = {"masters": masters, "plan": plan, "decisions": finished["decisions"]}
    if mode != "target −14" and plan["as_planned"] and plan["held_back_by"]:
        row["one_louder"] = _one_louder(Path(finished["premaster"]), plan)
    return row


def _one_louder(premaster: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """Render 0.3 LU more than announced, and read the budget that is said to hold it back."""
    from controlroom.dsp.limiter import apply_gain, limiter_gain
    from controlroom.dsp.loudness import measure
    from controlroom.dsp.loudness_plan import gain_for_target
    from controlroom.media.decode import DecodeLimits, decode
    from controlroom.processors.limiter import Limiter

    audio = decode(premaster, DecodeLimits()).audio
    settings = Limiter(ceiling_dbtp=plan["ceiling_dbtp"]).settings()
    louder = gain_for_target(audio.samples, audio.rate_hz, plan["announced_lufs"] + ONE_LOUDER_LU, settings)
    gain = limiter_gain(audio.samples, audio.rate_hz, settings, louder.gain_db)
    made = measure(apply_gain(audio.samples, gain.gain), audio.rate_hz)
    held, limit = plan["held_back_by"], plan["limits"][plan["held_back_by"]]
    value = {
        "limiter.reduction_p95_db": gain.reduction.p95_db,
        "limiter.hygiene_p95_db": gain.reduction.p95_db,
        "limiter.reduction_max_db": gain.reduction.max_db,
        "loudness.psr_p5_db": made.psr_p5_db,
        "dynamics.crest_loss_db": louder.readings.crest_loss_db,
    }[held]
    breaks = value < limit if held == "loudness.psr_p5_db" else value > limit
    return {"held": held, "value": value, "limit": limit, "breaks": breaks, "lufs": made.integrated_lufs}


def failures(row: dict[str, Any]) -> Iterator[str]:
    """Yield each bar that a job misses."""
    if row["code"]:
        yield f"exit code {row['code']}: {row.get('said', '')[-120:]}"
        return
    plan = row["plan"]
    for name, master in row["masters"].items():
        limit = plan["ceiling_dbtp"] + 0.01 if name.startswith(("wav", "flac")) else 0.0
        if master["dbtp"] > limit:
            yield f"{name} {master['dbtp']:+.3f} dBTP over {limit:+.2f}"
    if not row["masters"]:
        yield "no master"
        return
    lufs = row["masters"]["wav24"]["lufs"]
    aim = -14.0 if row["mode"] == "target −14" else plan["announced_lufs"]
    if math.isfinite(aim) and abs(lufs - aim) > 0.1:
        yield f"{lufs:.2f} LUFS instead of {aim:.2f}"
    if "one_louder" in row and not row["one_louder"]["breaks"]:
        louder = row["one_louder"]
        yield f"0.3 LU more does not break {louder['held']}: {louder['value']:.2f} of {louder['limit']:.2f}"


def section(only: str = "") -> str:
    """Return the table of every take and mode."""
    if not SHARED.is_dir():
        return "The shared audio is not on this machine: nothing was measured."
    lines = [
        "| take | mode | LUFS | dBTP (32×) | worst lossy dBTP | held back by | misses |",
        "|---|---|---|---|---|---|---|",
    ]
    missed = 0
    for take in takes():
        if only and only not in take.stem:
            continue
        for mode in MODES:
            row = job(take, mode)
            misses = "; ".join(failures(row))
            missed += bool(misses)
            wav = row.get("masters", {}).get("wav24", {})
            lossy = [
                m["dbtp"]
                for name, m in row.get("masters", {}).items()
                if not name.startswith(("wav", "flac"))
            ]
            held = (row.get("plan") or {}).get("held_back_by") or "–"
            lines.append(
                f"| {row['take'][:28]} | {mode} | {wav.get('lufs', math.nan):.2f} | {wav.get('dbtp', math.nan):.3f} "
                f"| {f'{max(lossy):.2f}' if lossy else '–'} | {held} | {misses or '–'} |"
            )
            print(lines[-1], flush=True)
    jobs = len(lines) - 2
    return "\n".join([f"{jobs - missed} of {jobs} jobs keep every bar.", "", *lines])


def main() -> None:
    """Print the table."""
    print(section(sys.argv[1] if len(sys.argv) > 1 else "").splitlines()[0])


if __name__ == "__main__":
    main()
