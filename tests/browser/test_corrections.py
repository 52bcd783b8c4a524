"""A person puts right what was heard: by keyboard, on the page, seen in every open tab, and taken back."""

from __future__ import annotations

import pytest

from controlroom.studio.studio import Studio
from tests.browser.conftest import SHOTS
from tests.browser.driving import (
    CLIPPED,
    JOB_MS,
    axe_source,
    barriers,
    drawn,
    open_desk,
    open_room,
    player,
    until,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900, func_only=True),
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture
def root(server):
    """Return the band's song; what is said of it here is taken back."""
    root = server.root / "band"
    yield root
    if said := list(Studio().music(root)["said"]):
        Studio().correct(root, withdrawn=said)


@pytest.fixture
def desk(page, server):
    """Return the desk in another tab of the same browser."""
    other = page.context.new_page()
    open_desk(other, server, "band")
    drawn(other)
    return other


def words(page, name):
    return page.locator(f'[data-say="{name}"] .origin').inner_text()


def test_the_tempo_is_put_right_by_keyboard_and_taken_back(page, server, root, desk):
    heard = Studio().music(root)
    open_room(page, server, "band", "/music")
    assert "heard" in words(page, "tempo_bpm")
    page.focus("#say-tempo")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # ÷2, then ×2
    page.keyboard.press("Space")
    assert not player(page, "player.playing")
    assert float(page.input_value("#say-tempo")) == pytest.approx(2 * heard["tempo_bpm"], abs=1e-3)
    assert page.evaluate("document.activeElement.id") == "say-tempo"
    page.fill('[data-controller="grid"] [data-target="why"]', "counted in eighths")
    page.focus("#say-tempo")
    page.keyboard.press("Enter")
    for tab in (page, desk):  # the desk follows by the event stream
        until(tab, "Boolean(controlroom.app.music.said.tempo_bpm)")
        assert tab.evaluate("controlroom.app.music.downbeats_s.length") > 1.9 * len(heard["downbeats_s"])
    told = words(page, "tempo_bpm")
    assert "said" in told
    assert "“counted in eighths”" in told
    assert f"Heard: {heard['tempo_bpm']:.1f} bpm" in told
    # a bar is half as long to the loop of the desk
    desk.bring_to_front()
    desk.evaluate("controlroom.app.bus.tell('do-transport', { action: 'section' })")
    desk.keyboard.press("]")
    start_s = player(desk, "player.loop.start_s")
    desk.keyboard.press("]")
    bar_s = 240 / (2 * heard["tempo_bpm"])
    assert player(desk, "player.loop.start_s") - start_s == pytest.approx(bar_s, rel=0.05)

    page.bring_to_front()
    page.reload()
    drawn(page)
    assert "said" in words(page, "tempo_bpm")
    page.locator('[data-say="tempo_bpm"] >> text=Take it back').press("Enter")
    for tab in (page, desk):
        until(tab, "!controlroom.app.music.said.tempo_bpm")
        assert tab.evaluate("controlroom.app.music.downbeats_s") == heard["downbeats_s"]
    assert "heard" in words(page, "tempo_bpm")
    kinds = [e["kind"] for e in Studio().history(root)]
    assert kinds[-2:] == ["music.corrected", "music.corrected"]


def test_sections_are_renamed_moved_split_and_joined_and_the_map_follows(page, server, root, desk):
    heard = Studio().music(root)
    names = [one["label"] for one in heard["sections"]]
    open_room(page, server, "band", "/music")
    page.focus("summary")
    page.keyboard.press("Space")
    rows = page.locator(".mark-row")
    assert rows.count() == len(names)
    # one name, and with one press all that were heard alike
    twice = next(at for at, name in enumerate(names) if names.count(name) > 1)
    rows.nth(twice).locator('[data-mark="label"]').fill("verse")
    page.keyboard.press("Tab")
    rows.nth(twice).locator('[data-do="alike"]').press("Enter")
    assert page.evaluate("document.activeElement.value") == "verse"
    # a boundary a bar later, by the arrow in its field
    place = rows.nth(1).locator('[data-mark="start_s"]')
    place.focus()
    page.keyboard.press("ArrowUp")
    bars = heard["downbeats_s"]
    later = next(at for at in bars if at > heard["sections"][1]["start_s"] + 0.001)
    # one more at the playhead, to the nearest bar
    page.evaluate("controlroom.app.player.seek(1.0)")
    page.locator('[data-do="add"]').press("Enter")
    page.keyboard.type("count-in")
    page.keyboard.press("Tab")
    rows.nth(1).locator('[data-do="bar"]').press("Enter")
    nearest = min(bars, key=lambda at: abs(at - 1.0))
    rows.last.locator('[data-do="remove"]').press("Enter")
    assert desk.locator(".section").count() == len(names)  # nothing is sent before it is kept
    page.locator("text=Keep these sections").press("Enter")
    until(desk, "Boolean(controlroom.app.music.said.sections)")
    said = Studio().music(root)["sections"]
    wanted = ["verse" if name == names[twice] else name for name in names[:-1]]
    assert [one["label"] for one in said] == [wanted[0], "count-in", *wanted[1:]]
    assert said[1]["start_s"] == pytest.approx(nearest, abs=1e-5)
    assert said[2]["start_s"] == pytest.approx(later, abs=1e-5)
    shown = desk.locator(".section b").all_inner_texts()
    assert "Verse" in shown
    until(page, "Boolean(controlroom.app.music.said.sections)")
    page.reload()
    drawn(page)
    origin = page.locator('[data-controller="section-list"] .origin')
    assert f"Heard: {' '.join(names)}" in origin.inner_text()
    origin.locator("text=Take it back").click()
    for tab in (page, desk):
        until(tab, "!controlroom.app.music.said.sections")
    assert desk.evaluate("controlroom.app.music.sections.map((one) => one.label)") == names
    assert desk.locator(".section").count() == len(names)


def test_bars_and_key_are_said_from_where_the_song_stands(page, server, root):
    heard = Studio().music(root)
    open_room(page, server, "band", "/music")
    page.evaluate(f"controlroom.app.player.seek({heard['beats_s'][6] + 0.04})")
    page.click('[data-from="beat"]')
    page.keyboard.press("Enter")
    until(page, "Boolean(controlroom.app.music.said.first_downbeat_s)")
    downbeats = page.evaluate("controlroom.app.music.downbeats_s")
    assert min(abs(at - heard["beats_s"][6]) for at in downbeats) < 1e-3
    page.fill("#say-bar", "3")
    page.press("#say-bar", "Enter")
    until(page, "controlroom.app.music.beats_per_bar === 3")
    numerals = page.locator(".chord b").all_inner_texts()
    page.select_option("#say-key", "A#")
    page.select_option('[data-say="key"] [name="mode"]', "min")
    page.locator('[data-say="key"] .keep').press("Enter")
    until(page, "controlroom.app.music.key === 'A#:min'")
    assert page.locator(".chord b").all_inner_texts() != numerals
    assert "A♯ minor, as" in page.locator('[data-controller="harmony"] [data-target="key"]').inner_text()

    # what is no place is refused by name, and what was typed can be put back
    page.fill("#say-downbeat", "soon")
    page.press("#say-downbeat", "Enter")
    assert "“soon” is no first downbeat" in page.locator(".toast.bad").inner_text()
    page.press("#say-downbeat", "Escape")
    assert page.input_value("#say-downbeat") != "soon"


def test_a_chord_is_named_where_it_stands_or_everywhere(page, server, root):
    heard = Studio().music(root)["chords"]
    open_room(page, server, "band", "/music")
    labels = [one["label"] for one in heard]
    at = next(i for i, one in enumerate(labels) if labels.count(one) > 1 and one != "N")
    page.locator(".chord").nth(at).press("Enter")
    form = page.locator('[data-controller="chord-name"] form')
    form.locator('[name="root"]').select_option("D#")
    form.locator('[name="quality"]').select_option("min")
    form.locator('[name="everywhere"]').check()
    form.locator("text=Keep").press("Enter")
    until(page, "Boolean(controlroom.app.music.said.chords)")
    said = Studio().music(root)["chords"]
    wanted = ["D#:min" if one == labels[at] else one for one in labels]
    assert [one["label"] for one in said] == wanted
    assert [one["start_s"] for one in said] == pytest.approx([one["start_s"] for one in heard])
    assert page.locator(".chord.said").count() == labels.count(labels[at])
    page.locator('[data-controller="chord-name"] >> text=Take it back').click()
    until(page, "!controlroom.app.music.said.chords")
    assert page.locator(".chord.said").count() == 0


def test_what_was_found_is_heard_again_when_the_person_asks(page, server, root):
    open_room(page, server, "band", "/music")
    assert not page.is_visible(".again")
    assert "“B”" in page.inner_text('[data-evidence="arc"]')
    page.click("summary >> text=Put the sections right")
    for at, row in enumerate(page.locator('[data-mark="label"]').all()):
        row.fill(f"part {at}")
        page.keyboard.press("Tab")
    page.click("text=Keep these sections")
    page.click(".again >> text=Listen again")
    page.wait_for_selector(".again[hidden]", state="attached", timeout=JOB_MS)
    assert "“part " in page.inner_text('[data-evidence="arc"]')
    Studio().correct(root, withdrawn=["sections"])
    Studio().propose(root)  # the other tests find the song as it was


def all_open(page):
    """Open every form of the room, with something typed and something said."""
    page.click("summary >> text=Put the sections right")
    page.locator('[data-mark="label"]').nth(1).fill("verse")
    page.keyboard.press("Tab")
    page.evaluate(
        "controlroom.app.bus.tell('chord', { chord: controlroom.app.music.chords.find((one) => one.label !== 'N') })"
    )
    page.fill("#say-bar", "3")


def with_all_open(browser, server, root, scheme):
    """Return a page of its own on the music room: two words said, every form open."""
    Studio(name="ada").correct(root, tempo_bpm=91.0, key="A:min", reason="the bass says so")
    page = browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 900}).new_page()
    server.let_in(page.context)
    page.goto(server.base)
    open_room(page, server, "band", "/music")
    all_open(page)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_open_forms_fit_every_width(browser, server, root, scheme):
    SHOTS.mkdir(exist_ok=True)
    page = with_all_open(browser, server, root, scheme)
    for width, height in ((1440, 900), (1024, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(150)
        page.screenshot(path=SHOTS / f"corrections-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
        assert page.evaluate(CLIPPED) == [], width
        assert page.evaluate(HIDDEN) == [], width
    page.context.close()


# a field shows all of what it holds
HIDDEN = """() => [...document.querySelectorAll(".word input:not([type=checkbox])")]
  .filter((one) => one.checkVisibility() && one.value && one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.network
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_open_forms_are_no_barrier_for_anyone(browser, server, root, tmp_path, scheme):
    axe = axe_source(tmp_path)
    page = with_all_open(browser, server, root, scheme)
    found = barriers(page, axe)
    page.context.close()
    assert found == []
