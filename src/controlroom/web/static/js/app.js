// What every controller is handed: the song, its player, the bus, and what the controllers share.
import { Player } from "./audio/player.js";
import { Bus } from "./bus.js";
import * as CONTROLLERS from "./controllers/table.js";

/**
 * What an element's name in `data-controller` stands for. Its element is one that the template made for it.
 * @typedef {(element: any, app: App, scope: import("./scope.js").Scope) => void} Controller
 * @typedef {{start_s: number, end_s: number}} Stretch seconds of the take
 */

export class App {
  /** What the server heard in the take and what a person said of it; undefined until it was read. @type {any} */
  music = undefined;
  /** The question that is open. @type {string | null | undefined} */
  open = undefined;
  /** Seconds that each question was listened to. @type {Map<string, number>} */
  heard = new Map();
  /** The take's loudest stretch; undefined until the take was drawn. @type {Stretch | undefined} */
  loudest = undefined;
  /** Who set the loop last: a card, a hand, or nobody yet. @type {"card" | "hand" | "loudest" | undefined} */
  loopBy = undefined;
  /** Where a second lies on the stage, in pixels. @type {((seconds: number) => number) | undefined} */
  x = undefined;
  /** Which second lies at a pixel of the window. @type {((clientX: number) => number) | undefined} */
  secondsAt = undefined;

  /** @param {import("./scope.js").Scope} scope */
  constructor(scope) {
    this.bus = new Bus();
    this.song = document.body.dataset.song ?? "";
    this.player = new Player(scope, this.bus);
  }

  /** Give the controllers below `root` to their elements, each with a scope of its own. */
  mount(root, parent) {
    for (const element of root.querySelectorAll("[data-controller]")) {
      CONTROLLERS[element.dataset.controller]?.(element, this, parent.child());
    }
  }
}
