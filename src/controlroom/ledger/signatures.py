"""Who wrote what: each head signed, and what these signatures prove.

Each append signs the head that it leaves with the writer's key, in the same
transaction. A head's hash holds every entry before it, so one signature speaks
for the whole ledger up to there. Who signs is itself an entry (``signer.set``):
from there on to the next such entry, the last head must bear that key's
signature. An empty key says that from there on nothing is signed.

What is proved, against somebody who may change every file of the song but does
not have the key:

- an entry that the key signed for was changed, removed or put between others,
  and the chain was hashed anew: the signature no longer fits (``ledger.rewritten``);
- signatures were taken off or replaced while the chain stayed: the chain says
  who signs (``ledger.stripped``);
- the end was cut off, and a signature, ``ledger.head`` or one manifest under
  ``renders/`` or ``release/`` was left (``ledger.cut``).

What can't be proved:

- that nothing was cut off, where *every* later trace was removed with it: an
  older state of the song is a true state of the song;
- that a song was ever signed, where the chain was written anew from its first
  ``signer.set`` on and every manifest with it. It then reads as unsigned or as
  signed by another, never as signed by this machine's key;
- who stands behind a key, when something was written, or that a key was not
  taken: whoever can read the key file can sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlroom.ledger.keys import fingerprint, is_signed
from controlroom.model.base import canonical_json
from controlroom.model.errors import LedgerError

SIGNER_SET = "signer.set"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signed head: its place, the public key, and the signature, as hex."""

    seq: int
    key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries under one signer, first and last included; an empty key stands for none."""

    key: str
    first: int
    last: int


def head_text(seq: int, digest: str) -> str:
    """Return what is signed of a head."""
    return canonical_json(["controlroom-head/1", seq, digest])


def signer_entry(key: str) -> tuple[str, dict[str, Any]]:
    """Return the entry that says who signs from here on."""
    return SIGNER_SET, {"key": key}


def stretches(named: Iterable[tuple[int, str]], last: int) -> list[Stretch]:
    """Return who signs which entries, from each place where a signer was named up to ``last``."""
    if not last:
        return []
    starts = [(seq, key) for seq, key in named if seq <= last]
    if not starts or starts[0][0] > 1:
        starts.insert(0, (1, ""))
    ends = [seq - 1 for seq, _ in starts[1:]] + [last]
    return [Stretch(key, first, end) for (first, key), end in zip(starts, ends, strict=True)]


def check_signatures(
    found: Sequence[Signature], hashes: Mapping[int, str], parts: Sequence[Stretch], where: str
) -> None:
    """Check every signature, and that each stretch's last head bears its signer's.

    Raises
    ------
    LedgerError
        ``ledger.cut``, ``ledger.rewritten`` or ``ledger.stripped``.
    """
    for one in found:
        if one.seq not in hashes:
            raise LedgerError(
                "ledger.cut",
                f"{where} has a signature of entry {one.seq}, which it no longer holds",
                "the end of the ledger is missing; restore it from a copy",
            )
        if not is_signed(head_text(one.seq, hashes[one.seq]), one.key, one.signature):
            raise LedgerError(
                "ledger.rewritten",
                f"entry {one.seq} of {where} is not what {fingerprint(one.key)} signed",
                "it, or an entry before it, was changed and the chain written anew; restore it from a copy",
            )
    by_seq = {one.seq: one.key for one in found}
    for part in parts:
        if part.key and by_seq.get(part.last) != part.key:
            raise stripped(part.last, part.key, where)
        others = [seq for seq, key in by_seq.items() if part.first <= seq <= part.last and key != part.key]
        if others:
            raise stripped(min(others), part.key, where)


def stripped(seq: int, key: str, where: str) -> LedgerError:
    """Say that a head does not bear the signature that it had."""
    return LedgerError(
        "ledger.stripped",
        f"entry {seq} is not signed by {fingerprint(key) or 'nobody'}, as {where} says that it is",
        "signatures were taken off or replaced; restore it from a copy",
    )
