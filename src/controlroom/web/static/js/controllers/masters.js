// Masters: release what is decided; a new render shows itself.
import { post } from "../api.js";
import { tried } from "./toasts.js";

/** @type {import("../app.js").Controller} */
export default function masters(element, app, scope) {
  scope.on(element, "click", (event) => {
    if (!event.target.closest('[data-do="release"]')) return;
    tried(app, async () => {
      const { files } = await post(`/songs/${app.song}/release`);
      app.bus.tell("said", { text: `released: ${files.length} files in the song's release folder` });
    });
  });
  app.bus.hear(scope, "job-ended", (job) => {
    if (job.song === app.song && job.kind === "render" && job.state === "done") location.reload();
  });
}
