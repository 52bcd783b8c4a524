// Samples: one-shots come in by drop, and go. What is dropped here is no stem, so the room does not hear of it.
import { send } from "../api.js";
import { upload } from "../upload.js";
import { tried } from "./toasts.js";

/** @type {import("../app.js").Controller} */
export default function samples(element, app, scope) {
  const drop = element.querySelector(".drop"),
    input = drop.querySelector("input");
  const path = (file) =>
    `/imports?${new URLSearchParams({ name: file.name, song: app.song, role: "sample" })}`;
  const bring = (files) => {
    for (const file of files)
      tried(app, async () => app.bus.tell("job", await upload(app, path(file), file)));
  };

  scope.on(drop, "click", (event) => {
    if (event.target !== input) input.click();
  });
  scope.on(drop, "keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      input.click();
    }
  });
  scope.on(input, "change", () => {
    bring([...input.files]);
    input.value = "";
  });
  for (const type of ["dragover", "dragleave", "drop"]) {
    scope.on(drop, type, (event) => {
      event.preventDefault();
      event.stopPropagation();
      drop.classList.toggle("over", type === "dragover");
      if (type === "drop") bring([...event.dataTransfer.files]);
    });
  }
  scope.on(element, "click", (event) => {
    const button = event.target.closest("[data-sample]");
    if (button)
      tried(app, async () => {
        await send("DELETE", `/songs/${app.song}/samples/${button.dataset.sample}`);
        location.reload();
      });
  });
  app.bus.hear(scope, "job-ended", (job) => {
    if (job.song === app.song && job.kind === "sample" && job.state === "done") location.reload();
  });
}
