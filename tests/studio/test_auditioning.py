from __future__ import annotations

import shutil

import pytest

from controlroom.listening.known import Known
from controlroom.listening.listening import Listening
from controlroom.media.decode import decode
from controlroom.studio import auditioning
from controlroom.studio.auditioning import write_audition
from controlroom.studio.song import opened
from controlroom.studio.studio import Studio
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
        yield lambda first=0.0, last=3.0: write_audition(song, proposal, heard, heard.span(first, last))


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
    assert sorted(written) == ["after.mp3", "before.mp3", "difference.mp3"]
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
