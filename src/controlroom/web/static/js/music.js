// The take's music: sections, bars and chords, read once per page, and the arithmetic of loops on them.
import { getJson } from "./api.js";
import { tried } from "./controllers/toasts.js";
import { settled } from "./scope.js";

let asked = 0;

export async function readMusic(app) {
  asked += 1;
  const turn = asked;
  const found = await tried(app, () => getJson(`/songs/${app.song}/music`));
  if (!found || turn !== asked) return;
  app.music = found;
  app.bus.tell("music");
}

/** Read the music again whenever somebody, here or in another tab, corrects it. */
export function followMusic(app, scope) {
  const again = settled(scope, 60, () => {
    if (app.music) readMusic(app);
  });
  app.bus.hear(scope, "song", ({ song, music }) => {
    if (music && song === app.song) again();
  });
  app.bus.hear(scope, "resync", again);
  app.bus.hear(scope, "corrected", again);
}

/** Return the one of ascending places that is nearest; the place itself where there are none. */
export const nearest = (places, at) =>
  places.reduce(
    (best, one) => (best === null || Math.abs(one - at) < Math.abs(best - at) ? one : best),
    null,
  ) ?? at;

/** Return the bar lines, the song's end included; empty where no bars were heard. */
export function barLines(app) {
  const lines = app.music?.downbeats_s ?? [];
  return lines.length > 1 ? [...lines, app.player.duration] : [];
}

/** Return the section that sounds at a place. */
export const sectionAt = (app, seconds) =>
  (app.music?.sections ?? []).find((one) => one.start_s <= seconds && seconds < one.end_s);

/** Return the bar (or bars) that a stretch touches, as a stretch. */
export function barsOf(app, { start_s, end_s }) {
  const lines = barLines(app);
  const first = lines.findLastIndex((at) => at <= start_s + 1e-3);
  const last = lines.findIndex((at) => at >= end_s - 1e-3);
  return lines.length
    ? {
        start_s: lines[Math.max(0, first)],
        end_s: lines[last < 0 ? lines.length - 1 : Math.max(last, Math.max(0, first) + 1)],
      }
    : null;
}

/** Return a loop moved by bars; by its own length where no bars are known. */
export function movedByBars(app, loop, by) {
  const lines = barLines(app),
    length = loop.end_s - loop.start_s;
  if (!lines.length) return within(app, loop.start_s + by * length, length);
  const near = lines.reduce(
    (best, at, index) => (Math.abs(at - loop.start_s) < Math.abs(lines[best] - loop.start_s) ? index : best),
    0,
  );
  const last = barIndex(lines, loop.end_s);
  const count = Math.max(1, last - near);
  const first = Math.min(Math.max(0, near + by), Math.max(0, lines.length - 1 - count));
  return { start_s: lines[first], end_s: lines[Math.min(lines.length - 1, first + count)] };
}

/** Return a loop that ends some bars later; at least one bar stays. */
export function grownByBars(app, loop, by) {
  const lines = barLines(app);
  if (!lines.length) return within(app, loop.start_s, Math.max(0.5, (loop.end_s - loop.start_s) * 2 ** by));
  const first = barIndex(lines, loop.start_s);
  const last = Math.min(lines.length - 1, Math.max(first + 1, barIndex(lines, loop.end_s) + by));
  return { start_s: lines[first], end_s: lines[last] };
}

const barIndex = (lines, seconds) =>
  lines.reduce(
    (best, at, index) => (Math.abs(at - seconds) < Math.abs(lines[best] - seconds) ? index : best),
    0,
  );

function within(app, start, length) {
  const start_s = Math.min(Math.max(0, start), Math.max(0, app.player.duration - length));
  return { start_s, end_s: Math.min(app.player.duration, start_s + length) };
}

/** Return sections with which repeat each is: {…section, turn, turns}. */
export function counted(sections) {
  const turns = new Map(),
    seen = new Map();
  for (const { label } of sections) turns.set(label, (turns.get(label) ?? 0) + 1);
  return sections.map((section) => {
    const turn = (seen.get(section.label) ?? 0) + 1;
    seen.set(section.label, turn);
    return { ...section, turn, turns: turns.get(section.label) };
  });
}
