// Meters of what plays: momentary and short-term loudness, peak, correlation, and bars.
import { level } from "../format.js";

const EVERY_MS = 100;
const FLOOR_DB = -48;

export default function meters(element, app, scope) {
  const at = (name) => element.querySelector(`[data-meter="${name}"]`);
  const canvas = at("bars");
  const pen = canvas.getContext("2d");
  const raw = [new Float32Array(8192), new Float32Array(8192)];
  const weighted = [new Float32Array(32768), new Float32Array(32768)];
  const past = [];
  const peaks = [];

  /** Return −0.691 + 10·log10 of the summed mean squares (BS.1770-5), in LUFS. */
  const lufs = (power) => (power > 1e-10 ? -0.691 + 10 * Math.log10(power) : -Infinity);

  function read() {
    const { graph, rate, playing } = app.player;
    if (!graph || !playing) return;
    graph.raw.forEach((node, channel) => node.getFloatTimeDomainData(raw[channel]));
    graph.weighted.forEach((node, channel) => node.getFloatTimeDomainData(weighted[channel]));
    const momentary = power(weighted, Math.min(32768, Math.round(0.4 * rate)));
    past.push(power(weighted, Math.round(EVERY_MS / 1000 * rate)));
    if (past.length > 3000 / EVERY_MS) past.shift();
    const short = past.reduce((sum, one) => sum + one, 0) / past.length;
    const [left, right] = raw.map(peakOf);
    peaks.push(Math.max(left, right));
    if (peaks.length > 3000 / EVERY_MS) peaks.shift();
    const highest = 20 * Math.log10(Math.max(...peaks));
    at("m").textContent = level(lufs(momentary));
    at("s").textContent = level(lufs(short));
    at("peak").textContent = level(highest);
    at("peak").classList.toggle("over", highest > 0);
    at("corr").textContent = level(correlation(), 2);
    draw(left, right);
  }

  const power = (rows, count) => rows.reduce((sum, row) => {
    let energy = 0;
    for (let at = row.length - count; at < row.length; at += 1) energy += row[at] * row[at];
    return sum + energy / count;
  }, 0);

  const peakOf = (row) => {
    let most = 1e-9;
    for (let at = row.length - 4800; at < row.length; at += 1) { const size = Math.abs(row[at]); if (size > most) most = size; }
    return most;
  };

  function correlation() {
    let both = 0, left = 0, right = 0;
    for (let at = 0; at < 8192; at += 1) { both += raw[0][at] * raw[1][at]; left += raw[0][at] ** 2; right += raw[1][at] ** 2; }
    return left * right > 1e-12 ? both / Math.sqrt(left * right) : NaN;
  }

  function draw(left, right) {
    const style = getComputedStyle(element);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    [left, right].forEach((value, row) => {
      const share = Math.max(0, Math.min(1, 1 - 20 * Math.log10(value) / FLOOR_DB));
      pen.fillStyle = style.getPropertyValue("--glass-rule");
      pen.fillRect(0, 3 + row * 13, canvas.width, 9);
      pen.fillStyle = style.getPropertyValue(value > 0.98 ? "--after" : "--wave-take");
      pen.fillRect(0, 3 + row * 13, canvas.width * share, 9);
    });
  }

  scope.every(EVERY_MS, read);
  app.bus.hear(scope, "loop", () => { past.length = 0; peaks.length = 0; });
  draw(1e-9, 1e-9);
}
