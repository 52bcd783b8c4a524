// A sound's samples, fetched in stretches as they are wanted: planar float32, so nothing is decoded.
import { getRange } from "../api.js";

const CHUNK_S = 4;
const KEPT = 20;

export class Store {
  #chunks = new Map();

  /** `alone`: silent where it has no sound; `kept`: how many stretches it may hold. */
  constructor(song, sound, { alone = false, kept = KEPT } = {}) {
    this.sound = sound;
    this.alone = alone;
    this.kept = kept;
    this.first = sound.start_frame;
    this.last = sound.start_frame + sound.frames;
    this.chunkFrames = CHUNK_S * sound.rate_hz;
    this.url = `/songs/${song}/sounds/${sound.id}/samples`;
  }

  /** Return the end of the chunk that holds a frame of the take's clock. */
  chunkEnd(frame) {
    return Math.min(
      this.last,
      this.first + (Math.floor((frame - this.first) / this.chunkFrames) + 1) * this.chunkFrames,
    );
  }

  /** Return {buffer, first}: the chunk that holds a frame, and where it begins. */
  at(frame) {
    const index = Math.floor((frame - this.first) / this.chunkFrames);
    let chunk = this.#chunks.get(index);
    if (chunk) this.#chunks.delete(index);
    else {
      chunk = this.#read(index * this.chunkFrames);
      chunk.catch(() => this.#chunks.delete(index));
    }
    this.#chunks.set(index, chunk);
    if (this.#chunks.size > this.kept) this.#chunks.delete(this.#chunks.keys().next().value);
    return chunk;
  }

  async #read(start) {
    const { channels, frames, rate_hz: rate } = this.sound;
    const stop = Math.min(frames, start + this.chunkFrames);
    const rows = await Promise.all(
      Array.from({ length: channels }, (_, channel) =>
        getRange(this.url, 4 * (channel * frames + start), 4 * (channel * frames + stop)),
      ),
    );
    const buffer = new AudioBuffer({ length: stop - start, numberOfChannels: channels, sampleRate: rate });
    for (const [channel, row] of rows.entries()) buffer.copyToChannel(new Float32Array(row), channel);
    return { buffer, first: this.first + start };
  }
}
