// What can be heard: sides of the song and its stems, each a lane of its own; a switch only moves gains.
import { Store } from "./store.js";

const SWITCH_S = 0.005;
export const SIDES = ["take", "proposal", "render", "reference"];
export const STEM = "stem:";

/** @typedef {import("./player.js").Player} Player */
/** @typedef {GainNode & {panner?: StereoPannerNode}} Fader */

export class Sides {
  constructor(bus) {
    this.bus = bus;
    this.stores = {};
    /** @type {Record<string, Fader>} */
    this.faders = {};
    this.gains = {};
    this.strips = new Map(); // stem lane: { level_db, pan, solo, mute }
    this.side = "take";
    this.other = "proposal";
    this.matched = true;
  }

  get lanes() {
    return Object.keys(this.stores).filter((name) => this.stores[name]);
  }
  get stems() {
    return this.lanes.filter((name) => name.startsWith(STEM));
  }

  /** Return which side is spoken of: in the difference it is the other one. */
  get about() {
    return this.side === "difference" ? this.other : this.side;
  }

  /** Return whether a side can be heard now. */
  has(side) {
    if (side === "difference") return Boolean(this.stores.proposal || this.stores.render);
    return side === "stems" ? this.stems.length > 0 : Boolean(this.stores[side]);
  }

  /** Put a sound on a lane, or take it off with null. @this {Player} */
  put(lane, song, sound, options = {}) {
    const was = this.stores[lane]?.sound;
    if (was?.id === sound?.id && was?.start_frame === sound?.start_frame) return;
    this.stores[lane] = sound ? new Store(song, sound, options) : null;
    if (sound && lane.startsWith(STEM) && !this.strips.has(lane))
      this.strips.set(lane, { level_db: 0, pan: 0, solo: false, mute: false });
    this.laid(lane);
    if (!sound && this.about === lane) this.hear("take");
    this.bus.tell("sides");
  }

  /** Hear another side: take, proposal, render, reference, stems or difference. @this {Player} */
  hear(side) {
    if (side === "difference" && !this.stores[this.other])
      this.other = this.other === "render" ? "proposal" : "render";
    if (!this.has(side)) return;
    if (side === "proposal" || side === "render") this.other = side;
    this.side = side;
    if (this.about === "proposal" && this.loop && !this.looping) this.setLoop(this.loop, true);
    this.fade();
    this.bus.tell("sides");
  }

  /** Set what a stem's strip says: level_db, pan, solo, mute. @this {Player} */
  strip(lane, change) {
    Object.assign(this.strips.get(lane), change);
    this.fade();
    this.bus.tell("strips");
  }

  /** Return the linear gain that each lane has now. */
  targets() {
    const of = (side) => 10 ** ((this.matched ? (this.gains[side] ?? 0) : 0) / 20);
    const all = Object.fromEntries([...SIDES, ...this.strips.keys()].map((lane) => [lane, 0]));
    if (this.side === "difference") Object.assign(all, { take: -of("take"), [this.other]: of(this.other) });
    else if (this.side === "stems")
      for (const lane of this.stems) all[lane] = this.#stripGain(lane) * of("stems");
    else all[this.side] = of(this.side);
    return all;
  }

  #stripGain(lane) {
    const { level_db, solo, mute } = this.strips.get(lane);
    const soloing = [...this.strips.values()].some((strip) => strip.solo);
    return mute || (soloing && !solo) ? 0 : 10 ** (level_db / 20);
  }

  /** Bring the gains to where they belong. @this {Player} */
  fade() {
    if (!this.context) return;
    const now = this.context.currentTime;
    const to = (param, target) => {
      param.cancelScheduledValues(now);
      param.setValueAtTime(param.value, now);
      param.linearRampToValueAtTime(target, now + SWITCH_S);
    };
    for (const [lane, target] of Object.entries(this.targets())) {
      if (!this.faders[lane]) continue;
      to(this.faders[lane].gain, target);
      if (this.faders[lane].panner) to(this.faders[lane].panner.pan, this.strips.get(lane).pan);
    }
    this.lastSwitch = { at: now, until: now + SWITCH_S };
  }

  /** Make a lane's fader, with a panner where it is a stem's. @this {Player} */
  wire(lane, into) {
    if (this.faders[lane]) return;
    /** @type {Fader} */
    const fader = new GainNode(this.context, { gain: this.targets()[lane] ?? 0 });
    if (lane.startsWith(STEM)) {
      fader.panner = new StereoPannerNode(this.context, { pan: this.strips.get(lane)?.pan ?? 0 });
      fader.connect(fader.panner).connect(into);
    } else fader.connect(into);
    this.faders[lane] = fader;
  }
}
