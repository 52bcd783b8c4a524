"""A child process that copies one audio stream out of a STEMS file, undecoded.

Called as ``python -m controlroom.separation.stems_file FILE STREAM OUT``. It
runs apart, with limits, because a container is a program of a stranger's for
the demuxer; the copy is then decoded like every other file.
"""

from __future__ import annotations

import sys

from controlroom.media.files import ffmpeg_name

_STREAMS = 5
_MEMORY_BYTES = 1 << 30
_CPU_S = 60


def copy_stream(path: str, number: int, out: str) -> None:
    """Copy audio stream ``number`` of ``path`` into ``out`` (MP4).

    Raises
    ------
    ValueError
        If the file does not hold five audio streams.
    """
    import av

    with av.open(ffmpeg_name(path), format="mp4") as source:
        streams = source.streams.audio
        if len(streams) != _STREAMS:
            raise ValueError(f"it holds {len(streams)} audio streams")
        with av.open(ffmpeg_name(out), "w", format="mp4") as target:
            copy = target.add_stream_from_template(streams[number])
            for packet in source.demux(streams[number]):
                if packet.dts is not None:
                    packet.stream = copy
                    target.mux(packet)


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not on every system
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))


if __name__ == "__main__":
    _limit()
    copy_stream(sys.argv[1], int(sys.argv[2]), sys.argv[3])
