"""A person's standards laid over the shipped ones, and a newer version's laid under a song's."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.model.errors import UsageError
from controlroom.studio.folder import write_toml_document
from controlroom.studio.standards import (
    completed,
    overlaid_from_file,
    policy_by_name,
    read_toml,
    shipped_standards,
)

SHIPPED = shipped_standards()


def laid(tmp_path: Path, text: str):
    (tmp_path / "mine.toml").write_text(text)
    return overlaid_from_file(SHIPPED, tmp_path / "mine.toml")


@pytest.mark.parametrize(
    "text", ["loudness.ceiling_dbtp = -2.0", "[loudness]\nceiling_dbtp = -2.0", 'schema = "standards/1"\nloudness.ceiling_dbtp = -2.0']
)  # fmt: skip
def test_values_by_dotted_key_or_table_replace_theirs_alone(tmp_path: Path, text: str) -> None:
    mine = laid(tmp_path, text)
    assert mine.number("loudness.ceiling_dbtp") == -2.0
    assert mine.entries["loudness.ceiling_dbtp"].origin == "mine.toml, set by a person"
    rest = {key: one for key, one in mine.entries.items() if key != "loudness.ceiling_dbtp"}
    assert rest == {key: one for key, one in SHIPPED.entries.items() if key != "loudness.ceiling_dbtp"}


def test_a_full_stored_set_is_read_by_its_values(tmp_path: Path) -> None:
    write_toml_document(tmp_path / "set.toml", SHIPPED.overlaid({"loudness.ceiling_dbtp": -3.0}, "somebody"))
    mine = overlaid_from_file(SHIPPED, tmp_path / "set.toml")
    assert {key: one.value for key, one in mine.entries.items()} == {
        key: -3.0 if key == "loudness.ceiling_dbtp" else one.value for key, one in SHIPPED.entries.items()
    }


def test_another_style_brings_its_corridor_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="style 'nonesuch'") as caught:
        laid(tmp_path, 'tone.style = "nonesuch"')
    assert caught.value.code == "standards.unknown-style"
    styles = caught.value.hint.removeprefix("one of: ").split(", ")
    assert SHIPPED.text("tone.style") in styles
    curves = set()
    for style in styles:
        entries = laid(tmp_path, f'tone.style = "{style}"').entries
        assert f"({style})" in entries["tone.corridor_median_db"].origin
        assert entries["tone.corridor_median_db"].unit == "db"
        assert entries["tone.corridor_freq_hz"].unit == "hz"
        curves.add(entries["tone.corridor_median_db"].value)
    assert len(curves) == len(styles)


def test_a_song_is_completed_with_what_it_has_no_word_on() -> None:
    assert completed(SHIPPED) is SHIPPED
    kept = {key: one for key, one in SHIPPED.entries.items() if key != "clicks.over_db"}
    kept["loudness.ceiling_dbtp"] = SHIPPED.overlaid({"loudness.ceiling_dbtp": -3.0}, "ada").entries[
        "loudness.ceiling_dbtp"
    ]
    old = SHIPPED.model_copy(update={"entries": kept})
    whole = completed(old)
    assert whole.entries == {**kept, "clicks.over_db": SHIPPED.entries["clicks.over_db"]}


@pytest.mark.parametrize("name", ["hygiene", "trusting", "none"])
def test_shipped_policies_go_by_their_names(name: str) -> None:
    policy = policy_by_name(name)
    assert policy.name == name
    assert policy.help
    assert bool(policy.rules) == (name != "none")


def test_a_policy_of_ones_own_is_read_and_a_bad_one_is_named(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    write_toml_document(own, policy_by_name("hygiene"))
    assert policy_by_name(str(own)) == policy_by_name("hygiene")
    own.write_text('schema = "policy/1"\nname = 3\n')
    with pytest.raises(UsageError) as caught:
        policy_by_name(str(own))
    assert caught.value.code == "policy.bad"
    with pytest.raises(UsageError) as caught:
        policy_by_name("greedy")
    assert caught.value.code == "policy.unknown"
    assert "hygiene, trusting, none" in caught.value.hint


@pytest.mark.parametrize(
    "data, code", [(None, "file.missing"), (b"][", "file.not-toml"), (b"a = '\xff'", "file.not-toml")]
)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, data: bytes | None, code: str) -> None:
    path = tmp_path / "a.toml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UsageError, match=r"a\.toml") as caught:
        read_toml(path)
    assert caught.value.code == code
