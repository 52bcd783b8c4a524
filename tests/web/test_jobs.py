from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError, UsageError
from controlroom.web.events import KEPT, Hub
from controlroom.web.jobs import Runner
from controlroom.web.workers import JOBS_EACH, LARGEST_MB

# these run in a spawned process, so they stand at module level


def slow(context: Context, seconds: float) -> dict[str, float]:
    steps = int(seconds / 0.02)
    for step in range(steps):
        context.tell("slow", step / steps)
        time.sleep(0.02)
    return {"seconds": seconds}


def broken(_context: Context) -> None:
    raise AudioInputError("audio.empty", "it is empty", "export it again")


def fault(_context: Context) -> None:
    raise ZeroDivisionError("oh")


def waited(runner: Runner, job_id: str, limit_s: float = 60.0):
    until = time.monotonic() + limit_s
    while runner.job(job_id).state == "running":
        assert time.monotonic() < until
        time.sleep(0.05)
    return runner.job(job_id)


def test_jobs_tell_stop_fail_and_keep_apart():
    hub = Hub()
    runner = Runner(hub)
    first = runner.start("slow", "a", slow, 0.3)
    with pytest.raises(UsageError, match="being worked on"):
        runner.start("slow", "a", slow, 0.3)
    stopped = runner.start("slow", "b", slow, 600.0)
    failed = runner.start("broken", "c", broken)
    crashed = runner.start("fault", "d", fault)
    with pytest.raises(UsageError, match="4 jobs"):
        runner.start("slow", "e", slow, 0.1)
    done = waited(runner, first.id)
    assert (done.state, done.result, done.done) == ("done", {"seconds": 0.3}, 1.0)
    runner.cancel(stopped.id)
    assert waited(runner, stopped.id).state == "cancelled"
    assert waited(runner, failed.id).error["code"] == "audio.empty"
    assert waited(runner, crashed.id).error["code"] == "job.fault"
    told = [event.data["state"] for event in hub.since(0) if event.data.get("id") == first.id]
    assert told[0] == "running"
    assert told[-1] == "done"
    with pytest.raises(UsageError, match="no job"):
        runner.job("none")


def taken(hub: Hub, last: str | None, count: int) -> list[str]:
    """Read the stream in a thread of its own: this one may hold a browser, and with it a loop that runs."""

    async def read() -> list[str]:
        found = []
        async for text in hub.stream(last, beat_s=0.05):
            found.append(text)
            if len(found) == count:
                break
        return found

    with ThreadPoolExecutor(1) as apart:
        return apart.submit(lambda: asyncio.run(read())).result()


def test_a_stream_goes_on_where_it_was_left():
    hub = Hub()
    for number in range(3):
        hub.tell("song", song=str(number))
    _, second, third = taken(hub, f"{hub.epoch}-1", 3)
    assert '"song": "1"' in second
    assert '"song": "2"' in third
    assert f"id: {hub.epoch}-3" in third


@pytest.mark.parametrize("last", ["other-1", "nonsense", "-", "é", "x" * 40])
def test_a_stream_of_another_server_is_read_anew(last):
    hub = Hub()
    hub.tell("song", song="a")
    (first,) = taken(hub, last, 1)
    assert "event: resync" in first


def test_too_long_away_is_read_anew():
    hub = Hub()
    for _ in range(KEPT + 10):
        hub.tell("song", song="a")
    (first,) = taken(hub, f"{hub.epoch}-1", 1)
    assert "event: resync" in first
    (future,) = taken(hub, f"{hub.epoch}-99999", 1)
    assert "event: resync" in future


def test_a_fresh_stream_tells_only_what_comes(console):
    hub = console.app.state.room.hub
    hub.tell("song", song="old")
    here, beat = taken(hub, None, 2)
    assert here.startswith(":")
    assert beat.startswith(":")


def its_process(_context: Context) -> int:
    return os.getpid()


def grows(_context: Context, mb: int) -> int:
    held.append(b"x" * (mb << 20))
    return os.getpid()


def dies(_context: Context) -> None:
    os._exit(3)


held: list[bytes] = []


def carried_out(runner: Runner, *asked):
    return waited(runner, runner.start("one", "a", *asked).id)


@pytest.fixture
def runner():
    runner = Runner(Hub())
    yield runner
    runner.close()


def test_one_process_does_job_after_job_whatever_comes_of_them(runner):
    first = carried_out(runner, its_process).result
    assert carried_out(runner, fault).error["code"] == "job.fault"
    assert carried_out(runner, broken).error["code"] == "audio.empty"
    assert carried_out(runner, its_process).result == first


def test_a_stop_ends_one_job_and_not_the_next(runner):
    first = carried_out(runner, its_process)
    stopped = runner.start("slow", "a", slow, 600.0)
    runner.cancel(stopped.id)
    assert waited(runner, stopped.id).state == "cancelled"
    following = runner.start("slow", "a", slow, 0.3)
    runner.cancel(stopped.id)  # too late, and not for this one
    assert waited(runner, following.id).state == "done"
    assert carried_out(runner, its_process).result == first.result


def test_a_process_that_grew_or_died_is_not_asked_again(runner):
    first = carried_out(runner, grows, int(LARGEST_MB) + 50).result
    second = carried_out(runner, its_process).result
    assert second != first
    assert carried_out(runner, dies).error["code"] == "job.died"
    assert carried_out(runner, its_process).result not in (first, second)


def test_a_process_goes_after_its_share_of_jobs(runner):
    ids = {carried_out(runner, its_process).result for _ in range(JOBS_EACH + 1)}
    assert len(ids) == 2
