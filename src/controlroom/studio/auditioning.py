"""Before, after and difference of one proposal, at equal loudness.

The louder of the two is turned down, never the quieter up, so nothing can clip
and louder can't win by being louder. The difference is what was changed at the
level at which it sounds in the mix, and under the same gain.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controlroom.dsp.k_weighting import heard_weights, k_weighted_block_energies
from controlroom.dsp.loudness import integrated_from_energies
from controlroom.engine.cache import FolderCache
from controlroom.engine.deliverable import from_two_speakers
from controlroom.engine.notebook import Notebook
from controlroom.engine.player import Player
from controlroom.engine.score import Node, Take, staged
from controlroom.listening.heard import loudest_of
from controlroom.listening.listening import Listening
from controlroom.media.encode import MediaFormat, write
from controlroom.media.files import environment_fault, write_text
from controlroom.model.audio import Audio
from controlroom.model.base import Record
from controlroom.model.context import Context
from controlroom.model.errors import DecisionError
from controlroom.model.findings import Finding
from controlroom.model.proposals import Proposal
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span
from controlroom.studio.folder import SongFolder
from controlroom.studio.importing import later_audio
from controlroom.studio.keeping import keeping_of
from controlroom.studio.song import Song
from controlroom.studio.standing import node_of, nodes_before
from controlroom.studio.walk import Walk, handling, take_listening

FORM = MediaFormat.FLAC16
HEADROOM = 0.98
"""What is dithered to 16 bits must lie below full scale."""


@dataclass(frozen=True)
class AuditionFiles:
    """Three files of one stretch, and the level at which before and after play."""

    before: Path
    after: Path
    difference: Path
    start_s: float
    matched_lufs: float | None


@dataclass(frozen=True, eq=False)
class Matched:
    """Two sounds at equal loudness, and what lies between them."""

    before: Audio
    after: Audio
    difference: Audio
    lufs: float | None


def audition_proposal(
    song: Song, proposal: Proposal, context: Context, span_s: tuple[float, float] | None = None
) -> AuditionFiles:
    """Write the three files of a proposal, on a span or where it is heard best.

    Raises
    ------
    DecisionError
        ``decision.other-take``: it is about another take than the current one.
    """
    take = song.take
    if song.memory.clock_of(proposal) != take.id:
        raise DecisionError(
            "decision.other-take",
            f"{proposal.id} is about the take {song.memory.clock_of(proposal)}, not about {take.facts.file_name}",
            "add that take again to go back to it",
        )
    sound = take_listening(song, later_audio(song, context))
    start, rules = Take.of(sound), handling(song, FolderCache(song.folder.cache / "desk"))
    auditions = Auditions(song, Player({start: sound}, lambda: rules), keeping_of(song).notes)
    node = node_of(proposal, nodes_before(song, start, rules.min_coherence))
    if span_s is None:
        return auditions.write(proposal, node, auditions.place(proposal, node, song.memory.findings))
    return auditions.write(proposal, node, auditions.player.listening(node, context).span(*span_s))


def write_waiting(walk: Walk, context: Context) -> dict[str, AuditionFiles]:
    """Write the audition files of everything that waits for a decision."""
    files = {}
    waiting = walk.waiting
    auditions = Auditions(walk.song, walk.player, walk.keeping.notes)
    for index, proposal in enumerate(waiting):
        context.tell("audition", index / len(waiting))
        node = walk.inputs.get(proposal.id, walk.node)
        files[proposal.id] = auditions.write(proposal, node, auditions.place(proposal, node, walk.findings))
    return files


def span_of(proposal: Proposal, sound: Listening, findings: Sequence[Finding], standards: Standards) -> Span:
    """Return where a proposal is heard best: its finding's place, else the loudest stretch."""
    length_s, lead_s = standards.number("audition.length_s"), standards.number("audition.lead_s")
    about = next((f.span for f in findings if f.id in proposal.answers and f.span), None)
    place = proposal.step.span or about
    start_s = place.start_s - lead_s if place and place.length_s < length_s else loudest_of(sound).start_s
    start_s = max(0.0, min(start_s, sound.audio.duration_s - length_s))
    return sound.span(start_s, start_s + length_s)


class Place(Record):
    """Where a proposal is heard best."""

    span: Span


@dataclass(frozen=True)
class Auditions:
    """A song's audition files: each a sound of the score, written when it is another than the last time."""

    song: Song
    player: Player
    notes: Notebook

    def place(self, proposal: Proposal, node: Node, findings: Sequence[Finding]) -> Span:
        """Return where a proposal that was asked of a node is heard best."""
        standards = self.song.standards
        about = [f.span.model_dump(mode="json") for f in findings if f.id in proposal.answers and f.span]
        of = [node.key, proposal.step.id, about[:1], standards.digest]

        def find() -> Place:
            return Place(span=span_of(proposal, self.player.listening(node), findings, standards))

        return self.notes.recall("place", of, Place, find).span

    def write(self, proposal: Proposal, node: Node, span: Span) -> AuditionFiles:
        """Write before, after and difference of one proposal, asked of a node, over a span."""
        step = proposal.step
        with_it = staged(node, step.stage, (step,), handling(self.song).min_coherence)
        folder = self.song.folder.auditions / proposal.id
        paths = {name: folder / f"{name}{FORM.extension}" for name in ("before", "after", "difference")}
        of = [node.key, with_it.key, span.model_dump(mode="json"), FORM]
        level = written_once(
            self.song.folder,
            proposal.id,
            self.notes.key("audition", of),
            paths,
            lambda: matched(self.player.sound(node, span), self.player.sound(with_it, span)),
        )
        return AuditionFiles(**paths, start_s=span.start_s, matched_lufs=level)


def written_once(
    folder: SongFolder, name: str, made_of: str, paths: Mapping[str, Path], make: Callable[[], Matched]
) -> float | None:
    """Write sounds at equal loudness as files, unless they were made of the same before; return their level.

    Raises
    ------
    EnvironmentFault
        Where they can't be written.
    """
    slip = _Slip(folder.cache / "auditions" / f"{name}.json", made_of)
    kept = slip.found(paths)
    if kept is not None:
        return kept.lufs
    pair = make()
    for place in {slip.path.parent, *(path.parent for path in paths.values())}:
        try:
            place.mkdir(parents=True, exist_ok=True)
            slip.path.unlink(missing_ok=True)  # half-written files have none
        except OSError as error:
            raise environment_fault(error, place) from error
    for sound, path in paths.items():
        write(path, getattr(pair, sound), FORM)
    slip.write(paths, pair.lufs)
    return pair.lufs


@dataclass(frozen=True)
class _Level:
    lufs: float | None


@dataclass(frozen=True)
class _Slip:
    """What files were made of: a render makes again only those that sound different now.

    The slip lies in the
    cache; without it, or when a file has not the size that it had, all are written.
    """

    path: Path
    made_of: str

    def found(self, paths: Mapping[str, Path]) -> _Level | None:
        """Return the level of the files when they are there, made of the same sounds."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            if kept["made_of"] != self.made_of or kept["sizes"] != _sizes(paths):
                return None
            return _Level(kept["lufs"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, paths: Mapping[str, Path], lufs: float | None) -> None:
        """Note what the files are, now that they are there."""
        kept = {"made_of": self.made_of, "sizes": _sizes(paths), "lufs": lufs}
        write_text(self.path, json.dumps(kept, allow_nan=False))


def _sizes(paths: Mapping[str, Path]) -> dict[str, int]:
    return {name: path.stat().st_size for name, path in paths.items()}


def matched(before: Audio, after: Audio) -> Matched:
    """Bring two versions of one stretch to equal loudness by turning the louder one down.

    Where one is mono and the other is not, the mono one is heard from two speakers alike.
    """
    if before.channels != after.channels:
        before, after = from_two_speakers(before), from_two_speakers(after)
    lufs = (_loudness(before), _loudness(after))
    gains = [1.0, 1.0]
    level = None
    if all(math.isfinite(value) for value in lufs):
        level = min(lufs)
        gains = [10 ** ((level - value) / 20) for value in lufs]
    peak = max(_peak(before) * gains[0], _peak(after) * gains[1], 1e-9)
    fit = min(1.0, HEADROOM / peak)
    if level is not None:
        level += 20 * math.log10(fit)
    scaled = [_scaled(sound, gain * fit) for sound, gain in zip((before, after), gains, strict=True)]
    difference = _scaled(Audio(after.samples - before.samples, before.rate_hz), fit)
    return Matched(
        scaled[0], scaled[1], _scaled(difference, min(1.0, HEADROOM / max(_peak(difference), 1e-9))), level
    )


def _loudness(audio: Audio) -> float:
    weights = heard_weights(audio.channels)
    return integrated_from_energies(k_weighted_block_energies(audio.samples, audio.rate_hz, weights))


def _peak(audio: Audio) -> float:
    return float(max(audio.samples.max(initial=0.0), -audio.samples.min(initial=0.0)))


def _scaled(audio: Audio, gain: float) -> Audio:
    return audio if gain == 1.0 else Audio(audio.samples * np.float32(gain), audio.rate_hz)
