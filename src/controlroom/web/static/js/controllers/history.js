// History: two entries compared, back to an earlier state by new entries, and a check of everything.
import { getJson, post } from "../api.js";
import { tried } from "./toasts.js";

/** @type {import("../app.js").Controller} */
export default function history(element, app, scope) {
  const compare = element.querySelector('[data-do="compare"]');
  const holder = element.querySelector('[data-target="compared"]');
  const boxes = [...element.querySelectorAll("[data-compare]")];
  let chosen = [];

  scope.on(element, "change", (event) => {
    if (!event.target.dataset.compare) return;
    chosen = [
      ...chosen.filter((box) => box !== event.target),
      ...(event.target.checked ? [event.target] : []),
    ].slice(-2);
    for (const box of boxes) box.checked = chosen.includes(box);
    compare.disabled = chosen.length < 2;
  });
  scope.on(element, "click", (event) => {
    const seq = Number(event.target.closest("[data-return]")?.dataset.return);
    if (seq)
      tried(app, async () => {
        await post(`/songs/${app.song}/history/return`, { seq });
        location.reload();
      });
    if (event.target.closest('[data-do="verify"]')) tried(app, () => post(`/songs/${app.song}/verification`));
    if (event.target.closest('[data-do="compare"]')) tried(app, show);
  });

  async function show() {
    const [then, now] = chosen.map((box) => Number(box.dataset.compare)).sort((a, b) => a - b);
    const found = await getJson(`/songs/${app.song}/history/differences?then=${then}&now=${now}`);
    holder.hidden = false;
    holder.querySelector("h2").textContent = found.length
      ? `From entry ${then} to entry ${now}, ${found.length} answer${found.length > 1 ? "s differ" : " differs"}`
      : `Between entry ${then} and entry ${now} no answer differs`;
    holder.querySelector("table").hidden = !found.length;
    holder.querySelector("tbody").replaceChildren(...found.map(row));
    holder.scrollIntoView({ block: "nearest" });
  }

  function row(one) {
    const line = document.createElement("tr"),
      knobs = one.knobs
        .map(({ name, then, now }) => `${name.replaceAll("_", " ")}: ${then} → ${now}`)
        .join(", ");
    for (const [tag, text] of [
      ["th", `${one.stage}: ${one.says}`],
      ["td", one.then],
      ["td", knobs ? `${one.now} (${knobs})` : one.now],
    ]) {
      const cell = document.createElement(tag);
      cell.textContent = text;
      if (cell instanceof HTMLTableCellElement && tag === "th") cell.scope = "row";
      line.append(cell);
    }
    return line;
  }
}
