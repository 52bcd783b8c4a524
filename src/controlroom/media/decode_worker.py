"""The child process that decodes: untrusted bytes in, raw samples out, under limits.

Run as ``python -m controlroom.media.decode_worker SPEC`` where SPEC is JSON
(see `Spec`). It reads what the header promises, decodes, and holds one against
the other; it writes one file of raw little-endian float32 per channel and one
line of JSON on stdout: facts, or the code of a refusal. A second line holds the
tags, where they are asked for: whatever they do, the sound is out by then. It
imports as little as it can, because its start-up is paid for every file; the
sentences for a person are made by the parent (`controlroom.media.refusals`).
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controlroom.media.decoders import (
    BLOCK_FRAMES,
    RefusedError,
    Sink,
    Spec,
    by_av,
    by_parts,
    by_pcm,
    by_soundfile,
)
from controlroom.media.promise import read_promise
from controlroom.media.promised import Promise, Remark

_TAIL_FRAMES = BLOCK_FRAMES + 4_608  # one block, and the largest subset FLAC block
_GAPLESS_S = 0.5  # encoder delay and padding that a decoder may trim: up to 4,095 frames each at 16 kHz
_TAG_BYTES = 256 << 20
_TAG_S = 10.0
_SOUNDFILE = {"wav", "rf64", "w64", "aiff", "caf", "au", "flac", "mp3"}
_MAY_BE_CUT = {"flac", "wavpack", "ape", "tta"}  # how much is missing is told by what comes out
_LENGTH_IS_TOLD = {"mp4", "matroska", "asf", "wavpack", "ape", "tta"}


def limit(spec: Spec) -> None:
    """Put this process under its limits, where the system has them."""
    with suppress(ImportError):
        import resource

        samples_bytes = int(spec.max_seconds * spec.max_rate_hz * 4) + (1 << 24)
        mapped = Path(spec.path).stat().st_size  # a map of the file takes addresses, not memory
        wanted = (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_CPU, spec.cpu_s),
            (resource.RLIMIT_FSIZE, samples_bytes),
            (resource.RLIMIT_AS, (spec.memory_mb << 20) + mapped),
        )
        for name, value in wanted:
            with suppress(ValueError, OSError):
                resource.setrlimit(name, (value, value))


def check_header(promise: Promise, spec: Spec) -> None:
    """Refuse by the header alone what need not be decoded."""
    if promise.truncated and not (spec.as_is and promise.readable):
        raise RefusedError("audio.truncated", _with_length(promise), readable=promise.readable)
    if promise.damaged:
        raise RefusedError("decoder.failed", promise.damaged)
    if promise.unread is not None and not spec.as_is:
        raise RefusedError("audio.header-short", list(promise.unread))
    if promise.channels is not None and not 1 <= promise.channels <= spec.max_channels:
        raise RefusedError("audio.channels", promise.channels)
    if promise.rate_hz is not None and not spec.min_rate_hz <= promise.rate_hz <= spec.max_rate_hz:
        raise RefusedError("audio.rate", promise.rate_hz)
    if promise.duration_s is not None and promise.duration_s > spec.max_seconds:
        raise RefusedError("audio.too-long", promise.duration_s)


def _with_length(promise: Promise) -> str:
    if promise.missing_s is None:
        return promise.truncated
    return f"{promise.truncated}; {promise.missing_s:.2f} s are missing"


def decoded(spec: Spec, promise: Promise, sink: Sink) -> dict[str, Any]:
    """Decode by what the header's reader found: plain samples, streams, or the file as it is."""
    if promise.pcm is not None:
        return by_pcm(spec, promise, sink)
    if promise.parts:
        return by_parts(spec, promise.parts, sink)
    if spec.kind in _SOUNDFILE and not promise.streaming and not promise.truncated:
        return by_soundfile(spec, sink)
    if spec.kind == "ogg" and _is_vorbis(spec):
        return by_soundfile(spec, sink)
    return by_av(spec, sink, cut=spec.kind in _MAY_BE_CUT, lenient=bool(promise.truncated) or spec.as_is)


def _is_vorbis(spec: Spec) -> bool:
    from controlroom.media.sniff import codec_in_ogg

    return codec_in_ogg(Path(spec.path), spec.start) == "vorbis"


def held(spec: Spec, promise: Promise, sink: Sink) -> list[Remark]:
    """Hold what came out against what was promised; return what is to be told."""
    frames, got_s = sink.frames, sink.frames / max(1, sink.rate_hz)
    if not frames:
        return []
    remarks = [_completed(remark, got_s) for remark in promise.remarks]
    short = _short(spec, promise, sink, got_s)
    remarks += [] if short is None else [short]
    if promise.unread is not None:
        remarks.append(Remark("unread", {"bytes": promise.unread[1]}))
    if sink.lost:
        remarks.append(Remark("lost", {"frames": sink.lost}))
    return [remark for remark in remarks if remark.values.get("more_s", 1.0) > 0]


def _short(spec: Spec, promise: Promise, sink: Sink, got_s: float) -> Remark | None:
    """Return what is to be told of a sound that is shorter than promised; refuse it where nobody allowed that."""
    told_s = sink.promised_s if spec.kind in _LENGTH_IS_TOLD else None
    told_s = promise.stored_s if spec.kind == "asf" else told_s  # FFmpeg tells what it found
    if promise.truncated:
        lacking = promise.missing_s
        if lacking is None and told_s is not None:
            lacking = max(0.0, told_s - got_s)
        return Remark("missing", {} if lacking is None else {"missing_s": lacking})
    if promise.frames is not None:
        words = f"its header promises {promise.frames} frames, the file has {sink.frames}"
        lacking = promise.frames / sink.rate_hz - got_s
        return _lacking(spec, words, lacking) if lacking > 0 else None
    counted = promise.bitrate_kbps is not None  # MPEG frames
    if counted and promise.duration_s is not None:
        if got_s < promise.duration_s - _GAPLESS_S * max(1, len(promise.parts)):
            words = f"{got_s:.2f} s came out of {promise.duration_s:.2f} s of frames"
            raise RefusedError("decoder.failed", words, sink.frames)
        return None
    if promise.stored_s is not None and spec.kind == "mp4":
        left_out_s = promise.stored_s - got_s
        return Remark("edit-list", {"left_out_s": left_out_s}) if left_out_s > _GAPLESS_S else None
    if told_s is not None and got_s < told_s - _GAPLESS_S:
        return _lacking(spec, f"its header promises {told_s:.2f} s, {got_s:.2f} s came out", told_s - got_s)
    return None


def _completed(remark: Remark, got_s: float) -> Remark:
    """Say how much was read behind a promise that only decoding could measure."""
    if remark.code != "behind-promise" or "more_s" in remark.values:
        return remark
    return Remark(remark.code, {**remark.values, "more_s": got_s - remark.values["promised_s"]})


def _lacking(spec: Spec, words: str, lacking_s: float) -> Remark:
    if not spec.as_is:
        raise RefusedError("audio.truncated", f"{words}; {lacking_s:.2f} s are missing", readable=True)
    return Remark("missing", {"missing_s": lacking_s})


def work(spec: Spec) -> dict[str, Any]:
    """Decode one file; return the answer that goes out as JSON."""
    try:
        with ExitStack() as files:
            promise = read_promise(Path(spec.path), spec.kind, spec.start, spec.max_seconds + 1)
            check_header(promise, spec)
            sink = Sink(spec, files)
            facts = _decoded_or_cut(spec, promise, sink)
            remarks = held(spec, promise, sink)
    except RefusedError as refused:
        return refused.answer
    except MemoryError:
        return {"code": "decoder.memory", "value": spec.memory_mb, "frames": 0}
    except OSError as error:
        return {"code": "env.scratch", "value": error.errno, "frames": 0}
    sound = {"rate_hz": sink.rate_hz, "channels": sink.channels, "frames": sink.frames, "peak": sink.peak}
    bitrate = promise.bitrate_kbps or facts.get("bitrate_kbps")
    return {**facts, **sound, "bitrate_kbps": bitrate, "remarks": [asdict(remark) for remark in remarks]}


def _decoded_or_cut(spec: Spec, promise: Promise, sink: Sink) -> dict[str, Any]:
    try:
        return decoded(spec, promise, sink)
    except RefusedError as refused:
        failed = refused.answer["code"] == "decoder.failed" and spec.kind == "flac"
        # the last frame's header is there (`read_promise` saw it) but its body is cut
        if failed and promise.frames is not None and sink.frames + _TAIL_FRAMES >= promise.frames:
            words = f"the last of its {promise.frames} frames are cut"
            raise RefusedError("audio.truncated", words, sink.frames, readable=True) from refused
        raise


def tags(spec: Spec) -> dict[str, Any]:
    """Read the file's tags with little memory and time: a compressed one may hold gigabytes."""
    from controlroom.media.tags import find_tags

    with suppress(ImportError, ValueError, OSError):
        import resource

        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = used + _TAG_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _out_of_time)
        signal.setitimer(signal.ITIMER_REAL, _TAG_S, 1.0)  # again and again: a parser may catch it
    try:
        return find_tags(Path(spec.path), spec.kind)
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0.0)


def _out_of_time(_number: int, _frame: object) -> None:
    raise TimeoutError


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer, allow_nan=False) + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run once; 0 if there is an answer, a refusal included."""
    spec = Spec(**json.loads(arguments[-1]))
    limit(spec)
    answer = work(spec)
    _say(answer)
    if spec.tags and "code" not in answer:
        with suppress(Exception):  # tags are hearsay: the sound is out already
            _say(tags(spec))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv))
