"""What a header promises, as plain values: what every reader of a container hands back."""

from __future__ import annotations

from dataclasses import dataclass, field

from controlroom.media.pcm import PcmForm


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to tell of a file that is read: a code, and numbers by name."""

    code: str
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """Stretches of a file that make one stream for a decoder, read one after the other."""

    runs: tuple[tuple[int, int], ...]
    engine: str
    demuxer: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the header says, held against the file; None where it says nothing.

    Attributes
    ----------
    truncated : str
        Why the file is provably incomplete, in words; empty if it is not.
    rate_hz, channels : int or None
        As declared.
    frames : int or None
        Frames that must come out, where that is known exactly.
    duration_s : float or None
        Their length, or as counted for MPEG audio.
    bitrate_kbps : float or None
        Mean of the coded frames, for MPEG audio.
    streaming : bool
        The length field is empty, or wrong, although sound follows.
    damaged : str
        What is provably wrong inside the file, in words; empty if nothing is.
    readable : bool
        Whether a person may have what is there of a truncated file.
    missing_s : float or None
        How much of it is missing, where that can be told.
    pcm : PcmForm or None
        How plain samples lie in ``regions``.
    regions : tuple of (int, int)
        Start and size of the stretches of sound.
    parts : tuple of Part
        Streams to be decoded one after the other; empty for the file as it is.
    unread : (int, int) or None
        Bytes that the header of a codec promises, and those that lie behind them.
    stored_s : float or None
        Sound that an MP4 file holds, whatever its edit list says.
    remarks : tuple of Remark
        What is to be told.
    """

    truncated: str = ""
    rate_hz: int | None = None
    channels: int | None = None
    frames: int | None = None
    duration_s: float | None = None
    bitrate_kbps: float | None = None
    streaming: bool = False
    damaged: str = ""
    readable: bool = True
    missing_s: float | None = None
    pcm: PcmForm | None = None
    regions: tuple[tuple[int, int], ...] = ()
    parts: tuple[Part, ...] = ()
    unread: tuple[int, int] | None = None
    stored_s: float | None = None
    remarks: tuple[Remark, ...] = ()


def missing(declared: int, there: int, what: str) -> str:
    """Return in words that a header promises more than there is."""
    return f"its header promises {declared} {what}, the file has {max(0, there)}"


def seconds_of(frames: int | None, rate_hz: int) -> float | None:
    """Return a length in seconds, None where it is not known."""
    return frames / rate_hz if frames is not None and rate_hz > 0 else None
