"""The console as a person uses it, in Debian's Chromium."""

from __future__ import annotations

import base64
import re

import pytest

from controlroom.model.decisions import Answer
from controlroom.studio.studio import Studio
from tests.browser.conftest import SHOTS, Server
from tests.browser.driving import (
    CLIPPED,
    DROP,
    JOB_MS,
    axe_source,
    barriers,
    choose,
    decided,
    desk_of,
    open_desk,
    open_room,
    player,
    ready,
    until,
    wait_decided,
)
from tests.web.figures import note
from tests.web.making import a_song

ROOMS = ("", "/stems", "/music", "/references", "/takes", "/standards", "/history", "/masters")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900, func_only=True),
    pytest.mark.filterwarnings("default"),
]


def test_from_a_dropped_take_to_a_downloaded_master(page, server, take_file):
    page.wait_for_selector(".drop")
    page.evaluate(DROP, ["Night Ferry.wav", base64.b64encode(take_file.read_bytes()).decode()])
    page.wait_for_url(re.compile("night-ferry"), timeout=JOB_MS)
    ready(page)
    assert page.locator(".place").count() >= 3
    name = "night-ferry"

    # listen: the loop goes round, and the sides switch in place
    choose(page, "Rumble")
    until(page, "Boolean(controlroom.app.player.stores.proposal)")
    page.keyboard.press("x")
    page.keyboard.press("Space")
    until(page, "controlroom.app.player.playing && controlroom.app.player.position > 0")
    assert player(page, "player.side") == "proposal"
    assert player(page, "player.looping")
    page.wait_for_timeout(1500)
    took = []
    for key, side in (("z", "take"), ("v", "difference"), ("x", "proposal")):
        page.keyboard.press(key)
        assert player(page, "player.side") == side
        took.append(player(page, "player.lastSwitch.until - player.lastSwitch.at"))
    note("A switch in the audio clock, longest of three", f"{1000 * max(took):.1f} ms", "≤ 30 ms")
    assert max(took) <= 0.030
    loop = player(page, "player.loop")
    assert loop["start_s"] <= player(page, "player.position") <= loop["end_s"]
    assert page.inner_text('[data-meter="m"]') != "–"

    # edit a knob: heard before it is answered
    before = player(page, "player.stores.proposal.sound.id")
    card = page.locator("article:not([hidden])")
    card.locator('[data-knob="attenuation_db"]').fill("20")
    until(page, f"controlroom.app.player.stores.proposal.sound.id !== '{before}'")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    edited = wait_decided(server, name, "rumble", Answer.EDIT)
    assert edited.step.knobs["attenuation_db"] == 20.0
    assert edited.auditioned_s >= 1.0

    # accept one, leave one with a reason
    choose(page, "DC")
    page.keyboard.press("a")
    wait_decided(server, name, "dc", Answer.ACCEPT)
    choose(page, "Fade")
    page.keyboard.press("r")
    page.keyboard.type("it shall stop dead")
    page.keyboard.press("Enter")
    assert wait_decided(server, name, "fade", Answer.REJECT).reason == "it shall stop dead"

    # what lies downstream is asked again
    page.click("text=Ask again")
    page.wait_for_selector(".notice", state="detached", timeout=JOB_MS)

    # a step by hand on a stretch that is dragged
    box = page.locator('[data-target="wave"]').bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 80, steps=5)
    page.mouse.up()
    page.keyboard.press("h")
    page.select_option("#hand select", "gain")
    page.wait_for_selector("#hand-gain_db")
    page.fill("#hand-gain_db", "-2")
    page.click("#hand >> text=Do it")
    page.wait_for_selector(".row:has-text('by hand')")
    made = next(c for c in desk_of(server, name).cards if c.proposal.kind == "hand-made").decision
    assert made.step.knobs["gain_db"] == -2.0
    assert made.step.span.start_s == pytest.approx(200 / box["width"] * 12, abs=0.1)
    assert made.step.span.end_s == pytest.approx(500 / box["width"] * 12, abs=0.1)

    # answer the level, render, download
    for processor in ("gain", "limiter"):
        open_card = next(
            c
            for c in desk_of(server, name).cards
            if c.proposal.step.processor == processor and c.proposal.kind != "hand-made"
        )
        page.click(f'[data-card="{open_card.proposal.id}"]')
        page.click(f'article[data-proposal="{open_card.proposal.id}"] >> text="Accept"')
        page.wait_for_selector(f'[data-card="{open_card.proposal.id}"].accept')
    page.keyboard.press("g")
    page.wait_for_selector('[data-side="render"]:not([disabled])', timeout=JOB_MS)
    page.wait_for_selector(".claims .badge", state="attached")
    page.keyboard.press("c")
    assert player(page, "player.side") == "render"
    page.click("text=Masters")
    with page.expect_download() as coming:
        page.click(".download >> nth=0")
    render = desk_of(server, name).render
    assert coming.value.path().read_bytes() == (server.root / name / render.masters[0].path).read_bytes()


def test_undo_a_note_and_a_blind_test_by_keyboard_alone(page, server):
    open_desk(page, server, "harbour")
    choose(page, "Fade")
    page.keyboard.press("d")
    wait_decided(server, "harbour", "fade", Answer.DEFER)
    page.keyboard.press("a")
    wait_decided(server, "harbour", "fade", Answer.ACCEPT)
    page.wait_for_selector("article:not([hidden]) .decided")
    page.keyboard.press("u")
    assert "took back" in wait_decided(server, "harbour", "fade", Answer.DEFER).reason

    page.keyboard.press("n")
    page.keyboard.type("the voice hides here")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".place.note")
    assert desk_of(server, "harbour").notes[-1].text == "the voice hides here"

    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    until(page, "Boolean(controlroom.app.player.stores.proposal)")
    page.keyboard.press("t")
    page.wait_for_selector("#trial[open]")
    for _ in range(5):
        page.click('#trial [data-says="a"]')
    page.click("#trial >> text=Keep the result")
    page.wait_for_selector("#trial", state="hidden")
    last = Studio().history(server.root / "harbour")[-1]
    assert last["kind"] == "trial.abx"
    assert last["body"]["total"] == 5


def test_two_tabs_a_reload_and_a_restart_of_the_server(page, server):
    open_desk(page, server, "harbour")
    choose(page, "DC")
    other = page.context.new_page()
    open_desk(other, server, "harbour")
    choose(other, "DC")
    other.keyboard.press("a")
    wait_decided(server, "harbour", "dc", Answer.ACCEPT)
    page.wait_for_selector('[data-card][aria-current="true"].accept')
    other.close()

    page.reload()
    ready(page)
    assert "DC" in page.inner_text('[data-card][aria-current="true"]')

    server.stop()
    server.start()
    page.keyboard.press("u")
    page.wait_for_selector(".toast >> text=no session")  # the old key is none any more
    assert decided(server, "harbour", "dc").answer is Answer.ACCEPT
    server.let_in(page.context)
    page.keyboard.press("u")
    wait_decided(server, "harbour", "dc", Answer.DEFER)
    page.wait_for_selector('[data-card][aria-current="true"].defer')


def test_the_private_page_lets_one_browser_in_once(browser, tmp_path):
    """What a browser is started with: a file that leads to the address, and no token on a command line."""
    server = Server(tmp_path)
    server.start()
    try:
        door = next((tmp_path / ".console").glob("open-*.html"))
        first, second = browser.new_context().new_page(), browser.new_context().new_page()
        first.goto(door.as_uri())
        first.wait_for_url(f"{server.base}/songs")
        first.reload()
        assert first.inner_text("h1") == "Songs"
        second.goto(door.as_uri())
        second.wait_for_url(server.url)
        assert second.inner_text("h1") == "This door needs its key"
    finally:
        server.stop()
    assert not door.exists()


def test_the_sides_lie_on_one_another_to_the_sample(page, server):
    """The player's own schedule, run offline: take minus a neutral preview is silence; a gain is that gain."""
    open_desk(page, server, "harbour")
    found = page.evaluate(
        """async () => {
          const { Store } = await import("/static/js/audio/store.js");
          const { Schedule } = await import("/static/js/audio/schedule.js");
          const { post } = await import("/static/js/api.js");
          const app = controlroom.app, take = app.player.stores.take.sound, rate = take.rate_hz;
          const heard = async (gain_db) => {
            const sound = await post(`/songs/${app.song}/previews`, { processor: "gain", knobs: { gain_db }, stretch: { start_s: 2.5, end_s: 6.5 } });
            const context = new OfflineAudioContext(2, 5 * rate, rate);
            const faders = { take: new GainNode(context, { gain: -1 }), proposal: new GainNode(context) };
            for (const fader of Object.values(faders)) fader.connect(context.destination);
            const stores = { take: new Store(app.song, take), proposal: new Store(app.song, sound) };
            const schedule = new Schedule({ context, faders, stores, rate });
            for (const side of ["take", "proposal"]) { schedule.silence(side); await schedule.place(side, { when: 0.1, first: 2 * rate, count: 4 * rate }); }
            const rendered = await context.startRendering();
            let most = 0, energy = 0;
            for (let channel = 0; channel < 2; channel += 1) for (const value of rendered.getChannelData(channel)) { most = Math.max(most, Math.abs(value)); energy += value * value; }
            return { most, energy };
          };
          return [await heard(0), await heard(-6.02)];
        }"""
    )
    note(
        "Take less a neutral proposal, as the page plays both",
        f"{found[0]['most']:.1e} of full scale: aligned to the sample",
        "≤ 1e-06",
    )
    assert found[0]["most"] <= 1e-6  # float32: the two sides cancel, so they are aligned to the sample
    assert found[1]["energy"] > 1.0


def test_matched_sides_are_equally_loud_on_the_loop(page, server):
    """What the page plays of each side on the loop, at the gains that it was told, read by its own meter."""
    open_desk(page, server, "harbour")
    heard = page.evaluate(
        """async () => {
          const { Store } = await import("/static/js/audio/store.js");
          const { Schedule } = await import("/static/js/audio/schedule.js");
          const { post } = await import("/static/js/api.js");
          const app = controlroom.app, take = app.player.stores.take.sound, rate = take.rate_hz, path = `/songs/${app.song}`;
          const loop = { start_s: 3, end_s: 8 };
          const knobs = { band1_gain_db: 5, band3_gain_db: -4 };
          const sound = await post(`${path}/previews`, { processor: "tone", knobs, stretch: loop });
          const gains = await post(`${path}/matches`, { sounds: [take.id, sound.id], stretch: loop });
          const read = async (one, gain_db) => {
            const context = new OfflineAudioContext(1, 5 * rate, rate);
            await context.audioWorklet.addModule("/static/js/audio/meter.worklet.js");
            const meter = new AudioWorkletNode(context, "meter", { outputChannelCount: [1], channelCount: 2, channelCountMode: "explicit" });
            const fader = new GainNode(context, { gain: 10 ** (gain_db / 20) });
            fader.connect(meter).connect(context.destination);
            let last = null;
            meter.port.onmessage = ({ data }) => { last = data; };
            const schedule = new Schedule({ context, faders: { side: fader }, stores: { side: new Store(app.song, one) }, rate });
            schedule.silence("side");
            await schedule.place("side", { when: 0, first: 3 * rate, count: 5 * rate });
            await context.startRendering();
            await new Promise((done) => setTimeout(done, 200));
            return last.i;
          };
          const sides = [[take, gains[take.id]], [sound, gains[sound.id]]];
          return { gains: Object.values(gains), bare: [await read(take, 0), await read(sound, 0)], matched: [await read(...sides[0]), await read(...sides[1])] };
        }"""
    )
    bare, matched = (abs(one[0] - one[1]) for one in (heard["bare"], heard["matched"]))
    note(
        "Take and proposal on the loop, matched", f"{matched:.3f} LU apart ({bare:.1f} LU before)", "≤ 0.1 LU"
    )
    assert bare > 0.5  # there was something to match
    assert max(heard["gains"]) == 0
    assert matched <= 0.1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_room_fits_every_width(browser, server, scheme):
    SHOTS.mkdir(exist_ok=True)
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 900})
    server.let_in(context)
    page = context.new_page()
    page.goto(server.base)
    for room in ROOMS:
        open_room(page, server, "band", room)
        if not room:
            page.keyboard.press("4")
            page.wait_for_timeout(300)
        for width, height in ((1440, 900), (1024, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(150)
            page.screenshot(
                path=SHOTS / f"{room.strip('/') or 'desk'}-{width}-{scheme}.png", full_page=width == 390
            )
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (room, width)
            assert page.evaluate(CLIPPED) == [], (room, width)
    context.close()


@pytest.mark.network
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier_for_anyone(browser, server, tmp_path, scheme):
    axe = axe_source(tmp_path)
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 900})
    server.let_in(context)
    page = context.new_page()
    page.goto(server.base)
    found = {}
    for room in ROOMS:
        open_room(page, server, "band", room)
        if result := barriers(page, axe):
            found[room or "/"] = result
    context.close()
    assert found == {}


@pytest.mark.network
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_questions_that_will_be_asked_again_are_readable(browser, server, take_file, tmp_path, scheme):
    root = a_song(server.root / f"stale-{scheme}", take_file)
    rumble = next(card for card in Studio().desk(root).cards if card.proposal.step.processor == "rumble")
    Studio(name="tester").decide(root, rumble.proposal.id, Answer.ACCEPT)
    context = browser.new_context(color_scheme=scheme)
    server.let_in(context)
    page = context.new_page()
    page.goto(server.base)
    open_desk(page, server, root.name)
    assert page.locator(".row.stale").count() > 0
    found = barriers(page, axe_source(tmp_path))
    context.close()
    assert found == []


def test_two_hundred_switches_leave_the_memory_flat(page, server):
    open_desk(page, server, "harbour")
    page.keyboard.press("x")
    page.keyboard.press("Space")
    until(page, "controlroom.app.player.playing")
    devtools = page.context.new_cdp_session(page)

    def used():
        devtools.send("HeapProfiler.collectGarbage")
        return page.evaluate("performance.memory.usedJSHeapSize")

    def switch(times):
        for _ in range(times):
            page.evaluate(
                "controlroom.app.player.hear('take'); controlroom.app.player.hear('proposal'); controlroom.app.player.hear('difference')"
            )
            page.wait_for_timeout(10)

    switch(50)
    before = used()
    switch(200)
    page.wait_for_timeout(3000)
    grown = used() - before
    note("Growth of the page over 200 times three switches", f"{grown / 1e6:.2f} MB", "≤ 3 MB")
    assert grown <= 3e6


def test_a_hundred_ranges_at_once(page, server):
    open_desk(page, server, "harbour")
    got = page.evaluate(
        """async () => {
          const { getRange } = await import("/static/js/api.js");
          const { url, sound } = controlroom.app.player.stores.take;
          const lengths = await Promise.all(Array.from({ length: 100 }, (_, at) => getRange(url, 4 * at * 1000, 4 * (at + 1) * 1000)));
          return lengths.map((one) => one.byteLength);
        }"""
    )
    note("A hundred range requests at once", f"{got.count(4000)} answered whole", "100")
    assert got == [4000] * 100
