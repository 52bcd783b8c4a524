// The page begins here: every element that names a controller gets it, with a scope of its own.
import { Bus } from "./bus.js";
import { listenToEvents } from "./events.js";
import { followMusic } from "./music.js";
import { Player } from "./audio/player.js";
import { Scope } from "./scope.js";
import desk from "./controllers/desk.js";
import history from "./controllers/history.js";
import arc from "./controllers/arc.js";
import chordName from "./controllers/chord-name.js";
import evidence from "./controllers/evidence.js";
import grid from "./controllers/grid.js";
import harmony from "./controllers/harmony.js";
import music from "./controllers/music.js";
import references from "./controllers/references.js";
import importing from "./controllers/import.js";
import jobs from "./controllers/jobs.js";
import masters from "./controllers/masters.js";
import meters from "./controllers/meters.js";
import reference from "./controllers/reference.js";
import sectionList from "./controllers/section-list.js";
import samples from "./controllers/samples.js";
import sections from "./controllers/sections.js";
import spectrum from "./controllers/spectrum.js";
import stems from "./controllers/stems.js";
import stemImport from "./controllers/stem-import.js";
import stage from "./controllers/stage.js";
import standards from "./controllers/standards.js";
import toasts from "./controllers/toasts.js";
import transport from "./controllers/transport.js";
import trial from "./controllers/trial.js";
import keys from "./controllers/keys.js";

const CONTROLLERS = {
  toasts,
  jobs,
  import: importing,
  stage,
  sections,
  transport,
  meters,
  spectrum,
  reference,
  references,
  music,
  grid,
  evidence,
  "section-list": sectionList,
  "chord-name": chordName,
  stems,
  "stem-import": stemImport,
  samples,
  arc,
  harmony,
  desk,
  trial,
  standards,
  history,
  masters,
};

const scope = new Scope();
const bus = new Bus();
const app = { bus, song: document.body.dataset.song ?? "", player: new Player(scope, bus) };

/** Give the controllers below `root` to their elements. */
app.mount = (root, parent) => {
  for (const element of root.querySelectorAll("[data-controller]")) {
    CONTROLLERS[element.dataset.controller]?.(element, app, parent.child());
  }
};

app.mount(document, scope);
keys(document, app, scope.child());
followMusic(app, scope.child());
listenToEvents(scope.child(), bus);
addEventListener("pagehide", (event) => {
  if (!event.persisted) scope.end();
});
for (const when of ["load", "resize"])
  scope.on(globalThis, when, () => {
    const here = document.querySelector(".rooms [aria-current]"),
      row = here?.parentElement; // narrow: the row of rooms scrolls
    if (row) row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.clientWidth) / 2;
  });
globalThis.controlroom = { app };
document.body.inert = false; // until here a click would have been lost: the page says so by taking none
