from __future__ import annotations

import shutil

import numpy as np
import pytest

from controlroom.engine.notebook import Notebook
from controlroom.engine.player import Player
from controlroom.engine.score import Take
from controlroom.listening.known import Known
from controlroom.listening.listening import Listening
from controlroom.media.decode import decode
from controlroom.model.audio import Audio
from controlroom.model.findings import Finding, Measurement
from controlroom.model.proposals import Proposal
from controlroom.model.timeline import Span
from controlroom.processors.gain import Gain
from controlroom.studio import auditioning
from controlroom.studio.auditioning import Auditions, _loudness, matched
from controlroom.studio.song import opened
from controlroom.studio.standards import shipped_standards
from controlroom.studio.studio import Studio
from tests.tolerances import FLOAT32, METER_GATED_LU
from tests.web.making import a_take


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A song of three seconds and one of its questions; not to be changed."""
    studio = Studio(name="tester")
    root = studio.new(tmp_path_factory.mktemp("asked") / "song")
    studio.add(root, a_take(root.parent / "take.wav", 3.0))
    return root, studio.propose(root).proposals[0]


@pytest.fixture
def audition(asked, tmp_path):
    """Write the files of the question, in a song of one's own."""
    kept, proposal = asked
    root = shutil.copytree(kept, tmp_path / "song")
    with opened(root, writing=False) as song:
        heard = Listening(decode(root / song.take.archived_as).audio, Known(clock=song.take.id))
        node = Take.of(heard)
        made = Auditions(song, Player({node: heard}), Notebook())
        yield lambda first=0.0, last=3.0: made.write(proposal, node, heard.span(first, last))


@pytest.fixture
def written(monkeypatch):
    """The names of the sounds that are encoded."""
    names = []
    write = auditioning.write

    def noted(path, audio, form):
        names.append(path.name)
        write(path, audio, form)

    monkeypatch.setattr(auditioning, "write", noted)
    return names


def test_files_of_the_same_sounds_are_written_once(audition, written):
    first = audition()
    assert sorted(written) == ["after.flac", "before.flac", "difference.flac"]
    data = first.after.read_bytes()
    assert audition() == first
    assert len(written) == 3
    assert first.after.read_bytes() == data


@pytest.mark.parametrize("lost", ["file", "half", "slip", "cache"])
def test_what_is_lost_is_written_again(audition, written, tmp_path, asked, lost):
    first = audition()
    data = first.after.read_bytes()
    if lost == "file":
        first.difference.unlink()
    elif lost == "half":
        first.after.write_bytes(data[:100])
    elif lost == "slip":
        (tmp_path / "song" / ".cache" / "auditions" / f"{asked[1].id}.json").write_text("[]")
    else:
        shutil.rmtree(tmp_path / "song" / ".cache")
    audition()
    assert len(written) == 6
    assert first.after.read_bytes() == data


def test_another_stretch_is_written_again(audition, written):
    whole, part = audition(), audition(0.5, 2.5)
    assert len(written) == 6
    assert (whole.start_s, part.start_s) == (0.0, 0.5)


def found(kind: str, span: Span | None) -> Finding:
    return Finding(
        kind=kind,
        measurements=(Measurement(name="m", value=1.0),),
        severity=0.5,
        confidence=1.0,
        span=span,
        detector_version=1,
    )


@pytest.mark.parametrize(
    "own_s, about_s, heard_s",
    [
        (None, (30.0, 31.0), (27.0, 47.0)),  # three seconds before it begins
        (None, None, (40.0, 60.0)),
        (None, (0.5, 1.0), (0.0, 20.0)),
        (None, (59.0, 60.0), (40.0, 60.0)),
        ((20.0, 21.0), (30.0, 31.0), (17.0, 37.0)),  # the step's own place counts first
        ((10.0, 30.0), None, (40.0, 60.0)),  # what is as long as an audition has no best place
    ],
)
def test_an_audition_is_of_the_place_it_is_about_or_of_the_loudest(own_s, about_s, heard_s):
    standards = shipped_standards()
    assert (standards.number("audition.length_s"), standards.number("audition.lead_s")) == (20.0, 3.0)
    samples = 0.01 * np.random.default_rng(1).standard_normal((1, 60 * 8000)).astype(np.float32)
    samples[:, 52 * 8000 :] *= np.float32(20.0)
    sound = Listening(Audio(samples, 8000), Known(clock="c"))
    spans = [Span(clock="c", start_s=one[0], end_s=one[1]) if one else None for one in (own_s, about_s)]
    about = found("hum", spans[1])
    other = found("dc-offset", Span(clock="c", start_s=5.0, end_s=6.0))
    asked = Proposal(
        source_digest="s", upstream=(), step=Gain(gain_db=-1.0).step("mix", spans[0]), kind="hum", answers=(about.id,)
    )  # fmt: skip
    heard = auditioning.span_of(asked, sound, [other, about], standards)
    assert (heard.start_s, heard.end_s) == pytest.approx(heard_s, abs=0.5)


def noise(level: float, seed: int = 1, peak: float | None = None) -> Audio:
    samples = level * np.random.default_rng(seed).standard_normal((2, 44_100))
    if peak is not None:
        samples[0, 20_000] = peak
    return Audio(samples.astype(np.float32), 44_100)


@pytest.mark.parametrize("louder", ["before", "after"])
def test_the_louder_is_turned_down_to_the_other(louder):
    soft, loud = noise(0.05), noise(0.1, seed=2)
    pair = matched(*((loud, soft) if louder == "before" else (soft, loud)))
    kept, turned = (pair.after, pair.before) if louder == "before" else (pair.before, pair.after)
    assert kept is soft
    assert _loudness(turned) == pytest.approx(_loudness(soft), abs=METER_GATED_LU)
    assert pair.lufs == pytest.approx(_loudness(soft))
    sign = -1 if louder == "before" else 1
    np.testing.assert_allclose(pair.difference.samples, sign * (loud.samples - soft.samples), atol=FLOAT32)


def test_what_would_clip_is_turned_down_together_and_the_level_says_so():
    before, after = noise(0.1, peak=1.96), noise(0.1, peak=1.9)
    pair = matched(before, after)
    assert np.abs(pair.before.samples).max() == pytest.approx(0.98, abs=0.01)
    assert _loudness(pair.before) == pytest.approx(pair.lufs, abs=0.01)
    assert _loudness(pair.after) == pytest.approx(pair.lufs, abs=0.01)
    ratio = np.abs(pair.before.samples).max() / 1.96
    expected = ratio * (after.samples - before.samples)
    np.testing.assert_allclose(pair.difference.samples, expected, atol=0.01)


def test_a_difference_louder_than_both_is_brought_under_full_scale():
    before = noise(0.1, peak=0.9)
    after = Audio(-before.samples, before.rate_hz)
    pair = matched(before, after)
    assert np.abs(pair.difference.samples).max() == pytest.approx(0.98, abs=FLOAT32)
    assert pair.before is before


def test_silence_has_no_level_to_match():
    silence, sound = Audio(np.zeros((2, 44_100), np.float32), 44_100), noise(0.1)
    pair = matched(silence, sound)
    assert pair.lufs is None
    assert pair.before is silence
    assert pair.after is sound
