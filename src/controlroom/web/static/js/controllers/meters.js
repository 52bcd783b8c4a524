// Meters of what plays, read in the audio thread: loudness, true peak, correlation, and bars of the peaks.
import { level } from "../format.js";

const FLOOR_DB = -48;

/** @type {import("../app.js").Controller} */
export default function meters(element, app, scope) {
  const at = (name) => element.querySelector(`[data-meter="${name}"]`);
  const canvas = at("bars");
  const pen = canvas.getContext("2d");
  const db = (peak) => 20 * Math.log10(Math.max(peak, 1e-9));

  app.bus.hear(scope, "metered", (read) => {
    if (!app.player.playing) return;
    for (const name of ["m", "s", "i"]) at(name).textContent = level(read[name]);
    at("peak").textContent = level(db(read.peak));
    at("peak").title = `Highest since the meters began: ${level(db(read.highest))} dBTP`;
    at("peak").classList.toggle("over", read.peak > 1);
    at("corr").textContent = level(read.correlation, 2);
    at("corr").classList.toggle("over", read.correlation < 0);
    draw(read.peaks);
  });

  function draw(peaks) {
    const style = getComputedStyle(element);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    peaks.forEach((value, row) => {
      const share = Math.max(0, Math.min(1, 1 - db(value) / FLOOR_DB));
      pen.fillStyle = style.getPropertyValue("--glass-rule");
      pen.fillRect(0, 2 + row * 10, canvas.width, 7);
      pen.fillStyle = style.getPropertyValue(value > 0.891 ? "--wave-after" : "--wave-take"); // over -1 dBTP
      pen.fillRect(0, 2 + row * 10, canvas.width * share, 7);
    });
  }

  const fresh = () => app.player.graph?.fresh();
  app.bus.hearAny(scope, ["loop", "sides"], fresh);
  scope.on(element, "click", fresh);
  draw([0, 0]);
}
