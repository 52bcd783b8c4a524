// Standards: find one, change one; a policy that is signed here finishes the song.
import { post, send } from "../api.js";
import { tried } from "./toasts.js";

/** @type {import("../app.js").Controller} */
export default function standards(element, app, scope) {
  const find = element.querySelector('[data-target="find"]');
  scope.on(find, "input", () => {
    const wanted = find.value.toLowerCase().split(/\s+/);
    for (const row of element.querySelectorAll("[data-row]"))
      row.hidden = !wanted.every((word) => row.dataset.row.toLowerCase().includes(word));
  });
  scope.on(element, "submit", (event) => event.preventDefault());
  scope.on(element, "change", (event) => {
    const form = event.target.closest("[data-standard]");
    if (!form) return;
    tried(app, async () => {
      await send("PATCH", `/songs/${app.song}/standards`, {
        values: { [form.dataset.standard]: event.target.valueAsNumber },
      });
      app.bus.tell("said", {
        text: `${form.dataset.standard} is ${event.target.value} now`,
        hint: "it counts from the next listening on",
      });
    }).then(() => {});
  });
  scope.on(element, "click", (event) => {
    const policy = event.target.closest("[data-finish]")?.dataset.finish;
    if (policy) tried(app, () => post(`/songs/${app.song}/finish`, { policy }));
  });
}
