// One open question: its knobs, its preview on the loop, its answer.
import { post } from "../api.js";
import { settled } from "../scope.js";
import { Knobs } from "./knobs.js";
import { previews } from "./previews.js";
import { tried } from "./toasts.js";
import { Where } from "./where.js";

export function openCard(card, row, app, scope, drafts) {
  const { player, bus } = app;
  const id = card.dataset.proposal;
  const knobs = new Knobs(card.querySelector("form.knobs"), scope);
  const reason = card.querySelector(".reason");
  const edit = card.querySelector('[data-answer="edit"]');
  const where = new Where(card, app, scope);
  if (drafts.has(id)) {
    knobs.set(drafts.get(id).knobs);
    where.set(drafts.get(id));
    reason.value = drafts.get(id).reason;
  }

  const preview = previews(app, scope, () => ({
    processor: card.dataset.processor,
    part: where.part,
    knobs: knobs.all(),
    span: where.here,
  }));

  function show() {
    const different = Object.keys(knobs.changed()).length > 0 || where.changed;
    edit.disabled = !different;
    for (const found of card.querySelectorAll('[data-target="changed"], [data-do="reset"]'))
      found.hidden = !different;
    where.show();
    drafts.set(id, { knobs: knobs.changed(), span: where.span, part: where.part, reason: reason.value });
  }

  const answer = (kind) =>
    tried(app, async () => {
      const form = card.querySelector("form.answer");
      const body = {
        answer: kind,
        reason: reason.value.trim(),
        auditioned_s: Math.round(app.heard.get(id) ?? 0),
        keep_despite_guards: Boolean(form.keep?.checked),
      };
      if (kind === "edit") Object.assign(body, { knobs: knobs.changed() }, where.body());
      await post(`/songs/${app.song}/proposals/${id}/decision`, body);
      bus.tell("answered", { id });
      bus.tell("said", {
        text: {
          accept: "accepted",
          edit: "accepted with your settings",
          reject: "left as it is",
          defer: "put off",
        }[kind],
      });
    });

  const actions = {
    accept: () => answer("accept"),
    edit: () => {
      if (!edit.disabled) answer("edit");
    },
    reject: () => {
      reason.focus();
      reason.dataset.then = "reject";
      reason.placeholder = "Why not? Then ↵";
    },
    defer: () => answer("defer"),
    undo: () =>
      tried(app, async () => {
        await post(`/songs/${app.song}/proposals/${id}/undo`, { reason: reason.value.trim() });
        bus.tell("said", { text: "taken back; the question is open again" });
      }),
    reset: () => {
      knobs.reset();
      where.reset();
    },
    bands: () => {
      for (const bank of card.querySelectorAll("[data-quiet]")) bank.hidden = false;
      card.querySelector('[data-do="bands"]').hidden = true;
    },
    "span-loop": () => {
      if (player.loop) where.put(player.loop);
    },
    "span-whole": () => where.put({ start_s: 0, end_s: player.duration }),
    "span-all": () => where.put(undefined),
    finding: () => loopPlace(true),
  };

  scope.on(card, "click", (event) => {
    const { do: action, answer: kind } = event.target.closest("[data-do], [data-answer]")?.dataset ?? {};
    if (kind) answer(kind);
    else if (action) actions[action]?.();
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
  knobs.onchange = where.onchange = () => {
    show();
    later();
  };
  bus.hear(scope, "loop-set", () => {
    app.loopBy = "hand";
    later();
  });
  scope.every(500, () => {
    const seconds = app.heard.get(id) ?? 0;
    card.querySelector('[data-target="heard"]').textContent =
      seconds >= 1 ? `${Math.floor(seconds)} s listened` : "";
  });

  /** Loop the question's place, with a lead before and after it. */
  function loopPlace(looping = player.looping) {
    if (row.dataset.start === undefined || !player.frames) return false;
    const [start, end] = [Number(row.dataset.start), Number(row.dataset.end)];
    const lead = Math.max(1.5, (8 - (end - start)) / 2);
    player.setLoop(
      {
        start_s: Math.max(0, start - lead),
        end_s: Math.min(player.duration, start + Math.min(end - start, 30) + lead),
      },
      looping,
    );
    return true;
  }

  if (loopPlace()) app.loopBy = "card";
  else if (app.loopBy === "card" && app.loudest) {
    player.setLoop(app.loudest, player.looping);
    app.loopBy = "loudest";
  }
  show();
  preview();
  return { end: () => scope.end(), act: (action) => actions[action]?.() };
}
