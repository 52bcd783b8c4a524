// Import by drag and drop: one file begins a song, becomes another take of it, or a reference.
import { upload } from "../upload.js";
import { tried } from "./toasts.js";

const AUDIO = /\.(wav|wave|aif|aiff|flac|mp3|m4a|mp4|aac|ogg|oga|opus|caf|w64)$/i;

/** @type {import("../app.js").Controller} */
export default function importing(element, app, scope) {
  const input = element.querySelector("input");
  const into = element.dataset.into ?? app.song;
  const role = element.dataset.role ?? "take";
  const mine = new Map();
  scope.on(element, "click", (event) => {
    if (event.target !== input) input.click();
  });
  scope.on(element, "keydown", (event) => {
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
    scope.on(document, type, (event) => {
      event.preventDefault();
      element.classList.toggle("over", type === "dragover");
      if (type === "drop") bring([...event.dataTransfer.files]);
    });
  }

  const bring = (files, how = {}) => {
    for (const file of files) tried(app, () => begin(file, how));
  };

  async function begin(file, how) {
    if (!AUDIO.test(file.name)) {
      const why = `${file.name} is no audio file that is known here`;
      throw Object.assign(new Error(why), { hint: "WAV, AIFF, FLAC, MP3, M4A, OGG or Opus" });
    }
    const asked = new URLSearchParams({ name: file.name, song: into, role, ...how });
    const job = await upload(app, `/imports?${asked}`, file);
    mine.set(job.id, file);
    app.bus.tell("job", job);
  }

  app.bus.hear(scope, "job-ended", (job) => {
    const file = mine.get(job.id),
      brought = mine.delete(job.id);
    const how = brought && job.state === "failed" && role === "take" ? otherwise(job.error) : null;
    if (how && confirm(`${job.error.message}.\n\n${how.question}`)) {
      bring([file], how.said);
      return;
    }
    if (job.kind !== "import" || job.state !== "done") return;
    if (brought && !app.song) location.assign(`/songs/${job.song}`);
    else if (!app.song || job.song === app.song) location.reload();
  });
}

/* How else a refused file can be read, where the person wants that. */
function otherwise({ code, hint }) {
  const scale = /--scale-db (-?[\d.]+) reads them as (\d+)/.exec(hint ?? "");
  if (code === "audio.over-scale" && scale)
    return { question: `Read it as ${scale[2]}-bit integers?`, said: { scale_db: scale[1] } };
  return (hint ?? "").includes("--as-is") ? { question: "Take what is there?", said: { as_is: true } } : null;
}
