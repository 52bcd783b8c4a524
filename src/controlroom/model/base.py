"""What every frozen model of the house shares."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from controlroom.model.errors import SchemaTooNewError, SongError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MOST_PROBLEMS = 3
SHOWN = 60
_SAID = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "model_type": "a table was expected",
    "dict_type": "a table was expected",
    "tuple_type": "a list was expected",
}


class Record(BaseModel):
    """A frozen model: unknown fields are refused, equality is by value."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    def canonical(self) -> str:
        """Return the canonical JSON text that digests are taken from."""
        return canonical_json(self.model_dump(mode="json"))

    def content_id(self, prefix: str = "") -> str:
        """Return ``prefix`` and the first 16 hex digits of the content's SHA-256."""
        return prefix + digest_text(self.canonical())[:16]


class Document(Record):
    """A record that is stored on its own, and so carries its ``schema``."""

    schema_number: ClassVar[int]
    schema_name: ClassVar[str]

    def document(self) -> dict[str, Any]:
        """Return the stored form: ``schema`` first, then the fields."""
        return {"schema": f"{self.schema_name}/{self.schema_number}", **self.model_dump(mode="json")}

    @classmethod
    def from_document(cls, stored: Any, where: str = "") -> Self:
        """Read the stored form of this schema; ``where`` names the file in what is said of it.

        Raises
        ------
        SchemaTooNewError
            If the document was written by a newer Control Room.
        SongError
            ``schema.unknown``: another kind of document, or an unknown schema;
            ``document.bad``: keys or values that are not as they must be.
        """
        named = where or f"a document of schema {cls.schema_name}/{cls.schema_number}"
        if not isinstance(stored, dict):
            raise SongError("document.bad", f"{named}: a table was expected, found {shown(stored)}")
        fields = dict(stored)
        check_schema(fields.pop("schema", None), cls.schema_name, cls.schema_number, where)
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise SongError(
                "document.bad", f"{named}: {problems(error)}", "correct it, or restore it from a copy"
            ) from error


def check_schema(given: object, name: str, number: int, where: str = "") -> None:
    """Refuse a document of another kind, an unknown or a newer schema."""
    kind, _, version = given.partition("/") if isinstance(given, str) else ("", "", "")
    at = f"{where}: " if where else ""
    if kind != name or not (version.isascii() and version.isdigit()):
        raise SongError(
            "schema.unknown",
            f"{at}expected a document of schema {name}/{number}, found {'none' if given is None else shown(given)}",
            f'its first line is schema = "{name}/{number}"; the file is of another kind or was edited',
        )
    if int(version) > number:
        raise SchemaTooNewError(
            "schema.newer",
            f"{at}{given} is newer than this Control Room, which knows {name}/{number}",
            "install a newer Control Room; nothing was changed",
        )


def problems(error: ValidationError) -> str:
    """Return what is wrong with a record, in words: at most three places, each with what stands there."""
    found = error.errors(include_url=False, include_context=False)
    told = [_problem(one) for one in found[:MOST_PROBLEMS]]
    more = [f"and {len(found) - len(told)} more"] if len(found) > len(told) else []
    return "; ".join([*told, *more])


def _problem(one: ErrorDetails) -> str:
    place = ".".join(str(part) for part in one["loc"])
    said = (
        _SAID.get(one["type"]) or one["msg"].replace("Input should be", "it should be").split(", unable")[0]
    )
    words = said.removeprefix("Value error, ")
    value = "" if one["type"] in ("missing", "value_error") else f", found {shown(one['input'])}"
    return f"{place}: {words}{value}" if place else f"{words}{value}"


def shown(value: object) -> str:
    """Return a value as a person is told of it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def finite(value: Any) -> Any:
    """Return plain values with None in the place of every number that is none: JSON has no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return value


def canonical_json(value: Any, *, strict: bool = False) -> str:
    """Return JSON with sorted keys and no blanks, the same for equal values.

    ``strict`` refuses numbers that JSON has no word for with a ValueError: it is for what
    is stored. A digest may be taken of them, since older entries hold some.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=not strict)


def text_of(name: str) -> str:
    r"""Return a name as text that can be kept anywhere.

    A file's name is bytes, and not always UTF-8: a byte that is no letter becomes
    ``\xff``, so that ledger, JSON and page take it. It is to be read, and
    leads back to no file.
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def digest_text(text: str) -> str:
    """Return the SHA-256 (hex) of ``text`` in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
