from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlroom.media.decode import decode
from controlroom.model.decisions import Answer, Who
from controlroom.model.errors import AudioInputError, DecisionError, SongError, UsageError, VerifyError
from controlroom.model.render import Render
from controlroom.model.song import SongState
from controlroom.studio.studio import Studio
from tests.conftest import music

SUBTYPES = {
    "wav": ["PCM_16", "PCM_24", "FLOAT", "DOUBLE", "PCM_32", "PCM_U8"],
    "flac": ["PCM_16", "PCM_24"],
    "aiff": ["PCM_16", "PCM_24"],
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rate=st.sampled_from([8000, 22050, 32000, 44100, 48000, 96000]),
    seconds=st.floats(0.5, 2.0),
    channels=st.integers(1, 2),
    kind=st.sampled_from([(ext, sub) for ext, subs in SUBTYPES.items() for sub in subs]),
    seed=st.integers(0, 99),
)
def test_an_empty_plan_returns_the_take_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory,
    rate: int,
    seconds: float,
    channels: int,
    kind: tuple[str, str],
    seed: int,
) -> None:
    folder = tmp_path_factory.mktemp("take")
    path = folder / f"take.{kind[0]}"
    audio = music(np.random.default_rng(seed), seconds, rate, channels)
    soundfile.write(path, audio.samples.T, rate, subtype=kind[1])
    finished = Studio(name="t").finish(path, out=folder / "song", policy="none")
    premaster, got_rate = soundfile.read(finished.as_dict()["premaster"], dtype="float32", always_2d=True)
    taken = decode(path).audio
    assert got_rate == rate
    np.testing.assert_array_equal(premaster.T.view(np.int32), taken.samples.view(np.int32))
    assert finished.as_dict()["masters"] == []
    assert finished.as_dict()["decisions"]["policy"] == 0
    assert finished.as_dict()["state"] == "draft"


def manifest(song: Path) -> Render:
    """Return what the song's only render wrote of itself."""
    (path,) = song.glob("renders/*/manifest.json")
    return Render.from_document(json.loads(path.read_bytes()))


def test_rendering_twice_from_the_ledger_gives_the_same_samples(studio: Studio, finished_song: Path) -> None:
    first = manifest(finished_song)
    again = studio.render(finished_song)
    assert [m.sha256 for m in again.render.masters] == [m.sha256 for m in first.masters]
    assert again.render.premaster_digest == first.premaster_digest
    assert len(first.masters) == 4
    assert studio.verify(finished_song)


def test_the_same_take_in_another_song_gives_the_same_masters(
    studio: Studio, take_file: Path, finished_once: Path, tmp_path: Path
) -> None:
    one = manifest(finished_once)
    other = studio.finish(take_file, out=tmp_path / "other", policy="trusting")
    lossless = [(m.format, m.sha256) for m in one.masters if m.format.startswith(("wav", "flac"))]
    assert len(lossless) == 2
    assert lossless == [
        (m.format, m.sha256) for m in other.render.masters if m.format.startswith(("wav", "flac"))
    ]


def test_finishing_again_goes_on_with_the_song_and_asks_nothing_twice(
    studio: Studio, take_file: Path, finished_song: Path
) -> None:
    kinds = ("take.added", "proposal", "decision")
    before = [e for e in studio.history(finished_song) if e["kind"] in kinds]
    assert {e["kind"] for e in before} == set(kinds)
    studio.finish(take_file, out=finished_song, policy="trusting")
    assert [e for e in studio.history(finished_song) if e["kind"] in kinds] == before


def test_policy_answers_are_shown_as_such_and_leave_a_draft(studio: Studio, finished_song: Path) -> None:
    decisions = studio.show(finished_song).decisions
    assert set(manifest(finished_song).decisions) <= {d.id for d in decisions.values()}
    assert {d.who for d in decisions.values()} == {Who.POLICY}
    assert all(d.policy_digest for d in decisions.values())
    assert manifest(finished_song).draft
    signed = [e for e in studio.history(finished_song) if e["kind"] == "policy.signed"]
    assert signed[0]["body"]["by"] == "tester"
    with pytest.raises(DecisionError, match="drafts"):
        studio.release(finished_song)


def test_a_person_decides_by_hand_from_new_to_release(
    studio: Studio, take_file: Path, tmp_path: Path
) -> None:
    song = studio.new(tmp_path / "song", title="A Song")
    assert studio.show(song).state is SongState.RAW
    take = studio.add(song, take_file)
    assert (tmp_path / "song" / take.archived_as).read_bytes() == take_file.read_bytes()
    studio.listen(song)
    studio.note(song, 1.0, 2.0, "the snare is thin")
    shown = studio.propose(song)
    assert shown.proposals
    for proposal in shown.proposals:
        studio.decide(song, proposal.id, Answer.ACCEPT, reason="good", auditioned_s=12.5)
    # later proposals were provisional: answers change what is upstream, so ask again until nothing waits
    for _ in range(3):
        for proposal in studio.propose(song).proposals:
            if proposal.id not in studio.show(song).decisions:
                studio.decide(song, proposal.id, Answer.ACCEPT)
    finished = studio.render(song)
    assert not finished.render.draft
    assert studio.show(song).state is SongState.RENDERED
    release = studio.release(song)
    assert {p.suffix for p in release.iterdir()} == {".wav", ".flac", ".mp3", ".m4a", ".json"}
    assert studio.show(song).state is SongState.RELEASED
    assert studio.show(song).notes[0].text == "the snare is thin"


def test_a_hand_made_step_needs_no_finding_and_sounds(
    studio: Studio, take_file: Path, tmp_path: Path
) -> None:
    song = studio.new(tmp_path / "song")
    studio.add(song, take_file)
    studio.do(song, "fade", knobs={"out_ms": 1000.0}, reason="I want it to end here")
    finished = studio.render(song)
    premaster, _ = soundfile.read(finished.as_dict()["premaster"], dtype="float32", always_2d=True)
    taken = decode(take_file).audio.samples.T
    assert np.array_equal(premaster[:-44100], taken[:-44100])
    assert np.abs(premaster[-1]).max() < 0.01 * max(np.abs(taken[-4410:]).max(), 0.1)
    assert finished.as_dict()["decisions"]["person"] == 1


def test_rejecting_everything_leaves_the_take(studio: Studio, take_file: Path, tmp_path: Path) -> None:
    song = studio.new(tmp_path / "song")
    studio.add(song, take_file)
    for proposal in studio.propose(song).proposals:
        studio.decide(song, proposal.id, Answer.REJECT, reason="leave it")
    finished = studio.render(song)
    assert finished.render.premaster_digest == finished.render.audio_digest
    assert finished.render.masters == ()


def test_answers_come_from_a_file(studio: Studio, take_file: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text(
        '[[answers]]\nprocessor = "gain"\nanswer = "edit"\nknobs = { gain_db = -6.0 }\nreason = "headroom"\n'
    )
    finished = studio.finish(take_file, out=tmp_path / "song", answers=answers, policy="none")
    assert finished.as_dict()["decisions"]["person"] == 1
    gain = next(s for s in finished.render.steps if s.processor == "gain")
    assert gain.knobs["gain_db"] == -6.0


@pytest.mark.parametrize(
    "text, message",
    [
        ("answers = 3", "answers.bad|answers.toml"),
        ('[[answers]]\nanswer = "maybe"', "answers.toml"),
        ("][", "answers.toml"),
    ],
)
def test_a_bad_answers_file_is_named(
    studio: Studio, take_file: Path, tmp_path: Path, text: str, message: str
) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text(text)
    with pytest.raises(UsageError, match=message):
        studio.finish(take_file, out=tmp_path / "song", answers=answers)


def test_an_edit_is_checked_before_it_is_written(studio: Studio, take_file: Path, tmp_path: Path) -> None:
    song = studio.new(tmp_path / "song")
    studio.add(song, take_file)
    gain = next(p for p in studio.propose(song).proposals if p.step.processor == "gain")
    count = len(studio.history(song))
    with pytest.raises(UsageError, match="gain"):
        studio.decide(song, gain.id, Answer.EDIT, knobs={"gain_db": 999.0})
    with pytest.raises(UsageError, match="nonsense"):
        studio.decide(song, gain.id, Answer.EDIT, knobs={"nonsense": 1.0})
    with pytest.raises(DecisionError, match="0 proposals begin with 'p-zzz'"):
        studio.decide(song, "p-zzz", Answer.ACCEPT)
    with pytest.raises(UsageError, match="no processor called 'loudener'"):
        studio.do(song, "loudener")
    assert len(studio.history(song)) == count


def test_a_bad_take_leaves_no_folder_behind(studio: Studio, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"this is no sound at all, just words")
    with pytest.raises(AudioInputError):
        studio.finish(bad, out=tmp_path / "song")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.wav"]


def test_new_refuses_a_folder_that_holds_something(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "song").mkdir()
    (tmp_path / "song" / "mine.txt").write_text("mine")
    with pytest.raises(SongError, match="not empty"):
        studio.new(tmp_path / "song")
    with pytest.raises(UsageError, match="is no song"):
        studio.show(tmp_path)


@pytest.mark.parametrize("which", ["take", "master", "manifest", "premaster"])
def test_verify_names_what_was_changed(studio: Studio, finished_song: Path, which: str) -> None:
    root = finished_song
    assert studio.verify(root)
    if which == "take":
        victim = root / studio.show(root).take.archived_as  # type: ignore[union-attr]
    elif which == "manifest":
        victim = next(root.glob("renders/*/manifest.json"))
    elif which == "premaster":
        next(root.glob("renders/*/premaster.wav")).unlink()
        victim = None
    else:
        victim = root / manifest(root).masters[0].path
    if victim is not None:
        data = bytearray(victim.read_bytes())
        data[len(data) // 2] ^= 1
        victim.write_bytes(bytes(data))
    with pytest.raises(VerifyError, match={"take": "original", "master": "draft"}.get(which, which)):
        studio.verify(root)


def test_own_standards_are_laid_over_and_kept_with_the_song(
    studio: Studio, take_file: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("[loudness]\nceiling_dbtp = -2.0\n")
    studio.finish(take_file, out=tmp_path / "song", policy="trusting", standards_file=mine)
    kept = studio.standards(tmp_path / "song")
    assert kept.number("loudness.ceiling_dbtp") == -2.0
    assert "mine.toml" in kept.entries["loudness.ceiling_dbtp"].origin
    master = studio.render(tmp_path / "song").render.masters[0]
    assert master.true_peak_dbtp is not None
    assert master.true_peak_dbtp <= -2.0 + 0.01
    mine.write_text("[loudness]\nceiling = -2.0\n")
    with pytest.raises(UsageError, match=r"no standard called 'loudness\.ceiling'"):
        studio.standards(set_from=mine)


def test_json_of_finish_has_the_promised_form(studio: Studio, take_file: Path, tmp_path: Path) -> None:
    finished = studio.finish(take_file, out=tmp_path / "song", policy="trusting").as_dict()
    assert json.loads(json.dumps(finished)) == finished
    assert set(finished) >= {"song", "masters", "premaster", "report", "decisions", "state"}
    assert set(finished["decisions"]) == {"person", "policy", "deferred"}
    for master in finished["masters"]:
        assert set(master) >= {"path", "format", "lufs", "true_peak_dbtp"}
        assert Path(master["path"]).is_file()
    assert Path(finished["report"]).is_file()
