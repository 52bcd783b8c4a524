// Long work: where it is, what remains, and a way to stop it. It goes on when the page is closed.
import { getJson, send } from "../api.js";
import { tried } from "./toasts.js";

const NAMES = {
  import: "Importing and listening",
  render: "Rendering",
  propose: "Listening again",
  listen: "Listening",
  finish: "Finishing",
  draw: "Drawing",
  verify: "Verifying",
  audition: "Writing audition files",
  upload: "Sending the file",
  reference: "Keeping the reference",
  sample: "Keeping the sample",
  separate: "Separating the stems",
  stems: "Taking the stems in",
};
const DONE = {
  import: "Imported and listened to",
  render: "Rendered, and measured again",
  propose: "Listened; the questions are up to date",
  finish: "Finished",
  verify: "Everything is as the ledger says",
  reference: "The reference is on the switch",
  sample: "The sample is in the song",
  separate: "Separated; the stems have their room",
  stems: "The stems are in",
};
/** @type {[RegExp, string][]} */
const STEPS = [
  [/^import|decode/, "reading the file"],
  [/^listen\./, "listening"],
  [/^stage\./, "stage"],
  [/^render|^step/, "carrying out steps"],
  [/^master/, "writing masters"],
  [/^level/, "planning the level"],
  [/^report|audition/, "writing the report"],
  [/^console|^draw/, "drawing"],
  [/^separate|^parts|^stem/, "separating"],
];

const words = (what) => STEPS.find(([pattern]) => pattern.test(what))?.[1] ?? "";

/** @type {import("../app.js").Controller} */
export default function jobs(element, app, scope) {
  const rows = new Map();
  const show = (job) => {
    let row = rows.get(job.id);
    if (job.state !== "running") {
      row?.remove();
      rows.delete(job.id);
      return;
    }
    if (!row) {
      row = document.createElement("div");
      row.className = "job";
      row.innerHTML =
        "<div><b></b> <small></small></div><button type=button>Stop</button><progress max=1></progress>";
      row.querySelector("button").onclick = () =>
        job.abort ? job.abort() : tried(app, () => send("DELETE", `/jobs/${job.id}`));
      rows.set(job.id, row);
      element.append(row);
    }
    row.querySelector("b").textContent = NAMES[job.kind] ?? job.kind;
    const remains =
      job.remains_s === null || job.remains_s === undefined
        ? ""
        : `about ${Math.max(1, Math.round(job.remains_s))} s`;
    row.querySelector("small").textContent = [words(job.what), remains].filter(Boolean).join(" · ");
    row.querySelector("progress").value = job.done;
  };
  const ended = (job) => {
    if (job.state === "running") return;
    if (job.state === "done" && DONE[job.kind]) app.bus.tell("said", { text: DONE[job.kind] });
    if (job.state === "cancelled") app.bus.tell("said", { text: "stopped; nothing is half done" });
    if (job.state === "failed") app.bus.tell("refused", job.error);
    app.bus.tell("job-ended", job);
  };
  app.bus.hear(scope, "job", (job) => {
    show(job);
    ended(job);
  });
  const read = () =>
    tried(app, async () => {
      const known = await getJson("/jobs");
      for (const id of rows.keys())
        if (!known.some((job) => job.id === id)) {
          rows.get(id).remove();
          rows.delete(id);
        }
      known.forEach(show);
    });
  app.bus.hear(scope, "resync", read);
  read();
}
