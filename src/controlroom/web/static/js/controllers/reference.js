// The reference side: which one plays, and the passage of it that is laid on the loop.
import { getBytes, getJson } from "../api.js";
import { loudest } from "./drawing.js";
import { tried } from "./toasts.js";

/** @type {import("../app.js").Controller} */
export default function reference(element, app, scope) {
  const { player, bus } = app;
  const select = element.querySelector("select");
  const key = `reference:${app.song}`;
  let sound = null,
    passage_s = 0;

  const choose = () =>
    tried(app, async () => {
      localStorage.setItem(key, select.value);
      if (!select.value) {
        sound = null;
        player.put("reference", app.song, null);
        return;
      }
      const found = await getJson(`/songs/${app.song}/references/${select.value}/sound`);
      const kept = Number(localStorage.getItem(`passage:${found.id}`) ?? NaN);
      const peaks = new Int8Array(await getBytes(`/songs/${app.song}/sounds/${found.id}/peaks`));
      const length = player.loop ? player.loop.end_s - player.loop.start_s : 15;
      passage_s = Number.isNaN(kept) ? loudest(found, peaks, length).start_s : kept;
      sound = found;
      lay();
    });

  /** Lay the passage on the loop: the reference's clock is moved, not the take's. */
  function lay() {
    if (!sound) return;
    const moved = Math.round(((player.loop?.start_s ?? 0) - passage_s) * sound.rate_hz);
    player.put(
      "reference",
      app.song,
      { ...sound, start_frame: moved, moved_s: moved / sound.rate_hz },
      { alone: true },
    );
  }

  scope.on(select, "change", choose);
  bus.hear(scope, "loop", lay);
  bus.hear(scope, "ready", () => {
    const kept = localStorage.getItem(key);
    if (kept && [...select.options].some((one) => one.value === kept) && !sound) {
      select.value = kept;
      choose();
    }
  });
}
