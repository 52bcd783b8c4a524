"""Bench profiles: fixed pieces of the main job that stay comparable as the program grows."""

from __future__ import annotations

from pathlib import Path

TONE_AND_LOUDNESS = ("loudness", "low_end_width", "dc", "rumble", "start_end", "tonal_balance", "true_peak")
"""The detectors of the first piece of work; later ones are not part of this profile."""


def first_ears_only() -> None:
    """Leave only the first piece of work's detectors in this process."""
    from controlroom.detectors import form
    from controlroom.studio import walk

    known = form.all_detectors()
    chosen = {
        name: detector
        for name, detector in known.items()
        if type(detector).__module__.rpartition(".")[2] in TONE_AND_LOUDNESS
    }
    assert len(chosen) == len(TONE_AND_LOUDNESS), sorted(known)
    walk.all_detectors = lambda: chosen  # type: ignore[assignment]  # this process only


def finish_first(take: str, out: str) -> int:
    """Do the whole of ``finish`` as the first piece of work had it: its detectors, every format, checks, report."""
    from controlroom.cli.__main__ import run

    first_ears_only()
    return run(["finish", take, "--out", out, "--policy", "trusting", "--json"])


def tone_and_loudness(take: str, out: str) -> None:
    """Do add → listen → propose → decide by policy → render → verified 24-bit WAV, with the first detectors only."""
    from controlroom.media.encode import MediaFormat
    from controlroom.studio import finishing, routing
    from controlroom.studio.studio import Studio

    first_ears_only()
    routing.FORMATS = (MediaFormat.WAV24,)  # type: ignore[assignment]  # one deliverable
    finishing.write_report = lambda *_: Path(out)  # type: ignore[assignment]  # no report in this profile
    finished = Studio().finish(Path(take), out=Path(out), policy="trusting")
    master = finished.render.masters[0]
    assert master.true_peak_dbtp is not None
    assert master.true_peak_dbtp <= master.ceiling_dbtp + 0.01
