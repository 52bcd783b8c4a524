"""Bench profiles: fixed pieces of the main job that stay comparable as the program grows."""

from __future__ import annotations

from pathlib import Path

TONE_AND_LOUDNESS = ("loudness", "low_end_width", "dc", "rumble", "start_end", "tonal_balance", "true_peak")
"""The detectors of the first piece of work; later ones are not part of this profile."""


def tone_and_loudness(take: str, out: str) -> None:
    """Do add → listen → propose → decide by policy → render → verified 24-bit WAV, with the first detectors only."""
    from controlroom.detectors import form
    from controlroom.media.encode import MediaFormat
    from controlroom.studio import finishing, mastering, reporting
    from controlroom.studio.studio import Studio

    known = form.all_detectors()
    chosen = {
        name: detector
        for name, detector in known.items()
        if type(detector).__module__.rpartition(".")[2] in TONE_AND_LOUDNESS
    }
    assert len(chosen) == len(TONE_AND_LOUDNESS), sorted(known)
    from controlroom.studio import walk

    walk.all_detectors = lambda: chosen  # type: ignore[assignment]  # the profile's detectors only
    mastering.FORMATS = (MediaFormat.WAV24,)  # type: ignore[assignment]  # one deliverable
    finishing.write_report = lambda *_: Path(out)  # type: ignore[assignment]  # no report in this profile
    del reporting
    finished = Studio().finish(Path(take), out=Path(out), policy="trusting")
    master = finished.render.masters[0]
    assert master.true_peak_dbtp is not None
    assert master.true_peak_dbtp <= master.ceiling_dbtp + 0.01
