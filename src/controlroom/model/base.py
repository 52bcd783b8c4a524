"""What every frozen model of the house shares."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from controlroom.model.errors import SchemaTooNewError, SongError


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
    def from_document(cls, stored: dict[str, Any]) -> Self:
        """Read the stored form of this schema.

        Raises
        ------
        SchemaTooNewError
            If the document was written by a newer Control Room.
        SongError
            If it is another kind of document, or its schema is unknown.
        """
        fields = dict(stored)
        check_schema(str(fields.pop("schema", "")), cls.schema_name, cls.schema_number)
        return cls.model_validate(fields)


def check_schema(given: str, name: str, number: int) -> None:
    """Refuse a document of another kind, an unknown or a newer schema."""
    kind, _, version = given.partition("/")
    if kind != name or not version.isdigit():
        raise SongError(
            "schema.unknown",
            f"expected a document of schema {name}/{number}, found {given or 'none'!r}",
            "the file is of another kind or was edited; restore it from a copy",
        )
    if int(version) > number:
        raise SchemaTooNewError(
            "schema.newer",
            f"{given} is newer than this Control Room, which knows {name}/{number}",
            "install a newer Control Room; nothing was changed",
        )


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys and no blanks, the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


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
