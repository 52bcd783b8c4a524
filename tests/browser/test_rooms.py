"""The rooms beside the desk, and what a person does there."""

from __future__ import annotations

import base64
import re
import shutil
import time

import numpy as np
import pytest

from controlroom.model.decisions import Answer
from controlroom.model.timeline import Span
from controlroom.studio.song import opened
from controlroom.studio.studio import Studio
from tests.browser.conftest import SHOTS
from tests.browser.driving import (
    DROP,
    JOB_MS,
    desk_of,
    drawn,
    open_desk,
    open_room,
    player,
    until,
    wait_decided,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900, func_only=True),
    pytest.mark.filterwarnings("default"),
]


RUNNING = """fetch("/jobs", { headers: { accept: "application/json" } }).then((one) => one.json())
  .then((jobs) => jobs.some((job) => job.state === "running"))"""


def waited(say, limit_s=60):
    last = time.monotonic() + limit_s
    while not (told := say()):
        assert time.monotonic() < last
        time.sleep(0.1)
    return told


def test_a_section_loops_itself_and_bars_move_the_loop(page, server):
    open_desk(page, server, "band")
    drawn(page)
    music = Studio().music(server.root / "band")
    sections = page.locator(".section")
    assert sections.count() == len(music["sections"])
    sections.nth(1).click()
    second = music["sections"][1]
    loop = player(page, "player.loop")
    assert (loop["start_s"], loop["end_s"]) == pytest.approx((second["start_s"], second["end_s"]), abs=1e-3)
    assert player(page, "player.looping")
    assert sections.nth(1).get_attribute("aria-pressed") == "true"

    bars = [*music["downbeats_s"], player(page, "player.duration")]
    page.keyboard.press("]")
    moved = player(page, "player.loop")
    near = min(range(len(bars)), key=lambda at: abs(bars[at] - second["start_s"]))
    assert moved["start_s"] == pytest.approx(bars[near + 1], abs=1e-3)
    page.keyboard.press("[")
    assert player(page, "player.loop.start_s") == pytest.approx(bars[near], abs=1e-3)
    before = player(page, "player.loop.end_s")
    page.keyboard.press("{")
    assert player(page, "player.loop.end_s") < before
    page.keyboard.press("}")
    assert player(page, "player.loop.end_s") == pytest.approx(before, abs=1.5)

    # a click on a bar loops it
    ruler = page.locator(".ruler.bars").bounding_box()
    at_s = (bars[4] + bars[5]) / 2
    page.mouse.click(ruler["x"] + at_s / bars[-1] * ruler["width"], ruler["y"] + 8)
    loop = player(page, "player.loop")
    assert (loop["start_s"], loop["end_s"]) == pytest.approx((bars[4], bars[5]), abs=1e-3)


def test_arc_and_harmony_are_drawn_from_what_was_heard(page, server):
    open_room(page, server, "band", "/music")
    music = Studio().music(server.root / "band")
    assert page.locator(".arc-section").count() == len(music["sections"])
    assert page.locator(".chord").count() == len(music["chords"])
    numerals = page.locator(".chord:not(.none) b").all_inner_texts()
    assert numerals == [one["roman"] or one["label"] for one in music["chords"] if one["label"] != "N"]
    page.locator(".chord").nth(2).click()
    assert player(page, "player.loop.start_s") == pytest.approx(music["chords"][2]["start_s"], abs=1e-3)
    until(page, "controlroom.app.player.playing")


def test_the_mixer_plays_the_stems_in_sync(page, server):
    open_room(page, server, "band", "/stems")
    until(page, "controlroom.app.player.stems.length >= 4 && controlroom.app.player.side === 'stems'")
    lanes = player(page, "player.stems")
    page.click('[data-stem="vocals"] [data-strip="solo"]')
    heard = player(page, "player.targets()")
    assert [lane for lane in lanes if heard[lane] > 0] == ["stem:vocals"]
    page.click('[data-stem="vocals"] [data-strip="mute"]')
    assert not any(player(page, "player.targets()")[lane] for lane in lanes)
    page.click("text=Everything to the middle")
    page.locator('[data-stem="bass"] [data-strip="level_db"]').fill("-6")
    assert player(page, "player.targets()")["stem:bass"] == pytest.approx(10 ** (-6 / 20), abs=1e-6)
    page.locator('[data-stem="bass"] [data-strip="pan"]').fill("-1")
    page.keyboard.press("Escape")
    page.click(".play")
    until(page, "controlroom.app.player.playing && controlroom.app.player.position > 0.5")
    assert player(page, "player.faders['stem:bass'].panner.pan.value") == pytest.approx(-1, abs=0.01)

    # the page's own schedule, offline: take minus all stems is silence, so they are in sync to the sample
    most = page.evaluate(
        """async () => {
          const { Store } = await import("/static/js/audio/store.js");
          const { Schedule } = await import("/static/js/audio/schedule.js");
          const { player, song } = controlroom.app;
          const lanes = ["take", ...player.stems], rate = player.rate;
          const context = new OfflineAudioContext(2, 5 * rate, rate);
          const faders = Object.fromEntries(lanes.map((lane) => [lane, new GainNode(context, { gain: lane === "take" ? -1 : 1 })]));
          for (const fader of Object.values(faders)) fader.connect(context.destination);
          const stores = Object.fromEntries(lanes.map((lane) => [lane, new Store(song, player.stores[lane].sound)]));
          const schedule = new Schedule({ context, faders, stores, rate });
          for (const lane of lanes) { schedule.silence(lane); await schedule.place(lane, { when: 0.1, first: 9 * rate + 17, count: 4 * rate }); }
          const rendered = await context.startRendering();
          let most = 0;
          for (let channel = 0; channel < 2; channel += 1) for (const value of rendered.getChannelData(channel)) most = Math.max(most, Math.abs(value));
          return most;
        }"""
    )
    assert most <= 1e-5


def test_stems_are_brought_by_drop_and_marked(page, server, tmp_path_factory, take_file):
    from controlroom.media.encode import MediaFormat, write
    from controlroom.model.audio import Audio
    from controlroom.studio.console_sounds import samples_of

    root = server.root / "harbour"
    studio = Studio()
    take = samples_of(studio.sound_files(root, studio.sounds(root)["take"].id))
    t = np.arange(take.frames) / take.rate_hz
    voice = np.stack([0.08 * np.sin(2 * np.pi * 440 * t) * (t % 3 < 2)] * 2).astype(np.float32)
    folder = tmp_path_factory.mktemp("dropped")
    packed = []
    for name, samples in (("Vocals.wav", voice), ("Tape two.wav", take.samples - voice)):
        write(folder / name, Audio(samples, take.rate_hz), MediaFormat.WAV32F)
        packed.append([name, base64.b64encode((folder / name).read_bytes()).decode()])
    open_room(page, server, "harbour", "/stems")
    page.evaluate(
        """(files) => {
          const carried = new DataTransfer();
          for (const [name, data] of files) carried.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type: "audio/wav" }));
          document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carried }));
        }""",
        packed,
    )
    # neither name nor sound tells what "Tape two" is: the person does
    page.wait_for_selector("#roles[open]", timeout=JOB_MS)
    page.locator("#roles label.asked select").select_option("other")
    page.click("#roles >> text=Take them in")
    page.wait_for_selector(".mixer", timeout=JOB_MS)
    assert {"Vocals", "Other"} <= set(page.locator(".strip h3").all_inner_texts())

    until(page, "globalThis.controlroom?.app.player.stems.length >= 2")
    page.select_option('[data-mark="vocals"]', "stays")
    page.wait_for_selector(".marks >> text=stays")
    assert [(one.part, one.status) for one in Studio().marks(root)] == [("vocals", "stays")]
    until(page, "globalThis.controlroom?.app.player.stems.length >= 2")
    page.click(".marks >> text=Take it back")
    page.wait_for_selector(".marks", state="detached")
    assert Studio().marks(root) == ()


def test_a_part_is_marked_and_a_span_edited_from_the_desk(page, server):
    root = server.root / "band"
    open_desk(page, server, "band")
    drawn(page)
    page.locator(".section").nth(1).click()
    page.keyboard.press("p")
    page.select_option('#mark [name="part"]', "bass")
    page.select_option('#mark [name="status"]', "defines-the-identity")
    page.uncheck('#mark [name="whole"]')
    page.click("#mark >> text=Say so")
    (mark,) = waited(lambda: Studio().marks(root))
    section = Studio().music(root)["sections"][1]
    assert (mark.part, mark.status) == ("bass", "defines-the-identity")
    assert (mark.span.start_s, mark.span.end_s) == pytest.approx(
        (section["start_s"], section["end_s"]), abs=0.01
    )
    Studio().mark(root, "bass", None, start_s=mark.span.start_s, end_s=mark.span.end_s)

    # the span of an open question: typed, dragged on the stage, sent with the edit
    page.click(".row:has-text('Gain')")
    card = page.locator("article:not([hidden])")
    card.locator('[data-at="start_s"]').fill("0:10")
    card.locator('[data-at="start_s"]').press("Tab")
    card.locator('[data-at="end_s"]').fill("0:20.5")
    card.locator('[data-at="end_s"]').press("Tab")
    region = page.locator('[data-target="stage-span"]').bounding_box()
    wave = page.locator(".wave").bounding_box()
    per_s = wave["width"] / player(page, "player.duration")
    assert region["x"] - wave["x"] == pytest.approx(10 * per_s, abs=3)
    page.mouse.move(region["x"] + region["width"], region["y"] + 4)
    page.mouse.down()
    page.mouse.move(region["x"] + region["width"] + 5 * per_s, region["y"] + 4, steps=4)
    page.mouse.up()
    card.locator("text=Accept my settings").click()
    step = wait_decided(server, "band", "gain", Answer.EDIT).step
    assert step.span.start_s == pytest.approx(10.0, abs=0.01)
    assert step.span.end_s == pytest.approx(25.5, abs=0.4)
    Studio().undo(
        root, next(c for c in desk_of(server, "band").cards if c.proposal.kind == "level").proposal.id
    )


IN_FRONT = """() => {
  const { x, y, width, height } = document.querySelector(".toast.bad").getBoundingClientRect();
  return Boolean(document.elementFromPoint(x + width / 2, y + height / 2)?.closest(".toast"));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_refusal_is_seen_before_an_open_dialog(page, server, scheme):
    notes = Studio().show(server.root / "harbour").notes
    page.emulate_media(color_scheme=scheme)
    open_desk(page, server, "harbour")
    page.keyboard.press("n")
    page.wait_for_selector("#note[open]")
    page.fill("#note textarea", "   ")
    page.click("#note >> text=Keep it")
    toast = page.locator(".toast.bad")
    toast.wait_for()
    assert page.evaluate(IN_FRONT)
    SHOTS.mkdir(exist_ok=True)
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        box = toast.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert page.evaluate(IN_FRONT), width
        page.screenshot(path=SHOTS / f"refused-{width}-{scheme}.png")
    assert page.locator("#note[open]").count() == 1  # what was written is not lost
    page.keyboard.press("Escape")
    page.wait_for_selector("#note", state="hidden")
    assert toast.is_visible()
    assert Studio().show(server.root / "harbour").notes == notes


def test_a_step_by_hand_offers_the_parts_that_its_processor_works_on(page, server):
    open_desk(page, server, "band")
    page.keyboard.press("h")
    page.wait_for_selector("#hand[open]")
    offered = """(select) => [...select.options].filter((one) => !one.disabled).map((one) => one.value)"""
    for name, info in Studio().processors().items():
        page.select_option('#hand [name="processor"]', name)
        able = page.eval_on_selector('#hand [name="part"]', offered)
        there = page.eval_on_selector(
            '#hand [name="part"]', "(select) => [...select.options].map((one) => one.value)"
        )
        assert able == [part for part in there if not info.parts or part in info.parts], name
        if able:
            assert page.input_value('#hand [name="part"]') in able
    page.select_option('#hand [name="processor"]', "transient")
    told = page.locator("#hand .knob label").all_inner_texts()
    assert len(set(told)) == len(told)


def test_a_reference_is_dropped_and_heard_matched(page, server, take_file):
    open_room(page, server, "band", "/references")
    page.evaluate(DROP, ["Finished elsewhere.wav", base64.b64encode(take_file.read_bytes()).decode()])
    page.wait_for_selector("[data-reference] .passage", timeout=JOB_MS)
    open_desk(page, server, "band")
    page.select_option('[data-target="reference"]', label="Finished elsewhere")
    until(page, "controlroom.app.player.has('reference')")
    page.keyboard.press("y")
    page.keyboard.press("Space")
    until(page, "controlroom.app.player.playing")
    assert player(page, "player.side") == "reference"
    until(page, "controlroom.app.player.gains.reference !== undefined")
    gains = player(page, "player.gains")
    assert max(gains.values()) == 0
    assert min(gains.values()) < 0
    # its passage begins where the loop does
    sound = player(page, "player.stores.reference.sound")
    assert sound["start_frame"] / sound["rate_hz"] <= player(page, "player.loop.start_s")
    page.keyboard.press("z")
    assert player(page, "player.side") == "take"


def test_questions_of_one_kind_are_answered_at_once(page, server):
    root = server.root / "harbour"
    with opened(root) as song:
        one = next(iter(song.memory.proposals.values()))
        spans = [Span(clock=song.take.id, start_s=at, end_s=at + 1) for at in (1.0, 4.0)]
        made = [
            one.model_copy(
                update={
                    "kind": "hiss",
                    "answers": (),
                    "upstream": (),
                    "guards": (),
                    "step": one.step.model_copy(update={"span": span}),
                }
            )
            for span in spans
        ]
        song.memory.add_proposals(made, song.now())
    open_desk(page, server, "harbour")
    page.click('[data-kind="hiss"]')
    page.fill('#kind [name="reason"]', "it is tape, and meant")
    page.click("#kind >> text=Leave all")
    page.wait_for_selector('[data-kind="hiss"]', state="detached")
    answers = [desk_of(server, "harbour").card(proposal.id).decision for proposal in made]
    assert [(one.answer, one.reason) for one in answers] == [(Answer.REJECT, "it is tape, and meant")] * 2
    kinds = [entry["kind"] for entry in Studio().history(root)][-2:]
    assert kinds == ["decision", "decision"]


def test_two_entries_are_compared_and_gone_back_to(page, server):
    root = server.root / "harbour"
    studio = Studio()
    rumble = next(
        c.proposal for c in desk_of(server, "harbour").cards if c.proposal.step.processor == "rumble"
    )
    studio.decide(root, rumble.id, Answer.ACCEPT)
    then = studio.history(root)[-1]["seq"]
    studio.decide(root, rumble.id, Answer.REJECT, reason="no")
    now = studio.history(root)[-1]["seq"]
    open_room(page, server, "harbour", "/history")
    page.check(f'[data-compare="{then}"]')
    page.check(f'[data-compare="{now}"]')
    page.click("text=Compare two entries")
    page.wait_for_selector(".compared:not([hidden]) tbody tr")
    assert page.locator(".compared tbody tr").count() == 1
    assert "below 20" in page.inner_text(".compared tbody th")
    page.click(f'[data-return="{then}"]')
    waited(lambda: desk_of(server, "harbour").card(rumble.id).decision.answer is Answer.ACCEPT)


def test_a_long_job_is_stopped_and_nothing_is_half_done(page, server):
    open_desk(page, server, "harbour")
    entries = len(Studio().history(server.root / "harbour"))
    renders = sorted((server.root / "harbour").glob("renders/*"))
    shutil.rmtree(
        server.root / "harbour" / ".cache", ignore_errors=True
    )  # a render that finds nothing is long
    page.keyboard.press("g")
    page.click(".job >> text=Stop")
    page.wait_for_selector(".job", state="detached")
    jobs = page.evaluate(
        "fetch('/jobs', { headers: { accept: 'application/json' } }).then((one) => one.json())"
    )
    assert jobs[0]["state"] == "cancelled"
    assert (
        len([e for e in Studio().history(server.root / "harbour")[entries:] if e["kind"] == "rendered"]) == 0
    )
    assert sorted((server.root / "harbour").glob("renders/*")) == renders
    assert Studio().verify(server.root / "harbour")


def test_standards_are_changed_a_policy_signed_and_masters_released(page, server):
    root = server.root / "harbour"
    open_room(page, server, "harbour", "/standards")
    page.fill('[data-target="find"]', "ceiling")
    field = page.locator('[data-standard="loudness.ceiling_dbtp"] input')
    field.fill("-1.5")
    field.press("Tab")
    waited(lambda: Studio().standards(root).number("loudness.ceiling_dbtp") == -1.5)
    page.click('[data-finish="hygiene"]')
    waited(lambda: desk_of(server, "harbour").render, JOB_MS / 1000)
    waited(lambda: not page.evaluate(RUNNING))
    signed = [e for e in Studio().history(root) if e["kind"] == "policy.signed"]
    assert signed[-1]["body"]["name"] == "hygiene"
    for card in desk_of(server, "harbour").cards:  # what is open, a person answers
        if not card.stale and (card.decision is None or card.decision.answer is Answer.DEFER):
            Studio().decide(root, card.proposal.id, Answer.ACCEPT)
    Studio().propose(root)
    for card in desk_of(server, "harbour").cards:
        if card.decision is None or card.decision.answer is Answer.DEFER:
            Studio().decide(root, card.proposal.id, Answer.ACCEPT)
    open_desk(page, server, "harbour")
    page.keyboard.press("g")
    waited(lambda: page.evaluate(RUNNING))
    waited(lambda: not page.evaluate(RUNNING), JOB_MS / 1000)
    waited(
        lambda: desk_of(server, "harbour").render and not desk_of(server, "harbour").render.draft,
        JOB_MS / 1000,
    )
    open_room(page, server, "harbour", "/masters")
    page.click('[data-do="release"]')
    page.wait_for_selector(".toast >> text=eleased")
    assert re.search(r"\.(wav|flac|mp3)$", " ".join(p.name for p in (root / "release").iterdir()))
    assert desk_of(server, "harbour").state == "released"
