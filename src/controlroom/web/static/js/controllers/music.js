// The music room: sounds and music are read; arc and harmony draw themselves.
import { keepMatched, readSounds } from "./sounds.js";

/** @type {import("../app.js").Controller} */
export default function music(element, app, scope) {
  if (!element.querySelector(".stage")) return;
  keepMatched(app, scope);
  app.bus.hear(scope, "drawn", () => {
    if (!app.player.loop) app.player.setLoop(app.loudest, false);
  });
  readSounds(app);
}
