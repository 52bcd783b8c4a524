"""Takes of real life through the whole job: mono, too quiet, odd names, odd scales, incomplete files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import soundfile

from controlroom.cli.__main__ import run
from controlroom.model.audio import Audio
from controlroom.model.errors import AudioInputError, UsageError
from controlroom.model.song import Reading
from controlroom.studio.studio import Studio
from tests.conftest import music
from tests.media.sounds import riff
from tests.tolerances import LOUDNESS_LU

pytestmark = pytest.mark.usefixtures("deaf")


def saved(path: Path, audio: Audio, subtype: str = "PCM_24") -> Path:
    soundfile.write(path, audio.samples.T, audio.rate_hz, subtype=subtype)
    return path


def no_word(name: str) -> NoReturn:
    raise AssertionError(f"{name} is no JSON")


def strict(text: str) -> Any:
    return json.loads(text, parse_constant=no_word)


@pytest.fixture
def sound(rng: np.random.Generator) -> Audio:
    return music(rng, 4.0)


def test_mono_goes_out_as_two_equal_channels_planned_as_they_are_heard(
    studio: Studio, tmp_path: Path, rng: np.random.Generator
) -> None:
    one = music(rng, 4.0, rate_hz=32_000, channels=1)
    two = Audio(np.repeat(one.samples, 2, axis=0), one.rate_hz)
    made = {}
    for name, audio in (("mono", one), ("same-as-two", two)):
        take = saved(tmp_path / f"{name}.wav", audio)
        made[name] = studio.finish(take, out=tmp_path / name, policy="trusting", target_lufs=-14.0)
    mono, dual = made["mono"], made["same-as-two"]
    for left, right in zip(mono.render.masters, dual.render.masters, strict=True):
        assert left.lufs == pytest.approx(right.lufs, abs=LOUDNESS_LU)
        assert left.true_peak_dbtp == pytest.approx(right.true_peak_dbtp, abs=LOUDNESS_LU)
        assert left.lufs == pytest.approx(-14.0, abs=LOUDNESS_LU)
    assert mono.render.before.integrated_lufs == pytest.approx(
        dual.render.before.integrated_lufs, abs=LOUDNESS_LU
    )
    root = mono.song.folder.root
    for master in mono.render.masters:
        if master.format in {"wav24", "flac24"}:
            samples, _ = soundfile.read(root / master.path, always_2d=True)
            assert samples.shape[1] == 2
            # each channel has its own dither
            np.testing.assert_allclose(samples[:, 0], samples[:, 1], atol=2.0**-22)
    assert mono.song.take.facts.channels == 1
    assert "two equal channels" in mono.report.read_text(encoding="utf-8")


def test_with_nothing_decided_a_mono_takes_samples_stay_its_own(
    studio: Studio, tmp_path: Path, rng: np.random.Generator
) -> None:
    take = saved(tmp_path / "mono.wav", music(rng, 4.0, channels=1), "FLOAT")
    finished = studio.finish(take, out=tmp_path / "song", policy="none")
    premaster, _ = soundfile.read(
        finished.song.folder.root / finished.render.premaster, dtype="float32", always_2d=True
    )
    taken, _ = soundfile.read(take, dtype="float32", always_2d=True)
    np.testing.assert_array_equal(premaster, taken)


def quiet(sound: Audio) -> Audio:
    return Audio(sound.samples * np.float32(10 ** (-75 / 20)), sound.rate_hz)


def test_a_take_under_the_gate_says_why_it_has_no_master_and_leaves_with_a_code(
    tmp_path: Path, sound: Audio, capsys: pytest.CaptureFixture[str]
) -> None:
    take = saved(tmp_path / "quiet.wav", quiet(sound), "FLOAT")
    assert run(["finish", str(take), "--out", str(tmp_path / "song"), "--policy", "hygiene", "--json"]) == 3
    told = capsys.readouterr()
    finished = strict(told.out)
    assert finished["masters"] == []
    assert finished["plan"]["announced_lufs"] is None
    assert finished["no_master"]["code"] == "audio.no-loudness"
    assert "no 0.4 s of the sound is above -70 LUFS" in told.err
    manifest = next((tmp_path / "song" / "renders").glob("*/manifest.json"))
    assert strict(manifest.read_text())["plan"]["announced_lufs"] is None
    assert "No level could be planned" in (tmp_path / "song" / "report.html").read_text()


def test_what_is_too_quiet_can_be_turned_up_by_hand(studio: Studio, tmp_path: Path, sound: Audio) -> None:
    take = saved(tmp_path / "quiet.wav", quiet(sound), "FLOAT")
    assert studio.finish(take, out=tmp_path / "song", policy="hygiene").no_master is not None
    studio.do(tmp_path / "song", "gain", knobs={"gain_db": 55.0})
    made = studio.render(tmp_path / "song")
    assert made.no_master is None
    assert len(made.render.masters) == 4


@pytest.mark.parametrize("level_db, target_lufs", [(-46.0, -0.5), (29.0, -59.0)])
def test_a_gain_out_of_reach_is_told_in_words(
    studio: Studio, tmp_path: Path, sound: Audio, level_db: float, target_lufs: float
) -> None:
    take = saved(
        tmp_path / "take.wav",
        Audio(sound.samples * np.float32(10 ** (level_db / 20)), sound.rate_hz),
        "FLOAT",
    )
    made = studio.finish(take, out=tmp_path / "song", policy="trusting", target_lufs=target_lufs)
    plan = made.render.plan
    assert plan is not None
    assert abs(plan.gain_db) == 60.0
    assert plan.held_back_by == "gain.gain_db"
    assert "It was not reached: a gain goes no further than 60 dB" in made.report.read_text()


def test_a_gain_within_reach_is_not_said_to_be_out_of_it(
    studio: Studio, tmp_path: Path, sound: Audio
) -> None:
    take = saved(tmp_path / "take.wav", sound, "FLOAT")
    plan = studio.finish(take, out=tmp_path / "song", policy="trusting", target_lufs=-20.0).render.plan
    assert plan is not None
    assert plan.held_back_by != "gain.gain_db"


@pytest.mark.parametrize("target_lufs", [-100.0, 5.0, float("nan"), float("-inf")])
def test_a_target_that_no_master_can_have_leaves_no_folder(
    studio: Studio, tmp_path: Path, sound: Audio, target_lufs: float
) -> None:
    take = saved(tmp_path / "take.wav", sound)
    with pytest.raises(UsageError, match="LUFS is out of reach") as caught:
        studio.finish(take, out=tmp_path / "song", target_lufs=target_lufs)
    assert caught.value.code == "usage.target"
    assert not (tmp_path / "song").exists()


@pytest.mark.skipif(os.name != "posix", reason="such names are POSIX only")
@pytest.mark.parametrize("name", ["Re: Hello.wav", "-%03d.wav"])
def test_a_name_that_looks_like_a_protocol_is_a_file_in_and_out(
    studio: Studio, tmp_path: Path, sound: Audio, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    take = Path(name)
    soundfile.write(str(tmp_path / "x.wav"), sound.samples.T, sound.rate_hz)
    (tmp_path / "x.wav").rename(take)
    made = studio.finish(take, policy="trusting")
    assert len(made.render.masters) == 4
    assert all((made.song.folder.root / master.path).stat().st_size for master in made.render.masters)


def numbers(sound: Audio) -> bytes:
    return riff((sound.samples.T * 32_768).astype("<f4").tobytes(), code=3, bits=32, rate_hz=sound.rate_hz)


def test_integers_stored_as_floats_leave_nothing_half_done_and_come_in_scaled(
    studio: Studio, tmp_path: Path, sound: Audio
) -> None:
    take = tmp_path / "x.wav"
    take.write_bytes(numbers(sound))
    with pytest.raises(AudioInputError, match="integers stored as float"):
        studio.finish(take, out=tmp_path / "song")
    assert not (tmp_path / "song").exists()
    song = studio.new(tmp_path / "song")
    added = studio.add(song, take, reading=Reading(scale_db=-90.31))
    assert added.facts.scale_db == -90.31
    # what was said of these bytes stands: nobody is asked twice
    assert studio.add(song, take) == added
    assert studio.listen(song).facts == added.facts
    studio.verify(song)


def test_what_is_missing_is_told_by_add_show_and_the_ledger(
    tmp_path: Path, sound: Audio, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (sound.samples.T * 32_767).astype("<i2").tobytes()
    take, song = tmp_path / "x.wav", str(tmp_path / "song")
    take.write_bytes(riff(data, declared=2 * len(data), rate_hz=sound.rate_hz))
    assert run(["new", song]) == 0
    assert run(["add", song, str(take)]) == 3
    assert "or take what is there of it: --as-is" in capsys.readouterr().err
    assert run(["add", song, str(take), "--as-is"]) == 0
    told = "It is incomplete and was read as it is: 4.00 s are missing."
    assert told in capsys.readouterr().out
    assert run(["show", song]) == 0
    assert told in capsys.readouterr().out
    assert run(["history", song, "--json"]) == 0
    added = [one for one in strict(capsys.readouterr().out)["entries"] if one["kind"] == "take.added"]
    assert added[0]["body"]["facts"]["remarks"][0]["values"]["missing_s"] == pytest.approx(4.0)
    assert run(["listen", str(take), "--as-is"]) == 0
    assert told in capsys.readouterr().out
    assert run(["render", song]) == 0  # read again as it was read before
    assert told in capsys.readouterr().out
