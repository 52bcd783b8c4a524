// Draws peaks, spectrogram and ruler of one sound onto three canvases, for any view in time.
import { clock } from "../format.js";

const STEPS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300];
// From the lamp's off to its on: dark, ember, orange, paper.
const STOPS = [
  [0, 14, 13, 12],
  [0.28, 38, 30, 40],
  [0.5, 112, 48, 44],
  [0.7, 198, 88, 30],
  [0.86, 243, 160, 84],
  [1, 255, 240, 214],
];

const PALETTE = Array.from({ length: 256 }, (_, value) => {
  const share = value / 255;
  const next = Math.max(
    1,
    STOPS.findIndex((stop) => stop[0] >= share),
  );
  const [low, high] = [STOPS[next - 1], STOPS[next]];
  const part = (share - low[0]) / (high[0] - low[0]);
  return [1, 2, 3].map((at) => low[at] + part * (high[at] - low[at]));
});

export class Drawing {
  #shown = null;
  #image = null;
  #painted = null;

  constructor(canvases) {
    this.canvases = canvases;
  }

  /** Take another sound's pictures over. */
  show(shown) {
    this.#shown = shown;
    if (this.#painted !== shown.sound.id) {
      this.#image = this.#paint(shown);
      this.#painted = shown.sound.id;
    }
  }

  /** Return the loudest stretch of a length, in seconds. */
  loudest(length_s) {
    return loudest(this.#shown.sound, this.#shown.peaks, length_s);
  }

  draw(view) {
    if (!this.#shown) return;
    this.#wave(view);
    this.#spectrum(view);
    this.#ruler(view);
  }

  #pen(canvas) {
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pen = canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    return { pen, width, height, scale, style: getComputedStyle(canvas) };
  }

  #wave(view) {
    const { pen, width, height, style } = this.#pen(this.canvases.wave);
    const { sound, peaks, side } = this.#shown;
    const per = sound.buckets / (sound.frames / sound.rate_hz);
    const middle = height / 2;
    const reach = (middle - 4) / 127;
    const names =
      side === "render" ? ["--wave-after", "--wave-after-core"] : ["--wave-take", "--wave-take-core"];
    const tops = new Float32Array(width).fill(-128),
      bottoms = new Float32Array(width),
      cores = new Float32Array(width);
    for (let column = 0; column < width; column += 1) {
      const first = Math.floor((view.start_s + (column / width) * (view.end_s - view.start_s)) * per);
      const last = Math.max(
        first + 1,
        Math.floor((view.start_s + ((column + 1) / width) * (view.end_s - view.start_s)) * per),
      );
      let low = 127,
        high = -128,
        core = 0;
      for (let at = first; at < Math.min(last, sound.buckets); at += 1) {
        low = Math.min(low, peaks[at]);
        high = Math.max(high, peaks[sound.buckets + at]);
        core = Math.max(core, peaks[2 * sound.buckets + at]);
      }
      tops[column] = high;
      bottoms[column] = low;
      cores[column] = core;
    }
    // rectangles one by one: a path of thousands is filled far more slowly
    const bars = (name, top, length) => {
      pen.fillStyle = style.getPropertyValue(name);
      for (let column = 0; column < width; column += 1)
        if (tops[column] > -128)
          pen.fillRect(column, middle - top[column] * reach, 1, Math.max(1, length(column) * reach));
    };
    bars(names[0], tops, (column) => tops[column] - bottoms[column]);
    bars(names[1], cores, (column) => 2 * cores[column]);
  }

  #paint({ sound, spectrogram }) {
    const image = new OffscreenCanvas(sound.columns, sound.bands);
    const pen = image.getContext("2d");
    const pixels = pen.createImageData(sound.columns, sound.bands);
    for (let band = 0; band < sound.bands; band += 1) {
      for (let column = 0; column < sound.columns; column += 1) {
        const colour = PALETTE[spectrogram[band * sound.columns + column]];
        const at = 4 * ((sound.bands - 1 - band) * sound.columns + column);
        pixels.data[at] = colour[0];
        pixels.data[at + 1] = colour[1];
        pixels.data[at + 2] = colour[2];
        pixels.data[at + 3] = 255;
      }
    }
    pen.putImageData(pixels, 0, 0);
    return image;
  }

  #spectrum(view) {
    const { pen, width, height } = this.#pen(this.canvases.spectrum);
    const { sound } = this.#shown;
    const per = sound.columns / (sound.frames / sound.rate_hz);
    pen.imageSmoothingEnabled = true;
    pen.drawImage(
      this.#image,
      view.start_s * per,
      0,
      (view.end_s - view.start_s) * per,
      sound.bands,
      0,
      0,
      width,
      height,
    );
  }

  #ruler(view) {
    const { pen, width, height, scale, style } = this.#pen(this.canvases.ruler);
    const length = view.end_s - view.start_s;
    const step = STEPS.find((one) => (length / one) * 76 * scale <= width) ?? 600;
    pen.fillStyle = style.getPropertyValue("--glass-soft");
    pen.font = `${11.5 * scale}px ${style.getPropertyValue("--sans")}`;
    for (let at = Math.ceil(view.start_s / step) * step; at <= view.end_s; at += step) {
      const x = ((at - view.start_s) / length) * width;
      pen.fillRect(x, 0, scale, 4 * scale);
      const text = clock(at).replace(/\.0$/, "");
      const room = Math.min(width - pen.measureText(text).width - 2, Math.max(2, x + 4 * scale));
      pen.fillText(text, room, height - 6 * scale);
    }
  }
}

/** Return the loudest stretch of a sound by its overview: {start_s, end_s}. */
export function loudest(sound, peaks, length_s) {
  const rms = peaks.subarray(2 * sound.buckets);
  const duration = sound.frames / sound.rate_hz;
  const wide = Math.max(1, Math.min(sound.buckets, Math.round((length_s / duration) * sound.buckets)));
  let sum = 0,
    best = -1,
    where = 0;
  for (let at = 0; at < sound.buckets; at += 1) {
    sum += rms[at] ** 2 - (at >= wide ? rms[at - wide] ** 2 : 0);
    if (at >= wide - 1 && sum > best) {
      best = sum;
      where = at - wide + 1;
    }
  }
  const start_s = (where / sound.buckets) * duration;
  return { start_s, end_s: Math.min(duration, start_s + length_s) };
}
