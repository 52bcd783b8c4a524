"""Samples: kept by content, checked, named by steps, replayed bit for bit, and never silently missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from controlroom.model.context import Context
from controlroom.model.decisions import Answer
from controlroom.model.errors import AudioInputError, ControlRoomError, UsageError, VerifyError
from controlroom.studio import one_shots
from controlroom.studio.importing import take_audio
from controlroom.studio.song import opened
from controlroom.studio.walk import take_listening, walk_to_premaster

RATE_HZ = 48_000
LAYER = {"amount": 1.0, "front_db": 12.0, "most_db": 20.0}


def thud(freq_hz: float = 70.0, seconds: float = 0.3) -> np.ndarray:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    click = np.random.default_rng(2).standard_normal(t.size) * np.exp(-t / 0.003)
    return 0.5 * (np.sin(2 * np.pi * freq_hz * t) * np.exp(-t / 0.08) + 0.4 * click)


def written(path: Path, *channels: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    soundfile.write(path, np.stack(channels).T.astype(np.float32), rate_hz, subtype="PCM_24")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "Thud 70.wav", thud(), 0.5 * thud())


def code_of(call, *given, **named) -> str:
    with pytest.raises(ControlRoomError) as caught:
        call(*given, **named)
    assert caught.value.message
    assert caught.value.hint
    return caught.value.code


def premaster(song: Path) -> str:
    """Render every stage before the last from the ledger, nothing kept, and return the digest of what came out."""
    shutil.rmtree(song / ".cache", ignore_errors=True)
    with opened(song) as held:
        heard = take_listening(held, take_audio(held, held.take, Context()))
        return walk_to_premaster(held, heard, held.take.audio_digest, (), Context()).premaster_digest


def test_a_sample_is_kept_by_content_in_one_channel(studio, song, file):
    kept = studio.add_sample(song, file)
    assert studio.samples(song) == (kept,)
    sound, rate_hz = soundfile.read(song / kept.archived_as, dtype="float32")
    assert (rate_hz, sound.shape) == (RATE_HZ, (kept.frames,))
    assert np.allclose(sound, 0.75 * thud(), atol=1e-6)
    assert kept.id == f"o-{kept.audio_digest[:12]}"
    assert kept.kick_tone_hz == pytest.approx(70.0, rel=0.015)
    assert kept.snare_tone_hz is None
    entries = len(studio.history(song))
    assert studio.add_sample(song, file) == kept
    assert len(studio.history(song)) == entries
    assert any(kept.id in line for line in studio.verify(song))


@pytest.mark.parametrize("suffix, subtype", [(".flac", "PCM_24"), (".ogg", "VORBIS"), (".aiff", "PCM_16")])
def test_any_format_of_the_house_is_read(studio, song, tmp_path, suffix, subtype):
    soundfile.write(tmp_path / f"thud{suffix}", thud().astype(np.float32), RATE_HZ, subtype=subtype)
    assert studio.add_sample(song, tmp_path / f"thud{suffix}").frames == pytest.approx(
        0.3 * RATE_HZ, rel=0.01
    )


def test_what_is_no_one_shot_is_refused_and_leaves_nothing(studio, song, tmp_path):
    wave = thud()
    (tmp_path / "words.wav").write_text("not a sound")
    refused = {
        written(tmp_path / "long.wav", thud(seconds=2.1)): "sample.too-long",
        written(tmp_path / "short.wav", wave[:100]): "sample.too-short",
        written(tmp_path / "silent.wav", 0.0 * wave): "audio.silent",
        written(tmp_path / "sides.wav", wave, -wave): "sample.cancels",
        written(tmp_path / "many.wav", wave, wave, wave): "audio.channels",
        tmp_path / "words.wav": "audio.not-audio",
        tmp_path / "nowhere.wav": "audio.missing",
    }
    for path, code in refused.items():
        assert code_of(studio.add_sample, song, path) == code
    assert studio.samples(song) == ()
    assert not (song / "samples").exists()


def test_there_is_an_end_to_samples(studio, song, tmp_path, monkeypatch):
    monkeypatch.setattr(one_shots, "MOST", 1)
    studio.add_sample(song, written(tmp_path / "one.wav", thud()))
    assert code_of(studio.add_sample, song, written(tmp_path / "two.wav", thud(80.0))) == "sample.too-many"


def test_a_person_may_name_it_by_file_and_the_ledger_has_the_id(studio, stemmed, file, tmp_path):
    kept = studio.add_sample(stemmed, file)
    for named in ("thud 70", "Thud 70.wav", kept.id[:6], kept.id):
        decision = studio.do(stemmed, "layer", part="drums", knobs={**LAYER, "sample": named})
        assert decision.step.knobs["sample"] == kept.id
    again = studio.decide(
        stemmed, decision.proposal_id, Answer.EDIT, knobs={"sample": "THUD 70", "amount": 0.5}
    )
    assert again.step.knobs["sample"] == kept.id
    assert code_of(studio.do, stemmed, "layer", part="drums", knobs={"sample": "clap"}) == "sample.missing"
    (tmp_path / "other").mkdir()
    studio.add_sample(stemmed, written(tmp_path / "other" / "Thud 70.wav", thud(75.0)))
    assert (
        code_of(studio.do, stemmed, "layer", part="drums", knobs={"sample": "thud 70"}) == "sample.ambiguous"
    )
    numbered = studio.add_sample(stemmed, written(tmp_path / "808.wav", thud(50.0)))
    step = studio.do(
        stemmed, "layer", part="drums", knobs={**LAYER, "sample": 808.0}
    ).step  # as a terminal reads it
    assert step.knobs["sample"] == numbered.id


def test_a_sample_that_a_decision_names_stays_and_another_goes(studio, stemmed, file, tmp_path):
    kept = studio.add_sample(stemmed, file)
    other = studio.add_sample(stemmed, written(tmp_path / "other.wav", thud(90.0)))
    decision = studio.do(stemmed, "layer", part="drums", knobs={**LAYER, "sample": kept.id})
    studio.undo(stemmed, decision.proposal_id)
    assert code_of(studio.remove_sample, stemmed, kept.id) == "sample.in-use"
    assert studio.remove_sample(stemmed, "other") == other
    assert studio.samples(stemmed) == (kept,)
    assert not (stemmed / other.archived_as).exists()
    assert code_of(studio.remove_sample, stemmed, other.id) == "sample.missing"


@pytest.mark.usefixtures("deaf")
def test_it_sounds_and_replays_bit_for_bit_and_another_sample_sounds_otherwise(
    studio, stemmed, file, tmp_path
):
    dry = premaster(stemmed)
    first = studio.add_sample(stemmed, file)
    second = studio.add_sample(stemmed, written(tmp_path / "second.wav", thud(51.0, 0.1)[::-1]))
    done = studio.do(stemmed, "layer", part="drums", knobs={**LAYER, "sample": first.id})
    wet = premaster(stemmed)
    studio.decide(stemmed, done.proposal_id, Answer.EDIT, knobs={"sample": second.id})
    other = premaster(stemmed)
    studio.decide(stemmed, done.proposal_id, Answer.ACCEPT)
    shutil.copytree(stemmed, tmp_path / "elsewhere")
    assert premaster(stemmed) == wet == premaster(tmp_path / "elsewhere")
    assert len({dry, wet, other}) == 3


@pytest.mark.usefixtures("deaf")
def test_a_sample_that_is_lost_or_changed_is_an_error_until_it_is_brought_again(studio, stemmed, file):
    kept = studio.add_sample(stemmed, file)
    studio.do(stemmed, "layer", part="drums", knobs={**LAYER, "sample": kept.id})
    wet = premaster(stemmed)
    path = stemmed / kept.archived_as
    for spoil in (path.unlink, lambda: written(path, thud(71.0))):
        spoil()
        shutil.rmtree(stemmed / ".cache", ignore_errors=True)
        for verb in (studio.verify, premaster):
            with pytest.raises(VerifyError, match=r"Thud 70\.wav") as caught:
                verb(stemmed)
            assert caught.value.code == "verify.sample"
        assert studio.add_sample(stemmed, file) == kept
        assert premaster(stemmed) == wet


def test_a_preview_lays_it_and_refuses_what_is_not_there(studio, stemmed, file):
    kept = studio.add_sample(stemmed, file)
    studio.sounds(stemmed)
    studio.stem_sounds(stemmed)

    def heard(**knobs):
        return studio.preview(stemmed, "layer", 1.0, 4.0, knobs={**LAYER, **knobs}, part="drums").id

    assert len({heard(), heard(sample=kept.id)}) == 2
    assert heard(sample="Thud 70") == heard(sample=kept.id)
    assert code_of(heard, sample="o-000000000000") == "sample.missing"
    (stemmed / kept.archived_as).unlink()
    assert code_of(heard, sample=kept.id, amount=0.5) == "verify.sample"


def test_errors_are_of_their_kinds(studio, song, tmp_path):
    with pytest.raises(AudioInputError):
        studio.add_sample(song, written(tmp_path / "long.wav", thud(seconds=2.1)))
    with pytest.raises(UsageError):
        studio.remove_sample(song, "o-none")
