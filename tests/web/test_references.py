from __future__ import annotations

import numpy as np
import pytest

from controlroom.media.encode import MediaFormat, write
from controlroom.media.files import sha256_of
from controlroom.model.audio import Audio
from controlroom.model.errors import AudioInputError, UsageError, VerifyError
from controlroom.studio import importing
from controlroom.studio.console_sounds import samples_of
from controlroom.studio.references import MOST
from tests.tolerances import LOUDNESS_LU
from tests.web.making import RATE_HZ, a_take
from tests.web.test_imports import ended


@pytest.fixture(scope="session")
def reference_file(kept):
    name = "Somebody Else.wav"
    return kept.once("web-reference", lambda folder: a_take(folder / name, 9.0, seed=11)) / name


def test_a_dropped_reference_is_kept_by_its_hash_and_is_no_take(console, reference_file):
    before = console.studio().desk(console.root).take
    answer = console.client.post(
        "/imports",
        params={"name": "Somebody Else.wav", "song": console.song.rpartition("/")[2], "role": "reference"},
        content=reference_file.read_bytes(),
    )
    job = ended(console, answer.json()["id"])
    assert job["state"] == "done", job
    (kept,) = console.client.get(f"{console.song}/references").json()
    assert kept["sha256"] == sha256_of(console.root / kept["archived_as"]) == sha256_of(reference_file)
    assert kept["archived_as"].startswith("references/")
    assert console.studio().desk(console.root).take == before
    assert list((console.workspace / ".console").glob("import-*")) == []


def test_a_reference_plays_at_the_takes_rate(console, tmp_path):
    t = np.arange(4 * 48000) / 48000
    file = tmp_path / "other rate.wav"
    tone = (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    write(file, Audio(np.stack([tone, tone]), 48000), MediaFormat.WAV24)
    kept = console.studio().add_reference(console.root, file)
    sound = console.client.get(f"{console.song}/references/{kept.id}/sound").json()
    assert sound["rate_hz"] == RATE_HZ
    assert sound["frames"] == pytest.approx(4 * RATE_HZ, abs=2)


def test_the_same_bytes_are_the_same_reference(console, reference_file):
    studio = console.studio()
    one = studio.add_reference(console.root, reference_file)
    entries = len(studio.history(console.root))
    assert studio.add_reference(console.root, reference_file) == one
    assert len(studio.history(console.root)) == entries


def test_a_passage_is_matched_where_it_is_laid(console, reference_file):
    """The reference's loud middle, laid on the take's first seconds, counts with its own loudness there."""
    studio = console.studio()
    take = studio.sounds(console.root)["take"]
    kept = studio.add_reference(console.root, reference_file)
    sound = studio.reference_sound(console.root, kept.id)
    body = {"sounds": [take.id, sound.id], "stretch": {"start_s": 0, "end_s": 4}, "moved_s": {sound.id: -3.5}}
    gains = console.client.post(f"{console.song}/matches", json=body).json()
    samples = samples_of(studio.sound_files(console.root, sound.id)).samples
    from controlroom.dsp.k_weighting import k_weighted_block_energies
    from controlroom.dsp.loudness import integrated_from_energies

    def level(part):
        return integrated_from_energies(k_weighted_block_energies(np.ascontiguousarray(part), RATE_HZ))

    taken = samples_of(studio.sound_files(console.root, take.id)).samples[:, : 4 * RATE_HZ]
    laid = samples[:, round(3.5 * RATE_HZ) : round(7.5 * RATE_HZ)]
    assert gains[sound.id] - gains[take.id] == pytest.approx(level(taken) - level(laid), abs=LOUDNESS_LU)
    assert max(gains.values()) == 0.0


def test_a_reference_that_is_taken_off_leaves_only_its_entries(console, reference_file):
    studio = console.studio()
    kept = studio.add_reference(console.root, reference_file)
    studio.reference_sound(console.root, kept.id)
    assert console.client.delete(f"{console.song}/references/{kept.id}").status_code == 200
    assert studio.references(console.root) == ()
    assert not (console.root / kept.archived_as).exists()
    assert list((console.root / ".cache" / "console").glob("reference-*")) == []
    kinds = [entry["kind"] for entry in studio.history(console.root)][-2:]
    assert kinds == ["reference.added", "reference.removed"]
    again = console.client.delete(f"{console.song}/references/{kept.id}")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "reference.missing")


def test_a_reference_whose_file_was_changed_is_refused(console, reference_file):
    studio = console.studio()
    kept = studio.add_reference(console.root, reference_file)
    (console.root / kept.archived_as).write_bytes(b"other")
    with pytest.raises(VerifyError, match="another file"):
        studio.reference_sound(console.root, kept.id)


def test_there_is_an_end_to_references(console, tmp_path):
    studio = console.studio()
    for number in range(MOST + 1):
        file = tmp_path / f"{number}.wav"
        noise = np.random.default_rng(number).normal(0, 0.05, (1, RATE_HZ)).astype(np.float32)
        write(file, Audio(noise, RATE_HZ), MediaFormat.WAV16)
        if number < MOST:
            studio.add_reference(console.root, file)
    with pytest.raises(UsageError, match="already"):
        studio.add_reference(console.root, file)


def test_a_file_that_changes_while_it_is_kept_is_not_kept(console, reference_file, monkeypatch):
    monkeypatch.setattr(importing.shutil, "copyfile", lambda _, part: part.write_bytes(b"another"))
    before = len(console.studio().history(console.root))
    with pytest.raises(AudioInputError, match="changed while it was imported") as caught:
        console.studio().add_reference(console.root, reference_file)
    assert caught.value.code == "audio.changed"
    assert len(console.studio().history(console.root)) == before
    assert not list(console.root.glob("references/*/*"))
