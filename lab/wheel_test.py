"""Build the wheel, install it in an environment of its own, and do the main job without ``src/``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import soundfile

from lab.bench_meter import track

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run the test; a failing step raises."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pip = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--wheel-dir",
            str(folder),
            str(ROOT),
        ]
        subprocess.run(pip, check=True)
        wheel = next(folder.glob("controlroom-*.whl"))
        # the dependencies are those of .venv: only the package itself must come from the wheel
        venv.create(folder / "env", with_pip=False)
        site = next((folder / "env").glob("lib/python*/site-packages"))
        own = [path for path in sys.path if path.endswith("site-packages")]
        (site / "dependencies.pth").write_text("\n".join(own))
        target = folder / "wheel"
        unpack = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(target),
            str(wheel),
        ]
        subprocess.run(unpack, check=True)
        take = folder / "take.wav"
        soundfile.write(take, 0.5 * track()[:, : 44100 * 10].T, 44100, subtype="PCM_24")
        _finish(folder, target, take)
    print("wheel-test: 1 passed, 0 failed")


def _finish(folder: Path, target: Path, take: Path) -> None:
    python = folder / "env" / "bin" / "python"
    code = (
        f"import sys; sys.path.insert(0, {str(target)!r}); import controlroom; "
        f"assert controlroom.__file__.startswith({str(target)!r}), controlroom.__file__; "
        "from controlroom.cli.__main__ import run; "
        f"sys.exit(run(['finish', {str(take)!r}, '--out', 'song', '--policy', 'trusting', '--json']))"
    )
    env = {"PYTHONPATH": str(target), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run(
        [str(python), "-c", code], cwd=folder, env=env, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    finished = json.loads(done.stdout)
    assert finished["masters"], finished
    assert Path(finished["report"]).is_file()


if __name__ == "__main__":
    main()
