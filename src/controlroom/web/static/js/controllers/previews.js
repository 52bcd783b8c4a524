// The preview of one step alone on the loop, and equal loudness of all sides there.
import { post } from "../api.js";
import { tried } from "./toasts.js";

/** Return a function that makes the preview anew; the last call wins. */
export function previews(app, scope, wanted) {
  const { player, bus } = app;
  let asking = null;
  scope.add(() => asking?.abort());
  return async () => {
    asking?.abort();
    const mine = (asking = new AbortController());
    const stretch = player.loop;
    if (!stretch || !player.stores.take) return;
    const { processor, knobs, span } = wanted();
    const began = performance.now();
    await tried(app, async () => {
      const body = { processor, knobs, stretch: pair(stretch), span: span ? pair(span) : null };
      const sound = await post(`/songs/${app.song}/previews`, body, mine.signal);
      if (mine.signal.aborted) return;
      await matched(app, { ...sides(player), proposal: sound }, stretch, mine.signal);
      player.put("proposal", app.song, sound);
      player.fade();
      bus.tell("preview", { id: sound.id, took_ms: performance.now() - began });
    });
  };
}

const pair = ({ start_s, end_s }) => ({ start_s, end_s });
const sides = (player) => Object.fromEntries(Object.entries(player.stores).filter(([, store]) => store).map(([side, store]) => [side, store.sound]));

/** Ask for the gains that make these sounds equally loud on a stretch. */
export async function matched(app, sounds, stretch, signal) {
  const names = Object.values(sounds).map((sound) => sound.id);
  const gains = await post(`/songs/${app.song}/matches`, { sounds: names, stretch: pair(stretch) }, signal);
  for (const [side, sound] of Object.entries(sounds)) app.player.gains[side] = gains[sound.id] ?? 0;
  app.bus.tell("gains");
}
