// What the page counts itself: places, levels, bars, sections, gains, peaks.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Sides } from "../../src/controlroom/web/static/js/audio/sides.js";
import { Store } from "../../src/controlroom/web/static/js/audio/store.js";
import { loudest } from "../../src/controlroom/web/static/js/controllers/drawing.js";
import { clock, exact, level, place, seconds, signed } from "../../src/controlroom/web/static/js/format.js";
import {
  barsOf,
  counted,
  grownByBars,
  movedByBars,
  nearest,
} from "../../src/controlroom/web/static/js/music.js";
import { spoken, symbol, tonicName } from "../../src/controlroom/web/static/js/pitches.js";
import { SectionDraft } from "../../src/controlroom/web/static/js/section-draft.js";

const app = (downbeats_s, duration = 10) => ({ music: { downbeats_s, sections: [] }, player: { duration } });
const near = (found, wanted) => assert.ok(Math.abs(found - wanted) < 1e-9, `${found} is not ${wanted}`);

test("a place that is written is read again", () => {
  for (const at of [0, 0.001, 59.999, 60, 83.4, 599.95, 3600.5]) near(seconds(exact(at)), at);
  for (const at of [0, 0.04, 59.96, 83.4, 3600]) assert.ok(Math.abs(seconds(clock(at)) - at) <= 0.05 + 1e-9);
});

test("places carry over into the minute, and none is below zero", () => {
  assert.equal(clock(59.96), "1:00.0");
  assert.equal(exact(59.9996), "1:00.000");
  assert.equal(clock(-3), "0:00.0");
  assert.equal(place({ start_s: 1, end_s: 62.5 }), "0:01.0 to 1:02.5");
});

test("what is no place is not a number", () => {
  for (const text of ["", "x", "1:2:3", "-4", "1:"]) assert.ok(Number.isNaN(seconds(text)), text);
  assert.equal(seconds(" 1:23,4 "), 83.4);
});

test("levels have a true minus, and no sign where they round to none", () => {
  assert.equal(signed(1.25), "+1.3");
  assert.equal(signed(-1), "−1.0");
  assert.equal(signed(-0.04), "0.0");
  assert.equal(level(-14.06), "−14.1");
  assert.equal(level(-Infinity), "–");
  assert.equal(level(Number.NaN), "–");
});

test("keys and chords are read as a musician writes them", () => {
  assert.equal(symbol("C#:min"), "C♯m");
  assert.equal(symbol("N"), "no chord");
  assert.equal(spoken("F#:maj"), "F♯ major");
  assert.equal(tonicName("A#"), "A♯ / B♭");
});

test("a loop moved by bars and back is where it was, and never leaves the song", () => {
  const song = app([0, 2, 4, 6, 8]);
  const loop = { start_s: 2, end_s: 6 };
  assert.deepEqual(movedByBars(song, loop, 1), { start_s: 4, end_s: 8 });
  assert.deepEqual(movedByBars(song, movedByBars(song, loop, 1), -1), loop);
  assert.deepEqual(movedByBars(song, loop, 9), { start_s: 6, end_s: 10 });
  assert.deepEqual(movedByBars(song, loop, -9), { start_s: 0, end_s: 4 });
});

test("a loop keeps one bar at least", () => {
  const song = app([0, 2, 4, 6, 8]);
  assert.deepEqual(grownByBars(song, { start_s: 2, end_s: 4 }, -1), { start_s: 2, end_s: 4 });
  assert.deepEqual(grownByBars(song, { start_s: 2, end_s: 4 }, 1), { start_s: 2, end_s: 6 });
});

test("where no bars were heard a loop moves by its own length", () => {
  const song = app([]);
  assert.deepEqual(movedByBars(song, { start_s: 1, end_s: 3 }, 1), { start_s: 3, end_s: 5 });
  assert.deepEqual(movedByBars(song, { start_s: 1, end_s: 3 }, -1), { start_s: 0, end_s: 2 });
  assert.equal(barsOf(song, { start_s: 1, end_s: 3 }), null);
});

test("a stretch touches whole bars", () => {
  assert.deepEqual(barsOf(app([0, 2, 4, 6, 8]), { start_s: 2.5, end_s: 4.5 }), { start_s: 2, end_s: 6 });
  assert.equal(nearest([0, 2, 4], 2.9), 2);
  assert.equal(nearest([], 2.9), 2.9);
});

test("sections are counted by their names", () => {
  const found = counted([{ label: "a" }, { label: "b" }, { label: "a" }]);
  assert.deepEqual(
    found.map(({ turn, turns }) => [turn, turns]),
    [
      [1, 2],
      [1, 1],
      [2, 2],
    ],
  );
});

test("a draft of sections stays in order, and says why it can't be kept", () => {
  const draft = new SectionDraft();
  draft.take([
    { start_s: 0, label: "verse" },
    { start_s: 4, label: "verse" },
  ]);
  assert.equal(draft.moved, false);
  const mark = draft.add(2);
  assert.deepEqual(draft.body()[1], { start_s: 2, label: "verse" });
  draft.move(mark, 4);
  assert.equal(draft.fault(), "sections 2 and 3 begin at one place");
  draft.remove(mark);
  assert.equal(draft.fault(), "");
  draft.rename(draft.marks[0], "intro");
  assert.equal(draft.alike(draft.marks[0]).length, 1);
});

test("the loudest stretch lies where the sound is", () => {
  const buckets = 100;
  const peaks = new Int8Array(3 * buckets);
  peaks.fill(90, 2 * buckets + 40, 2 * buckets + 60);
  const sound = { buckets, frames: 480000, rate_hz: 48000 };
  assert.deepEqual(loudest(sound, peaks, 2), { start_s: 4, end_s: 6 });
});

test("stretches of a sound meet without a gap, up to its end", () => {
  const store = new Store("song", { id: "a", start_frame: 7, frames: 1000, rate_hz: 100 });
  const ends = [7];
  while (ends.at(-1) < store.last) ends.push(store.chunkEnd(ends.at(-1)));
  assert.deepEqual(ends, [7, 407, 807, 1007]);
});

test("one side is heard at a time, the difference is the one minus the other, solo silences the rest", () => {
  const sides = new Sides(null);
  Object.assign(sides.gains, { take: -6, proposal: 0 });
  near(sides.targets().take, 10 ** (-6 / 20));
  assert.equal(sides.targets().proposal, 0);
  sides.side = "difference";
  near(sides.targets().take, -(10 ** (-6 / 20)));
  assert.equal(sides.targets().proposal, 1);
  Object.assign(sides, { side: "stems", stores: { "stem:a": {}, "stem:b": {} } });
  sides.strips.set("stem:a", { level_db: 0, pan: 0, solo: true, mute: false });
  sides.strips.set("stem:b", { level_db: 0, pan: 0, solo: false, mute: false });
  assert.equal(sides.targets()["stem:a"], 1);
  assert.equal(sides.targets()["stem:b"], 0);
});
