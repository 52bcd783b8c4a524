"""Stems separated from the page by the network that `make setup` gets."""

from __future__ import annotations

import os

import pytest

from controlroom.separation.spleeter import Spleeter
from controlroom.studio.studio import Studio
from tests.browser.driving import JOB_MS, open_room, player, until
from tests.web.making import a_take

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(900, func_only=True),
    pytest.mark.filterwarnings("default"),
]

SEEN = """() => {
  globalThis.seen = [];
  new MutationObserver(() => {
    const bar = document.querySelector(".job progress");
    if (bar?.hasAttribute("value")) globalThis.seen.push(bar.value);
  }).observe(document.querySelector(".jobs"), { subtree: true, childList: true, attributes: true });
}"""


@pytest.fixture
def network():
    fault = Spleeter().missing()
    if fault is not None:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have the network: {fault.message}: {fault.hint}")
        pytest.skip(f"{fault.message}: {fault.hint}")


def test_a_take_is_separated_trusted_and_mixed(page, server, network):
    root = server.root / "apart"
    studio = Studio(name="tester")
    studio.new(root, title="Apart")
    studio.add(root, a_take(server.root.parent / "apart.wav", 10.0))
    studio.sounds(root)
    open_room(page, server, "apart", "/stems")
    assert page.locator(".mixer").count() == 0
    page.evaluate(SEEN)
    page.select_option('[data-form="separate"] select', "spleeter")
    page.click('[data-form="separate"] button')
    page.wait_for_selector(".job >> text=Stop")
    until(page, "globalThis.seen.some((one) => one > 0)", JOB_MS / 1000)
    page.wait_for_selector(".mixer", timeout=JOB_MS)

    view = studio.stems(root).as_dict()
    lines = view["stems"]
    # a made voice may be no voice to the network: then the studio gives it back to the rest
    assert {"accompaniment", "drums", "other"} <= {line["role"] for line in lines}
    assert page.locator(".trust tbody tr").count() == len(lines)
    told = page.locator('.trust [data-name="Confidence"]').all_inner_texts()
    assert told == [f"{line['confidence'] * 100:.0f} %" for line in lines]
    assert page.locator(".trust meter").count() == sum(len(line["trust"]["coherence"]) for line in lines)
    assert page.locator(".strip").count() == sum(line["leaf"] for line in lines)

    until(page, "globalThis.controlroom?.app.player.stems.length >= 2")
    until(page, "controlroom.app.player.side === 'stems'")
    page.click(".play")
    until(page, "controlroom.app.player.playing && controlroom.app.player.position > 0.5")
    until(page, "/\\d/.test(document.querySelector('[data-meter=\"m\"]').innerText)")
    page.click('[data-stem="other"] [data-strip="mute"]')
    assert player(page, "player.targets()")["stem:other"] == 0
