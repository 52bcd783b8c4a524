"""The sentences for a file that is refused: code, values in, error out."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controlroom.model.errors import AudioInputError, ControlRoomError, DecoderError, EnvironmentFault

_EXPORT = "export it again from the generator or the DAW"
_AGAIN = "download or copy the file again"
_AS_IS = f"{_AGAIN}; or take what is there of it: --as-is"
_JOINED = "files were joined"
_WHOLE_NUMBERS = (8, 16, 24, 32)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"


def _over_scale(peak: float) -> tuple[str, str]:
    """Guess the width of whole numbers that were stored as floats, and offer the scale that undoes it."""
    bits = next((bits for bits in _WHOLE_NUMBERS if peak <= 2.0 ** (bits - 1)), None)
    says = f"peaks at {20 * math.log10(peak):+.1f} dBFS: integers stored as float?"
    if bits is None:
        return says, f"no width of integers reaches that: {_EXPORT}"
    scale_db = -20 * (bits - 1) * math.log10(2)
    return says, f"--scale-db {scale_db:.2f} reads them as {bits}-bit integers; or {_EXPORT}"


_SAYS: dict[str, Callable[[Any, Any], tuple[str, str]]] = {
    "audio.missing": lambda _found, _limit: ("does not exist", "check the path and its spelling"),
    "audio.is-folder": lambda _found, _limit: ("is a folder, not a file", "name one audio file in it"),
    "audio.not-a-file": lambda _found, _limit: ("is no regular file", "copy the sound into a file first"),
    "audio.not-readable": lambda _found, _limit: (
        "can't be read: permission denied",
        "check the file's permissions",
    ),
    "audio.empty": lambda _found, _limit: ("is empty: 0 bytes", _AGAIN),
    "audio.truncated": lambda found, readable: (f"is incomplete: {found}", _AS_IS if readable else _AGAIN),
    "audio.header-short": lambda found, _limit: (
        f"holds more than its header tells: {found[0]} bytes of sound are promised, {found[1]} more lie behind them",
        "convert it with the program that wrote it; or take only what the header tells: --as-is",
    ),
    "audio.over-scale": lambda found, _limit: _over_scale(found),
    "audio.not-audio": lambda found, _limit: (
        f"is not audio: it holds {found}",
        "choose the audio file itself",
    ),
    "audio.no-stream": lambda found, _limit: (
        f"holds no audio stream (container: {found})",
        "choose a file with sound",
    ),
    "audio.no-frames": lambda _found, _limit: ("has a header but no sound in it: 0 frames", _EXPORT),
    "audio.too-short": lambda found, limit: (
        f"is too short: {found * 1000:.1f} ms, at least {limit * 1000:.0f} ms are needed",
        "one loudness block (BS.1770-5) is 400 ms; import a longer sound",
    ),
    "audio.silent": lambda found, _limit: (
        f"is silent: its highest sample is {found:.3g}, below half a step of 24 bits",
        "check that the right track was exported",
    ),
    "audio.not-finite": lambda found, _limit: (
        f"holds NaN or infinite samples, the first at {found:.3f} s",
        "an effect or an export went wrong: " + _EXPORT,
    ),
    "audio.channels": lambda found, limit: (
        f"has {found} channels, up to {limit} are read",
        "mix it down to stereo, or export stems as separate files",
    ),
    "audio.rate": lambda found, limit: (
        f"has a sampling rate of {found} Hz, outside {limit}",
        "convert it to 44.1 or 48 kHz",
    ),
    "audio.too-long": lambda found, limit: (
        f"is too long: {_clock(found)} or more, the limit is {limit:g} min",
        "cut it into songs, or raise max_minutes",
    ),
    "decoder.failed": lambda found, _limit: (
        f"can't be decoded: {found}",
        "add each of them by itself" if _JOINED in str(found) else "the file is damaged: " + _AGAIN,
    ),
    "decoder.timeout": lambda _found, limit: (
        f"was not decoded within {limit:g} s, the decoder was stopped",
        "the file may be damaged; on a slow machine raise wall_s",
    ),
    "decoder.crashed": lambda found, _limit: (
        f"crashed its decoder ({found})",
        "the file is damaged: " + _AGAIN,
    ),
    "decoder.killed": lambda found, _limit: (
        f"was not decoded: something outside stopped its decoder ({found})",
        "the machine may have run out of memory: close other programs, then try again; the file is not at fault",
    ),
    "decoder.memory": lambda _found, limit: (
        f"needs more memory to decode than the limit of {limit} MB",
        "the file may be damaged; if it is not, raise memory_mb",
    ),
}


def refusal(code: str, path: Path, value: object = None, limit: object = None) -> ControlRoomError:
    """Build the error of one refusal.

    Parameters
    ----------
    code : str
        One of the table's codes.
    path : Path
        The file, named in the message.
    value : object
        What was found: seconds, hertz, channels, words; see the table.
    limit : object
        What would have been right.

    Returns
    -------
    AudioInputError
        A DecoderError where the decoder failed. To be raised by the caller.
    """
    says, hint = _SAYS[code](value, limit)
    kind = DecoderError if code.startswith("decoder.") else AudioInputError
    return kind(code, f"'{path.name or path}' {says}", hint)


def scratch_fault(number: int | None, scratch: Path) -> EnvironmentFault:
    """Build the error of a scratch folder that can't take the samples."""
    full = number in {errno.ENOSPC, errno.EDQUOT}
    why = "no room left" if full else f"writing failed ({errno.errorcode.get(number or 0, number)})"
    return EnvironmentFault(
        "env.disk-full" if full else "env.io-failed",
        f"{why} in the scratch folder '{scratch}'",
        "free some space, or name another scratch folder",
    )


def not_started(error: OSError) -> EnvironmentFault:
    """Build the error of a decoder that the system would not start."""
    why = error.strerror or os.strerror(error.errno or 0)
    return EnvironmentFault(
        "env.no-process",
        f"the decoder can't be started: {why}",
        "close other programs, then try again; the file is not at fault",
    )
