"""What the browser tests do again and again: wait, open a room, ask the player, read the desk."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import time

import pytest

from controlroom.studio.studio import Studio
from controlroom.web.shelf import song_id

JOB_MS = 600_000
"""A job goes at the machine's own pace, and the page says when it is done: this only ends a test that hangs."""
DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name, { type: "audio/wav" }));
  document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carried }));
}"""

CLIPPED = """() => [...document.querySelectorAll("button, dd, label, h1, h2, h3, .badge, .state")]
  .filter((one) => one.checkVisibility() && !one.closest(".places, .song-title, dialog") && !one.matches(".song-title, .vh"))
  .filter((one) => one.scrollWidth > one.clientWidth + 2 && one.clientWidth > 0 && getComputedStyle(one).display !== "inline")
  .map((one) => one.outerHTML.slice(0, 120))"""


def until(page, expression, limit_s=180):
    """Wait for an expression; not Playwright's own wait, which evaluates strings and so breaks the page's policy."""
    last = time.monotonic() + limit_s
    while not page.evaluate(expression):
        assert time.monotonic() < last, expression
        time.sleep(0.05)


def ready(page):
    page.wait_for_selector('[data-target="drawing"][hidden]', state="attached")
    until(page, "Boolean(controlroom.app.open && controlroom.app.player.stores.proposal)")


def open_room(page, server, name, room):
    page.goto(f"{server.base}/songs/{song_id(server.root / name)}{room}")
    if not room:
        ready(page)
    elif room in ("/stems", "/music"):
        drawn(page)


def drawn(page):
    """Wait until the song is drawn and its music read."""
    page.wait_for_selector('[data-target="drawing"][hidden]', state="attached")
    until(page, "Boolean(controlroom.app.music)")


def desk_of(server, name):
    return Studio().desk(server.root / name)


def open_desk(page, server, name):
    page.goto(f"{server.base}/songs/{song_id(server.root / name)}")
    ready(page)


def player(page, expression):
    return page.evaluate(f"(() => {{ const player = controlroom.app.player; return {expression}; }})()")


def decided(server, name, processor):
    card = next(c for c in desk_of(server, name).cards if c.proposal.step.processor == processor)
    return card.decision


def wait_decided(server, name, processor, answer, limit_s=60):
    until = time.monotonic() + limit_s
    while (found := decided(server, name, processor)) is None or found.answer is not answer:
        assert time.monotonic() < until, found
        time.sleep(0.1)
    return found


def choose(page, text):
    """Open a question by its number key, wherever in the order it stands."""
    rows = page.locator("[data-card]").all_inner_texts()
    number = next(at for at, row in enumerate(rows, 1) if text in row)
    page.keyboard.press(str(number))
    page.wait_for_selector(f'[data-card][aria-current="true"] >> text={text}')


def axe_source(folder):
    """Return axe-core's script, which comes from npm when the test runs and is never kept; skip where it can't."""
    npm = shutil.which("npm")
    if (
        npm is None
        or subprocess.run(
            [npm, "pack", "axe-core"], cwd=folder, capture_output=True, timeout=90, check=False
        ).returncode
    ):
        pytest.skip("npm can't bring axe-core here")
    with tarfile.open(next(folder.glob("*.tgz"))) as packed:
        return packed.extractfile("package/axe.min.js").read().decode()


def barriers(page, axe):
    """Return what axe-core calls serious or critical on the page as it stands."""
    page.wait_for_timeout(600)  # a colour on its way to another is nobody's barrier
    page.evaluate(axe)
    return page.evaluate(
        "axe.run().then((told) => told.violations.filter((one) => /serious|critical/.test(one.impact)).map((one) => [one.id, one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + ' | ' + node.failureSummary.slice(0, 200))]))"
    )
