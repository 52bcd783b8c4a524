"""A sample in the page: dropped in the stems room, chosen in a layer on the desk, and taken off."""

from __future__ import annotations

import base64
import shutil

import pytest

from controlroom.studio.studio import Studio
from tests.browser.driving import JOB_MS, open_desk, open_room
from tests.studio.test_samples import thud, written

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900, func_only=True),
    pytest.mark.filterwarnings("default"),
]

DROP = """([name, data]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type: "audio/wav" }));
  document.querySelector('[data-controller="samples"] .drop').dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carried }));
}"""


def test_a_sample_is_dropped_chosen_and_taken_off(page, server, tmp_path):
    root, studio = server.root / "thud", Studio()
    shutil.copytree(server.root / "band", root)  # a song of its own: others read that one's desk
    stems = studio.stems(root)
    file = written(tmp_path / "Thud.wav", thud())
    open_room(page, server, "thud", "/stems")
    page.evaluate(DROP, ["Thud.wav", base64.b64encode(file.read_bytes()).decode()])
    page.wait_for_selector(".samples >> text=Thud", timeout=JOB_MS)
    (kept,) = studio.samples(root)
    assert studio.stems(root) == stems  # what is dropped there is no stem

    open_desk(page, server, "thud")
    page.keyboard.press("h")
    page.select_option("#hand select[name=processor]", "layer")
    page.select_option("#hand-sample", label="Thud")
    assert page.input_value("#hand-sample") == kept.id
    page.select_option("#hand select[name=part]", "drums")
    page.fill("#hand-amount", "1")
    page.fill("#hand-front_db", "6")
    page.click("#hand >> text=Do it")
    page.wait_for_selector(".row:has-text('by hand')")
    made = next(c for c in studio.desk(root).cards if c.proposal.kind == "hand-made")
    assert made.decision.step.knobs["sample"] == kept.id
    # a card's own knob: back to none, which is a value too
    page.click(".row:has-text('by hand')")
    card = page.locator(f'[data-proposal="{made.proposal.id}"]')
    card.locator('[data-knob="sample"]').select_option("")
    card.locator('[data-answer="edit"]').click()
    page.wait_for_selector(f'[data-proposal="{made.proposal.id}"] .decided.edit')
    card_now = next(c for c in studio.desk(root).cards if c.proposal.id == made.proposal.id)
    assert card_now.decision.step.knobs.get("sample", "") == ""

    open_room(page, server, "thud", "/stems")
    page.click(".samples >> text=Take it off")
    page.wait_for_selector("text=is named by a step that was decided")
    assert studio.samples(root) == (kept,)
    shutil.rmtree(root)
