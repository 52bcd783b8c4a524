"""The seed's example through the studio: stems in, four questions, four answers, measured by the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controlroom.media.encode import MediaFormat, read_lossless, write
from controlroom.model.audio import Audio, Samples
from controlroom.model.decisions import Answer
from controlroom.model.proposals import Proposal, Stage
from controlroom.studio.finishing import Finished
from controlroom.studio.studio import Studio
from lab.seed_song import Changes, SeedSong, front_db, read_changes, read_true_drums

ASKED = {
    "hat-density": "hats",
    "weak-kick": "transient",
    "masked-voice": "carve",
    "low-end-width": "low_end_mono",
}
"""The four questions of the seed's example: what was found, and the hand that answers it."""


@dataclass(frozen=True, slots=True, eq=False)
class SeedRun:
    """What came of it: the questions, both renders, and what the accepted ones did.

    ``kick_in_master_db`` is the change of the kick's front in the limited
    masters. What the limiter leaves of a part is the part times the limiter's
    gain, sample by sample: master over premaster.
    """

    song: SeedSong
    proposals: tuple[Proposal, ...]
    rejected: Finished
    accepted: Finished
    changes: Changes
    kick_in_master_db: float

    def untouched(self) -> bool:
        """Return whether the rejected render is the take, bit for bit, before its loudness."""
        return np.array_equal(self.rejected.walk.now.audio.samples, self.song.take.samples)


def run_seed(song: SeedSong, folder: Path, separate: str = "") -> SeedRun:
    """Hand a song and its true stems in (or separate it), ask, render all four rejected, then accepted."""
    studio = Studio(name="the example")
    write(folder / "take.wav", song.take, MediaFormat.WAV32F)
    root = studio.new(folder / "song")
    studio.add(root, folder / "take.wav")
    if separate:
        studio.separate_take(root, backend=separate)
    else:
        stems = folder / "stems"
        stems.mkdir()
        for role, stem in song.stems.items():
            write(stems / f"{role}.wav", stem, MediaFormat.WAV32F)
        studio.add_stems(root, stems)
    shown = studio.propose(root)
    asked = tuple(p for p in shown.proposals if ASKED.get(p.kind) == p.step.processor)
    for proposal in shown.proposals:
        if proposal.step.stage is not Stage.LOUDNESS:
            studio.decide(root, proposal.id, Answer.REJECT, reason="first without")
    rejected = _mastered(studio, root)
    fronts = [kick_in_master(rejected, song)]
    for proposal in asked:
        studio.decide(root, proposal.id, Answer.ACCEPT, reason="the seed's example")
    accepted = _mastered(studio, root)
    fronts.append(kick_in_master(accepted, song))
    before, after = parts_of(rejected), parts_of(accepted)
    changes = (read_true_drums if song.kit else read_changes)(song, before, after)
    return SeedRun(song, asked, rejected, accepted, changes, fronts[1] - fronts[0])


def _mastered(studio: Studio, root: Path) -> Finished:
    """Accept what is asked of the level of the song as it stands, and render."""
    for proposal in studio.propose(root).proposals:
        if proposal.step.stage is Stage.LOUDNESS:
            studio.decide(root, proposal.id, Answer.ACCEPT)
    return studio.render(root)


def parts_of(done: Finished) -> Mapping[str, Audio]:
    """Return what each part contributes to the sound before its loudness."""
    return {role: stem.audio for role, stem in done.walk.now.stems.items()}


def kick_of(done: Finished) -> Audio:
    """Return the kick, or the drums where it is not apart."""
    parts = parts_of(done)
    return parts["kick"] if "kick" in parts else parts["drums"]


def kick_in_master(done: Finished, song: SeedSong) -> float:
    """Return the kick's front in a master: its peak over what follows, in dB."""
    kick = kick_of(done)
    limited = Audio(kick.samples * limiter_gain(done, kick.rate_hz), kick.rate_hz)
    return front_db(limited, song)


def limiter_gain(done: Finished, rate_hz: int) -> Samples:
    """Return the master over what it was made of: (1, frames), interpolated where that is silent."""
    premaster = done.walk.now.audio.samples
    master = next(m for m in done.render.masters if m.path.endswith(".wav") and m.rate_hz == rate_hz)
    limited = read_lossless(done.song.folder.root / master.path).samples
    loudest = np.argmax(np.abs(premaster), axis=0)[None]
    was = np.take_along_axis(premaster, loudest, axis=0)[0]
    now = np.take_along_axis(limited, loudest, axis=0)[0]
    heard = np.flatnonzero(np.abs(was) > 1e-2)
    gain = np.interp(np.arange(was.size), heard, now[heard] / was[heard])
    return np.asarray(gain[None], dtype=np.float32)
