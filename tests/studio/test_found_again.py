"""Rendering again: nothing is heard, asked, read, rendered or encoded that was before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from controlroom.media.encode import MediaFormat, read_lossless
from controlroom.model.context import Context
from controlroom.model.decisions import Answer
from controlroom.model.errors import VerifyError
from controlroom.studio import finishing, importing, levelling, mastering, walk
from controlroom.studio.studio import Studio
from tests.tolerances import PCM16


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note what is done that costs: hearing, proposing, planning, decoding, encoding."""
    done: list[str] = []

    def watch(place: object, name: str) -> None:
        real = getattr(place, name)

        def watched(*given: object, **named: object) -> object:
            done.append(name)
            return real(*given, **named)

        patched.setattr(place, name, watched)

    with monkeypatch.context() as patched:
        for place, name in (
            (walk, "hear"),
            (walk, "propose"),
            (walk, "read_all"),
            (levelling, "seek"),
            (levelling, "seek_target"),
            (importing, "decode"),
            (mastering, "write"),
            (finishing, "check_master"),
        ):
            watch(place, name)
        yield done


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory, band: Path) -> Path:
    """Return a song with stems and steps, rendered once; not to be changed."""
    root = tmp_path_factory.mktemp("found") / "song"
    studio = Studio(name="ada")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("controlroom.studio.routing.FORMATS", (MediaFormat.FLAC24, MediaFormat.MP3_320))
        patch.setattr(walk, "all_detectors", dict)
        studio.new(root)
        studio.add(root, band / "take.wav")
        studio.add_stems(root, band / "stems")
        studio.do(root, "level", part="bass", start_s=1.0, end_s=3.0, knobs={"gain_db": -6.0})
        studio.do(root, "tone", knobs={"band3_gain_db": 2.0})
        studio.propose(root, target_lufs=-16.0)
        studio.render(root)
    return root


@pytest.fixture
def song(rendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("controlroom.studio.routing.FORMATS", (MediaFormat.FLAC24, MediaFormat.MP3_320))
    monkeypatch.setattr(walk, "all_detectors", dict)
    return Path(shutil.copytree(rendered, tmp_path / "song"))


def manifest(root: Path, render_id: str) -> dict[str, object]:
    told = json.loads((root / "renders" / render_id / "manifest.json").read_text(encoding="utf-8"))
    for name in ("id", "at", "premaster", "ledger_seq", "ledger_head", "ledger_signature"):
        told.pop(name)
    told["masters"] = [{**one, "path": Path(one["path"]).name} for one in told["masters"]]
    return told


def test_an_unchanged_song_costs_nothing_again_and_is_the_same(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(name="ada")
    (before,) = (path.name for path in (song / "renders").iterdir())
    files = {p.name: p.read_bytes() for p in (song / "renders" / before).iterdir() if p.suffix != ".json"}
    was = manifest(song, before)
    with noted(monkeypatch) as done:
        again = studio.render(song)
    assert done == []
    assert again.render.id != before
    assert manifest(song, again.render.id) == was
    there = song / "renders" / again.render.id
    assert {p.name: p.read_bytes() for p in there.iterdir() if p.suffix != ".json"} == files
    assert [master.route for master in again.render.masters] == ["masters"] * 2
    assert list(studio.verify(song))


def test_without_its_cache_the_same_comes_out(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = Studio(name="ada")
    first = studio.render(song).render
    was = manifest(song, first.id)
    shutil.rmtree(song / ".cache")
    with noted(monkeypatch) as done:
        again = studio.render(song).render
    assert {"propose", "decode", "write", "check_master"} <= set(done)
    assert manifest(song, again.id) == was


def test_another_step_of_loudness_is_heard_by_no_ear_and_asked_by_no_hand(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(name="ada")
    limiter = next(p for p in studio.show(song).proposals if p.step.processor == "limiter")
    studio.decide(song, limiter.id, Answer.EDIT, knobs={"release_ms": 200.0})
    with noted(monkeypatch) as done:
        made = studio.render(song).render
    assert not {"hear", "propose", "read_all", "seek_target"} & set(done)
    assert done.count("write") == 2  # the masters; the premaster is what it was
    assert made.steps[-1].knobs["release_ms"] == 200.0


def test_a_step_before_loudness_is_heard_again(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = Studio(name="ada")
    studio.do(song, "rumble", knobs={"attenuation_db": 10.0})
    with noted(monkeypatch) as done:
        studio.render(song)
    assert {"propose", "read_all", "seek_target", "write"} <= set(done)


def test_a_master_that_somebody_changed_stays_theirs_and_is_made_anew(song: Path) -> None:
    studio = Studio(name="ada")
    (before,) = (song / "renders").iterdir()
    (master,) = before.glob("*.mp3")
    data = master.read_bytes()
    with master.open("r+b") as file:
        file.seek(-3, 2)
        file.write(b"tag")
    again = studio.render(song).render
    (made,) = (song / "renders" / again.id).glob("*.mp3")
    assert made.read_bytes() == data
    assert master.read_bytes().endswith(b"tag")


def test_a_damaged_take_is_told_though_its_sound_is_not_needed(song: Path) -> None:
    (take,) = (song / "takes").rglob("original.wav")
    with take.open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"xxxx")
    with pytest.raises(VerifyError, match="is missing or not the file that was imported"):
        Studio(name="ada").render(song)


def test_an_audition_hears_and_proposes_nothing(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = Studio(name="ada")
    proposal = next(p for p in studio.show(song).proposals if p.step.processor == "limiter")
    with noted(monkeypatch) as done:
        files = studio.audition(song, proposal.id, Context(), span_s=(1.0, 3.0))
    assert not {"hear", "propose", "seek", "seek_target", "read_all"} & set(done)
    (premaster,) = (song / "renders").rglob("premaster.wav")
    before, whole = read_lossless(files.before).samples, read_lossless(premaster).samples[:, 44_100:132_300]
    scale = float(np.vdot(before, whole) / np.vdot(whole, whole))
    np.testing.assert_allclose(before, scale * whole, atol=PCM16)


def test_questions_name_the_node_that_they_were_asked_of(song: Path) -> None:
    asked = [p for p in Studio(name="ada").show(song).proposals if p.kind != "hand-made"]
    assert asked
    assert all(p.node.startswith("n") for p in asked)
