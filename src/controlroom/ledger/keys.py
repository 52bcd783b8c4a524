"""The key of the person at this machine: an Ed25519 pair, whose secret half stays in the configuration folder.

It signs what this machine writes. No key, or one that can't be used, stops no
work: what is written then is unsigned, and that is said.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from controlroom.media.files import sync_folder
from controlroom.model.base import check_schema
from controlroom.model.errors import SongError

FOLDER_VARIABLE = "CONTROLROOM_CONFIG"
FILE_NAME = "signing-key.json"
SCHEMA_NUMBER = 1
SHORT = 16

_log = logging.getLogger(__name__)
_told: set[str] = set()


@dataclass(frozen=True, slots=True)
class Key:
    """A key that signs: its public half as hex, and its secret half."""

    public: str
    secret: bytes = field(repr=False)

    def sign(self, text: str) -> str:
        """Return the signature of a text, as hex."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(text.encode()).hex()


def fingerprint(public: str) -> str:
    """Return the short form of a public key, for people."""
    return public[:SHORT]


def is_signed(text: str, public: str, signature: str) -> bool:
    """Return whether a signature is of this text and by this key; False for what is no key or signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
            bytes.fromhex(signature), text.encode()
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def config_folder() -> Path:
    """Return the person's configuration folder; ``CONTROLROOM_CONFIG`` names another."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named).absolute() if named else Path(platformdirs.user_config_dir("controlroom"))


def known_key() -> Key | None:
    """Return this machine's key if it has one that can be used; none is made."""
    return _key(make=False)


def own_key() -> Key | None:
    """Return this machine's key, made at the first call; None, and a word on why, where it can't be."""
    return _key(make=True)


def _key(*, make: bool) -> Key | None:
    path = config_folder() / FILE_NAME
    if not path.is_absolute():  # no home is known: "~" is not a folder to make
        _tell_once("there is no home folder")
        return None
    try:
        if make and not path.exists():
            _make(path)
        return _read(path)
    except FileNotFoundError:
        if make:
            _tell_once(f"{path} can't be made")
    except (OSError, ValueError, KeyError, TypeError, SongError) as error:
        _tell_once(f"the key {path} can't be used: {error}")
    return None


def _read(path: Path) -> Key:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    stored = json.loads(path.read_text(encoding="utf-8"))
    check_schema(str(stored["schema"]), "key", SCHEMA_NUMBER)
    if os.name == "posix" and path.stat().st_mode & 0o077:  # copied back by hand: others could sign as us
        path.chmod(0o600)
    secret = bytes.fromhex(stored["ed25519"])
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return Key(public.hex(), secret)


def _make(path: Path) -> None:
    """Write a new key under its name, unless somebody else just did: the first one stays."""
    text = json.dumps({"schema": f"key/{SCHEMA_NUMBER}", "ed25519": secrets.token_bytes(32).hex()})
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        handle = os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            # neither replaces a file that is there, as `Path.replace` would
            (os.link if os.name == "posix" else os.rename)(half, path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)


def _tell_once(why: str) -> None:
    if why not in _told:
        _told.add(why)
        _log.warning("what is written to the ledger is not signed: %s", why)
