"""LAME, called where it is fast: the build inside the lameenc wheel, or the system's own library.

PyAV's wheel carries a LAME that was built without optimisation: the same sound costs three
to four times the processor time, for the same noise in every third octave. lameenc's own
Python call takes 16-bit integers only, so its library is called by the names of LAME's
public interface (``lame.h``), which takes float. Where neither library can be loaded
(Windows hides an extension's names) FFmpeg's encoder does the work.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import BinaryIO

import numpy as np

from controlroom.media.dither import BLOCK_FRAMES
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import EnvironmentFault

_MONO, _JOINT_STEREO = 3, 1
_VBR_MTRH = 4
_QUALITY = 7
"""LAME's slower searches buy nothing at 320 kbit/s: the noise from 100 Hz to 12 kHz is 1 to 5 dB lower at 7 than at 2."""

_CALLS = (
    "lame_init", "lame_close", "lame_init_params", "lame_set_in_samplerate", "lame_set_out_samplerate",
    "lame_set_num_channels", "lame_set_mode", "lame_set_brate", "lame_set_quality", "lame_set_VBR",
    "lame_set_VBR_quality", "lame_encode_buffer_ieee_float", "lame_encode_flush",
    "lame_get_lametag_frame", "get_lame_version",
)  # fmt: skip


@cache
def load() -> ctypes.CDLL | None:
    """Return LAME's library, or None where it can't be called directly."""
    wheel = find_spec("lameenc")
    for name in (wheel.origin if wheel else None, ctypes.util.find_library("mp3lame")):
        if name is None:
            continue
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        if all(hasattr(library, call) for call in _CALLS):
            return _declared(library)
    return None


def version() -> str:
    """Return the version of the encoder in use; empty where LAME is not called directly."""
    library = load()
    return library.get_lame_version().decode() if library else ""


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    handle, size, address = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
    library.lame_init.restype = handle
    library.get_lame_version.restype = ctypes.c_char_p
    library.lame_get_lametag_frame.restype = size
    for call in _CALLS:
        if call.startswith("lame_set"):
            getattr(library, call).argtypes = (handle, ctypes.c_int)
    library.lame_set_VBR_quality.argtypes = (handle, ctypes.c_float)
    library.lame_init_params.argtypes = library.lame_close.argtypes = (handle,)
    library.lame_encode_buffer_ieee_float.argtypes = (
        handle, address, address, ctypes.c_int, address, ctypes.c_int,
    )  # fmt: skip
    library.lame_encode_flush.argtypes = (handle, address, ctypes.c_int)
    library.lame_get_lametag_frame.argtypes = (handle, address, size)
    return library


def write_mp3(file: BinaryIO, audio: Audio, bitrate_kbps: int | None, context: Context) -> None:
    """Write a sound as MP3, with the header that tells its exact length.

    Parameters
    ----------
    file : binary file
        Open for writing and seeking.
    audio : Audio
        Mono or stereo, at a rate of MPEG-1 (32, 44.1, 48 kHz).
    bitrate_kbps : int or None
        Constant rate; None for variable rate of the best quality (``V0``).
    context : Context
        Asked to stop between blocks.

    Raises
    ------
    EnvironmentFault
        ``env.encoder`` when LAME refuses or fails; call only where `load` found it.

    Notes
    -----
    The first frame carries Xing's counts and LAME's delay and padding, by which a
    decoder gives back exactly the frames that went in. LAME writes it with wrong
    figures at first, and rightly once all is encoded.
    """
    library = load()
    if library is None:
        raise EnvironmentFault("env.encoder", "LAME is not there", "install the 'lameenc' wheel from PyPI")
    handle = library.lame_init()
    if not handle:
        raise EnvironmentFault("env.encoder", "LAME can't start", "check the memory that is free")
    try:
        _set_up(library, handle, audio, bitrate_kbps)
        file.writelines(_encoded(library, handle, audio, context))
        buffer = ctypes.create_string_buffer(8192)
        size = library.lame_get_lametag_frame(handle, buffer, len(buffer))
        file.seek(0)
        file.write(buffer.raw[:size])
    finally:
        library.lame_close(handle)


def _set_up(library: ctypes.CDLL, handle: int, audio: Audio, bitrate_kbps: int | None) -> None:
    library.lame_set_in_samplerate(handle, audio.rate_hz)
    library.lame_set_out_samplerate(handle, audio.rate_hz)
    library.lame_set_num_channels(handle, audio.channels)
    library.lame_set_mode(handle, _MONO if audio.channels == 1 else _JOINT_STEREO)
    library.lame_set_quality(handle, _QUALITY)
    if bitrate_kbps is None:
        library.lame_set_VBR(handle, _VBR_MTRH)
        library.lame_set_VBR_quality(handle, 0.0)
    else:
        library.lame_set_brate(handle, bitrate_kbps)
    if library.lame_init_params(handle) < 0:
        raise EnvironmentFault(
            "env.encoder",
            f"LAME takes no {audio.channels} channels at {audio.rate_hz} Hz",
            "give mono or stereo at 32, 44.1 or 48 kHz",
        )


def _encoded(library: ctypes.CDLL, handle: int, audio: Audio, context: Context) -> Iterator[bytes]:
    """Yield the stream in pieces; a buffer of ``lame.h``'s worst case holds each."""
    buffer = ctypes.create_string_buffer(BLOCK_FRAMES * 5 // 4 + 7200)
    for start in range(0, audio.frames, BLOCK_FRAMES):
        context.check()
        block = np.ascontiguousarray(audio.samples[:, start : start + BLOCK_FRAMES])
        size = library.lame_encode_buffer_ieee_float(
            handle, block[0].ctypes.data, block[-1].ctypes.data, block.shape[1], buffer, len(buffer)
        )
        yield _taken(buffer, size)
    yield _taken(buffer, library.lame_encode_flush(handle, buffer, len(buffer)))


def _taken(buffer: ctypes.Array[ctypes.c_char], size: int) -> bytes:
    if size < 0:
        raise EnvironmentFault("env.encoder", f"LAME failed with {size}", "check the sound")
    return ctypes.string_at(buffer, size)
