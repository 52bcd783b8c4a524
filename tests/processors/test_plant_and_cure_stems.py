"""Plant a defect in a song with stems, find it, take what is proposed, and measure that it did as it claims."""

from functools import cache

import numpy as np
import pytest
from lab.defects import DEFECTS, host_of
from lab.songs import make_song

from controlroom.detectors.form import all_detectors
from controlroom.engine.claims import outcome_of
from controlroom.engine.desk import render_stage
from controlroom.engine.trial import Trial
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.parts import BACKING, DRUMS, KIT, VOICES
from controlroom.processors.form import all_processors
from tests.detectors.sounds import PLANTS, standards

SEED, SECONDS = 4, 40.0
KINDS = sorted(
    {kind for p in all_processors().values() for kind in p.answers} - set(PLANTS),
)
"""What is answered and can't be planted in a mix alone."""

NAMES = {"cymbals": "percussion", "pads": "synth", "keys": "keyboard", "lead": "other"}
"""The synthesiser's words for parts, in the words of takes."""


@cache
def host():
    return host_of(make_song(SEED, duration_s=SECONDS))


def planted(kind):
    """Return a song with the clear grade of the first defect of a kind, its stems beside it."""
    defect = next(d for d in DEFECTS.values() if d.kind == kind)
    flawed = defect.plant(host(), "clear", 1)
    stems = {NAMES.get(role, role): stem for role, stem in flawed.stems.items()}
    if stems:
        stems[DRUMS] = _sum(stem for role, stem in stems.items() if role in KIT)
        stems[BACKING] = _sum(stem for role, stem in stems.items() if role not in (*VOICES, DRUMS))
    return Listening(flawed.mix, stems={role: Listening(stem) for role, stem in stems.items()})


def _sum(stems):
    stems = list(stems)
    total = sum(stem.samples.astype(np.float64) for stem in stems)
    return Audio(total.astype(np.float32), stems[0].rate_hz)


def found(kind, sound):
    every = [f for d in all_detectors().values() if kind in d.kinds for f in d.detect(sound, standards())]
    return [f for f in every if f.kind == kind and not f.information]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_proposed_does_as_it_claims(kind):
    sound = planted(kind)
    findings = found(kind, sound)
    assert findings
    offers = [
        offer
        for finding in findings
        for processor in all_processors().values()
        if kind in processor.answers
        for offer in processor.propose(finding, Trial(sound, standards()))
    ]
    assert offers or not sound.stems  # what is planted in the mix alone may need a stem to be cured
    for offer in offers:
        step = offer.processor.step(offer.part, offer.span)
        result = render_stage(sound, [step], Context())
        assert offer.claims
        for claim in offer.claims:
            after = result.sound.part(offer.part) if claim.on == "part" else result.sound
            value = outcome_of(claim, after, standards(), result.told.readings)
            assert claim.holds(value), (offer.processor, claim, value)
            assert claim.before != claim.expected
