"""A file that hangs, crashes or bloats its decoder costs an error message."""

from __future__ import annotations

import errno
import json
import sys
import time
import zlib
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from controlroom.media.decode import DecodeLimits, decode
from controlroom.media.decode_worker import held, work
from controlroom.media.decoders import RefusedError, Sink, Spec, by_av, by_pcm, by_soundfile
from controlroom.media.promise import read_promise
from controlroom.media.promised import Promise
from controlroom.model.context import Context
from controlroom.model.errors import Cancelled, DecoderError, EnvironmentFault
from controlroom.model.song import Tags
from tests.media.sounds import music, pcm16, riff, save

_ANSWER = {"codec": "x", "bit_depth": 16, "bitrate_kbps": None, "rounded": False}


def worker(program: str) -> tuple[str, ...]:
    """A child that runs this program instead of the decoder; `spec` is what it was asked."""
    return (sys.executable, "-c", f"import sys, json; spec = json.loads(sys.argv[-1])\n{program}")


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return save(tmp_path / "song.wav", music(0.5))


def failure(song: Path, program: str, limits: DecodeLimits = DecodeLimits()) -> DecoderError:
    scratch = song.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    with pytest.raises(DecoderError, match=r"song\.wav") as caught:
        decode(song, limits, Context(scratch=scratch), worker=worker(program))
    assert caught.value.hint or "short output" in caught.value.message
    assert list(scratch.iterdir()) == []
    return caught.value


def test_a_hang_is_stopped_at_the_wall(song: Path) -> None:
    before = time.monotonic()
    error = failure(song, "import time; time.sleep(60)", DecodeLimits(wall_s=0.5))
    assert time.monotonic() - before < 10
    assert error.code == "decoder.timeout"
    assert "0.5 s" in error.message


def test_a_child_that_floods_its_pipes_does_not_block(song: Path) -> None:
    program = "sys.stdout.write('x' * 2_000_000); sys.stderr.write('y' * 2_000_000)"
    assert failure(song, program).code == "decoder.crashed"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a POSIX matter")
@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT"])
def test_a_crash_names_its_signal(song: Path, name: str) -> None:
    error = failure(song, f"import os, signal; os.kill(os.getpid(), signal.{name})")
    assert error.code == "decoder.crashed"
    assert name in error.message


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_the_processor_time_limit_is_a_timeout_too(song: Path) -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)"
    assert failure(song, program).code == "decoder.timeout"


def test_an_exit_without_an_answer_is_a_crash(song: Path) -> None:
    assert "exit status 3" in failure(song, "raise SystemExit(3)").message
    assert "no answer" in failure(song, "pass").message
    assert "no answer" in failure(song, "print('[1, 2]')").message


def test_running_out_of_memory_has_its_own_code(song: Path) -> None:
    assert failure(song, "raise MemoryError").code == "decoder.memory"
    answered = 'print(json.dumps({"code": "decoder.memory", "value": 0}))'
    error = failure(song, answered, DecodeLimits(memory_mb=777))
    assert error.code == "decoder.memory"
    assert "777 MB" in error.message


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="address space is limited on Linux")
def test_the_real_worker_lives_under_its_memory_limit(song: Path) -> None:
    program = (
        "from controlroom.media.decode_worker import Spec, limit\n"
        "limit(Spec(**spec)); hog = bytearray(2 << 30)"
    )
    assert failure(song, program, DecodeLimits(memory_mb=512)).code == "decoder.memory"


def test_samples_that_do_not_match_the_answer_are_a_crash(song: Path) -> None:
    answer = json.dumps({**_ANSWER, "rate_hz": 48_000, "channels": 1, "frames": 24_000, "peak": 0.5})
    program = f"open(spec['out'] + '.0', 'wb').write(bytes(16)); print('''{answer}''')"
    assert failure(song, program).code == "decoder.crashed"


def test_the_person_can_stop_a_decoder(song: Path) -> None:
    context = Context(cancel=lambda: True, scratch=song.parent)
    before = time.monotonic()
    with pytest.raises(Cancelled):
        decode(song, context=context, worker=worker("import time; time.sleep(60)"))
    assert time.monotonic() - before < 10


def test_a_full_scratch_disk_is_the_machines_fault(song: Path) -> None:
    answer = json.dumps({"code": "env.scratch", "value": errno.ENOSPC})
    with pytest.raises(EnvironmentFault, match="no room left") as caught:
        decode(song, worker=worker(f"print('''{answer}''')"))
    assert caught.value.code == "env.disk-full"


# --- the worker's own code, in this process ------------------------------------


def spec(path: Path, tmp_path: Path, **changes: object) -> Spec:
    wanted: dict[str, object] = {
        "path": str(path),
        "out": str(tmp_path / "samples"),
        "kind": "wav",
        "start": 0,
        "demuxer": "wav",
        "max_seconds": 60.0,
        "min_rate_hz": 8_000,
        "max_rate_hz": 192_000,
        "max_channels": 2,
        "memory_mb": 1_024,
        "cpu_s": 10,
    }
    return Spec(**{**wanted, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", ["pcm", "soundfile", "av"])
def test_all_engines_write_the_same_samples(song: Path, tmp_path: Path, engine: str) -> None:
    asked = spec(song, tmp_path)
    with ExitStack() as files:
        sink = Sink(asked, files)
        if engine == "pcm":
            by_pcm(asked, read_promise(song, "wav", 0, 60.0), sink)
        else:
            {"soundfile": by_soundfile, "av": by_av}[engine](asked, sink)
    assert (sink.rate_hz, sink.channels, sink.frames) == (48_000, 2, 24_000)
    written = [(tmp_path / f"samples.{channel}").read_bytes() for channel in range(2)]
    import soundfile

    want, _ = soundfile.read(song, dtype="float32")
    assert written == [want[:, channel].astype("<f4").tobytes() for channel in range(2)]


def test_the_worker_stops_at_the_limit_not_at_the_end(song: Path, tmp_path: Path) -> None:
    song.write_bytes(riff(pcm16(music(0.5)), declared=0xFFFFFFFF))
    answer = work(spec(song, tmp_path, max_seconds=0.1))
    assert answer["code"] == "audio.too-long"
    assert sum(file.stat().st_size for file in tmp_path.glob("samples.*")) < 4 * 2 * 48_000 * 0.5


def test_a_sound_that_changes_its_form_is_damage(tmp_path: Path) -> None:
    with ExitStack() as files:
        sink = Sink(spec(tmp_path / "x", tmp_path), files)
        sink.open(48_000, 2)
        sink.open(48_000, 2)
        with pytest.raises(RefusedError, match=r"decoder\.failed"):
            sink.open(44_100, 2)


def test_a_decoder_that_gives_less_than_the_frames_hold_is_not_believed(tmp_path: Path) -> None:
    asked = spec(tmp_path / "x", tmp_path, kind="mp3")
    with ExitStack() as files:
        sink = Sink(asked, files)
        sink.open(48_000, 2)
        sink.frames = 48_000
        with pytest.raises(RefusedError) as caught:
            held(asked, Promise(duration_s=2.0, bitrate_kbps=192.0), sink)
    assert caught.value.answer["code"] == "decoder.failed"
    assert caught.value.answer["value"] == "1.00 s came out of 2.00 s of frames"


# --- not the file's fault ---------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a POSIX matter")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_a_child_that_was_stopped_from_outside_does_not_blame_the_file(song: Path, name: str) -> None:
    error = failure(song, f"import os, signal; os.kill(os.getpid(), signal.{name})")
    assert error.code == "decoder.killed"
    assert name in error.message
    assert "the file is not at fault" in error.hint


def test_a_full_scratch_disk_is_told_when_not_even_the_answer_could_be_written(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controlroom.media.decode.shutil.disk_usage", lambda _path: SimpleNamespace(free=0))
    with pytest.raises(EnvironmentFault, match="no room left in the scratch folder") as caught:
        decode(song, worker=worker("raise SystemExit(1)"))
    assert caught.value.code == "env.disk-full"


def test_a_full_disk_names_the_scratch_folder_that_is_full(song: Path, tmp_path: Path) -> None:
    answer = json.dumps({"code": "env.scratch", "value": errno.ENOSPC})
    with pytest.raises(EnvironmentFault, match=str(tmp_path)):
        decode(song, context=Context(scratch=tmp_path), worker=worker(f"print('''{answer}''')"))


def test_no_temporary_folder_is_the_machines_fault(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("controlroom.media.decode.tempfile.gettempdir", nowhere)
    with pytest.raises(EnvironmentFault, match="in the scratch folder") as caught:
        decode(song)
    assert caught.value.code == "env.io-failed"


def test_a_child_that_cannot_be_started_is_the_machines_fault(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr("controlroom.media.decode.subprocess.Popen", full)
    with pytest.raises(EnvironmentFault, match="can't be started: Cannot allocate memory") as caught:
        decode(song)
    assert caught.value.code == "env.no-process"


# --- tags -------------------------------------------------------------------------


def test_the_sound_is_kept_when_the_tags_kill_the_child(song: Path) -> None:
    plain = decode(song, tags=True)
    program = """
from controlroom.media import decode_worker
import os, signal
decode_worker.tags = lambda spec: os.kill(os.getpid(), signal.SIGKILL)
raise SystemExit(decode_worker.main(sys.argv))
"""
    got = decode(song, tags=True, worker=worker(program))
    assert got.audio.digest() == plain.audio.digest()
    assert got.tags == Tags()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="address space is limited on Linux")
def test_a_frame_that_inflates_to_gigabytes_is_read_in_the_child_and_costs_only_itself(
    tmp_path: Path,
) -> None:
    """1 MB of zeros squeezed a thousandfold: mutagen would inflate it whole."""
    squeezed = squeezed_zeros(2 << 30)

    def frame(name: bytes, flags: int, body: bytes) -> bytes:
        size = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
        return name + size + bytes([0, flags]) + body

    # v2.4: compressed, with a data length indicator
    bomb = frame(b"TIT2", 0x09, b"\x7f\x7f\x7f\x7f" + squeezed)
    body = frame(b"TPE1", 0, b"\x03Somebody") + bomb
    size = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    sound = save(tmp_path / "a.mp3", music(0.5)).read_bytes()
    (tmp_path / "a.mp3").write_bytes(b"ID3\x04\x00\x00" + size + body + sound)
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    got = decode(tmp_path / "a.mp3", tags=True)
    assert got.audio.duration_s > 0.4
    assert got.tags.title is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10  # kB


def squeezed_zeros(size: int) -> bytes:
    """A deflate stream of zeros; behind a full flush the same bytes say the same again."""
    block, packer = bytes(1 << 24), zlib.compressobj(9)
    first, again = (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * (size // len(block) - 1) + packer.flush()


def test_nothing_of_a_file_but_its_first_bytes_is_read_by_the_parent(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What reads headers, tags or frames is called by the child only."""
    for name in ("promise.read_promise", "tags.find_tags", "mpeg.walk_frames", "ogg.walk_pages"):
        monkeypatch.setattr(f"controlroom.media.{name}", lambda *_: pytest.fail("read in the parent"))
    assert decode(song, tags=True).audio.frames == 24_000
