"""A song's stems: kept as a set with their trust, checked, and replaced whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from controlroom.cli.__main__ import run
from controlroom.media.files import sync_file
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import (
    AudioInputError,
    ControlRoomError,
    EnvironmentFault,
    SongError,
    UsageError,
    VerifyError,
)
from controlroom.model.song import Reading
from controlroom.report.stem_words import done_to
from controlroom.studio.memory import Memory
from controlroom.studio.separating import SeparatedParts
from tests.studio import a_band
from tests.tolerances import FLOAT32


def lines(view):
    return {stem.role: stem for stem in view.stems}


def test_true_stems_are_kept_at_the_takes_rate_and_length_and_add_up_to_it(studio, stemmed, band):
    view = studio.stems(stemmed)
    found = lines(view)
    assert view.backend == "imported"
    assert view.null_db < -80
    assert not view.incomplete
    assert {role for role, line in found.items() if not line.leaf} == {"accompaniment", "drums"}
    take, rate_hz = soundfile.read(band / "take.wav", dtype="float32", always_2d=True)
    total = np.zeros(take.shape)
    for path in stemmed.glob("stems/*/*/*.wav"):
        samples, own_hz = soundfile.read(path, dtype="float32", always_2d=True)
        assert (own_hz, samples.shape) == (rate_hz, take.shape)
        assert soundfile.info(path).subtype == "FLOAT"
        if found[path.stem].leaf:
            total += samples
    assert np.abs(total - take).max() < 1e-5
    for role in ("vocals", "bass", "keyboard"):
        assert found[role].confidence > 0.9
        assert found[role].boostable
        assert found[role].origin == f"imported: {role}.wav"
    assert found["kick"].origin == "imported: drums.wav > drum classes"
    assert found["hats"].confidence < found["drums"].confidence


def test_the_view_is_plain_json_and_needs_no_lock(studio, stemmed):
    shown = studio.stems(stemmed).as_dict()
    assert json.loads(json.dumps(shown)) == shown
    assert set(shown) >= {"backend", "null_db", "incomplete", "regenerated", "foreign", "left_out", "stems"}
    assert set(shown["stems"][0]) >= {
        "role",
        "origin",
        "leaf",
        "trust",
        "confidence",
        "refused_bands_hz",
        "status",
    }


def test_without_stems_the_view_is_empty_and_a_step_on_one_says_how_to_get_them(studio, song):
    assert studio.stems(song).stems == ()
    with pytest.raises(SongError, match="no stems of this take") as caught:
        studio.do(song, "remove", part="vocals", knobs={"amount": 1.0})
    assert caught.value.code == "stems.none"
    assert f"controlroom stems {song} --separate" in caught.value.hint


def test_the_same_stems_again_are_one_entry_and_others_replace_them_whole(studio, stemmed, band, tmp_path):
    studio.add_stems(stemmed, band / "stems")
    entries = [e for e in studio.history(stemmed) if e["kind"] == "stems.set"]
    assert len(entries) == 1
    fewer = {name: x for name, x in a_band.parts().items() if name != "keyboard.wav"}
    fewer["bass.wav"] = fewer["bass.wav"] + a_band.parts()["keyboard.wav"]
    view = studio.add_stems(stemmed, a_band.write_folder(tmp_path / "other", fewer))
    assert "keyboard" not in lines(view)
    assert len(list(stemmed.glob("stems/*/*"))) == 1
    assert studio.verify(stemmed)


def test_an_accompaniment_in_one_piece_is_split_and_its_parts_say_how_bad_they_are(studio, song, tmp_path):
    sounds = a_band.parts()
    rest = sounds["drums.wav"] + sounds["bass.wav"] + sounds["keyboard.wav"]
    two = {"vocals.wav": sounds["vocals.wav"], "Song (Instrumental).wav": rest}
    found = lines(studio.add_stems(song, a_band.write_folder(tmp_path / "two", two)))
    assert {"vocals", "accompaniment", "drums", "bass", "kick", "hats"} <= set(found)
    assert found["accompaniment"].confidence > found["bass"].confidence
    assert found["bass"].origin == "imported: Song (Instrumental).wav > parts"


def test_a_drum_bus_beside_its_own_kick_is_no_second_kick(studio, song, tmp_path):
    sounds = a_band.parts()
    t = np.arange(sounds["drums.wav"].shape[1]) / a_band.RATE_HZ
    kick = (0.2 * np.sin(2 * np.pi * 55 * t) * np.exp(-(t % 0.5) / 0.08)).astype(np.float32)
    sounds["kick.wav"] = np.stack([1.2 * kick, 0.8 * kick])
    view = studio.add_stems(song, a_band.write_folder(tmp_path / "bus", sounds))
    found = lines(view)
    assert view.null_db < -80
    assert found["percussion"].origin == "imported: drums.wav without kick"
    assert found["drums"].members == ("kick", "percussion")


def test_suno_names_stand_with_drums_and_percussion_apart(studio, tmp_path):
    names = ("Vocals", "Drums", "Bass", "Keyboard")
    sounds = {f"Song ({name}).wav": x for name, x in zip(names, a_band.parts().values(), strict=True)}
    rng = np.random.default_rng(4)
    clave = np.zeros_like(sounds["Song (Bass).wav"])
    for start in rng.integers(0, clave.shape[1] - 3000, 20):
        clave[:, start : start + 3000] += 0.1 * rng.standard_normal(3000) * np.exp(-np.arange(3000) / 400)
    sounds["Song (Percussion).wav"] = clave
    root = studio.new(tmp_path / "suno")
    studio.add(root, a_band.write_take(tmp_path / "suno.wav", sounds))
    sounds["Song (FX).wav"] = np.full_like(sounds["Song (Bass).wav"], 1e-4)
    view = studio.add_stems(
        root, a_band.write_zip(tmp_path / "suno.zip", a_band.write_folder(tmp_path / "s", sounds))
    )
    found = lines(view)
    assert view.null_db < -60
    assert found["drums"].members == ("kick", "snare", "hats", "percussion")
    assert [(one.name, one.why) for one in view.left_out] == [("Song (FX).wav", "near-silent")]


def test_mono_stems_and_two_of_one_role(studio, song, tmp_path):
    sounds = a_band.parts()
    keys = sounds.pop("keyboard.wav")
    halves = {
        "Guitar 1.wav": 0.5 * keys,
        "Guitar 2.wav": 0.5 * keys,
        "vocals.wav": sounds.pop("vocals.wav")[:1],
    }
    view = studio.add_stems(song, a_band.write_folder(tmp_path / "mono", sounds | halves))
    found = lines(view)
    assert found["guitar"].origin == "imported: Guitar 1.wav + Guitar 2.wav"
    assert found["guitar"].confidence > 0.9
    path = next(stemmed for stemmed in song.glob("stems/*/*/vocals.wav"))
    assert soundfile.info(path).channels == 2


# ------------------------------------------------------------------ what is refused


def bad_sources(folder: Path) -> dict[str, Path]:
    """Return every kind of source that is refused, by error code."""
    sounds = a_band.parts()
    made = {}

    def as_folder(code: str, files: dict[str, np.ndarray]) -> Path:
        made[code] = a_band.write_folder(folder / code, files)
        return made[code]

    as_folder("stem.role-asked", sounds | {"Audio 1.wav": sounds["keyboard.wav"]})
    as_folder("stem.role-twice", {"Lead Vocals.wav": sounds["vocals.wav"], "Vox 2.wav": sounds["vocals.wav"]})
    as_folder("stem.too-many", {f"guitar {n}.wav": sounds["bass.wav"][:, :2000] for n in range(40)})
    as_folder("stem.foreign", sounds | {"vocals.wav": 3 * a_band.parts(seed=5)["vocals.wav"]})
    as_folder("stem.all-silent", {"vocals.wav": 1e-5 * sounds["vocals.wav"]})
    as_folder("stem.none", {})
    bomb = made["stem.too-large"] = folder / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vocals.wav", b"x")
    # the directory claims 4 GB: nothing is unpacked to find that out
    data = bytearray(bomb.read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (0xF0000000).to_bytes(4, "little")
    bomb.write_bytes(bytes(data))
    evil = made["stem.unsafe-path"] = folder / "evil.zip"
    with zipfile.ZipFile(evil, "w") as archive:
        archive.writestr("../../vocals.wav", b"x")
    locked = made["stem.encrypted"] = folder / "locked.zip"
    with zipfile.ZipFile(locked, "w") as archive:
        archive.writestr("vocals.wav", b"x")
    data = bytearray(locked.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(bytes(data))
    made["stem.source"] = folder / "nowhere"
    return made


SAID = {
    "stem.role-asked": r"Audio 1\.wav",
    "stem.role-twice": "2 files claim to be the vocals",
    "stem.too-many": "40 stems",
    "stem.foreign": r"vocals \(imported: vocals\.wav\) is not of this take",
    "stem.all-silent": r"vocals\.wav",
    "stem.none": "no audio file",
    "stem.too-large": "unpacks to 4026531840 bytes",
    "stem.unsafe-path": r"'\.\./\.\./vocals\.wav'",
    "stem.encrypted": "is encrypted",
    "stem.source": "nowhere is no folder",
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    return bad_sources(tmp_path_factory.mktemp("refused"))


@pytest.mark.parametrize("code", SAID)
def test_a_bad_source_is_named_with_what_to_do_and_changes_nothing(studio, song, refused, code):
    before = studio.history(song)
    with pytest.raises(ControlRoomError, match=SAID[code]) as caught:
        studio.add_stems(song, refused[code])
    assert caught.value.code == code
    assert caught.value.hint
    assert studio.history(song) == before
    assert not list(song.glob("stems/*/*"))


# ------------------------------------------------------------------ as they come


def done(view) -> dict[str, str]:
    return {file["name"]: "; ".join(done_to(file)) for file in view.as_dict()["files"]}


def test_a_mix_without_the_bass_is_the_rest_and_a_step_on_the_bass_leaves_it_alone(studio, song, tmp_path):
    sounds = a_band.parts()
    bass = sounds.pop("bass.wav")
    two = {"1_song_(Bass).wav": bass, "1_song_(No Bass).wav": sum(sounds.values())}
    view = studio.add_stems(song, a_band.write_folder(tmp_path / "two", two))
    assert [line.role for line in view.stems if line.leaf] == ["bass", "other"]
    assert view.null_db < -80
    kept = soundfile.read(next(song.glob("stems/*/*/bass.wav")), dtype="float32")[0]
    np.testing.assert_allclose(kept.T, bass, atol=FLOAT32)


def test_rests_beside_each_other_share_one_rest(studio, song, tmp_path):
    sounds = a_band.parts()
    bass, drums = sounds["bass.wav"], sounds["drums.wav"]
    take = sum(sounds.values())
    four = {"bass.wav": bass, "no_bass.wav": take - bass, "drums.wav": drums, "no_drums.wav": take - drums}
    view = studio.add_stems(song, a_band.write_folder(tmp_path / "four", four))
    assert {"bass", "drums", "other"} <= set(lines(view))
    assert lines(view)["other"].origin == "imported: no_bass.wav without drums"
    assert [(one.name, one.why) for one in view.left_out] == [("no_drums.wav", "held")]
    assert view.null_db < -80


def test_files_of_one_part_that_are_the_whole_take_are_asked_about(studio, song, tmp_path):
    sounds = a_band.parts()
    bass = sounds.pop("bass.wav")
    source = a_band.write_folder(tmp_path / "both", {"bass 1.wav": bass, "bass 2.wav": sum(sounds.values())})
    with pytest.raises(UsageError, match=r"called bass.*whole take: bass 1\.wav, bass 2\.wav") as caught:
        studio.add_stems(song, source)
    assert caught.value.code == "stem.role-asked"
    view = studio.add_stems(song, source, roles={"bass 2.wav": "other"})
    assert [line.role for line in view.stems if line.leaf] == ["bass", "other"]
    assert done(view)["bass 2.wav"] == "as you said"


def test_stems_of_other_levels_rates_and_lengths_are_this_takes_and_what_was_done_is_said(
    studio, tmp_path, capsys
):
    sounds = a_band.parts()
    frames = sounds["bass.wav"].shape[1]
    sounds["keyboard.wav"][:, 3 * frames // 4 :] = 0
    root = studio.new(tmp_path / "song")
    studio.add(root, a_band.write_take(tmp_path / "take.wav", sounds))
    given = {
        "vocals.wav": 2.0 * sounds["vocals.wav"],
        "drums.wav": -0.5 * sounds["drums.wav"],
        "keyboard.wav": sounds["keyboard.wav"][:, : 3 * frames // 4],
    }
    source = a_band.write_folder(tmp_path / "stems", given)
    resampled = soxr.resample(sounds["bass.wav"].T, a_band.RATE_HZ, 48_000, quality="VHQ").T
    a_band.write_folder(source, {"bass.wav": resampled, "blip.wav": resampled[:, :9600]}, 48_000)
    (source / "fx.wav").write_bytes(b"")
    a_band.write_folder(source, {"my song.wav": 0.7 * sum(sounds.values())})
    view = studio.add_stems(root, source)
    assert view.null_db < -40
    assert [line.role for line in view.stems if line.leaf and line.role in ("vocals", "bass", "keyboard")]
    told = done(view)
    assert told["vocals.wav"].startswith("lowered by 6.0 dB (± 0.0")
    assert told["drums.wav"].startswith("raised by 6.0 dB (± 0.0")
    assert told["drums.wav"].endswith("polarity turned back")
    assert told["bass.wav"] == "converted from 48000 Hz"
    assert told["keyboard.wav"] == "1.5 s of silence behind it"
    assert {(one.name, one.why) for one in view.left_out} == {
        ("blip.wav", "too-short"),
        ("fx.wav", "empty"),
        ("my song.wav", "the-mix"),
    }
    assert run(["show", str(root)]) == 0
    shown = capsys.readouterr().out
    assert "vocals.wav (vocals): lowered by 6.0 dB" in shown
    assert "Left out: my song.wav, because it is the whole mix" in shown
    entry = next(e["body"] for e in studio.history(root) if e["kind"] == "stems.set")
    assert {file["name"]: file["gain_db"] for file in entry["files"]}["vocals.wav"] == pytest.approx(
        -6.02, abs=0.01
    )


def test_the_same_stem_in_two_forms_is_taken_once_and_the_take_among_them_not(studio, song, tmp_path):
    sounds = a_band.parts()
    source = a_band.write_folder(tmp_path / "twice", sounds)
    a_band.write_folder(
        source, {"guitar.wav": sum(sounds.values())}
    )  # by its name a part, by its sound the take
    take, rate_hz = soundfile.read(source / "bass.wav", always_2d=True)
    soundfile.write(source / "bass.ogg", take, rate_hz)
    view = studio.add_stems(song, source)
    assert {(one.name, one.why) for one in view.left_out} == {
        ("bass.ogg", "the-same"),
        ("guitar.wav", "the-mix"),
    }
    assert view.null_db < -80


def test_a_foreign_file_in_the_sum_of_a_role_is_named(studio, song, tmp_path):
    sounds = a_band.parts()
    keys = sounds.pop("keyboard.wav")
    halves = {"Keys 1.wav": keys, "Keys 2.wav": 3 * a_band.parts(seed=5)["vocals.wav"]}
    with pytest.raises(AudioInputError, match=r"Keys 2\.wav is not of this take") as caught:
        studio.add_stems(song, a_band.write_folder(tmp_path / "strange", sounds | halves))
    assert caught.value.code == "stem.foreign"


def test_an_asked_role_is_said_by_a_person(studio, song, refused, tmp_path):
    sounds = {name: x for name, x in a_band.parts().items() if name != "keyboard.wav"}
    source = a_band.write_folder(tmp_path / "said", sounds | {"Audio 1.wav": a_band.parts()["keyboard.wav"]})
    with pytest.raises(UsageError, match=r"Audio 1\.wav") as caught:
        studio.add_stems(song, source)
    assert '--role "Audio 1.wav=ROLE"' in caught.value.hint
    assert "synth" in lines(studio.add_stems(song, source, roles={"Audio 1.wav": "synth"}))
    with pytest.raises(AudioInputError, match="can't be given the role 'banjo'"):
        studio.add_stems(song, source, roles={"Audio 1.wav": "banjo"})


def test_two_voices_stand_when_a_person_says_which_is_which(studio, song, tmp_path):
    sounds = a_band.parts()
    voice = sounds.pop("vocals.wav")
    source = a_band.write_folder(
        tmp_path / "two", sounds | {"Vocals A.wav": 0.6 * voice, "Vocals B.wav": 0.4 * voice}
    )
    with pytest.raises(AudioInputError, match="2 files claim to be the vocals") as caught:
        studio.add_stems(song, source)
    assert "backing-vocals" in caught.value.hint
    found = lines(studio.add_stems(song, source, roles={"Vocals B.wav": "backing-vocals"}))
    assert {"vocals", "backing-vocals"} <= set(found)


def test_a_missing_stem_is_told(studio, song, tmp_path):
    sounds = {name: x for name, x in a_band.parts().items() if name != "drums.wav"}
    view = studio.add_stems(song, a_band.write_folder(tmp_path / "missing", sounds))
    assert view.incomplete
    assert view.null_db > -15


def test_a_regenerated_voice_is_told_and_its_changes_refused(studio, song, tmp_path):
    sounds = a_band.parts()
    rng = np.random.default_rng(9)
    # the same levels in time and frequency, other waves: each 20 ms with phases of its own
    voice = np.zeros_like(sounds["vocals.wav"][0])
    window = np.hanning(2048)
    for start in range(0, voice.size - 2048, 1024):
        piece = np.fft.rfft(sounds["vocals.wav"][0][start : start + 2048] * window)
        turned = np.abs(piece) * np.exp(2j * np.pi * rng.random(piece.size))
        voice[start : start + 2048] += (np.fft.irfft(turned, 2048) * window).astype(np.float32)
    view = studio.add_stems(
        song, a_band.write_folder(tmp_path / "again", sounds | {"vocals.wav": np.stack([voice, voice])})
    )
    found = lines(view)
    assert view.regenerated == ("vocals",)
    assert found["vocals"].refused_bands_hz
    assert not found["vocals"].removable
    assert found["vocals"].confidence < 0.2


# ------------------------------------------------------------------ what stands


def test_a_changed_or_missing_stem_is_named_by_verify_and_by_a_render_that_needs_it(studio, stemmed):
    path = next(stemmed.glob("stems/*/*/vocals.wav"))
    good = path.read_bytes()
    data = bytearray(good)
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    for verb in (studio.verify, studio.stem_sounds):
        with pytest.raises(VerifyError, match=r"vocals\.wav \(vocals\) is not the stem that was kept"):
            verb(stemmed)
    path.unlink()
    with pytest.raises(VerifyError, match=r"vocals\.wav \(vocals\) is missing"):
        studio.verify(stemmed)
    path.write_bytes(good)
    assert studio.verify(stemmed)


def test_a_full_disk_leaves_the_stems_that_were_there(studio, stemmed, tmp_path, monkeypatch):
    before = studio.stems(stemmed).as_dict()

    def full(path: Path) -> None:
        if "keyboard.wav" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync_file(path)

    monkeypatch.setattr("controlroom.media.files.sync_file", full)
    louder = {name: 0.9 * x for name, x in a_band.parts().items()}
    with pytest.raises(EnvironmentFault, match="no room left"):
        studio.add_stems(stemmed, a_band.write_folder(tmp_path / "other", louder))
    monkeypatch.undo()
    assert studio.stems(stemmed).as_dict() == before
    assert studio.verify(stemmed)


def test_a_stop_before_the_entry_leaves_the_stems_that_were_there(studio, stemmed, tmp_path, monkeypatch):
    before = studio.stems(stemmed).as_dict()
    fewer = {name: x for name, x in a_band.parts().items() if name != "keyboard.wav"}
    source = a_band.write_folder(tmp_path / "fewer", fewer)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Memory, "set_stems", stopped)
    with pytest.raises(KeyboardInterrupt):
        studio.add_stems(stemmed, source)
    monkeypatch.undo()
    assert studio.stems(stemmed).as_dict() == before
    assert studio.verify(stemmed)
    studio.add_stems(stemmed, source)
    assert len(list(stemmed.glob("stems/*/*"))) == 1  # what the stop left behind is gone


def test_stems_belong_to_their_take(studio, stemmed, take_file):
    studio.add(stemmed, take_file)
    assert studio.stems(stemmed).stems == ()
    assert studio.render(stemmed).walk.take.stems == {}


def test_stems_become_playable_and_those_of_an_older_set_go(studio, stemmed, band, tmp_path):
    sounds = studio.stem_sounds(stemmed)
    assert set(sounds) == {line.role for line in studio.stems(stemmed).stems}
    kept = studio.sound_files(stemmed, sounds["vocals"].id)
    samples = np.fromfile(kept.samples, "<f4").reshape(2, -1)
    true, _ = soundfile.read(band / "stems" / "vocals.wav", dtype="float32", always_2d=True)
    np.testing.assert_allclose(samples, true.T, atol=FLOAT32)
    assert studio.stem_sounds(stemmed) == sounds
    fewer = {name: x for name, x in a_band.parts().items() if name != "keyboard.wav"}
    studio.add_stems(stemmed, a_band.write_folder(tmp_path / "fewer", fewer))
    studio.stem_sounds(stemmed)
    assert not (stemmed / ".cache" / "console" / f"{sounds['keyboard'].id}.f32").exists()


def test_without_weights_separation_says_the_exact_command(studio, song, monkeypatch):
    monkeypatch.setattr(
        "controlroom.separation.spleeter.Spleeter.missing",
        lambda _self: EnvironmentFault("models.missing", "no weights", "`controlroom models add spleeter`"),
    )
    before = studio.history(song)
    with pytest.raises(EnvironmentFault) as caught:
        studio.separate_take(song)
    assert "controlroom models add spleeter" in caught.value.hint
    assert studio.history(song) == before


def test_the_parts_backend_separates_without_weights(studio, song):
    view = studio.separate_take(song, backend="parts")
    found = lines(view)
    assert view.backend == "parts"
    assert view.null_db < -100
    assert {"drums", "kick", "hats", "bass", "other"} <= set(found)
    with pytest.raises(UsageError, match="no separation backend called 'magic'"):
        studio.separate_take(song, backend="magic")


def test_a_voice_that_only_leaked_into_its_stem_is_left_out_and_given_back(studio, song, monkeypatch):
    def leaking(audio, choice, context, keep):
        del choice, context
        leak = Audio(0.1 * audio.samples, audio.rate_hz)
        rest = Audio(audio.samples - leak.samples, audio.rate_hz)
        sounds = {"vocals": leak, "accompaniment": rest, "other": rest}
        kept = {role: keep(sound) for role, sound in sounds.items()}
        return SeparatedParts("none", kept, dict.fromkeys(sounds, "leaking"))

    monkeypatch.setattr("controlroom.studio.stemming.separated_parts", leaking)
    view = studio.separate_take(song)
    assert [(one.name, one.why) for one in view.left_out] == [("vocals", "leakage")]
    assert set(lines(view)) == {"accompaniment", "other"}
    assert view.null_db < -120
    assert not (song / ".cache" / "shelf").exists()


def test_a_stem_that_is_cut_is_taken_as_it_is_when_the_person_says_so(
    studio, song: Path, band: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "stems"
    shutil.copytree(band / "stems", folder)
    cut = folder / "bass.wav"
    whole = cut.read_bytes()
    cut.write_bytes(whole[: len(whole) * 9 // 10])
    with pytest.raises(AudioInputError, match=r"bass\.wav' is incomplete") as caught:
        studio.add_stems(song, folder)
    assert "--as-is" in caught.value.hint
    told: list[str] = []
    studio.add_stems(song, folder, Context(notice=told.append), reading=Reading(as_is=True))
    assert [text for text in told if text.startswith("bass.wav: It is incomplete and was read as it is")]
