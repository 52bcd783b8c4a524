// What the ears found in the music: older than a person's word until the song is listened to again.
import { getText, post } from "../api.js";
import { tried } from "./toasts.js";

/** @type {import("../app.js").Controller} */
export default function evidence(element, app, scope) {
  const button = element.querySelector("button");

  async function refresh() {
    const text = await tried(app, () => getText(`/songs/${app.song}/music`));
    if (!text) return;
    const fresh = new DOMParser().parseFromString(text, "text/html");
    /** @type {NodeListOf<HTMLElement>} */
    const places = document.querySelectorAll("[data-evidence]");
    for (const one of places)
      one.replaceChildren(...fresh.querySelector(`[data-evidence="${one.dataset.evidence}"]`).children);
    element.hidden = true;
  }

  scope.on(button, "click", async () => {
    button.disabled = true;
    await tried(app, () => post(`/songs/${app.song}/proposals`));
    button.disabled = false;
  });
  app.bus.hear(scope, "song", ({ song, music }) => {
    if (music && song === app.song) element.hidden = false;
  });
  app.bus.hear(scope, "job-ended", ({ song, kind, state }) => {
    if (song === app.song && state === "done" && ["propose", "listen", "finish"].includes(kind)) refresh();
  });
}
