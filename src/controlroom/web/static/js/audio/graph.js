// What stands between the sides and the speakers: how it is listened to, and what the meters read.
export const MODES = ["stereo", "mono", "side", "small", "band"];
// Band-solo: edges in hertz, from the lowest octave of a bass to what only few still hear.
export const BANDS = [
  [20, 60],
  [60, 150],
  [150, 400],
  [400, 1000],
  [1000, 2500],
  [2500, 6000],
  [6000, 12000],
  [12000, 20000],
];

export class Graph {
  constructor(context, bus = null) {
    this.context = context;
    this.bus = bus;
    this.band = BANDS[2];
    this.input = context.createGain();
    this.out = context.createGain();
    this.out.connect(context.destination);
    this.#meters();
    this.mode("stereo");
  }

  /** Listen another way; `band` is what a band-solo lets through. */
  mode(name, band = this.band) {
    this.band = band;
    this.input.disconnect();
    let node = this.input;
    for (const next of this.#chain(name)) {
      node.connect(next.in);
      node = next.out;
    }
    node.connect(this.out);
  }

  /** Return what a way to listen puts between the sides and the speakers: each with where it begins and ends. */
  #chain(name) {
    const filter = (type, frequency, Q = -3.01) => {
      const node = new BiquadFilterNode(this.context, { type, frequency, Q });
      return { in: node, out: node };
    };
    // 4th-order Butterworth
    const twice = (type, frequency) => [filter(type, frequency, -5.33), filter(type, frequency, 2.32)];
    switch (name) {
      case "mono":
        return [this.#matrix(0.5, 0.5)];
      case "side":
        return [this.#matrix(0.5, -0.5)];
      case "small":
        return [this.#matrix(0.5, 0.5), ...twice("highpass", 220), filter("lowpass", 9000)];
      case "band":
        return [
          ...twice("highpass", this.band[0]),
          ...(this.band[1] < this.context.sampleRate / 2.2 ? twice("lowpass", this.band[1]) : []),
        ];
      default:
        return [];
    }
  }

  /** Return a node that plays left·l + right·r on both sides. */
  #matrix(l, r) {
    const into = new GainNode(this.context, {
      channelCount: 2,
      channelCountMode: "explicit",
      channelInterpretation: "speakers",
    });
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

  /** Read what plays: spectra by two analysers, all else by the meter in the audio thread. */
  #meters() {
    const stereo = new GainNode(this.context, { channelCount: 2, channelCountMode: "explicit" });
    const apart = this.context.createChannelSplitter(2);
    this.out.connect(stereo);
    stereo.connect(apart);
    this.spectra = [0, 1].map(
      () =>
        new AnalyserNode(this.context, {
          fftSize: 16384,
          smoothingTimeConstant: 0,
          minDecibels: -140,
          maxDecibels: 20,
        }),
    );
    for (const [channel, node] of this.spectra.entries()) apart.connect(node, channel);
    this.context.audioWorklet.addModule(new URL("./meter.worklet.js", import.meta.url)).then(
      () => {
        this.meter = new AudioWorkletNode(this.context, "meter", {
          numberOfInputs: 1,
          outputChannelCount: [1],
          channelCount: 2,
          channelCountMode: "explicit",
        });
        this.meter.port.onmessage = ({ data }) => this.bus?.tell("metered", data);
        stereo.connect(this.meter).connect(this.context.destination); // silent; a node that leads nowhere is not run
      },
      () =>
        this.bus?.tell("refused", {
          message: "the meters could not be started",
          hint: "this browser has no AudioWorklet",
        }),
    );
  }

  /** Begin the integrated loudness and the highest true peak anew. */
  fresh() {
    this.meter?.port.postMessage("reset");
  }
}
