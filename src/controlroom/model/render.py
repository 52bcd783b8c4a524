"""Renders, masters, and what was measured of them."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from controlroom.model.base import Document, Record
from controlroom.model.proposals import Claim, GuardReading, Step


class LoudnessFacts(Record):
    """What the meter says of one sound; None stands for "no block above the gate"."""

    integrated_lufs: float | None
    loudness_range_lu: float | None
    momentary_max_lufs: float | None
    short_term_max_lufs: float | None
    true_peak_dbtp: float | None
    sample_peak_dbfs: float | None
    plr_db: float | None
    psr_p5_db: float | None
    psr_min_db: float | None


class Outcome(Record):
    """One claim and what was measured of it: after its stage, and in the master."""

    proposal_id: str
    claim: Claim
    after_stage: float | None = None
    in_master: float | None = None
    kept: bool = False
    kept_in_master: bool | None = None


class LoudnessPlan(Record):
    """How the level of the masters was chosen, and what held it back.

    ``as_planned`` says whether both steps of the plan were accepted as they were asked:
    only then is ``announced_lufs`` the level of the masters. None stands for a sound
    that has no loudness: no block of it is above the gate, and no level can be planned.
    """

    target_lufs: float
    announced_lufs: float | None
    gain_db: float
    ceiling_dbtp: float
    held_back_by: str | None = None
    as_planned: bool = True
    readings: dict[str, float] = {}
    limits: dict[str, float] = {}


class MasterFile(Record):
    """One delivered file, measured after it was read back; ``route`` names where it goes (empty: in songs of before)."""

    path: str
    format: str
    rate_hz: int
    bit_depth: int | None = None
    bitrate_kbps: int | None = None
    lufs: float | None
    true_peak_dbtp: float | None
    ceiling_dbtp: float
    trim_db: float = 0.0
    sha256: str
    draft: bool = True
    route: str = ""


class Render(Document):
    """The manifest of one render: what came out of the accepted steps.

    It names the ledger's head that it was made under, and that head's signature
    where there is one. Schema 1 had neither signature nor the premaster's hash.
    """

    schema_number: ClassVar[int] = 2
    schema_name: ClassVar[str] = "render"

    id: str
    take_id: str
    audio_digest: str
    steps: tuple[Step, ...]
    decisions: tuple[str, ...]
    draft: bool
    premaster: str
    premaster_digest: str
    premaster_sha256: str = ""
    masters: tuple[MasterFile, ...] = ()
    plan: LoudnessPlan | None = None
    before: LoudnessFacts
    after: LoudnessFacts
    outcomes: tuple[Outcome, ...] = ()
    guards: tuple[GuardReading, ...] = ()
    withdrawn: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    ledger_seq: int = Field(ge=0)
    ledger_head: str
    ledger_key: str = ""
    ledger_signature: str = ""
    at: str
    extra: dict[str, Any] = {}
