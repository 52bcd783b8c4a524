"""Errors as the page tells them: one JSON shape, and the status that fits."""

from __future__ import annotations

from controlroom.model.errors import (
    AudioInputError,
    Cancelled,
    ControlRoomError,
    DecisionError,
    EnvironmentFault,
    SongBusyError,
    SongError,
    UsageError,
)

STATUSES: tuple[tuple[type[ControlRoomError], int], ...] = (
    (SongBusyError, 423),
    (EnvironmentFault, 507),
    (AudioInputError, 422),
    (DecisionError, 409),
    (SongError, 409),
    (UsageError, 400),
    (Cancelled, 409),
)
MISSING = (
    "song.missing",
    "sound.missing",
    "job.missing",
    "decision.unknown-proposal",
    "file.missing",
    "reference.missing",
    "sample.missing",
    "request.not-found",
)
TOO_LARGE = "upload.too-large"


def status_of(error: ControlRoomError) -> int:
    """Return the HTTP status of an error."""
    if error.code in MISSING:
        return 404
    if error.code == TOO_LARGE:
        return 413
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 400)


def body_of(error: ControlRoomError) -> dict[str, object]:
    """Return the one JSON shape of an error: ``{"error": {code, message, hint, exit_code}}``."""
    return {"error": error.as_dict()}


def plain(code: str, message: str, hint: str = "") -> dict[str, object]:
    """Return the same shape for what the studio never sees: a bad request, a refused origin."""
    return body_of(UsageError(code, message, hint))
