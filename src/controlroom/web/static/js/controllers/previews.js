// The preview of one step alone on the loop, and equal loudness of all sides there.
import { post } from "../api.js";
import { SIDES } from "../audio/sides.js";
import { tried } from "./toasts.js";

/** Return a function that makes the preview anew; the last call wins. */
export function previews(app, scope, wanted) {
  const { player, bus } = app;
  let asking = null;
  scope.add(() => asking?.abort());
  return async () => {
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    const stretch = player.loop;
    if (!stretch || !player.stores.take) return;
    const { processor, part = "mix", knobs, span } = wanted();
    const began = performance.now();
    await tried(app, async () => {
      const body = { processor, part, knobs, stretch: pair(stretch), span: span ? pair(span) : null };
      const sound = await post(`/songs/${app.song}/previews`, body, mine.signal);
      if (mine.signal.aborted) return;
      await matched(app, { ...sidesOf(player), proposal: sound }, stretch, mine.signal);
      player.put("proposal", app.song, sound);
      bus.tell("preview", { id: sound.id, took_ms: performance.now() - began });
    });
  };
}

export const pair = ({ start_s, end_s }) => ({ start_s, end_s });

/** Return the sounds of the sides that stand, by side. */
export const sidesOf = (player) =>
  Object.fromEntries(
    SIDES.filter((side) => player.stores[side]).map((side) => [side, player.stores[side].sound]),
  );

/** Ask for the gains that make these sounds equally loud on a stretch. */
export async function matched(app, sounds, stretch, signal) {
  const found = Object.values(sounds);
  const moved = Object.fromEntries(
    found.filter((sound) => sound.moved_s).map((sound) => [sound.id, sound.moved_s]),
  );
  const gains = await post(
    `/songs/${app.song}/matches`,
    { sounds: found.map((sound) => sound.id), stretch: pair(stretch), moved_s: moved },
    signal,
  );
  for (const [side, sound] of Object.entries(sounds)) app.player.gains[side] = gains[sound.id] ?? 0;
  app.player.fade();
  app.bus.tell("gains");
}
