// The sections as a list to put right: names, places, one more, one less; kept together as one word.
import { exact, seconds } from "../format.js";
import { nearest } from "../music.js";
import { ownSpace, say, tellOrigin } from "../saying.js";
import { SectionDraft } from "../section-draft.js";

/** @type {import("../app.js").Controller} */
export default function sectionList(element, app, scope) {
  const at = (name) => element.querySelector(`[data-target="${name}"]`);
  const button = (name) => element.querySelector(`[data-do="${name}"]`);
  const draft = new SectionDraft();
  const bars = () => app.music.downbeats_s;

  const lines = new WeakMap();

  /** Draw the rows anew where their order changed, else in place: nobody who types loses the field. */
  function draw() {
    const rows = draft.marks.map((mark) => lines.get(mark) ?? made(mark)),
      was = /** @type {HTMLElement} */ (document.activeElement);
    if (
      rows.length !== at("rows").children.length ||
      rows.some((row, index) => row !== at("rows").children[index])
    ) {
      at("rows").replaceChildren(...rows);
      if (at("rows").contains(was)) was.focus({ preventScroll: true });
    }
    for (const [index, mark] of draft.marks.entries()) show(rows[index], mark, index);
    button("keep").disabled = button("discard").disabled = !draft.moved;
    at("pending").textContent = draft.moved ? "Not kept yet." : "";
  }

  function made(mark) {
    const line = at("row").content.firstElementChild.cloneNode(true);
    lines.set(mark, line);
    return line;
  }

  function show(line, mark, index) {
    const [name, start] = line.querySelectorAll("input"),
      title = `${mark.label || "section"}, number ${index + 1}`;
    line.dataset.index = index;
    line.classList.toggle("moved", draft.isMoved(mark));
    name.value = mark.label;
    start.value = exact(mark.start_s);
    name.setAttribute("aria-label", `Name of section ${index + 1}`);
    start.setAttribute("aria-label", `Where ${title} begins`);
    for (const one of line.querySelectorAll("button[title]"))
      one.setAttribute("aria-label", `${one.title}: ${title}`);
    line.querySelector('[data-do="remove"]').disabled = draft.marks.length < 2;
    const alike = draft.alike(mark),
      also = line.querySelector('[data-do="alike"]');
    also.hidden = !alike.length;
    also.textContent = `the other ${alike.length > 1 ? `${alike.length} ` : ""}“${mark.was}” too`;
    line.querySelector('[data-target="length"]').textContent = lengthOf(mark, index);
  }

  function lengthOf(mark, index) {
    const end_s = draft.endOf(index, app.music.duration_s),
      length = end_s - mark.start_s;
    const count = bars().filter((one) => one >= mark.start_s - 0.05 && one < end_s - 0.05).length;
    return count ? `${count} bar${count > 1 ? "s" : ""}` : `${length.toFixed(1)} s`;
  }

  const changed = (change) => {
    change();
    draw();
  };

  const moves = {
    "bar-back": (mark) => bars().findLast((one) => one < mark.start_s - 1e-3) ?? 0,
    "bar-on": (mark) => bars().find((one) => one > mark.start_s + 1e-3) ?? mark.start_s,
    bar: (mark) => nearest(bars(), mark.start_s),
    playhead: () => app.player.position,
  };

  const move = (mark, start_s) =>
    changed(() => draft.move(mark, Math.min(Math.max(0, start_s), app.music.duration_s - 0.01)));
  const field = (mark, what = "input") => {
    const found = lines.get(mark)?.querySelector(what);
    found?.focus();
    return found;
  };

  const actions = {
    add: () => {
      const mark = draft.add(app.player.position);
      draw();
      field(mark).select();
    },
    discard: () => changed(() => draft.take(app.music.sections)),
    keep: async () => {
      if (draft.fault()) {
        app.bus.tell("refused", { message: draft.fault(), hint: "nothing was kept" });
        return;
      }
      if (
        !(await say(
          app,
          { sections: draft.body(), reason: at("why").value.trim() },
          "the sections are yours now",
        ))
      )
        return;
      at("why").value = "";
      draft.kept();
      draw();
    },
  };

  const onRow = {
    loop: (mark, index) => {
      const start_s = mark.start_s;
      app.player.setLoop({ start_s, end_s: draft.endOf(index, app.music.duration_s) }, true);
      app.player.play(start_s);
    },
    remove: (mark, index) => {
      changed(() => draft.remove(mark));
      field(draft.marks[Math.max(0, index - 1)], '[data-do="remove"]');
    },
    alike: (mark) => {
      changed(() => draft.renameAlike(mark));
      field(mark);
    },
  };

  scope.on(element, "click", (event) => {
    const what = event.target.closest("[data-do]")?.dataset.do,
      index = Number(event.target.closest("[data-index]")?.dataset.index);
    const mark = draft.marks[index];
    if (what in actions) actions[what]();
    else if (mark && what in moves) move(mark, moves[what](mark));
    else if (mark && what) onRow[what]?.(mark, index);
  });
  scope.on(element, "change", (event) => {
    const mark = draft.marks[Number(event.target.closest("[data-index]")?.dataset.index)];
    if (!mark) return;
    const value = seconds(event.target.value);
    if (event.target.dataset.mark === "label") changed(() => draft.rename(mark, event.target.value.trim()));
    else if (Number.isNaN(value)) {
      app.bus.tell("refused", {
        message: `“${event.target.value}” is no place`,
        hint: "minutes and seconds, such as 1:23.4",
      });
      draw();
    } else if (exact(mark.start_s) !== exact(value)) move(mark, value);
  });
  scope.on(element, "keydown", (event) => {
    const mark = draft.marks[Number(event.target.closest("[data-index]")?.dataset.index)];
    const step = { ArrowUp: "bar-on", ArrowDown: "bar-back" }[event.key];
    if (step && mark && event.target.dataset.mark === "start_s") {
      event.preventDefault();
      move(mark, moves[step](mark));
    }
  });
  scope.on(element, "submit", (event) => {
    event.preventDefault();
    if (draft.moved) actions.keep();
  });
  ownSpace(element, scope);
  app.bus.hear(scope, "music", () => {
    const { heard, sections } = app.music;
    if (!draft.moved) draft.take(sections);
    tellOrigin(at("origin"), app, {
      name: "sections",
      what: "sections",
      heard: heard.sections.map((one) => one.label).join(" ") || "none",
      sure: heard.sections.length ? heard.sections_confidence : null,
    });
    draw();
  });
}
