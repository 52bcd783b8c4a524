"""The song, its takes and its stems, as facts."""

from __future__ import annotations

import math
from enum import StrEnum

from pydantic import Field

from controlroom.model.base import Record
from controlroom.model.timeline import Timeline

DOUBLE_DB = 20 * math.log10(2)
WHOLE_DB = 0.005


class SongState(StrEnum):
    """Where a song stands."""

    RAW = "raw"
    HEARD = "heard"
    IN_DECISION = "in decision"
    RENDERED = "rendered"
    RELEASED = "released"


class PartStatus(StrEnum):
    """What a person said of a part: a stem, a section, or a span of a stem."""

    STAYS = "stays"
    REMOVED = "removed"
    RESHAPED = "reshaped"
    DEFINES_IDENTITY = "defines-the-identity"


class Tags(Record):
    """What a file says of itself, with the generator's marks read out of it."""

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    comment: str | None = None
    generator: str | None = None
    generator_id: str | None = None
    generator_created: str | None = None
    generator_url: str | None = None
    lyrics: str | None = None
    aigc: str | None = None
    has_c2pa: bool = False
    encoder: str | None = None


class Reading(Record):
    """How a file is read, where a person said so.

    ``as_is`` takes what is there of an incomplete file. Every sample is turned up
    by ``scale_db``; within 0.005 dB of a power of two it is that power, so that
    whole numbers that were stored as floats come in exactly.
    """

    as_is: bool = False
    scale_db: float = Field(default=0.0, ge=-200.0, le=200.0)

    @property
    def scale(self) -> float:
        """The factor on every sample."""
        exponent = self.scale_db / DOUBLE_DB
        whole = round(exponent)
        return 2.0 ** (whole if abs(exponent - whole) * DOUBLE_DB < WHOLE_DB else exponent)


class ImportRemark(Record):
    """Something to tell of how a file was read: a code, numbers by name, and words that are the file's own."""

    code: str
    values: dict[str, float] = {}
    words: str = ""


class TakeFacts(Record):
    """What is known of an imported file before anyone listens to it.

    ``scale_db`` is what a person said that its samples are turned up by when they are read.
    """

    file_name: str
    sha256: str
    size_bytes: int = Field(ge=0)
    container: str
    codec: str
    rate_hz: int = Field(gt=0)
    channels: int = Field(ge=1, le=2)
    frames: int = Field(gt=0)
    bit_depth: int | None = None
    bitrate_kbps: float | None = None
    rounded_to_float32: bool = False
    tags: Tags = Tags()
    remarks: tuple[ImportRemark, ...] = ()
    scale_db: float = 0.0

    @property
    def as_is(self) -> bool:
        """Whether it is incomplete, and a person took what is there."""
        return any(remark.code == "missing" for remark in self.remarks)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate_hz


class Take(Record):
    """One imported generation, or a comp of several with its parents."""

    id: str
    facts: TakeFacts
    audio_digest: str
    archived_as: str
    added_at: str
    parents: tuple[str, ...] = ()
    timeline: Timeline


class StemTrust(Record):
    """How far a stem can be trusted: does it null, does it bleed.

    ``coherence``, ``silent`` and ``level_db`` have a value per band between the
    edges; a silent band is one where the stem has nothing to speak of, a level is
    the band's power over the stem's own.
    """

    null_db: float | None = None
    bleed_db: float | None = None
    artifact: float | None = None
    coherence: tuple[float, ...] = ()
    coherence_edges_hz: tuple[float, ...] = ()
    silent: tuple[bool, ...] = ()
    level_db: tuple[float, ...] = ()


class Stem(Record):
    """One part of a take: separated here, or exported by the generator."""

    id: str
    take_id: str
    role: str
    origin: str
    audio_digest: str
    archived_as: str
    trust: StemTrust = StemTrust()


class LeftOut(Record):
    """A file or part that was not taken up as a stem, and why.

    ``why`` is a code: ``near-silent``, ``leakage``, ``the-mix``, ``the-same``, ``held``,
    ``overlaps``, ``empty``, ``too-short``, ``no-audio``, ``replaced``; ``detail`` says
    more of it where there is more.
    """

    name: str
    why: str
    detail: str = ""


class StemFile(Record):
    """What was done with one of a person's files so that it fits its take.

    ``by`` is how its role is known: name, sound, order, person. ``gain_db`` is what
    it was raised by, ``gain_error_db`` how surely the stem itself tells that (None:
    it does not). ``late_s`` is by how much it was moved to the front, negative to
    the back; ``padded_s`` the silence that was added behind it, ``cut_s`` what of it
    lay outside the take.
    """

    name: str
    role: str
    by: str
    gain_db: float = 0.0
    gain_error_db: float | None = None
    inverted: bool = False
    from_rate_hz: int | None = None
    late_s: float = 0.0
    drift_ppm: float = 0.0
    padded_s: float = 0.0
    cut_s: float = 0.0


class StemSet(Record):
    """The stems that stand for a take: separated or imported together, and measured together.

    ``null_db`` is ``Σ stems − mix`` over the mix; ``incomplete`` says that the
    stems are in the mix but do not add up to it; ``regenerated`` names those that
    move like the mix and are not in it as waves. ``files`` are those that a person
    brought, with what was done to them.
    """

    take_id: str
    backend: str
    model: str = ""
    stems: tuple[Stem, ...]
    null_db: float
    incomplete: bool = False
    regenerated: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    files: tuple[StemFile, ...] = ()
    by: str
    at: str

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the stems."""
        return tuple(stem.role for stem in self.stems)

    def stem(self, role: str) -> Stem | None:
        """Return the stem of a role, if there is one."""
        return next((stem for stem in self.stems if stem.role == role), None)
