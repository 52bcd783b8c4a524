// Every event of the bus: when it is told, and what it carries. The bus takes no other name.

/**
 * @typedef {object} Job
 * @property {string} id
 * @property {string} kind import, render, upload …
 * @property {string} state running, done, failed, cancelled; an upload's end is "sent"
 * @property {string} what the step it is at
 * @property {number} done share, 0 to 1
 * @property {string} [song]
 * @property {number | null} [remains_s]
 * @property {any} [result]
 * @property {any} [error]
 * @property {() => void} [abort] stops what only this page does
 */

/**
 * @typedef {object} Reading what the meter hears, every 100 ms
 * @property {number} m momentary loudness in LUFS; −∞ where it is not known
 * @property {number} s short-term loudness in LUFS
 * @property {number} i integrated loudness in LUFS
 * @property {number} peak true peak of the last 3 s, linear
 * @property {number} highest true peak since the meter began anew, linear
 * @property {number[]} peaks of the last 100 ms, one per channel
 * @property {number} correlation −1 to 1; NaN in silence
 */

/** @type {any} A row below holds no value: only the type of what its event carries. */
const carries = undefined;

export const EVENTS = {
  // the server, by way of the stream
  /** A job began, moved on or ended; an upload tells of itself in the same way. */
  job: /** @type {Job} */ (carries),
  /** Something of a song was written; `music` where it was a word on its music. */
  song: /** @type {{song: string, music?: boolean}} */ (carries),
  /** Events were missed: read everything again. */
  resync: /** @type {{}} */ (carries),
  /** The server does not answer. */
  offline: /** @type {{}} */ (carries),
  /** The server answers. */
  online: /** @type {{}} */ (carries),
  /** A job has ended, well or badly. */
  "job-ended": /** @type {Job} */ (carries),

  // words to the person
  /** Something was done. */
  said: /** @type {{text: string, hint?: string}} */ (carries),
  /** Something was refused. */
  refused: /** @type {{message: string, hint?: string}} */ (carries),

  // what the person asks for, by key or button
  /** The desk shall act: on the open question, or on the one that is named. */
  "do-desk": /** @type {{action: string, id?: string, number?: number}} */ (carries),
  /** The transport shall act. */
  "do-transport": /** @type {{action: string}} */ (carries),
  /** Look at less or more of the song: a factor on what is seen. */
  zoom: /** @type {{by: number}} */ (carries),

  // sound
  /** The song's sounds lie on their lanes. */
  ready: /** @type {{}} */ (carries),
  /** Play began or ended. */
  playing: /** @type {{}} */ (carries),
  /** The player was sent to another place. */
  seek: /** @type {{}} */ (carries),
  /** The loop is another, or it is on or off. */
  loop: /** @type {{}} */ (carries),
  /** A person's hand set the loop. */
  "loop-set": /** @type {{}} */ (carries),
  /** Which side is heard, how, or what lies on it has changed. */
  sides: /** @type {{}} */ (carries),
  /** A stem's strip was moved. */
  strips: /** @type {{}} */ (carries),
  /** The sides were matched anew on the loop. */
  gains: /** @type {{}} */ (carries),
  /** A preview of the open question lies on its lane. */
  preview: /** @type {{id: string, took_ms: number}} */ (carries),
  /** The meters read. */
  metered: /** @type {Reading} */ (carries),

  // the stage
  /** The take was drawn for the first time. */
  drawn: /** @type {{}} */ (carries),
  /** The stage shows another stretch, or is of another width. */
  view: /** @type {{}} */ (carries),

  // the desk
  /** The desk was written anew, or another question is open. */
  desk: /** @type {{}} */ (carries),
  /** A question was answered. */
  answered: /** @type {{id: string}} */ (carries),

  // the music
  /** The music was read. */
  music: /** @type {{}} */ (carries),
  /** A person's word on the music was kept. */
  corrected: /** @type {{}} */ (carries),
  /** A chord was picked in the lane. */
  chord: /** @type {{chord: {label: string, start_s: number, end_s: number}}} */ (carries),
};

/** @typedef {typeof EVENTS} Carried */
