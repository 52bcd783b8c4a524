"""Width above a corner: the side moves as proposed, the mid never, and what is proposed cures."""

from functools import cache

import numpy as np
import pytest

from controlroom.detectors.low_end_width import LowEndWidthDetector
from controlroom.detectors.stereo_image import StereoImageDetector
from controlroom.dsp.spectrum import band_spectra, decibels
from controlroom.dsp.stereo import side_over_mid_db, to_mid_side
from controlroom.engine.desk import render_stage, run_step
from controlroom.engine.trial import Trial
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.timeline import Span
from controlroom.processors.low_end_mono import LowEndMono
from controlroom.processors.stem_width import StemWidth
from tests import tolerances as tol
from tests.detectors.sounds import clean, noise, standards

RATE_HZ = 32000
SECONDS = 16.0


@cache
def voice():
    return Audio(noise(SECONDS, RATE_HZ, 1).repeat(2, axis=0), RATE_HZ)


@cache
def pads(from_s=0.0):
    """Return a part whose two channels oppose each other from some second on, and agree before."""
    rows = np.concatenate([noise(SECONDS, RATE_HZ, seed) for seed in (2, 3)])
    mid, side = 0.5 * rows[0], 1.5 * rows[1] * (np.arange(rows.shape[1]) >= from_s * RATE_HZ)
    return Audio(np.stack([mid + side, mid - side]).astype(np.float32), RATE_HZ)


@cache
def song(from_s=0.0):
    stems = {"vocals": Audio(0.3 * voice().samples, RATE_HZ), "synth": pads(from_s)}
    mix = Audio(sum(stem.samples for stem in stems.values()), RATE_HZ)
    return Listening(mix, stems={role: Listening(stem) for role, stem in stems.items()})


def width_db(audio, start_s=0.0, end_s=SECONDS):
    spectra = band_spectra(audio.samples[:, int(start_s * RATE_HZ) : int(end_s * RATE_HZ)], RATE_HZ)
    return side_over_mid_db(spectra, spectra.between(630.0, 12500.0))


@pytest.mark.parametrize("side_db", [-6.0, 3.0])
def test_the_side_above_the_corner_moves_by_the_gain_and_the_mid_never(side_db):
    before = clean()
    after = run_step(Listening(before), StemWidth(side_db=side_db).step(), Context()).audio
    assert np.allclose(to_mid_side(after.samples)[0], to_mid_side(before.samples)[0], atol=tol.FLOAT32)
    was, now = (band_spectra(s.samples, s.rate_hz) for s in (before, after))
    change = decibels(now.side.mean(axis=0)) - decibels(was.side.mean(axis=0))
    assert np.all(np.abs(change[was.between(2500.0, 16000.0)] - side_db) < tol.CARVED_DB)
    assert np.all(np.abs(change[was.between(40.0, 100.0)]) < tol.CARVED_DB)


def test_a_section_moves_as_asked_and_the_rest_stays():
    span = Span(clock="take", start_s=5.0, end_s=11.0)
    after = run_step(
        Listening(pads()), StemWidth(side_db=-4.0, corner_hz=200.0).step("synth", span), Context()
    ).audio
    assert abs(width_db(after, 5.2, 10.8) - width_db(pads(), 5.2, 10.8) + 4.0) < tol.CARVED_DB
    outside = np.r_[0 : 5 * RATE_HZ, 11 * RATE_HZ : after.frames]
    assert np.array_equal(after.samples[:, outside], pads().samples[:, outside])


@pytest.mark.parametrize("kind", ["mono-fold", "side-highs"])
def test_what_is_proposed_cures_on_the_part_that_is_to_blame(kind):
    finding = next(f for f in StereoImageDetector().detect(song(), standards()) if f.kind == kind)
    (offer,) = StemWidth.propose(finding, Trial(song(), standards()))
    assert offer.part == "synth"
    assert offer.span is None
    result = render_stage(song(), [offer.processor.step(offer.part)], Context()).sound
    for claim in offer.claims:
        after = result if claim.on == "song" else result.part(offer.part)
        assert claim.holds(measure(after, claim.measurement, standards()))
    assert kind not in {f.kind for f in StereoImageDetector().detect(result, standards())}
    assert np.array_equal(result.stems["vocals"].audio.samples, song().stems["vocals"].audio.samples)


def test_only_the_section_that_falls_apart_is_narrowed():
    findings = StereoImageDetector().detect(song(8.0), standards())
    finding = next(f for f in findings if f.kind == "side-highs")
    (offer,) = StemWidth.propose(finding, Trial(song(8.0), standards()))
    assert 7.0 <= offer.span.start_s <= 8.5
    assert offer.span.end_s > SECONDS - 1.0


def test_without_stems_the_mix_is_narrowed():
    mix = Listening(song().audio)
    finding = next(f for f in StereoImageDetector().detect(mix, standards()) if f.kind == "mono-fold")
    (offer,) = StemWidth.propose(finding, Trial(mix, standards()))
    assert offer.part == "mix"
    assert offer.processor.side_db < 0.0


@cache
def bass_song(correlation):
    """Return a song whose bass has this correlation between its channels and all of its power below 100 Hz."""
    at_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    a, b = np.sqrt((1 + correlation) / 2), np.sqrt((1 - correlation) / 2)
    waves = [sum(np.sin(2 * np.pi * f * at_s + q) for f in (41.0, 55.0, 82.0)) for q in (0.0, np.pi / 2)]
    bass = 0.1 * np.stack([a * waves[0] + b * waves[1], a * waves[0] - b * waves[1]])
    stems = {"vocals": Audio(0.1 * voice().samples, RATE_HZ), "bass": Audio(bass.astype(np.float32), RATE_HZ)}
    mix = Audio(sum(stem.samples for stem in stems.values()), RATE_HZ)
    return Listening(mix, stems={role: Listening(stem) for role, stem in stems.items()})


@pytest.mark.parametrize("correlation", [0.6, 0.0, -0.5])
def test_a_bass_that_falls_apart_ends_in_the_middle(correlation):
    (finding,) = LowEndWidthDetector().detect(bass_song(correlation), standards())
    assert finding.part == "bass"
    (offer,) = LowEndMono.propose(finding, Trial(bass_song(correlation), standards()))
    result = render_stage(bass_song(correlation), [offer.processor.step(offer.part)], Context()).sound
    bass = result.part("bass")
    (claim,) = offer.claims
    assert claim.holds(measure(bass, claim.measurement, standards()))
    assert measure(bass, "stereo.low_side_mid_db", standards()) <= PLANTED_DB
    power = np.sum(bass.audio.samples.astype(float) ** 2, axis=1)
    assert abs(decibels(power[0] / power[1])) < BALANCED_DB
    assert LowEndWidthDetector().detect(result, standards()) == []


PLANTED_DB, BALANCED_DB = -15.0, 0.5


def wide_low_end(turned_s):
    """Return a mix whose low end is wide, and out of phase for its last seconds."""
    at_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    bass, side = 0.2 * np.sin(2 * np.pi * 55.0 * at_s), 0.16 * np.sin(2 * np.pi * 73.4 * at_s)
    sides = np.stack([bass + side, bass - side])
    late = at_s >= SECONDS - turned_s
    sides[:, late] = np.stack([bass, -bass])[:, late]
    return Listening(Audio(sides.astype(np.float32), RATE_HZ))


@pytest.mark.parametrize("turned_s, offers", [(0.0, 1), (3.0, 0)])
def test_a_low_end_that_is_out_of_phase_somewhere_is_left(turned_s, offers):
    """The side is all that sounds there: taken off, it is the bass that goes."""
    mix = wide_low_end(turned_s)
    (finding,) = LowEndWidthDetector().detect(mix, standards())
    assert len(LowEndMono.propose(finding, Trial(mix, standards()))) == offers


def test_a_bass_in_the_middle_is_no_finding():
    assert LowEndWidthDetector().detect(bass_song(0.95), standards()) == []
