"""What the page weighs: the main thread on a long song with many stems, and the server after many renders."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from controlroom.media.encode import MediaFormat, write
from controlroom.model.audio import Audio
from controlroom.model.decisions import Answer
from controlroom.model.findings import Finding, Measurement
from controlroom.model.parts import BACKING, MIX, ROLES
from controlroom.model.song import Stem, StemSet
from controlroom.model.timeline import Span
from controlroom.studio.console_sounds import console_folder, keep_sound
from controlroom.studio.song import opened
from controlroom.studio.studio import Studio
from controlroom.web.shelf import song_id
from tests.browser.driving import drawn, until
from tests.web.figures import note
from tests.web.making import RATE_HZ, a_take

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(900, func_only=True),
    pytest.mark.filterwarnings("default"),
]

LONG_S, STEMS = 360, 12
TASK_MS = 100.0
SETTLED_RENDERS, RENDERS = 5, 50
SERVER_GROWTH_MB, BESIDE_GROWTH_MB = 12.0, 60.0
"""Fifty kept jobs and the last events are a few hundred kilobytes; the rest is the allocator's. Beside it stand a process that renders and one for previews."""


def long_song(root: Path) -> Path:
    """Write six minutes with twelve stems and two hundred findings, cheaply: nothing is separated or heard."""
    rng = np.random.default_rng(7)
    t = np.arange(LONG_S * RATE_HZ, dtype=np.float32) / RATE_HZ
    loud = (0.1 + 0.5 * np.abs(np.sin(2 * np.pi * t / 47))).astype(np.float32)
    beat = np.exp(-(t % 0.5) / 0.08).astype(np.float32)
    one = (loud * beat * rng.standard_normal(t.size, dtype=np.float32) * 0.3).astype(np.float32)
    take = Audio(np.stack([one, one]), RATE_HZ)
    file = root.parent / "long.wav"
    write(file, take, MediaFormat.WAV16)
    studio = Studio(name="tester")
    studio.new(root, title="Six Minutes")
    studio.add(root, file)
    studio.sounds(root)
    studio.music(root)
    studio.tone(root)
    stem = Audio((take.samples / STEMS).astype(np.float32), RATE_HZ)
    with opened(root) as song:
        spans = [
            Span(clock=song.take.id, start_s=float(at), end_s=at + 1.5) for at in np.linspace(0, 350, 200)
        ]
        found = [Measurement(name="noise.hiss_dbfs", value=-60.0)]
        findings = [
            Finding(
                kind="hiss",
                measurements=tuple(found),
                span=span,
                severity=0.5,
                confidence=0.9,
                detector_version=1,
            )
            for span in spans
        ]
        song.memory.add_findings("all", findings, song.now())
        roles = [role for role in ROLES if role not in (MIX, BACKING, "kick", "snare", "hats", "percussion")][
            :STEMS
        ]
        stems = tuple(
            Stem(
                id=f"m-{at:012x}",
                take_id=song.take.id,
                role=role,
                origin="imported",
                audio_digest=f"{at:064x}"[::-1],
                archived_as=f"stems/{role}.wav",
            )
            for at, role in enumerate(roles, 1)
        )
        song.memory.set_stems(
            StemSet(
                take_id=song.take.id,
                backend="imported",
                stems=stems,
                null_db=-100.0,
                by="tester",
                at=song.now(),
            ),
            song.now(),
        )
        folder = console_folder(song.folder)
        first = f"stem-{stems[0].audio_digest[:12]}"
        kept = keep_sound(folder, first, stem)
        for other in stems[1:]:
            name = f"stem-{other.audio_digest[:12]}"
            for path in folder.glob(f"{first}.*"):
                (folder / path.name.replace(first, name)).hardlink_to(path)
            facts = folder / f"{name}.json"
            facts.unlink()
            facts.write_text(json.dumps({**kept.__dict__, "id": name}))
    return root


def longest_task_ms(page, act) -> float:
    """Return the most CPU milliseconds that one task of the page's main thread took while ``act`` ran.

    The thread's own CPU time, not the clock's: what else the machine does is not the page's.
    """
    devtools = page.context.new_cdp_session(page)
    events: list[dict] = []
    devtools.on("Tracing.dataCollected", lambda told: events.extend(told["value"]))
    done = []
    devtools.on("Tracing.tracingComplete", lambda _told: done.append(True))
    devtools.send(
        "Tracing.start", {"categories": "toplevel,devtools.timeline", "transferMode": "ReportEvents"}
    )
    act()
    page.wait_for_timeout(1000)
    devtools.send("Tracing.end")
    last = time.monotonic() + 60
    while not done and time.monotonic() < last:
        page.wait_for_timeout(100)
    mains = {
        (e["pid"], e["tid"])
        for e in events
        if e.get("name") == "thread_name" and e["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        e["tdur"] / 1000
        for e in events
        if e.get("ph") == "X" and (e["pid"], e["tid"]) in mains and "RunTask" in e["name"] and "tdur" in e
    ]
    assert len(tasks) > 50
    return max(tasks)


@pytest.fixture(scope="module")
def long_one(server):
    return long_song(server.root / "six-minutes")


@pytest.mark.parametrize("room", ["", "/stems"])
def test_no_task_holds_the_main_thread(page, server, long_one, room):
    address = f"{server.base}/songs/{song_id(long_one)}{room}"

    def load():
        page.goto(address)
        drawn(page)
        if room:
            until(page, f"controlroom.app.player.stems.length === {STEMS}")

    load()  # the server's caches are warm; the page starts anew
    loading = longest_task_ms(page, load)
    zooming = longest_task_ms(page, lambda: [page.keyboard.press(key) for key in "++++----0++0"])
    page.click(".play")
    playing = longest_task_ms(page, lambda: page.wait_for_timeout(4000))
    note(
        f"Longest task of the main thread, six minutes with twelve stems, {room.strip('/') or 'desk'}",
        f"{loading:.0f} ms on load, {zooming:.0f} ms on zoom, {playing:.0f} ms while it plays",
        f"≤ {TASK_MS:.0f} ms",
    )
    assert max(loading, zooming, playing) <= TASK_MS, (loading, zooming, playing)


def resident_mb(process: int) -> float:
    """Return the memory that a process holds; one that just left holds none."""
    try:
        told = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int((told.partition("VmRSS:")[2].split() or ["0"])[0]) / 1024


def children_mb(process: int) -> float:
    """Return the memory that the processes of a process hold."""
    threads = Path(f"/proc/{process}/task").glob("*/children")
    ids = {one for children in threads for one in children.read_text().split()}
    return sum(resident_mb(int(one)) for one in ids)


def test_fifty_renders_leave_the_server_flat(page, server):
    root = server.root / "short"
    studio = Studio(name="tester")
    studio.new(root, title="Short")
    studio.add(root, a_take(server.root.parent / "short.wav", 3.0))
    first = studio.propose(root).proposals[0]
    studio.decide(root, first.id, Answer.ACCEPT)
    page.goto(f"{server.base}/songs/{song_id(root)}")
    jobs = f"/songs/{song_id(root)}/renders"

    def render() -> tuple[float, float]:
        job = page.evaluate(
            "(path) => fetch(path, { method: 'POST', headers: { accept: 'application/json' } }).then((one) => one.json())",
            jobs,
        )
        while job["state"] == "running":
            time.sleep(0.1)
            job = page.evaluate("(path) => fetch(path).then((one) => one.json())", f"/jobs/{job['id']}")
        assert job["state"] == "done", job["error"]
        return resident_mb(server.process.pid), children_mb(server.process.pid)

    settled = [render() for _ in range(SETTLED_RENDERS)]
    after = [render() for _ in range(RENDERS)]
    grown = after[-1][0] - settled[-1][0]
    before, most = (max(beside for _, beside in some) for some in (settled, after))
    note(
        f"The server over {RENDERS} renders",
        f"{grown:+.1f} MB, at {after[-1][0]:.0f} MB; its processes {most - before:+.0f} MB, at {most:.0f} MB",
        f"≤ {SERVER_GROWTH_MB:.0f} MB, ≤ {BESIDE_GROWTH_MB:.0f} MB",
    )
    assert grown <= SERVER_GROWTH_MB
    assert most - before <= BESIDE_GROWTH_MB
