// Plays the lanes of a song on one clock: all of them always, heard through gains that switch in 5 ms.
import { BANDS, Graph } from "./graph.js";
import { Schedule } from "./schedule.js";
import { SIDES, Sides } from "./sides.js";

const AHEAD_S = 2.5;
const START_S = 0.06;
const SEAM_S = 0.004;

export class Player extends Sides {
  #context = null;
  #seam = null;
  #schedule = new Schedule(this);
  #segments = [];
  #cursor = 0;
  #next = 0;
  #stillAt = 0;

  constructor(scope, bus) {
    super(bus);
    this.loop = null;
    this.looping = false;
    this.playing = false;
    this.mode = "stereo";
    this.band = BANDS[2];
    this.graph = null;
    scope.every(120, () => this.#pump());
    scope.add(() => this.#context?.close());
  }

  get rate() {
    return this.stores.take?.sound.rate_hz ?? 48000;
  }
  get frames() {
    return this.stores.take?.last ?? 0;
  }
  get duration() {
    return this.frames / this.rate;
  }
  get context() {
    return this.#context;
  }

  /** Return where it stands, in seconds of the take. */
  get position() {
    if (!this.playing) return this.#stillAt / this.rate;
    const now = this.#context.currentTime - (this.#context.outputLatency || 0);
    const segment = this.#segments.findLast((one) => one.when <= now) ?? this.#segments[0];
    if (!segment) return this.#cursor / this.rate;
    return (
      (segment.first + Math.min(segment.count, Math.max(0, (now - segment.when) * this.rate))) / this.rate
    );
  }

  /** Take a lane's new sound over in what is scheduled. */
  laid(lane) {
    this.#schedule.silence(lane);
    if (this.#context) this.wire(lane, this.#seam);
    if (this.playing) for (const segment of this.#segments) this.#schedule.place(lane, segment);
  }

  setLoop(loop, looping = this.looping) {
    if (!this.frames) return;
    this.loop = loop && { start_s: Math.max(0, loop.start_s), end_s: Math.min(this.duration, loop.end_s) };
    this.looping = Boolean(looping && this.loop && this.loop.end_s - this.loop.start_s > 0.05);
    if (!this.looping && this.about === "proposal") this.hear("take");
    if (this.playing) this.seek(this.position);
    this.bus.tell("loop");
  }

  /** Listen another way: stereo, mono, side, small speaker, or one band alone. */
  setMode(mode, band = this.band) {
    Object.assign(this, { mode, band });
    this.graph?.mode(mode, band);
    this.bus.tell("sides");
  }

  async play(from = this.position) {
    if (!this.stores.take) return;
    this.#open();
    await this.#context.resume();
    this.playing = true;
    this.seek(from);
    this.bus.tell("playing");
  }

  stop() {
    if (!this.playing) return;
    this.#stillAt = Math.round(this.position * this.rate);
    this.playing = false;
    this.#clear();
    this.bus.tell("playing");
  }

  seek(seconds) {
    let frame = Math.round(Math.min(Math.max(0, seconds), this.duration) * this.rate);
    if (this.looping && (seconds < this.loop.start_s || seconds >= this.loop.end_s))
      frame = Math.round(this.loop.start_s * this.rate);
    this.#stillAt = this.#cursor = frame;
    this.bus.tell("seek");
    if (!this.playing) return;
    this.#clear();
    this.#next = this.#context.currentTime + START_S;
    this.#pump();
  }

  #open() {
    if (this.#context) return;
    this.#context = new AudioContext({ sampleRate: this.rate, latencyHint: "interactive" });
    this.graph = new Graph(this.#context, this.bus);
    this.graph.mode(this.mode, this.band);
    this.#seam = this.#context.createGain();
    this.#seam.connect(this.graph.input);
    for (const lane of new Set([...SIDES, ...this.lanes])) this.wire(lane, this.#seam);
  }

  #clear() {
    this.#schedule.round += 1;
    this.#segments = [];
    for (const lane of this.lanes) this.#schedule.silence(lane);
    this.#seam?.gain.cancelScheduledValues(0);
    this.#seam?.gain.setValueAtTime(1, this.#context.currentTime);
  }

  #pump() {
    if (!this.playing) return;
    const now = this.#context.currentTime;
    const end = this.looping ? Math.round(this.loop.end_s * this.rate) : this.frames;
    this.#segments = this.#segments.filter((one) => one.when + one.count / this.rate > now - 1);
    while (this.#next < now + AHEAD_S) {
      if (this.#cursor >= end) {
        if (!this.looping) {
          if (now >= this.#next) this.#finish();
          return;
        }
        this.#cursor = Math.round(this.loop.start_s * this.rate);
        this.#dip(this.#next);
      }
      const count = Math.min(end, this.stores.take.chunkEnd(this.#cursor)) - this.#cursor;
      const segment = { when: this.#next, first: this.#cursor, count };
      this.#segments.push(segment);
      for (const lane of this.lanes) this.#schedule.place(lane, segment);
      this.#cursor += count;
      this.#next += count / this.rate;
    }
  }

  /** Hide the jump of a loop in a dip of a few milliseconds. */
  #dip(at) {
    const { gain } = this.#seam;
    gain.setValueAtTime(1, Math.max(this.#context.currentTime, at - SEAM_S));
    gain.linearRampToValueAtTime(0, at);
    gain.linearRampToValueAtTime(1, at + SEAM_S);
  }

  #finish() {
    this.stop();
    this.#stillAt = 0;
    this.bus.tell("playing");
  }
}
