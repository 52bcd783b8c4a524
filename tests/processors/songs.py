"""A made song with one defect of the lab in it, as the hands for stems meet it."""

from __future__ import annotations

from functools import cache

from lab.defects import DEFECTS, host_of
from lab.songs import make_song

from controlroom.detectors.form import all_detectors
from controlroom.engine.desk import render_stage, run_step
from controlroom.engine.trial import Trial
from controlroom.listening.listening import Listening
from controlroom.model.context import Context
from tests.detectors.sounds import standards

SEED = 9
LENGTH_S = 20.0


@cache
def host(length_s=LENGTH_S):
    return host_of(make_song(SEED, style="rock", duration_s=length_s))


@cache
def flawed(name, grade="clear", length_s=LENGTH_S):
    """Return the listening of a song with a defect, all its stems beside it."""
    clean = host(length_s)
    planted = DEFECTS[name].plant(clean, grade, SEED)
    return heard(planted.mix, {**clean.stems, **planted.stems})


def heard(mix, stems):
    return Listening(mix, stems={role: Listening(stem) for role, stem in stems.items()})


def told(listening, kind):
    """Return the findings of one kind that are judged."""
    detectors = [d for d in all_detectors().values() if kind in d.kinds]
    found = [f for d in detectors for f in d.detect(listening, standards())]
    return [f for f in found if f.kind == kind and not f.information]


def offers_of(processor, listening, kind):
    """Return what a processor offers for the one finding of a kind."""
    (finding,) = told(listening, kind)
    return processor.propose(finding, Trial(listening, standards()))


def alone(processor, part):
    """Return a part's sound as a processor by itself leaves it."""
    return run_step(part, processor.step(), Context()).audio


def after(listening, *offers):
    """Return the song with some offers taken."""
    steps = [offer.processor.step(offer.part, offer.span) for offer in offers]
    return render_stage(listening, steps, Context()).sound
