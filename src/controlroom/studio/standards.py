"""Where standards and policies come from: the package, then the person's files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from controlroom.model.decisions import Policy
from controlroom.model.errors import UsageError
from controlroom.model.standards import Standard, Standards

SHIPPED_POLICIES = ("hygiene", "trusting", "none")
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
    """
    stored = read_toml(path)
    if "entries" in stored:
        stored = {key: entry["value"] for key, entry in stored["entries"].items()}
    values = {key: value for key, value in _flattened(stored).items() if key != "schema"}
    result = standards.overlaid(values, origin=f"{path.name}, set by a person")
    return with_corridor(result) if "tone.style" in values else result


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
    if not path.is_file():
        raise UsageError(
            "policy.unknown",
            f"there is no policy called {name!r}, and no such file",
            f"one of: {', '.join(SHIPPED_POLICIES)}, or a TOML file",
        )
    return _policy(read_toml(path), name)


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's content; UsageError names what is wrong with it."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError("file.missing", f"there is no file {path}", "check the path") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError("file.not-toml", f"{path}: {error}", "the file must be TOML") from error


def _policy(stored: dict[str, Any], name: str) -> Policy:
    try:
        return Policy.from_document(stored)
    except ValidationError as error:
        raise UsageError(
            "policy.bad", f"policy {name}: {error}", "see 'Policies' in docs/concepts.md"
        ) from error


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
