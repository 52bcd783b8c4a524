// The page begins here: every element that names a controller gets it, with a scope of its own.
import { App } from "./app.js";
import keys from "./controllers/keys.js";
import { followMusic } from "./music.js";
import { Scope } from "./scope.js";
import { listenToServer } from "./stream.js";

const scope = new Scope();
const app = new App(scope);

app.mount(document, scope);
keys(document, app, scope.child());
followMusic(app, scope.child());
listenToServer(scope.child(), app.bus);
addEventListener("pagehide", (event) => {
  if (!event.persisted) scope.end();
});

/** Bring the room that stands open into sight: on a narrow page the row of rooms scrolls. */
function showRoom() {
  /** @type {HTMLElement | null} */
  const here = document.querySelector(".rooms [aria-current]");
  const row = here?.parentElement;
  if (row) row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.clientWidth) / 2;
}

for (const when of ["load", "resize"]) scope.on(globalThis, when, showRoom);
globalThis.controlroom = { app };
document.body.inert = false; // until here a click would have been lost: the page says so by taking none
