"""Questions about stems: how sure they are, how far they boost, and that nothing moves without an answer.

A detector and a processor of the test's own stand for all others: one that
finds what it is told to, one that turns a stem up or down.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import soundfile

from controlroom.media.decode import decode
from controlroom.model.decisions import Answer
from controlroom.model.findings import Finding, Measurement
from controlroom.model.proposals import Claim, Stage
from controlroom.model.song import PartStatus, StemTrust
from controlroom.processors.form import Offer, Processor, knob
from controlroom.studio.trusting import confidence_of, may_be_removed
from tests.studio import a_band

PARTS = ("vocals", "hats", "drums", "bass")


class Level(Processor):
    """Turns a stem up or down."""

    name: ClassVar[str] = "test_level"
    stage: ClassVar[Stage] = Stage.STEMS
    order: ClassVar[int] = 500
    answers: ClassVar[tuple[str, ...]] = ("test-level",)
    gain_db: float = knob(0.0, low=-12.0, high=12.0, step=0.1, unit="dB", help="how far")

    @classmethod
    def propose(cls, finding, trial):
        gain_db = finding.measurements[0].value
        claim = Claim(
            measurement="loudness.integrated_lufs", before=-20.0, expected=-20.0 + gain_db, tolerance=60.0
        )
        return [Offer(cls(gain_db=gain_db), (claim,), part=finding.part)]

    def is_neutral(self):
        return self.gain_db == 0.0

    def max_boost_db(self):
        return max(0.0, self.gain_db)

    def apply(self, block, state):
        return np.asarray(block.samples * np.float32(10 ** (self.gain_db / 20)), np.float32)

    def weakened(self, amount):
        return self.model_copy(update={"gain_db": round(self.gain_db * amount, 1)})


class Ear:
    """Finds on every part in ``PARTS`` that it should be moved by ``gain_db``."""

    name = "test"
    kinds = ("test-level",)
    stage = Stage.STEMS
    version = 1
    gain_db = -1.0

    def detect(self, listening, standards):
        return [
            Finding(
                kind="test-level",
                part=part,
                measurements=(Measurement(name="test.gain_db", value=self.gain_db),),
                severity=0.5,
                confidence=0.9,
            )
            for part in PARTS
            if part in listening.stems
        ]


@pytest.fixture
def ear(monkeypatch):
    made = Ear()
    monkeypatch.setattr("controlroom.studio.walk.all_detectors", lambda: {"test": made})
    known = {"test_level": Level}
    monkeypatch.setattr("controlroom.studio.walk.all_processors", lambda: known)
    real = __import__("controlroom.processors.form", fromlist=["x"]).all_processors()
    monkeypatch.setattr("controlroom.processors.form.all_processors", lambda: {**real, **known})
    return made


def asked(studio, song):
    shown = studio.propose(song)
    return {p.step.part: p for p in shown.proposals if p.step.processor == "test_level"}


def bits(finished):
    samples, _ = soundfile.read(finished.as_dict()["premaster"], dtype="float32", always_2d=True)
    return samples.T.view(np.int32)


def test_a_question_on_a_stem_is_no_surer_than_the_stem_can_be_trusted(studio, stemmed, ear):
    proposals = asked(studio, stemmed)
    assert set(proposals) == set(PARTS)
    trusted = {line.role: line.confidence for line in studio.stems(stemmed).stems}
    for part, proposal in proposals.items():
        assert proposal.confidence == pytest.approx(0.9 * trusted[part])
    assert proposals["hats"].confidence < proposals["vocals"].confidence


def test_boosts_of_a_stem_that_is_not_trusted_are_cut_to_the_standard_before_they_are_asked(
    studio, stemmed, ear
):
    ear.gain_db = 6.0
    proposals = asked(studio, stemmed)
    trusted = {line.role: line.boostable for line in studio.stems(stemmed).stems}
    assert trusted["vocals"]
    assert not trusted["hats"]
    assert proposals["vocals"].step.knobs["gain_db"] > 3.0  # as far as the guards let it
    assert proposals["hats"].step.knobs["gain_db"] == pytest.approx(3.0)
    assert proposals["hats"].amount == pytest.approx(0.5)


def test_a_part_that_stays_is_not_asked_about_nor_what_holds_it(studio, stemmed, ear):
    studio.mark(stemmed, "hats", PartStatus.STAYS)
    assert set(asked(studio, stemmed)) == {"vocals", "bass"}
    studio.mark(stemmed, "hats", None)
    assert set(asked(studio, stemmed)) == set(PARTS)


def test_all_rejected_is_the_take_bit_for_bit_and_one_accepted_moves_only_its_part(
    studio, stemmed, ear, band
):
    proposals = asked(studio, stemmed)
    for proposal in proposals.values():
        studio.decide(stemmed, proposal.id, Answer.REJECT, reason="leave it")
    take = decode(band / "take.wav").audio
    rejected = studio.render(stemmed)
    np.testing.assert_array_equal(bits(rejected), take.samples.view(np.int32))
    assert rejected.render.premaster_digest == rejected.render.audio_digest
    studio.decide(stemmed, proposals["bass"].id, Answer.ACCEPT)
    moved = bits(studio.render(stemmed)).view(np.float32).astype(np.float64) - take.samples
    bass = a_band.parts()["bass.wav"].astype(np.float64) * (10 ** (-1 / 20) - 1)
    np.testing.assert_allclose(moved, bass, atol=1e-6)
    studio.undo(stemmed, proposals["bass"].id)
    studio.decide(stemmed, proposals["bass"].id, Answer.REJECT)
    np.testing.assert_array_equal(bits(studio.render(stemmed)), take.samples.view(np.int32))


def test_masters_with_all_stem_questions_rejected_are_those_of_the_song_without_stems(
    studio, stemmed, band, ear
):
    assert studio.finish(band / "take.wav", out=stemmed, policy="hygiene")
    for proposal in asked(studio, stemmed).values():
        studio.decide(stemmed, proposal.id, Answer.REJECT)
    with_stems = studio.finish(band / "take.wav", out=stemmed, policy="hygiene")
    without = studio.finish(band / "take.wav", out=stemmed.parent / "plain", policy="hygiene")
    assert [m.lufs for m in with_stems.render.masters] == [m.lufs for m in without.render.masters]
    assert with_stems.render.premaster_digest == without.render.premaster_digest
    lossless = [
        [(stemmed.parent / where / m.path).read_bytes()[-200_000:] for m in finished.render.masters[:1]]
        for where, finished in (("song", with_stems), ("plain", without))
    ]
    assert lossless[0] == lossless[1]


def test_a_question_about_another_stem_of_the_same_role_is_another_question(studio, stemmed, ear, tmp_path):
    first = asked(studio, stemmed)
    sounds = a_band.parts()
    sounds["drums.wav"] = sounds["drums.wav"] + 0.1 * sounds["keyboard.wav"]
    studio.add_stems(stemmed, a_band.write_folder(tmp_path / "other", sounds))
    again = asked(studio, stemmed)
    assert again["hats"].id != first["hats"].id
    assert again["vocals"].id == first["vocals"].id
    assert {p.id for p in studio.show(stemmed).proposals} == {p.id for p in again.values()} | {
        p.id for p in studio.show(stemmed).proposals if p.step.part == "mix"
    }


def test_an_answer_carries_over_to_the_same_question_about_new_stems(studio, stemmed, ear, tmp_path):
    studio.decide(stemmed, asked(studio, stemmed)["drums"].id, Answer.ACCEPT)
    louder = {
        name: x * np.float32(1.0 if "drums" not in name else 0.999) for name, x in a_band.parts().items()
    }
    studio.add_stems(stemmed, a_band.write_folder(tmp_path / "other", louder))
    proposal = asked(studio, stemmed)["drums"]
    carried = studio.show(stemmed).decisions[proposal.id]
    assert carried.answer is Answer.ACCEPT
    assert carried.carried_from


def test_previews_and_auditions_of_a_stem_are_heard_in_the_mix(studio, stemmed, ear, band):
    studio.sounds(stemmed)
    sound = studio.preview(stemmed, "remove", 0.0, 5.9, knobs={"amount": 1.0}, part="bass")
    files = studio.sound_files(stemmed, sound.id)
    heard = np.fromfile(files.samples, "<f4").reshape(2, -1)
    take = decode(band / "take.wav").audio.samples[:, : heard.shape[1]]
    bass = a_band.parts()["bass.wav"][:, : heard.shape[1]]
    np.testing.assert_allclose(heard, take - bass, atol=1e-6)
    proposal = asked(studio, stemmed)["bass"]
    made = studio.audition(stemmed, proposal.id)
    assert made.before.is_file()
    assert made.difference.is_file()


@pytest.mark.parametrize(
    "worse",
    [{"null_db": -3.0}, {"bleed_db": -3.0}, {"artifact": 0.5}, {"coherence": (0.5, 0.5)}],
)
def test_confidence_falls_with_each_of_what_it_is_made_of(worse):
    good = StemTrust(null_db=-60.0, bleed_db=-30.0, artifact=0.02, coherence=(1.0, 1.0), silent=(False, True))
    assert confidence_of(None) == 1.0
    assert 0.97 < confidence_of(good) <= 1.0
    assert confidence_of(good.model_copy(update=worse)) < 0.75 * confidence_of(good)
    gone = good.model_copy(update={"coherence": (0.0, 0.0)})
    assert confidence_of(gone) == 0.0


def test_a_band_that_holds_next_to_nothing_of_a_stem_does_not_forbid_its_removal(studio):
    standards = studio.standards()
    trust = StemTrust(
        coherence=(1.0, 0.9), coherence_edges_hz=(20.0, 1000.0, 16_000.0), level_db=(0.0, -55.0)
    )
    assert may_be_removed(trust, standards)
    assert not may_be_removed(trust.model_copy(update={"level_db": (-1.0, -20.0)}), standards)
