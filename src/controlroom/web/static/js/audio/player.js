// Plays the sides of a song on one clock: all of them always, heard through gains that switch in 5 ms.
import { Graph } from "./graph.js";
import { Schedule } from "./schedule.js";
import { Store } from "./store.js";

const AHEAD_S = 2.5;
const START_S = 0.06;
const SWITCH_S = 0.005;
const SEAM_S = 0.004;
export const SIDES = ["take", "proposal", "render"];

export class Player {
  #context = null; #seam = null; #schedule = new Schedule(this);
  #segments = []; #cursor = 0; #next = 0; #stillAt = 0;
  faders = {};

  constructor(scope, bus) {
    this.bus = bus;
    this.stores = {};
    this.gains = { take: 0, proposal: 0, render: 0 };
    this.side = "take"; this.other = "proposal"; this.matched = true;
    this.loop = null; this.looping = false; this.playing = false; this.mode = "stereo"; this.graph = null;
    scope.every(120, () => this.#pump());
    scope.add(() => this.#context?.close());
  }

  get rate() { return this.stores.take?.sound.rate_hz ?? 48000; }
  get frames() { return this.stores.take?.last ?? 0; }
  get duration() { return this.frames / this.rate; }
  get context() { return this.#context; }

  /** Return where it stands, in seconds of the take. */
  get position() {
    if (!this.playing) return this.#stillAt / this.rate;
    const now = this.#context.currentTime - (this.#context.outputLatency || 0);
    const segment = this.#segments.findLast((one) => one.when <= now) ?? this.#segments[0];
    if (!segment) return this.#cursor / this.rate;
    return (segment.first + Math.min(segment.count, Math.max(0, (now - segment.when) * this.rate))) / this.rate;
  }

  /** Put a sound on a side, or take it off with null. */
  put(side, song, sound) {
    if (this.stores[side]?.sound.id === sound?.id) return;
    this.stores[side] = sound ? new Store(song, sound) : null;
    this.#schedule.silence(side);
    if (this.playing) for (const segment of this.#segments) this.#schedule.place(side, segment);
    if (!sound && (this.side === side || (this.side === "difference" && this.other === side))) this.hear("take");
    this.bus.tell("sides");
  }

  /** Hear another side: take, proposal, render or difference. */
  hear(side) {
    if (side === "proposal" || side === "render") this.other = side;
    if (side === "difference" && !this.stores[this.other]) this.other = this.other === "render" ? "proposal" : "render";
    if (side !== "take" && !this.stores[side === "difference" ? this.other : side]) return;
    this.side = side;
    const about = side === "difference" ? this.other : side;
    if (about === "proposal" && this.loop && !this.looping) this.setLoop(this.loop, true);
    this.fade();
    this.bus.tell("sides");
  }

  /** Return the linear gain that each side has now. */
  targets() {
    const of = (side) => 10 ** ((this.matched ? this.gains[side] : 0) / 20);
    const all = { take: 0, proposal: 0, render: 0 };
    if (this.side === "difference") Object.assign(all, { take: -of("take"), [this.other]: of(this.other) });
    else all[this.side] = of(this.side);
    return all;
  }

  /** Bring the gains to where they belong. */
  fade() {
    if (!this.#context) return;
    const now = this.#context.currentTime;
    for (const [side, target] of Object.entries(this.targets())) {
      const { gain } = this.faders[side];
      gain.cancelScheduledValues(now);
      gain.setValueAtTime(gain.value, now);
      gain.linearRampToValueAtTime(target, now + SWITCH_S);
    }
    this.lastSwitch = { at: now, until: now + SWITCH_S };
  }

  setLoop(loop, looping = this.looping) {
    this.loop = loop && { start_s: Math.max(0, loop.start_s), end_s: Math.min(this.duration, loop.end_s) };
    this.looping = Boolean(looping && this.loop && this.loop.end_s - this.loop.start_s > 0.05);
    const about = this.side === "difference" ? this.other : this.side;
    if (!this.looping && about === "proposal") this.hear("take");
    if (this.playing) this.seek(this.position);
    this.bus.tell("loop");
  }

  setMode(mode) { this.mode = mode; this.graph?.mode(mode); this.bus.tell("sides"); }

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
    if (this.looping && (seconds < this.loop.start_s || seconds >= this.loop.end_s)) frame = Math.round(this.loop.start_s * this.rate);
    this.#stillAt = this.#cursor = frame;
    if (!this.playing) return;
    this.#clear();
    this.#next = this.#context.currentTime + START_S;
    this.#pump();
  }

  #open() {
    if (this.#context) return;
    this.#context = new AudioContext({ sampleRate: this.rate, latencyHint: "interactive" });
    this.graph = new Graph(this.#context);
    this.graph.mode(this.mode);
    this.#seam = this.#context.createGain();
    this.#seam.connect(this.graph.input);
    for (const side of SIDES) {
      this.faders[side] = new GainNode(this.#context, { gain: this.targets()[side] });
      this.faders[side].connect(this.#seam);
    }
  }

  #clear() {
    this.#schedule.round += 1;
    this.#segments = [];
    for (const side of SIDES) this.#schedule.silence(side);
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
        if (!this.looping) { if (now >= this.#next) this.#finish(); return; }
        this.#cursor = Math.round(this.loop.start_s * this.rate);
        this.#dip(this.#next);
      }
      const count = Math.min(end, this.stores.take.chunkEnd(this.#cursor)) - this.#cursor;
      const segment = { when: this.#next, first: this.#cursor, count };
      this.#segments.push(segment);
      for (const side of SIDES) this.#schedule.place(side, segment);
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

  #finish() { this.stop(); this.#stillAt = 0; this.bus.tell("playing"); }
}
