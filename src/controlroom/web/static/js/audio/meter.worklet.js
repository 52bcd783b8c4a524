// Reads what plays, sample by sample, in the audio thread: loudness after BS.1770-5, true peak after its Annex 2.
const SUB_S = 0.1; // gating blocks of 400 ms overlap by three quarters
const BINS = 1000; // of 0.1 LU from -70 LUFS up
const FLOOR_LUFS = -70;
// Phases 0 and 1 of the 48-tap interpolator of BS.1770-5, Annex 2; phases 2 and 3 are 1 and 0 reversed.
const ITU = [
  [
    0.001708984375, 0.010986328125, -0.0196533203125, 0.033203125, -0.0594482421875, 0.1373291015625,
    0.97216796875, -0.102294921875, 0.047607421875, -0.026611328125, 0.014892578125, -0.00830078125,
  ],
  [
    -0.0291748046875, 0.029296875, -0.0517578125, 0.089111328125, -0.16650390625, 0.465087890625,
    0.77978515625, -0.2003173828125, 0.1015625, -0.0582275390625, 0.0330810546875, -0.0189208984375,
  ],
];
const PHASES = [ITU[0], ITU[1], [...ITU[1]].reverse(), [...ITU[0]].reverse()];
const TAPS = 12;

/** Return the two sections of K-weighting at a rate (BS.1770-5, Annex 1, by the bilinear transform). */
function kWeighting(rate) {
  const poles = (hz, q) => {
    const k = Math.tan((Math.PI * hz) / rate),
      norm = 1 + k / q + k * k;
    return { k, q, norm, a1: (2 * (k * k - 1)) / norm, a2: (1 - k / q + k * k) / norm };
  };
  const shelf = poles(1681.974450955533, 0.7071752369554196),
    pass = poles(38.13547087602444, 0.5003270373238773);
  const high = 10 ** (3.999843853973347 / 20),
    band = (high ** 0.4996667741545416 * shelf.k) / shelf.q;
  const b = [high + band + shelf.k ** 2, 2 * (shelf.k ** 2 - high), high - band + shelf.k ** 2];
  return [
    { ...shelf, b: b.map((value) => value / shelf.norm) },
    { ...pass, b: [1, -2, 1] },
  ];
}

class Channel {
  constructor(rate) {
    this.sections = kWeighting(rate).map((one) => ({ ...one, z1: 0, z2: 0 }));
    this.past = new Float64Array(TAPS);
    this.at = 0;
  }

  /** Return the K-weighted sample. */
  weigh(x) {
    for (const s of this.sections) {
      const y = s.b[0] * x + s.z1;
      s.z1 = s.b[1] * x - s.a1 * y + s.z2;
      s.z2 = s.b[2] * x - s.a2 * y;
      x = y;
    }
    return x;
  }

  /** Return the highest of the sample and the four points between it and the next. */
  peak(x) {
    this.past[this.at] = x;
    let most = Math.abs(x);
    for (const taps of PHASES) {
      let sum = 0;
      for (let tap = 0, where = this.at; tap < TAPS; tap += 1) {
        sum += taps[tap] * this.past[where];
        where = where ? where - 1 : TAPS - 1;
      }
      if (Math.abs(sum) > most) most = Math.abs(sum);
    }
    this.at = (this.at + 1) % TAPS;
    return most;
  }
}

class Meter extends AudioWorkletProcessor {
  constructor() {
    super();
    this.channels = [new Channel(sampleRate), new Channel(sampleRate)];
    this.subFrames = Math.round(SUB_S * sampleRate);
    this.port.onmessage = () => this.reset();
    this.subs = [];
    this.reset();
    this.fresh();
  }

  /** Begin what is summed up anew; what slides goes on. */
  reset() {
    this.counts = new Uint32Array(BINS);
    this.sums = new Float64Array(BINS);
    this.highest = 0;
  }

  fresh() {
    this.sub = { energy: 0, frames: 0, both: 0, left: 0, right: 0, peaks: [0, 0] };
  }

  process([input]) {
    const left = input[0] ?? new Float32Array(128),
      right = input[1] ?? left;
    for (let at = 0; at < left.length; at += 1) {
      const l = left[at],
        r = right[at],
        { sub } = this;
      const kl = this.channels[0].weigh(l),
        kr = this.channels[1].weigh(r);
      sub.energy += kl * kl + kr * kr;
      sub.both += l * r;
      sub.left += l * l;
      sub.right += r * r;
      sub.peaks[0] = Math.max(sub.peaks[0], this.channels[0].peak(l));
      sub.peaks[1] = Math.max(sub.peaks[1], this.channels[1].peak(r));
      sub.frames += 1;
      if (sub.frames >= this.subFrames) this.tell();
    }
    return true;
  }

  tell() {
    this.subs.push(this.sub);
    if (this.subs.length > 30) this.subs.shift();
    const mean = (count) => {
      const last = this.subs.slice(-count);
      return last.reduce((sum, one) => sum + one.energy, 0) / (this.subFrames * last.length);
    };
    const lufs = (power) => (power > 0 ? -0.691 + 10 * Math.log10(power) : -Infinity);
    if (this.subs.length >= 4) this.#gate(mean(4), lufs(mean(4)));
    const last = this.subs.slice(-4);
    const total = (name) => last.reduce((sum, one) => sum + one[name], 0);
    const power = total("left") * total("right");
    this.highest = Math.max(this.highest, ...this.sub.peaks);
    const recent = Math.max(...this.subs.flatMap((one) => one.peaks));
    const said = {
      m: this.subs.length >= 4 ? lufs(mean(4)) : -Infinity,
      s: this.subs.length >= 30 ? lufs(mean(30)) : -Infinity,
      i: this.#integrated(lufs),
      peak: recent,
      highest: this.highest,
      peaks: this.sub.peaks,
      correlation: power > 1e-18 ? total("both") / Math.sqrt(power) : NaN,
    };
    this.fresh();
    this.port.postMessage(said);
  }

  #gate(power, level) {
    if (level < FLOOR_LUFS) return;
    const bin = Math.min(BINS - 1, Math.floor((level - FLOOR_LUFS) * 10));
    this.counts[bin] += 1;
    this.sums[bin] += power;
  }

  /** Return the integrated loudness since the last reset: gated at -70 LUFS, then 10 LU under what is left. */
  #integrated(lufs) {
    const over = (first) => {
      let count = 0,
        sum = 0;
      for (let bin = first; bin < BINS; bin += 1) {
        count += this.counts[bin];
        sum += this.sums[bin];
      }
      return count ? lufs(sum / count) : -Infinity;
    };
    const open = over(0);
    return open === -Infinity ? open : over(Math.max(0, Math.floor((open - 10 - FLOOR_LUFS) * 10)));
  }
}

registerProcessor("meter", Meter);
