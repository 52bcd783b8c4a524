// References: their waves, the passage that is laid on the loop, and taking one off.
import { getBytes, getJson, send } from "../api.js";
import { clock } from "../format.js";
import { loudest } from "./drawing.js";
import { tried } from "./toasts.js";

/** @type {import("../app.js").Controller} */
export default function references(element, app, scope) {
  for (const card of element.querySelectorAll("[data-reference]")) show(card, app, scope);
  app.bus.hear(scope, "job-ended", (job) => {
    if (job.song === app.song && job.kind === "reference" && job.state === "done") location.reload();
  });
}

async function show(card, app, scope) {
  const id = card.dataset.reference;
  const canvas = card.querySelector("canvas");
  scope.on(card, "click", (event) => {
    if (event.target.closest('[data-do="remove"]'))
      tried(app, async () => {
        await send("DELETE", `/songs/${app.song}/references/${id}`);
        location.reload();
      });
  });
  const sound = await tried(app, () => getJson(`/songs/${app.song}/references/${id}/sound`));
  if (!sound) return;
  const peaks = new Int8Array(await getBytes(`/songs/${app.song}/sounds/${sound.id}/peaks`));
  const duration = sound.frames / sound.rate_hz,
    key = `passage:${sound.id}`;
  let start = Number(localStorage.getItem(key) ?? loudest(sound, peaks, 15).start_s);

  function draw() {
    const scale = devicePixelRatio || 1,
      style = getComputedStyle(canvas);
    const width = Math.round(canvas.clientWidth * scale),
      height = Math.round(canvas.clientHeight * scale);
    Object.assign(canvas, { width, height });
    const pen = canvas.getContext("2d");
    for (let x = 0; x < width; x += 1) {
      const at = Math.floor((x / width) * sound.buckets);
      const within = (x / width) * duration >= start && (x / width) * duration < start + 15;
      const reach = Math.max(peaks[sound.buckets + at], -peaks[at]) / 127;
      pen.fillStyle = style.getPropertyValue(within ? "--after" : "--before");
      pen.fillRect(x, (height / 2) * (1 - reach), 1, Math.max(1, height * reach));
    }
    canvas.setAttribute("aria-valuenow", String(Math.round(start)));
    canvas.setAttribute("aria-valuetext", `from ${clock(start)}`);
    card.querySelector('[data-target="passage"]').textContent =
      `From ${clock(start)} it is laid on the loop; press on the wave for another passage.`;
  }

  function choose(seconds) {
    start = Math.min(Math.max(0, seconds), Math.max(0, duration - 1));
    localStorage.setItem(key, String(start));
    draw();
  }

  scope.on(canvas, "click", (event) => choose((event.offsetX / canvas.clientWidth) * duration));
  scope.on(canvas, "keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) {
      event.preventDefault();
      choose(start + by);
    }
  });
  const sized = new ResizeObserver(draw);
  sized.observe(canvas);
  scope.add(() => sized.disconnect());
}
