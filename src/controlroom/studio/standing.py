"""The score as the ledger holds it: nothing is heard, and nobody is asked."""

from __future__ import annotations

from collections.abc import Mapping

from controlroom.engine.score import Node, Take, staged
from controlroom.model.proposals import Proposal, Stage
from controlroom.studio.deciding import sounding
from controlroom.studio.memory import HAND_MADE
from controlroom.studio.song import Song


def nodes_before(song: Song, take: Take, least_coherence: float) -> Mapping[Stage, Node]:
    """Return what each stage begins with: the take after the steps that stand upstream of it.

    An answer stands where its question was asked after exactly the steps that stand
    before it; a step that a person wrote always does.
    """
    asked, by_hand = song.memory.asked, song.memory.hand_made
    node: Node = take
    upstream: tuple[str, ...] = ()
    found: dict[Stage, Node] = {}
    for stage in Stage:
        found[stage] = node
        here = [p for p in asked if p.step.stage is stage and p.kind != HAND_MADE and p.upstream == upstream]
        steps = [decision.step for decision in sounding(song, here).values()]
        steps += [decision.step for decision in by_hand if decision.step.stage is stage]
        node = staged(node, stage, steps, least_coherence)
        upstream = (*upstream, *(step.id for step in steps))
    return found


def node_of(proposal: Proposal, nodes: Mapping[Stage, Node]) -> Node:
    """Return the node that a question was asked of where it still stands, else what its stage begins with."""
    asked_of = (node for node in nodes.values() if node.key == proposal.node)
    return next(asked_of, nodes[proposal.step.stage])
