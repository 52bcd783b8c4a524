"""The LOUDNESS stage: how loud, what held it back, and the two steps that do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controlroom.listening.heard import loudness_of
from controlroom.model.decisions import Decider
from controlroom.model.proposals import Claim, Proposal, Stage
from controlroom.model.render import LoudnessPlan
from controlroom.processors.gain import Gain
from controlroom.studio.deciding import ask, sounding
from controlroom.studio.walk import Walk


@dataclass(frozen=True)
class Levelled:
    """The plan of the masters' level, and what was asked of it."""

    plan: LoudnessPlan
    proposals: tuple[Proposal, ...]


def level(walk: Walk, deciders: Sequence[Decider]) -> Levelled:
    """Plan the level, ask, and take the accepted steps into the walk."""
    standards = walk.song.standards
    heard = loudness_of(walk.now)
    target = walk.song.memory.target_lufs or standards.number("loudness.target_low_lufs")
    gain = Gain(
        gain_db=min(
            target - heard.integrated_lufs, standards.number("loudness.ceiling_dbtp") - heard.true_peak_dbtp
        )
    )
    announced = heard.integrated_lufs + gain.gain_db
    claim = Claim(
        measurement="loudness.integrated_lufs",
        before=heard.integrated_lufs,
        expected=announced,
        tolerance=0.1,
    )
    proposal = Proposal(
        source_digest=walk.source_digest,
        upstream=walk.upstream,
        step=gain.step(),
        kind="level",
        claims=(claim,),
    )
    walk.song.memory.add_proposals([proposal], walk.song.now())
    walk.proposals.append(proposal)
    ask(walk.song, Stage.LOUDNESS, [proposal], walk.findings, deciders)
    decided = sounding(walk.song, [proposal])
    walk.decisions.update(decided)
    walk.steps.extend(d.step for d in decided.values())
    plan = LoudnessPlan(target_lufs=target, announced_lufs=announced, gain_db=gain.gain_db, ceiling_dbtp=-1.0)
    return Levelled(plan, (proposal,))
