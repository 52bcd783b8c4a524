// The desk: which question is open, answers, refreshing when something changed.
import { getText, post } from "../api.js";
import { Scope, settled } from "../scope.js";
import { openCard } from "./card.js";
import { forms } from "./forms.js";
import { keepMatched, readSounds } from "./sounds.js";
import { tried } from "./toasts.js";

/** @type {import("../app.js").Controller} */
export default function desk(element, app, scope) {
  const { player, bus } = app;
  const work = element.querySelector('[data-slot="work"]');
  const drafts = new Map();
  let open = null;
  let inside = new Scope();
  scope.add(() => inside.end());

  const cards = () => [...work.querySelectorAll("[data-card]")];
  const facts = () => JSON.parse(work.querySelector('[data-target="facts"]').dataset.facts);

  function pick(id, { quiet = false } = {}) {
    const row = work.querySelector(`[data-card="${CSS.escape(id ?? "")}"]`);
    open?.end();
    open = null;
    for (const one of cards())
      one === row ? one.setAttribute("aria-current", "true") : one.removeAttribute("aria-current");
    for (const card of work.querySelectorAll("[data-proposal]"))
      card.hidden = card.dataset.proposal !== id || !row;
    const blank = work.querySelector("[data-blank]");
    if (blank) blank.hidden = Boolean(row);
    app.open = row ? id : null;
    sessionStorage.setItem(`open:${app.song}`, app.open ?? "");
    if (row) {
      const card = work.querySelector(`article[data-proposal="${CSS.escape(id)}"]`);
      open = openCard(card, row, app, scope.child(), drafts);
      if (!quiet && innerWidth <= 700) card.scrollIntoView({ block: "start" });
    } else player.put("proposal", app.song, null);
    bus.tell("desk");
  }

  async function refresh() {
    const text = await tried(app, () => getText(`/songs/${app.song}/desk`));
    if (text === undefined) return;
    const was = app.open;
    const like = work.querySelector(`[data-card="${CSS.escape(was ?? "")}"]`)?.dataset.like;
    const more = work.querySelector(".also-heard")?.open;
    const writing = held(work);
    work.innerHTML = text;
    if (more) work.querySelector(".also-heard").open = true;
    inside.end();
    inside = scope.child();
    app.mount(work, inside);
    const { state, waiting } = facts();
    const pill = document.querySelector('[data-slot="state"]');
    pill.textContent = state;
    pill.className = `state ${state.replaceAll(" ", "-")}`;
    /** @type {HTMLElement | null} */
    const count = document.querySelector(".count");
    if (count) {
      count.textContent = waiting;
      count.hidden = !waiting;
    }
    const rows = cards(); // a question that was asked again has another name: the place in the work is kept
    pick(
      (rows.find((one) => one.dataset.card === was) ?? rows.find((one) => like && one.dataset.like === like))
        ?.dataset.card ?? null,
      { quiet: true },
    );
    writing?.();
  }

  const actions = {
    pick: ({ number }) => pick(cards()[number - 1]?.dataset.card ?? app.open),
    open: ({ id }) => pick(id),
    next: () => step(1),
    previous: () => step(-1),
    render: () => tried(app, () => post(`/songs/${app.song}/renders`)),
    propose: () => tried(app, () => post(`/songs/${app.song}/proposals`)),
    trial: () => {},
    ...forms(element, app, scope),
  };

  function step(by) {
    const all = cards();
    const at = all.findIndex((one) => one.dataset.card === app.open);
    const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
    if (next) pick(next.dataset.card);
  }

  bus.hear(scope, "do-desk", (asked) =>
    actions[asked.action] ? actions[asked.action](asked) : open?.act?.(asked.action),
  );
  bus.hear(scope, "answered", ({ id }) => {
    drafts.delete(id);
    app.heard.delete(id);
  });
  scope.on(work, "click", (event) => {
    const row = event.target.closest("[data-card]");
    const place = event.target.closest(".row-link[data-start]");
    const action = event.target.closest(".queue [data-do]")?.dataset.do;
    if (row) pick(row.dataset.card);
    else if (place)
      player.setLoop(
        {
          start_s: Number(place.dataset.start),
          end_s: Math.max(Number(place.dataset.end), Number(place.dataset.start) + 2),
        },
        true,
      );
    else if (action) bus.tell("do-desk", { action });
  });

  const sounds = () => (facts().take ? readSounds(app) : undefined);

  const changed = settled(scope, 120, refresh);
  bus.hear(scope, "song", ({ song }) => {
    if (song === app.song) changed();
  });
  bus.hear(scope, "resync", changed);
  bus.hear(scope, "job-ended", ({ song, kind, state }) => {
    if (song !== app.song || state !== "done") return;
    if (["render", "finish", "draw"].includes(kind)) sounds();
  });
  bus.hear(scope, "drawn", () => {
    if (!player.loop) player.setLoop(app.loudest, false);
    pick(
      app.open ??
        (sessionStorage.getItem(`open:${app.song}`) ||
          cards().find((one) => one.classList.contains("open"))?.dataset.card ||
          cards()[0]?.dataset.card) ??
        null,
      { quiet: true },
    );
  });
  scope.every(250, () => {
    if (player.playing && app.open) app.heard.set(app.open, (app.heard.get(app.open) ?? 0) + 0.25);
  });
  app.mount(work, inside);
  keepMatched(app, scope);
  sounds();
}

/** Return what gives the focus back after a swap: nobody who types may lose a letter to a shortcut. */
function held(work) {
  const was = /** @type {HTMLInputElement} */ (document.activeElement);
  if (!work.contains(was) || !was.id) return null;
  const { id, value, selectionStart: at } = was;
  const { then } = was.dataset;
  return () => {
    const now = /** @type {HTMLInputElement | null} */ (document.getElementById(id));
    if (!now) return;
    now.focus({ preventScroll: true });
    if (now.type === "text" && at !== null) {
      now.value = value;
      now.setSelectionRange(at, at);
    }
    if (then) now.dataset.then = then;
  };
}
