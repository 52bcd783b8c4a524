// What stands between the sides and the speakers: how it is listened to, and what the meters read.
export const MODES = ["stereo", "mono", "side", "small", "low", "mid", "high"];

export class Graph {
  constructor(context) {
    this.context = context;
    this.input = context.createGain();
    this.out = context.createGain();
    this.out.connect(context.destination);
    this.#meters();
    this.mode("stereo");
  }

  /** Listen another way. */
  mode(name) {
    this.input.disconnect();
    let node = this.input;
    for (const next of this.#chain(name)) { node.connect(next.in ?? next); node = next.out ?? next; }
    node.connect(this.out);
  }

  #chain(name) {
    const filter = (type, frequency, Q = -3.01) => new BiquadFilterNode(this.context, { type, frequency, Q });
    const twice = (type, frequency) => [filter(type, frequency, -5.33), filter(type, frequency, 2.32)]; // 4th-order Butterworth
    switch (name) {
      case "mono": return [this.#matrix(0.5, 0.5)];
      case "side": return [this.#matrix(0.5, -0.5)];
      case "small": return [this.#matrix(0.5, 0.5), ...twice("highpass", 220), filter("lowpass", 9000)];
      case "low": return twice("lowpass", 150);
      case "mid": return [...twice("highpass", 150), ...twice("lowpass", 4000)];
      case "high": return twice("highpass", 4000);
      default: return [];
    }
  }

  /** Return a node that plays left·l + right·r on both sides. */
  #matrix(l, r) {
    const into = new GainNode(this.context, { channelCount: 2, channelCountMode: "explicit", channelInterpretation: "speakers" });
    const apart = this.context.createChannelSplitter(2);
    const together = this.context.createChannelMerger(2);
    into.connect(apart);
    [l, r].forEach((gain, channel) => {
      const weight = new GainNode(this.context, { gain });
      apart.connect(weight, channel);
      weight.connect(together, 0, 0);
      weight.connect(together, 0, 1);
    });
    return { in: into, out: together };
  }

  #meters() {
    const reading = (fftSize) => new AnalyserNode(this.context, { fftSize, smoothingTimeConstant: 0 });
    const stereo = new GainNode(this.context, { channelCount: 2, channelCountMode: "explicit" });
    const shelf = new BiquadFilterNode(this.context, { type: "highshelf", frequency: 1681.97, gain: 4 });
    const pass = new BiquadFilterNode(this.context, { type: "highpass", frequency: 38.14, Q: -6.02 });
    this.raw = [reading(8192), reading(8192)];
    this.weighted = [reading(32768), reading(32768)];
    this.out.connect(stereo);
    const apart = this.context.createChannelSplitter(2);
    stereo.connect(apart);
    stereo.connect(shelf).connect(pass);
    const weightedApart = this.context.createChannelSplitter(2);
    pass.connect(weightedApart);
    this.raw.forEach((node, channel) => apart.connect(node, channel));
    this.weighted.forEach((node, channel) => weightedApart.connect(node, channel));
  }
}
