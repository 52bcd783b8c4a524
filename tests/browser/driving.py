"""What the browser tests do again and again: wait, open a room, ask the player, read the desk."""

from __future__ import annotations

import time

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
