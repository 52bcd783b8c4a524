// What one part of the page tells the others.
import { EVENTS } from "./events.js";

/** @typedef {import("./events.js").Carried} Carried */

export class Bus extends EventTarget {
  /**
   * Say that something happened.
   * @template {keyof Carried} Name
   * @param {Name} name
   * @param {Partial<Carried[Name]>} detail
   */
  tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(known(name), { detail }));
  }

  /**
   * Hear of it until the scope ends.
   * @template {keyof Carried} Name
   * @param {import("./scope.js").Scope} scope
   * @param {Name} name
   * @param {(detail: Carried[Name]) => void} listener
   */
  hear(scope, name, listener) {
    scope.on(this, known(name), (event) => listener(event.detail));
  }

  /**
   * Hear that any of several things happened.
   * @param {import("./scope.js").Scope} scope
   * @param {(keyof Carried)[]} names
   * @param {() => void} listener
   */
  hearAny(scope, names, listener) {
    for (const name of names) this.hear(scope, name, listener);
  }
}

function known(name) {
  if (!Object.hasOwn(EVENTS, name)) throw new TypeError(`“${name}” is no event of events.js`);
  return name;
}
