// The transport: play, loop, sides, matching, listening mode, zoom.
import { BANDS, MODES } from "../audio/graph.js";
import { clock, place, signed } from "../format.js";
import { grownByBars, movedByBars, sectionAt } from "../music.js";
import { showKeys } from "./keys.js";

/** @type {import("../app.js").Controller} */
export default function transport(element, app, scope) {
  const { player, bus } = app;
  const at = (name) => element.querySelector(`[data-target="${name}"]`);
  const button = (name) => element.querySelector(`[data-action="${name}"]`);
  const select = button("mode");

  const actions = {
    play: () => (player.playing ? player.stop() : player.play()),
    loop: () => player.setLoop(player.loop, !player.looping),
    match: () => {
      player.matched = !player.matched;
      player.fade();
      show();
    },
    mode: () => player.setMode(MODES[(MODES.indexOf(player.mode) + 1) % MODES.length]),
    band: () => {
      const next = player.mode === "band" ? 1 : 0;
      player.setMode("band", BANDS[(BANDS.indexOf(player.band) + next) % BANDS.length]);
    },
    in: () => bus.tell("zoom", { by: 0.5 }),
    out: () => bus.tell("zoom", { by: 2 }),
    all: () => bus.tell("zoom", { by: Infinity }),
    back: () => player.seek(player.position - 2),
    on: () => player.seek(player.position + 2),
    "bar-back": () => bars(movedByBars, -1),
    "bar-on": () => bars(movedByBars, 1),
    "bar-less": () => bars(grownByBars, -1),
    "bar-more": () => bars(grownByBars, 1),
    section: () => {
      const found = sectionAt(app, player.position);
      if (found) looped({ start_s: found.start_s, end_s: found.end_s });
    },
    "loop-start": () => edge("start_s"),
    "loop-end": () => edge("end_s"),
    keys: () => showKeys(),
  };

  function edge(which) {
    const now = player.position;
    const loop = player.loop ?? { start_s: 0, end_s: player.duration };
    const next = { ...loop, [which]: now };
    if (next.end_s <= next.start_s)
      next[which === "start_s" ? "end_s" : "start_s"] =
        which === "start_s" ? Math.min(player.duration, now + 4) : Math.max(0, now - 4);
    looped(next);
  }

  function looped(loop) {
    player.setLoop(loop, true);
    bus.tell("loop-set");
  }

  const bars = (change, by) => {
    if (player.loop) looped(change(app, player.loop, by));
  };

  function show() {
    element.classList.toggle("playing", player.playing);
    for (const one of element.querySelectorAll("[data-side]")) {
      const { side } = one.dataset;
      one.setAttribute("aria-pressed", String(side === player.side));
      one.disabled = !player.has(side);
    }
    button("loop").setAttribute("aria-pressed", String(player.looping));
    button("match").setAttribute("aria-pressed", String(player.matched));
    at("loop-text").textContent = player.loop ? place(player.loop) : "";
    at("gain").textContent =
      player.matched && player.gains[player.about] ? `${signed(player.gains[player.about])} dB` : "";
    select.value = player.mode === "band" ? `band${BANDS.indexOf(player.band)}` : player.mode;
    at("length").textContent = player.frames ? `of ${clock(player.duration)}` : "";
  }

  scope.on(element, "click", (event) => {
    const side = event.target.closest("[data-side]");
    const action = event.target.closest("button[data-action]");
    if (side) player.hear(side.dataset.side);
    else if (action) actions[action.dataset.action]();
  });
  scope.on(select, "change", () => {
    const band = BANDS[select.value.slice(4)];
    player.setMode(select.value.startsWith("band") ? "band" : select.value, band ?? player.band);
  });
  bus.hear(scope, "do-transport", ({ action }) => actions[action]?.());
  bus.hearAny(scope, ["sides", "loop", "playing", "gains"], show);
  let shown = "";
  scope.frames(() => {
    const now = clock(player.position);
    if (now !== shown) at("clock").textContent = shown = now;
  });
  show();
}
