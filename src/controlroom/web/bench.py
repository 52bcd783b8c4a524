"""One warm process for what a person waits for with a finger on a knob: previews and gains."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controlroom.studio.studio import Studio
from controlroom.web.forms import PreviewForm


class Bench:
    """Runs short work in one spawned process, which is started on first use and kept."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def do(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Return what the work returns; once more in a new process if the old one died."""
        try:
            return await self._run(work, *arguments)
        except BrokenProcessPool:
            self.close()
            return await self._run(work, *arguments)

    def close(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    async def _run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)


def preview(root: str, form: PreviewForm) -> dict[str, Any]:
    """Return the sound of one step alone on a stretch."""
    start_s, end_s = form.stretch.pair()
    span_s = form.span.pair() if form.span else None
    sound = Studio().preview(
        Path(root), form.processor, start_s, end_s, part=form.part, knobs=form.knobs, span_s=span_s
    )
    return asdict(sound)


def match(
    root: str, sounds: list[str], stretch_s: tuple[float, float], moved_s: dict[str, float]
) -> dict[str, float]:
    """Return the gains that make sounds equally loud on a stretch."""
    return dict(Studio().match(Path(root), sounds, stretch_s[0], stretch_s[1], moved_s=moved_s))


def sounds(root: str) -> dict[str, Any]:
    """Return take and render as playable sounds, made when they are missing."""
    return {role: asdict(sound) for role, sound in Studio().sounds(Path(root)).items()}


def music(root: str) -> dict[str, Any]:
    """Return sections, bars, chords and arc of the take."""
    return dict(Studio().music(Path(root)))


def tone(root: str) -> dict[str, Any]:
    """Return the corridor, and where take and render lie in it."""
    return dict(Studio().tone(Path(root)))


def reference_sound(root: str, reference: str) -> dict[str, Any]:
    """Return a reference as a playable sound, made when it is missing."""
    return asdict(Studio().reference_sound(Path(root), reference))


def stem_sounds(root: str) -> dict[str, Any]:
    """Return the stems as playable sounds, made when they are missing."""
    return {role: asdict(sound) for role, sound in Studio().stem_sounds(Path(root)).items()}
