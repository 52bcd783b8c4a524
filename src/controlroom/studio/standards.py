"""Where standards and policies come from: the package, then the person's files."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

from controlroom.media.files import reading_fault
from controlroom.model.base import check_schema, shown, text_of
from controlroom.model.decisions import Policy
from controlroom.model.errors import SchemaTooNewError, SongError, UsageError
from controlroom.model.standards import Standard, Standards
from controlroom.studio.folder import parsed_toml

SHIPPED_POLICIES = ("hygiene", "trusting", "none")
STYLE = "tone.style"
CORRIDOR_KEYS = ("freq_hz", "median_db", "low_db", "high_db")


@cache
def shipped_standards() -> Standards:
    """Return the package's standards with the corridor of its default style; read once, never changed."""
    stored = _package_toml("standards.toml")
    return with_corridor(Standards.from_document(stored))


def completed(standards: Standards) -> Standards:
    """Return a song's standards with what a newer version judges by and the song has no word on.

    Nothing that the song holds changes; the number of a key that it does not
    have is the shipped one.
    """
    missing = {k: v for k, v in shipped_standards().entries.items() if k not in standards.entries}
    if not missing:
        return standards
    return standards.model_copy(update={"entries": {**standards.entries, **missing}})


def with_corridor(standards: Standards) -> Standards:
    """Return standards with the corridor of ``tone.style`` filled in.

    Raises
    ------
    UsageError
        When there is no corridor of that style.
    """
    stored = _package_toml("corridor.toml")
    styles: Mapping[str, Any] = stored["styles"]
    style = standards.text("tone.style")
    if style not in styles:
        raise UsageError(
            "standards.unknown-style",
            f"there is no corridor for style {style!r}",
            f"one of: {', '.join(styles)}",
        )
    curves = {"freq_hz": stored["freq_hz"], **{key: styles[style][key] for key in CORRIDOR_KEYS[1:]}}
    origin = f"corridor of {styles[style]['n']} finished human masters ({style}), {stored['date']}"
    entries = dict(standards.entries)
    for key, curve in curves.items():
        entries[f"tone.corridor_{key}"] = Standard(
            value=tuple(float(number) for number in curve),
            unit=key.rpartition("_")[2],
            help="tonal corridor on third-octave bands, level removed",
            origin=origin,
        )
    return Standards(entries=entries)


def overlaid_from_file(standards: Standards, path: Path) -> Standards:
    """Return standards with a person's own TOML file laid over them.

    The file holds either plain values by dotted key (``loudness.ceiling_dbtp
    = -1.5``), or a full stored set.

    Raises
    ------
    UsageError
        ``file.missing``, ``file.not-toml``; ``standards.bad``, ``standards.nothing``,
        ``standards.unknown-key``, ``standards.wrong-type``, ``standards.out-of-range``,
        ``standards.unknown-style``, ``standards.corridor``: each names file and key.
    SongError
        ``schema.unknown``: another kind of document.
    """
    values = _values_of(read_toml(path), path)
    origin = f"{text_of(path.name)}, set by a person"
    try:
        style = {key: value for key, value in values.items() if key == STYLE}
        base = with_corridor(standards.overlaid(style, origin)) if style else standards
        result = base.overlaid(values, origin)
    except UsageError as error:
        raise UsageError(error.code, f"{path}: {error.message}", error.hint) from error
    _check_corridor(result, path)
    return result


def _values_of(stored: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the values that a file sets, by dotted key."""
    if "schema" in stored:
        check_schema(stored["schema"], Standards.schema_name, Standards.schema_number, str(path))
    if "entries" in stored:
        values = _entry_values(stored["entries"], path)
    else:
        values = {key: value for key, value in _flattened(stored).items() if key != "schema"}
    if not values:
        raise UsageError(
            "standards.nothing",
            f"{path} sets no standard",
            "write lines such as loudness.ceiling_dbtp = -1.5; `controlroom standards` lists the keys",
        )
    return values


def _entry_values(entries: object, path: Path) -> dict[str, Any]:
    if not isinstance(entries, dict):
        raise UsageError("standards.bad", f"{path}: entries: a table was expected, found {shown(entries)}")
    for key, entry in entries.items():
        if not isinstance(entry, dict) or "value" not in entry:
            raise UsageError(
                "standards.bad",
                f"{path}: entries.{key}: a table with a value was expected, found {shown(entry)}",
            )
    return {key: entry["value"] for key, entry in entries.items()}


def _check_corridor(standards: Standards, path: Path) -> None:
    """Refuse a corridor whose curves do not lie on one another."""
    freq_hz, *curves = (standards.curve(f"tone.corridor_{key}") for key in CORRIDOR_KEYS)
    rising = all(low < high for low, high in pairwise((0.0, *freq_hz)))
    if not rising or any(len(curve) != len(freq_hz) for curve in curves):
        told = ", ".join(str(len(curve)) for curve in (freq_hz, *curves))
        raise UsageError(
            "standards.corridor",
            f"{path}: the lists of tone.corridor_* have {told} values, over frequencies that "
            f"{'rise' if rising else 'do not rise'}",
            f"give {', '.join(CORRIDOR_KEYS)} as lists of one length, frequencies above 0 and rising",
        )


def policy_by_name(name: str) -> Policy:
    """Return a shipped policy by its name, or one from a TOML file by its path.

    Raises
    ------
    UsageError
        When the name is none of the shipped ones and no such file exists.
    """
    if name == "none":
        return Policy(name="none", help="Answers nothing; everything waits for a person.")
    if name in SHIPPED_POLICIES:
        return _policy(_package_toml(f"policy_{name}.toml"), name)
    path = Path(name)
    if not os.path.isfile(path):  # noqa: PTH113 -- a name may be too long for a path
        raise UsageError(
            "policy.unknown",
            f"there is no policy called {name!r}, and no such file",
            f"one of: {', '.join(SHIPPED_POLICIES)}, or a TOML file",
        )
    return _policy(read_toml(path), name)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a person's own TOML file; UsageError names what is wrong with it."""
    try:
        return parsed_toml(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError("file.missing", f"there is no file {path}", "check the path") from error
    except OSError as error:
        raise reading_fault(error, path) from error
    except ValueError as error:
        raise UsageError("file.not-toml", f"{path}: {error}", "the file must be TOML") from error


def _policy(stored: dict[str, Any], name: str) -> Policy:
    try:
        return Policy.from_document(stored, f"policy {name}")
    except SchemaTooNewError:
        raise
    except SongError as error:
        raise UsageError("policy.bad", error.message, "see 'Policies' in docs/concepts.md") from error


def _package_toml(name: str) -> dict[str, Any]:
    text = resources.files("controlroom.data").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def _flattened(stored: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in stored.items():
        if isinstance(value, dict):
            flat.update(_flattened(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
