// Puts stretches of sounds on the audio clock, each side into its fader.
export class Schedule {
  #sources = new Map();

  constructor(player) {
    this.player = player;
    this.round = 0;
  }

  /** Stop what is scheduled for a side. */
  silence(side) {
    for (const source of this.#sources.get(side) ?? []) {
      source.stop();
      source.disconnect();
    }
    this.#sources.set(side, new Set());
  }

  /** Schedule one segment of a side; where the side has no sound, the take stands in (a reference is silent). */
  async place(side, segment) {
    const { stores, rate } = this.player;
    const store = stores[side];
    if (!store) return;
    const round = this.round;
    for (let frame = segment.first; frame < segment.first + segment.count; ) {
      const inside = frame >= store.first && frame < store.last;
      const from = inside ? store : stores.take;
      const until = inside
        ? store.chunkEnd(frame)
        : Math.min(from.chunkEnd(frame), frame < store.first ? store.first : Infinity);
      const start = frame;
      const count = Math.min(segment.first + segment.count, until) - start;
      frame += count;
      if (!inside && store.alone) continue;
      const chunk = await from.at(start).catch(() => null);
      if (!chunk || round !== this.round || stores[side] !== store) return;
      this.#sound(side, chunk, start, count, segment.when + (start - segment.first) / rate);
    }
  }

  #sound(side, chunk, first, count, when) {
    const { context, rate, faders } = this.player;
    const late = Math.max(0, Math.ceil((context.currentTime + 0.01 - when) * rate));
    if (late >= count) return;
    const source = new AudioBufferSourceNode(context, { buffer: chunk.buffer });
    source.connect(faders[side]);
    source.start(when + late / rate, (first + late - chunk.first) / rate, (count - late) / rate);
    this.#sources.get(side).add(source);
    source.onended = () => {
      source.disconnect();
      this.#sources.get(side)?.delete(source);
    };
  }
}
