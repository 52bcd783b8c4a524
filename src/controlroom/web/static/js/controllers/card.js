// One open question: its knobs, its preview on the loop, its answer.
import { post } from "../api.js";
import { place } from "../format.js";
import { settled } from "../scope.js";
import { Knobs } from "./knobs.js";
import { previews } from "./previews.js";
import { tried } from "./toasts.js";

export function openCard(card, row, app, scope, drafts) {
  const { player, bus } = app;
  const id = card.dataset.proposal;
  const knobs = new Knobs(card.querySelector("form.knobs"), scope);
  const reason = card.querySelector(".reason");
  const edit = card.querySelector('[data-answer="edit"]');
  const proposed = card.dataset.spanStart === undefined ? null : { start_s: Number(card.dataset.spanStart), end_s: Number(card.dataset.spanEnd) };
  let span = drafts.get(id)?.span;
  if (drafts.has(id)) { knobs.set(drafts.get(id).knobs); reason.value = drafts.get(id).reason; }

  const changed = () => ({ ...knobs.changed() });
  const here = () => span ?? proposed;
  const preview = previews(app, scope, () => ({ processor: card.dataset.processor, knobs: knobs.all(), span: here() }));

  function show() {
    const different = Object.keys(changed()).length > 0 || Boolean(span);
    edit.disabled = !different;
    for (const [name, shown] of [['[data-target="changed"]', different], ['[data-do="reset"]', different], ['[data-do="span-all"]', Boolean(span)]]) {
      const found = card.querySelector(name);
      if (found) found.hidden = !shown;
    }
    const where = card.querySelector('[data-target="span"]');
    if (where) where.textContent = here() ? place(here()) : "whole song";
    drafts.set(id, { knobs: changed(), span, reason: reason.value });
  }

  const answer = (kind) => tried(app, async () => {
    const form = card.querySelector("form.answer");
    const body = { answer: kind, reason: reason.value.trim(), auditioned_s: Math.round(app.heard.get(id) ?? 0), keep_despite_guards: Boolean(form.keep?.checked) };
    if (kind === "edit") { body.knobs = changed(); if (span) body.span = { start_s: span.start_s, end_s: span.end_s }; }
    await post(`/songs/${app.song}/proposals/${id}/decision`, body);
    bus.tell("answered", { id });
    bus.tell("said", { text: { accept: "accepted", edit: "accepted with your settings", reject: "left as it is", defer: "put off" }[kind] });
  });

  const actions = {
    accept: () => answer("accept"),
    edit: () => { if (!edit.disabled) answer("edit"); },
    reject: () => { reason.focus(); reason.dataset.then = "reject"; reason.placeholder = "Why not? Then ↵"; },
    defer: () => answer("defer"),
    undo: () => tried(app, async () => { await post(`/songs/${app.song}/proposals/${id}/undo`, { reason: reason.value.trim() }); bus.tell("said", { text: "taken back; the question is open again" }); }),
    reset: () => { knobs.reset(); span = undefined; show(); preview(); },
    bands: () => { for (const bank of card.querySelectorAll("[data-quiet]")) bank.hidden = false; card.querySelector('[data-do="bands"]').hidden = true; },
    "span-loop": () => { span = player.loop && { ...player.loop }; show(); preview(); },
    "span-all": () => { span = undefined; show(); preview(); },
  };

  scope.on(card, "click", (event) => {
    const { do: action, answer: kind } = event.target.closest("[data-do], [data-answer]")?.dataset ?? {};
    if (kind) answer(kind); else if (action) actions[action]?.();
  });
  scope.on(card, "submit", (event) => event.preventDefault());
  scope.on(reason, "keydown", (event) => {
    if (event.key !== "Enter" || !reason.dataset.then) return;
    delete reason.dataset.then;
    reason.blur();
    answer("reject");
  });
  scope.on(reason, "input", show);
  const later = settled(scope, 220, preview);
  knobs.onchange = () => { show(); later(); };
  bus.hear(scope, "loop-set", () => { app.loopBy = "hand"; later(); });
  scope.every(500, () => {
    const seconds = app.heard.get(id) ?? 0;
    card.querySelector('[data-target="heard"]').textContent = seconds >= 1 ? `${Math.floor(seconds)} s listened` : "";
  });
  if (row.dataset.start !== undefined && player.frames) {
    const [start, end] = [Number(row.dataset.start), Number(row.dataset.end)];
    const lead = Math.max(1.5, (8 - (end - start)) / 2);
    player.setLoop({ start_s: Math.max(0, start - lead), end_s: Math.min(player.duration, start + Math.min(end - start, 30) + lead) }, player.looping);
    app.loopBy = "card";
  } else if (app.loopBy === "card" && app.loudest) {
    player.setLoop(app.loudest, player.looping);
    app.loopBy = "loudest";
  }
  show();
  preview();
  return { end: () => scope.end(), act: (action) => actions[action]?.() };
}
