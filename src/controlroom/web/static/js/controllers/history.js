// History: back to an earlier state by new entries, and a check of everything.
import { post } from "../api.js";
import { tried } from "./toasts.js";

export default function history(element, app, scope) {
  scope.on(element, "click", (event) => {
    const seq = Number(event.target.closest("[data-return]")?.dataset.return);
    if (seq) tried(app, async () => { await post(`/songs/${app.song}/history/return`, { seq }); location.reload(); });
    if (event.target.closest('[data-do="verify"]')) tried(app, () => post(`/songs/${app.song}/verification`));
  });
}
