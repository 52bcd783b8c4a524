"""One tree of errors.

::

    ControlRoomError                  exit  what it means
    ├── UsageError                      2   the words of the call are off
    ├── AudioInputError                 3   a file that is no usable take or stem
    │   └── DecoderError                3   its decoder failed, hung or was stopped
    ├── SongError                       4   the song's folder, ledger or documents
    │   ├── SchemaTooNewError           4   written by a newer Control Room
    │   ├── LedgerError                 4   the chain of entries does not hold
    │   └── VerifyError                 8   a stored file is not what the ledger says
    ├── DecisionError                   5   an answer that can't be recorded
    ├── EnvironmentFault                6   disk, permission, a missing optional part
    │   └── SongBusyError               7   another process holds the song
    ├── Fault                          70   the program itself broke: a fault of ours
    └── Cancelled                     130   the person stopped the work

Every error has a stable ``code`` (``CR-`` and a short name), a message that
names the value that was given, and a ``hint`` that says what to do.
"""

from __future__ import annotations

from typing import ClassVar


class ControlRoomError(Exception):
    """Base of every error that Control Room raises on purpose.

    Parameters
    ----------
    code : str
        Stable name of the case, such as ``audio.empty``; never translated.
    message : str
        What happened, naming the value that was given.
    hint : str
        What the person can do about it; may be empty.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[ControlRoomError], tuple[str, str, str]]:
        """Keep code and hint when the error crosses a process border."""
        return (type(self), (self.code, self.message, self.hint))

    def as_dict(self) -> dict[str, str | int]:
        """Return the one JSON shape of an error."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "exit_code": self.exit_code,
        }


class UsageError(ControlRoomError):
    """The words of the call are off."""

    exit_code = 2


class AudioInputError(ControlRoomError):
    """A file that is no usable take or stem."""

    exit_code = 3


class DecoderError(AudioInputError):
    """A decoder failed, hung or was stopped at a limit."""


class SongError(ControlRoomError):
    """A song's folder, ledger or documents are not as they must be."""

    exit_code = 4


class SchemaTooNewError(SongError):
    """A stored document was written by a newer Control Room."""


class LedgerError(SongError):
    """The chain of ledger entries does not hold."""


class VerifyError(SongError):
    """A stored file is not what the ledger or a manifest says."""

    exit_code = 8


class DecisionError(ControlRoomError):
    """An answer that can't be recorded."""

    exit_code = 5


class EnvironmentFault(ControlRoomError):
    """Disk, permission, or a missing optional part."""

    exit_code = 6


class SongBusyError(EnvironmentFault):
    """Another process holds the song."""

    exit_code = 7


class Fault(ControlRoomError):
    """The program itself broke: never the person's doing."""

    exit_code = 70


class Cancelled(ControlRoomError):
    """The person stopped the work."""

    exit_code = 130

    def __init__(
        self,
        code: str = "cancelled",
        message: str = "stopped on request",
        hint: str = "the song is unchanged since its last finished step; run the command again to go on",
    ) -> None:
        super().__init__(code, message, hint)
