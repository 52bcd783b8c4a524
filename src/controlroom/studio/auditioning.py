"""Before, after and difference of one proposal, at equal loudness.

The louder of the two is turned down, never the quieter up, so nothing can clip
and louder can't win by being louder. The difference is what was changed at the
level at which it sounds in the mix, and under the same gain.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from controlroom.dsp.k_weighting import heard_weights, k_weighted_block_energies
from controlroom.dsp.loudness import integrated_from_energies
from controlroom.engine.cache import FolderCache
from controlroom.engine.deliverable import from_two_speakers
from controlroom.engine.player import Player
from controlroom.engine.score import Node, Take, staged
from controlroom.listening.heard import loudest_of
from controlroom.listening.listening import Listening
from controlroom.media.encode import MediaFormat, write
from controlroom.media.files import environment_fault, write_text
from controlroom.model.audio import Audio
from controlroom.model.base import canonical_json, digest_text
from controlroom.model.context import Context
from controlroom.model.errors import DecisionError
from controlroom.model.findings import Finding
from controlroom.model.proposals import Proposal
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span
from controlroom.studio.importing import take_audio
from controlroom.studio.song import Song
from controlroom.studio.standing import node_of, nodes_before
from controlroom.studio.walk import Walk, handling, take_listening

FORM = MediaFormat.MP3_V0
HEADROOM = 0.98
"""Encoders that limit their input to full scale must have nothing to limit."""


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
    sound = take_listening(song, take_audio(song, take, context))
    start, rules = Take.of(sound), handling(song, FolderCache(song.folder.cache / "desk"))
    player = Player({start: sound}, lambda: rules)
    node = node_of(proposal, nodes_before(song, start, rules.min_coherence))
    before = player.listening(node, context)
    span = before.span(*span_s) if span_s else span_of(proposal, before, song.memory.findings, song.standards)
    return write_audition(song, player, proposal, node, span)


def write_waiting(walk: Walk, context: Context) -> dict[str, AuditionFiles]:
    """Write the audition files of everything that waits for a decision."""
    files = {}
    waiting = walk.waiting
    for index, proposal in enumerate(waiting):
        context.tell("audition", index / len(waiting))
        node = walk.inputs.get(proposal.id, walk.node)
        span = span_of(proposal, walk.player.listening(node), walk.findings, walk.song.standards)
        files[proposal.id] = write_audition(walk.song, walk.player, proposal, node, span)
    return files


def span_of(proposal: Proposal, sound: Listening, findings: Sequence[Finding], standards: Standards) -> Span:
    """Return where a proposal is heard best: its finding's place, else the loudest stretch."""
    length_s, lead_s = standards.number("audition.length_s"), standards.number("audition.lead_s")
    about = next((f.span for f in findings if f.id in proposal.answers and f.span), None)
    place = proposal.step.span or about
    start_s = place.start_s - lead_s if place and place.length_s < length_s else loudest_of(sound).start_s
    start_s = max(0.0, min(start_s, sound.audio.duration_s - length_s))
    return sound.span(start_s, start_s + length_s)


def write_audition(song: Song, player: Player, proposal: Proposal, node: Node, span: Span) -> AuditionFiles:
    """Write before, after and difference of one proposal, asked of a node, over a span."""
    step = proposal.step
    with_it = staged(node, step.stage, (step,), handling(song).min_coherence)
    before, after = player.sound(node, span), player.sound(with_it, span)
    folder = song.folder.auditions / proposal.id
    paths = {name: folder / f"{name}{FORM.extension}" for name in ("before", "after", "difference")}
    made_of = [FORM.value, metadata.version("av"), before.digest(), after.digest()]
    slip = _Slip(
        song.folder.cache / "auditions" / f"{proposal.id}.json", digest_text(canonical_json(made_of))
    )
    if (files := slip.found(paths, span.start_s)) is not None:
        return files
    pair = matched(before, after)
    for place in (folder, slip.path.parent):
        try:
            place.mkdir(parents=True, exist_ok=True)
            slip.path.unlink(missing_ok=True)  # half-written files have none
        except OSError as error:
            raise environment_fault(error, place) from error
    for name, path in paths.items():
        write(path, getattr(pair, name), FORM)
    slip.write(paths, pair.lufs)
    return AuditionFiles(**paths, start_s=span.start_s, matched_lufs=pair.lufs)


@dataclass(frozen=True)
class _Slip:
    """What three files were made of: a render writes again only those that sound different now.

    Encoding is most of what a render of a short song costs. The slip lies in the
    cache; without it, or when a file has not the size that it had, all are written.
    """

    path: Path
    made_of: str

    def found(self, paths: Mapping[str, Path], start_s: float) -> AuditionFiles | None:
        """Return the files when they are there, made of the same sounds."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            if kept["made_of"] != self.made_of or kept["sizes"] != _sizes(paths):
                return None
            return AuditionFiles(**paths, start_s=start_s, matched_lufs=kept["lufs"])
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
