// The stems room: a mixer in sync with the transport, what a person says of parts, and separation.
import { getBytes, getJson, post } from "../api.js";
import { STEM } from "../audio/sides.js";
import { signed } from "../format.js";
import { keepMatched, readSounds } from "./sounds.js";
import { tried } from "./toasts.js";

const KEPT = 4; // stretches held of each stem: twelve stems share the memory of one song

/** @type {import("../app.js").Controller} */
export default function stems(element, app, scope) {
  const { player, bus } = app;
  const strips = [...element.querySelectorAll("[data-stem]")];
  if (!element.querySelector(".stage")) return;

  async function read() {
    await readSounds(app);
    if (!strips.length) return;
    const found = await tried(app, () => getJson(`/songs/${app.song}/stems/sounds`));
    if (!found) return;
    for (const strip of strips) {
      const sound = found[strip.dataset.stem];
      if (!sound) continue;
      player.put(STEM + strip.dataset.stem, app.song, sound, { kept: KEPT });
      tried(app, () => wave(strip, sound));
    }
    player.hear("stems");
  }

  async function wave(strip, sound) {
    const peaks = new Int8Array(await getBytes(`/songs/${app.song}/sounds/${sound.id}/peaks`));
    const canvas = strip.querySelector("canvas"),
      scale = devicePixelRatio || 1,
      style = getComputedStyle(canvas);
    Object.assign(canvas, {
      width: Math.round(canvas.clientWidth * scale),
      height: Math.round(canvas.clientHeight * scale),
    });
    const pen = canvas.getContext("2d");
    pen.fillStyle = style.getPropertyValue("--before");
    for (let x = 0; x < canvas.width; x += 1) {
      const first = Math.floor((x / canvas.width) * sound.buckets),
        last = Math.max(first + 1, Math.floor(((x + 1) / canvas.width) * sound.buckets));
      let high = 0;
      for (let at = first; at < last; at += 1) high = Math.max(high, peaks[sound.buckets + at], -peaks[at]);
      const reach = (high / 127) * canvas.height;
      pen.fillRect(x, (canvas.height - reach) / 2, 1, Math.max(1, reach));
    }
  }

  const words = {
    level_db: (value) => (value <= -40 ? "silent" : `${signed(value)} dB`),
    pan: (value) =>
      Math.abs(value) < 0.01
        ? "middle"
        : `${Math.round(Math.abs(value) * 100)} ${value < 0 ? "left" : "right"}`,
  };

  function show() {
    for (const strip of strips) {
      const state = player.strips.get(STEM + strip.dataset.stem);
      if (!state) continue;
      for (const control of strip.querySelectorAll("[data-strip]")) {
        const { strip: name } = control.dataset;
        if (control.tagName === "BUTTON") control.setAttribute("aria-pressed", String(state[name]));
        else {
          control.value = state[name];
          control.nextElementSibling.textContent = words[name](state[name]);
        }
      }
    }
  }

  const change = (control, values) =>
    player.strip(STEM + control.closest("[data-stem]").dataset.stem, values);
  scope.on(element, "input", (event) => {
    const { strip: name } = event.target.dataset;
    const value = event.target.valueAsNumber;
    if (name) change(event.target, { [name]: name === "level_db" && value <= -40 ? -160 : value });
  });
  scope.on(element, "click", (event) => {
    const button = event.target.closest("button[data-strip]");
    const back = event.target.closest("[data-unmark]");
    if (button) change(button, { [button.dataset.strip]: button.getAttribute("aria-pressed") !== "true" });
    if (event.target.closest('[data-do="level"]'))
      for (const lane of player.stems) player.strip(lane, { level_db: 0, pan: 0, solo: false, mute: false });
    if (back)
      say(
        back.dataset.unmark,
        null,
        back.dataset.start === undefined
          ? null
          : { start_s: Number(back.dataset.start), end_s: Number(back.dataset.end) },
      );
  });
  const say = (part, status, span = null) =>
    tried(app, async () => {
      await post(`/songs/${app.song}/marks`, { part, status, span });
      location.reload();
    });
  scope.on(element, "change", (event) => {
    if (event.target.dataset.mark) say(event.target.dataset.mark, event.target.value || null).then(() => {});
  });
  scope.on(element, "submit", (event) => {
    event.preventDefault();
    tried(app, () => post(`/songs/${app.song}/stems/separation`, { backend: event.target.backend.value }));
  });
  bus.hear(scope, "strips", show);
  bus.hear(scope, "drawn", () => {
    if (!player.loop) player.setLoop(app.loudest, false);
  });
  bus.hear(scope, "job-ended", (job) => {
    if (job.song === app.song && ["stems", "separate", "import"].includes(job.kind) && job.state === "done")
      location.reload();
  });
  bus.hear(scope, "gains", () => {
    player.gains.stems = player.gains.take;
  });
  keepMatched(app, scope);
  read();
}
