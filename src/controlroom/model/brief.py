"""The brief: what the person meant before anything was generated."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from controlroom.model.base import Document, Record


class FormSection(Record):
    """One intended section with its length and its energy."""

    name: str
    bars: int | None = Field(default=None, gt=0)
    energy: float | None = Field(default=None, ge=0, le=1)


class Brief(Document):
    """Style, mood, tempo, key, form, voice, what to avoid, what must stay."""

    schema_number: ClassVar[int] = 1
    schema_name: ClassVar[str] = "brief"

    title: str = ""
    style: tuple[str, ...] = ()
    mood: tuple[str, ...] = ()
    tempo_min_bpm: float | None = Field(default=None, gt=0)
    tempo_max_bpm: float | None = Field(default=None, gt=0)
    key: str | None = None
    metre: str | None = None
    length_s: float | None = Field(default=None, gt=0)
    form: tuple[FormSection, ...] = ()
    voice: str | None = None
    language: str | None = None
    instruments: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    must_stay: tuple[str, ...] = ()
    lyrics: str | None = None
