"""TOML of any shape: what is wrong is told by file, key and what was expected; what can't be read back is never stored."""

from __future__ import annotations

import pytest

from controlroom.model.errors import ControlRoomError, SongError, UsageError
from controlroom.model.standards import Standards
from controlroom.studio.deciders import AnswersFile
from controlroom.studio.folder import SongCard, SongFolder, write_toml_document
from controlroom.studio.standards import overlaid_from_file, policy_by_name, shipped_standards

SHAPES = [
    b"",
    b"schema = 3",
    b"schema = []",
    b'schema = "standards/1"',
    b'schema = "standards/\xc2\xb2"',
    b"entries = 3",
    b"entries = [1]",
    b"[entries]\na = 3",
    b'[entries."loudness.ceiling_dbtp"]\nvalue = [[1]]',
    b"[[loudness]]\nceiling_dbtp = -1.0",
    b"loudness = []",
    b"[loudness]\nceiling_dbtp = {a = 1}",
    b"[loudness]\nceiling_dbtp = nan",
    b"[loudness]\nceiling_dbtp = 1979-05-27",
    b"[loudness]\nceiling_dbtp = " + b"9" * 400,
    b"answers = {a = 1}",
    b"answers = [3]",
    b"[[answers]]\nkind = 3\nanswer = 'accept'",
    b"[[answers]]\nanswer = 'accept'",
    b"[[answers]]\nkind = 'level'\nanswer = 'maybe'\nmore = 1",
    b"rules = 3",
    b"schema = 'policy/1'\nname = 3",
    b"schema = 'policy/1'\nname = 'x'\nhelp = 'x'\nrules = [{stage = 'space', processor = 3}]",
    b"schema = 'policy/99'",
    b"schema = 'brief/1'\nstyle = 'soft'\nkey = 3",
    b"schema = 'song/1'",
    b"\xff\xfe",
    b"a = " + b"[" * 4000,
    b"\x00",
    b"title = '\x1b[2J'",
]
DUMPS = ("errors.pydantic.dev", "validation error", "Traceback", "object is not", "\x1b")


@pytest.fixture
def odd(tmp_path, studio):
    """A song, and a file that is put in the place of each of its documents."""
    studio.new(tmp_path / "song")
    return SongFolder(tmp_path / "song"), tmp_path / "odd.toml"


@pytest.mark.parametrize("data", SHAPES, ids=range(len(SHAPES)))
def test_every_reader_tells_file_and_place(odd, data, tmp_path):
    folder, file = odd
    readers = {
        file: [
            lambda: overlaid_from_file(shipped_standards(), file),
            lambda: policy_by_name(str(file)),
            lambda: AnswersFile(file, "me"),
        ],
        folder.card: [folder.read_card],
        folder.standards: [folder.read_standards],
        folder.brief: [folder.read_brief],
    }
    for path, reads in readers.items():
        path.write_bytes(data)
        for read in reads:
            with pytest.raises(ControlRoomError) as refused:
                read()
            assert str(path) in refused.value.message
            assert not [dump for dump in DUMPS if dump in refused.value.message]
            assert len(refused.value.message) < len(str(path)) + 600
            assert refused.value.exit_code in (2, 4)


@pytest.mark.parametrize(
    "text, code, said",
    [
        ("tone.corridor_low_db = ['a']", "standards.wrong-type", "tone.corridor_low_db"),
        ("tone.corridor_low_db = []", "standards.wrong-type", "tone.corridor_low_db"),
        ("tone.corridor_low_db = [true]", "standards.wrong-type", "a list of numbers"),
        ("tone.corridor_low_db = [[1.0]]", "standards.wrong-type", "tone.corridor_low_db"),
        ("tone.corridor_low_db = [inf]", "standards.wrong-type", "tone.corridor_low_db"),
        ("tone.corridor_low_db = [1.0]", "standards.corridor", "values"),
        ("loudness.ceiling_dbtp = '-1'", "standards.wrong-type", "'-1'"),
        ("loudness.ceiling_dbtp = 99", "standards.out-of-range", "99"),
        ("loudness.ceiling = -1", "standards.unknown-key", "loudness.ceiling"),
    ],
)
def test_a_standard_that_can_not_be_is_never_stored(studio, tmp_path, text, code, said):
    root = studio.new(tmp_path / "song")
    before = (root / "standards.toml").read_bytes()
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(UsageError, match=r"mine\.toml") as refused:
        studio.standards(root, set_from=tmp_path / "mine.toml")
    assert refused.value.code == code
    assert said in refused.value.message + refused.value.hint
    assert (root / "standards.toml").read_bytes() == before
    assert studio.standards(root)


def test_what_is_stored_is_what_is_read_back(studio, tmp_path):
    root = studio.new(tmp_path / "song")
    curve = shipped_standards().curve("tone.corridor_low_db")
    whole = [round(value) for value in curve]
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbf" + f"tone.corridor_low_db = {whole}".encode())
    told = studio.standards(root, set_from=tmp_path / "mine.toml")
    assert studio.standards(root).digest == told.digest  # whole numbers and all
    assert told.curve("tone.corridor_low_db") == tuple(whole)


@pytest.mark.parametrize(
    "written", ["schema = 'standards/1'\nentries = {x = 3}", "schema =", "schema = 'standards/1'"]
)
def test_what_would_be_read_back_as_another_leaves_the_old_one(tmp_path, monkeypatch, written):
    path = tmp_path / "standards.toml"
    write_toml_document(path, Standards(entries={}))
    before = path.read_bytes()
    monkeypatch.setattr("tomlkit.dumps", lambda _: written)
    with pytest.raises(SongError, match="read back") as refused:
        write_toml_document(path, shipped_standards())
    assert refused.value.code == "document.unwritable"
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["standards.toml"]


def test_a_style_and_ones_own_corridor_go_together(tmp_path):
    curve = [0.0] * len(shipped_standards().curve("tone.corridor_low_db"))
    (tmp_path / "mine.toml").write_text(f'tone.corridor_low_db = {curve}\ntone.style = "unknown"\n')
    assert overlaid_from_file(shipped_standards(), tmp_path / "mine.toml").curve(
        "tone.corridor_low_db"
    ) == tuple(curve)


@pytest.mark.parametrize(
    "letter", [chr(number) for number in (*range(32), 34, 39, 92, 127, 133, 0x2028, 0xFEFF, 0x1F4BF)]
)
def test_any_letter_of_a_title_is_kept(tmp_path, letter):
    card = SongCard(id="x", title=f"a{letter}b", created_at="now")
    write_toml_document(tmp_path / "song.toml", card)
    assert SongFolder(tmp_path).read_card() == card
