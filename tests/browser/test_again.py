"""What is asked again, and what a render without a master sounds like."""

from __future__ import annotations

import numpy as np
import pytest

from controlroom.media.decode import decode
from controlroom.studio.console_sounds import samples_of
from controlroom.studio.studio import Studio
from tests.browser.driving import JOB_MS, choose, open_desk
from tests.web.making import a_take

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900, func_only=True),
    pytest.mark.filterwarnings("default"),
]


def test_what_is_asked_again_stays_open_and_what_is_rendered_is_heard(page, server):
    root = server.root / "again"
    studio = Studio(name="tester")
    studio.new(root, title="Again")
    studio.add(root, a_take(server.root.parent / "again.wav", 4.0))
    first = studio.propose(root).proposals[0]
    studio.sounds(root)
    open_desk(page, server, "again")
    page.click(f'[data-card="{first.id}"]')
    page.keyboard.press("a")
    page.wait_for_selector(".queue header >> text=to ask again")
    choose(page, "Limiter")
    was = page.get_attribute('[data-card][aria-current="true"]', "data-card")
    page.click('.queue [data-do="propose"]')
    page.wait_for_selector(".queue header >> text=open", timeout=JOB_MS)
    assert "Limiter" in page.inner_text('[data-card][aria-current="true"]')
    assert page.get_attribute('[data-card][aria-current="true"]', "data-card") != was

    # no level is decided, so there is no master: what came of the steps is heard all the same
    page.keyboard.press("g")
    page.wait_for_selector('[data-side="render"]:not([disabled])', timeout=JOB_MS)
    assert studio.show(root).decisions
    assert studio.desk(root).render.masters == ()  # else the master would be what plays
    files = studio.sound_files(root, studio.sounds(root)["render"].id)
    premaster = decode(next((root / "renders").rglob("premaster.wav"))).audio
    assert np.array_equal(samples_of(files).samples, premaster.samples)
