// Spectrum against the corridor, level removed: the take's and the render's loudest third, and what plays now.
import { getJson } from "../api.js";
import { tried } from "./toasts.js";

const EVERY_MS = 80;
const SETTLE_S = 1.5;
const REACH_DB = 15;
const FIT_HZ = [100, 10000]; // where the live level is fitted to the corridor's middle
const LINES = [
  [40, ""],
  [100, "100"],
  [1000, "1k"],
  [10000, "10k"],
];

/** @type {import("../app.js").Controller} */
export default function spectrum(element, app, scope) {
  const canvas = element.querySelector("canvas");
  let tone = null,
    live = null,
    wide = 0;

  const read = () =>
    tried(app, async () => {
      tone = await getJson(`/songs/${app.song}/tone`);
      draw();
    });
  app.bus.hear(scope, "ready", read);
  app.bus.hearAny(scope, ["loop", "sides", "seek"], () => {
    live = null;
    draw();
  });

  /** Return the power in each third-octave band of what plays. */
  function bands(freq) {
    const { graph, rate } = app.player;
    const bins = graph.spectra[0].frequencyBinCount,
      hertz = rate / 2 / bins;
    const power = new Float64Array(bins);
    const decibels = new Float32Array(bins);
    for (const node of graph.spectra) {
      node.getFloatFrequencyData(decibels);
      for (let at = 0; at < bins; at += 1) power[at] += 10 ** (decibels[at] / 10);
    }
    return freq.map((centre) => {
      const first = Math.max(1, Math.round((centre * 2 ** (-1 / 6)) / hertz)),
        last = Math.max(first + 1, Math.min(bins, Math.round((centre * 2 ** (1 / 6)) / hertz)));
      let sum = 0;
      for (let at = first; at < last; at += 1) sum += power[at];
      return sum;
    });
  }

  /** Return levels relative to the corridor's middle, the overall level taken out. */
  function fitted(power) {
    const { freq_hz: freq, median_db: median } = tone.corridor;
    const off = power.map((value, at) => 10 * Math.log10(value + 1e-20) - median[at]);
    const counted = off.filter((_, at) => freq[at] >= FIT_HZ[0] && freq[at] <= FIT_HZ[1]);
    const mean = counted.reduce((sum, one) => sum + one, 0) / counted.length;
    return off.map((value) => value - mean);
  }

  scope.every(EVERY_MS, () => {
    if (!tone || !app.player.playing || !app.player.graph || !canvas.checkVisibility()) return;
    const now = bands(tone.corridor.freq_hz);
    if (!now.some((value) => value > 1e-12)) return;
    const keep = Math.exp(-EVERY_MS / 1000 / SETTLE_S);
    live = live ? live.map((value, at) => keep * value + (1 - keep) * now[at]) : now;
    draw();
  });

  function draw() {
    if (!tone) return;
    const scale = devicePixelRatio || 1,
      style = getComputedStyle(canvas);
    const width = Math.round(canvas.clientWidth * scale),
      height = Math.round(canvas.clientHeight * scale);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    const { freq_hz: freq, median_db: median, low_db: low, high_db: high } = tone.corridor;
    const x = (hz) => (Math.log(hz / freq[0]) / Math.log(freq.at(-1) / freq[0])) * width;
    const y = (db) =>
      height / 2 - (Math.max(-REACH_DB, Math.min(REACH_DB, db)) / REACH_DB) * (height / 2 - 4 * scale);
    const path = (xs, ys) => {
      pen.beginPath();
      for (const [at, hz] of xs.entries()) pen.lineTo(x(hz), y(ys[at]));
    };
    const colour = (name) => style.getPropertyValue(name);
    path(
      [...freq, ...[...freq].reverse()],
      [...high.map((v, at) => v - median[at]), ...low.map((v, at) => v - median[at]).reverse()],
    );
    pen.fillStyle = colour("--glass-corridor");
    pen.fill();
    pen.font = `${10.5 * scale}px ${colour("--sans")}`;
    for (const [hz, name] of LINES) {
      pen.fillStyle = colour("--glass-rule");
      pen.fillRect(x(hz), 0, scale, height);
      pen.fillStyle = colour("--glass-soft");
      pen.fillText(
        name,
        Math.min(x(hz) + 3 * scale, width - pen.measureText(name).width - 3 * scale),
        height - 3 * scale,
      );
    }
    const line = (xs, ys, name, weight) => {
      path(xs, ys);
      pen.strokeStyle = colour(name);
      pen.lineWidth = weight * scale;
      pen.lineJoin = "round";
      pen.stroke();
    };
    for (const [role, name] of [
      ["take", "--wave-take"],
      ["render", "--wave-after"],
    ]) {
      const side = tone.sides[role];
      if (side) line(side.freq_hz, side.residual_db, name, 1.6);
    }
    if (live) line(freq, fitted(live), "--glass-live", 1.2);
    element.querySelector('[data-legend="render"]').hidden = !tone.sides.render;
    wide = width;
  }

  const sized = new ResizeObserver(() => {
    if (canvas.clientWidth * (devicePixelRatio || 1) !== wide) draw();
  });
  sized.observe(canvas);
  scope.add(() => sized.disconnect());
}
