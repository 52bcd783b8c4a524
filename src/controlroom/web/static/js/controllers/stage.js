// The song in time: waveform, spectrogram, findings at their place, loop and playhead.
import { getBytes } from "../api.js";
import { framed } from "../scope.js";
import { Drawing } from "./drawing.js";
import { Places } from "./places.js";

/** @type {import("../app.js").Controller} */
export default function stage(element, app, scope) {
  const { player, bus } = app;
  const at = (name) => element.querySelector(`[data-target="${name}"]`);
  const lanes = at("lanes");
  const drawing = new Drawing({ wave: at("wave"), spectrum: at("spectrum"), ruler: at("ruler") });
  const view = { start_s: 0, end_s: 1 };
  const pictures = new Map();
  const places = new Places(at("places"), app);
  let width = lanes.clientWidth; // kept: asking for it between two changes lays the whole page out again

  const x = (seconds) => ((seconds - view.start_s) / (view.end_s - view.start_s)) * width;
  app.x = x;
  app.secondsAt = (clientX) => {
    const share = (clientX - lanes.getBoundingClientRect().left) / lanes.clientWidth;
    return Math.min(player.duration, Math.max(0, view.start_s + share * (view.end_s - view.start_s)));
  };
  const seconds = (event) => app.secondsAt(event.clientX);

  async function picture() {
    const side =
      player.side === "render" || (player.side === "difference" && player.other === "render")
        ? "render"
        : "take";
    const sound = player.stores[side]?.sound;
    if (!sound) return;
    if (!pictures.has(sound.id)) {
      const base = `/songs/${app.song}/sounds/${sound.id}`;
      pictures.set(sound.id, Promise.all([getBytes(`${base}/peaks`), getBytes(`${base}/spectrogram`)]));
    }
    const [peaks, spectrogram] = await pictures.get(sound.id);
    drawing.show({ sound, side, peaks: new Int8Array(peaks), spectrogram: new Uint8Array(spectrogram) });
    if (!app.loudest) {
      app.loudest = drawing.loudest(15);
      places.show();
      bus.tell("drawn");
    }
    at("drawing").hidden = true;
    draw();
  }

  const draw = framed(scope, () => {
    drawing.draw(view);
    region();
    places.lay(x, width);
    bus.tell("view");
  });

  function region() {
    const loop = player.loop;
    at("loop").hidden = !loop;
    if (!loop) return;
    at("loop").style.left = `${x(loop.start_s)}px`;
    at("loop").style.width = `${Math.max(2, x(loop.end_s) - x(loop.start_s))}px`;
    at("loop").classList.toggle("off", !player.looping);
  }

  function look(start_s, end_s) {
    const length = Math.min(player.duration, Math.max(2, end_s - start_s));
    view.start_s = Math.min(Math.max(0, start_s), player.duration - length);
    view.end_s = view.start_s + length;
    draw();
  }

  bus.hear(scope, "zoom", ({ by }) => {
    const centre =
      player.playing || !player.loop ? player.position : (player.loop.start_s + player.loop.end_s) / 2;
    const half = ((view.end_s - view.start_s) * Math.min(by, 1e3)) / 2;
    look(centre - half, centre + half);
  });
  bus.hear(scope, "ready", () => {
    view.end_s = player.duration;
    picture();
  });
  bus.hear(scope, "sides", picture);
  bus.hear(scope, "loop", region);
  bus.hear(scope, "desk", () => {
    places.show();
    draw();
  });
  scope.on(
    lanes,
    "wheel",
    (event) => {
      if (!event.ctrlKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
      event.preventDefault();
      const span = view.end_s - view.start_s;
      if (!event.ctrlKey) {
        look(
          view.start_s + (event.deltaX / lanes.clientWidth) * span,
          view.end_s + (event.deltaX / lanes.clientWidth) * span,
        );
        return;
      }
      const here = seconds(event),
        by = Math.exp(event.deltaY / 300);
      look(here - (here - view.start_s) * by, here + (view.end_s - here) * by);
    },
    { passive: false },
  );

  let drag = null;
  scope.on(lanes, "pointerdown", (event) => {
    if (event.button || event.target.closest(".place")) return;
    const { edge } = event.target.dataset;
    const fixed = edge ? player.loop[edge === "start_s" ? "end_s" : "start_s"] : seconds(event);
    drag = { fixed, x: event.clientX, moved: Boolean(edge), looping: player.looping };
    lanes.setPointerCapture(event.pointerId);
  });
  scope.on(lanes, "pointermove", (event) => {
    if (!drag || (!drag.moved && Math.abs(event.clientX - drag.x) < 5)) return;
    drag.moved = true;
    const ends = [drag.fixed, seconds(event)].sort((a, b) => a - b);
    drag.loop = { start_s: ends[0], end_s: ends[1] };
    Object.assign(player, { loop: drag.loop });
    region();
  });
  scope.on(lanes, "pointerup", (event) => {
    const was = drag;
    drag = null;
    if (was?.loop) {
      player.setLoop(was.loop, true);
      bus.tell("loop-set");
    } else if (was && !was.moved) {
      const here = seconds(event);
      if (player.looping && (here < player.loop.start_s || here > player.loop.end_s))
        player.setLoop(player.loop, false);
      player.seek(here);
    }
  });
  scope.frames(() => {
    at("playhead").style.transform = `translateX(${x(player.position)}px)`;
  });
  const sized = new ResizeObserver(() => {
    width = lanes.clientWidth;
    if (player.frames) draw();
  });
  sized.observe(lanes);
  scope.add(() => sized.disconnect());
  scope.on(matchMedia("(prefers-color-scheme: dark)"), "change", draw);
}
