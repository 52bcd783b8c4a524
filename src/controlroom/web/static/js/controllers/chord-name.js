// One chord put right: choose it in the lane, say what it is, here or wherever the same was heard.
import { place } from "../format.js";
import { offerTonics, symbol } from "../pitches.js";
import { ownSpace, say, tellOrigin } from "../saying.js";

/** @type {import("../app.js").Controller} */
export default function chordName(element, app, scope) {
  const at = (name) => element.querySelector(`[data-target="${name}"]`);
  const form = element.querySelector("form");
  offerTonics(form.root, new Option("no chord", "N"));
  let chosen = null;

  const named = () => (form.root.value === "N" ? "N" : `${form.root.value}:${form.quality.value}`);
  const same = () => app.music.chords.filter((one) => one.label === chosen.label);

  function show() {
    form.hidden = !chosen;
    at("hint").hidden = Boolean(chosen);
    if (!chosen) return;
    at("which").textContent = `${symbol(chosen.label)}, ${place(chosen)}`;
    [form.root.value, form.quality.value] = chosen.label === "N" ? ["N", "maj"] : chosen.label.split(":");
    form.everywhere.checked = false;
    const count = same().length;
    form.everywhere.closest("label").hidden = count < 2;
    at("everywhere").textContent = `wherever ${symbol(chosen.label)} stands, ${count} places`;
    moved();
  }

  function moved() {
    form.quality.disabled = form.root.value === "N";
    form.querySelector(".keep").disabled = named() === chosen?.label;
  }

  /** Return all chords as they would be said: neighbours of one name are one. */
  function marks() {
    const changed = new Set(form.everywhere.checked ? same() : [chosen]);
    const all = app.music.chords.map((one) => ({
      start_s: one.start_s,
      label: changed.has(one) ? named() : one.label,
    }));
    return all.filter((one, index) => one.label !== all[index - 1]?.label);
  }

  scope.on(form, "input", moved);
  scope.on(form, "submit", async (event) => {
    event.preventDefault();
    if (!chosen || named() === chosen.label) return;
    const label = named(),
      reason = form.reason.value.trim();
    if (!(await say(app, { chords: marks(), reason }, `${symbol(chosen.label)} is ${symbol(label)} now`)))
      return;
    form.reason.value = "";
    chosen = null;
    show();
    at("hint").focus();
  });
  scope.on(element, "click", (event) => {
    if (event.target.closest('[data-do="close"]')) {
      chosen = null;
      show();
    }
  });
  ownSpace(element, scope);
  app.bus.hear(scope, "chord", ({ chord }) => {
    chosen = chord;
    show();
  });
  app.bus.hear(scope, "music", () => {
    const { music } = app;
    chosen =
      chosen &&
      (music.chords.find((one) => one.start_s === chosen.start_s && one.label === chosen.label) ?? null);
    if (!chosen) show();
    const sure = music.chords.length
      ? music.chords.reduce((sum, one) => sum + one.confidence * (one.end_s - one.start_s), 0) /
        music.chords.reduce((sum, one) => sum + one.end_s - one.start_s, 0)
      : null;
    tellOrigin(at("origin"), app, {
      name: "chords",
      what: "chords",
      heard: `${music.heard.chords.length} chords; what differs is underlined`,
      sure,
    });
    element.hidden = !music.chords.length && !music.said.chords;
  });
}
