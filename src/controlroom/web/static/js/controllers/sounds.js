// The sounds of a song on the player's lanes, and their equal loudness when the loop moves.
import { getJson } from "../api.js";
import { settled } from "../scope.js";
import { matched, sidesOf } from "./previews.js";
import { tried } from "./toasts.js";

/** Put take and render on their sides; tells "ready" when they are there. */
export async function readSounds(app) {
  const found = await tried(app, () => getJson(`/songs/${app.song}/sounds`));
  if (!found) return;
  app.player.put("take", app.song, found.take);
  app.player.put("render", app.song, found.render ?? null);
  app.bus.tell("ready");
}

/** Keep the sides that stand equally loud on the loop, whoever changed either. */
export function keepMatched(app, scope) {
  const { player, bus } = app;
  let last = "";
  const keyOf = () =>
    JSON.stringify([player.loop, Object.values(sidesOf(player)).map((sound) => [sound.id, sound.moved_s])]);
  const match = settled(scope, 300, () => {
    const key = keyOf();
    if (!player.loop || key === last || Object.keys(sidesOf(player)).length < 2) return;
    last = key;
    tried(app, () => matched(app, sidesOf(player), player.loop));
  });
  bus.hear(scope, "gains", () => {
    last = keyOf();
  });
  bus.hearAny(scope, ["loop", "sides"], match);
}
