// A blind test (ABX) of the take against the other side; the result is kept as evidence.
import { post } from "../api.js";
import { tried } from "./toasts.js";

/** @type {import("../app.js").Controller} */
export default function trial(element, app, scope) {
  const { player, bus } = app;
  const score = element.querySelector('[data-target="score"]');
  const keep = element.querySelector('[data-do="keep"]');
  let rounds = [];
  let x = "a";

  const draw = () => {
    x = crypto.getRandomValues(new Uint8Array(1))[0] & 1 ? "b" : "a";
  };
  const play = (which) => {
    for (const one of element.querySelectorAll("[data-x]"))
      one.setAttribute("aria-pressed", String(one.dataset.x === which));
    const about = which === "x" ? x : which;
    player.hear(about === "a" ? "take" : player.other);
  };
  const show = () => {
    const right = rounds.filter(Boolean).length;
    keep.disabled = rounds.length < 5;
    score.textContent = rounds.length
      ? `${rounds.length} rounds, ${right} right.${rounds.length < 5 ? " Five are the least that can be kept." : ""}`
      : "No round yet.";
  };

  bus.hear(scope, "do-desk", ({ action }) => {
    if (action !== "trial") return;
    if (!player.stores[player.other]) player.other = player.stores.render ? "render" : "proposal";
    if (!player.stores[player.other]) {
      bus.tell("refused", {
        message: "there is nothing to compare the take with",
        hint: "open a question, or render",
      });
      return;
    }
    rounds = [];
    player.matched = true;
    draw();
    show();
    element.showModal();
    player.setLoop(player.loop, true);
    play("x");
    if (!player.playing) player.play();
  });

  scope.on(element, "click", (event) => {
    const { x: which, says } = event.target.closest("[data-x], [data-says]")?.dataset ?? {};
    if (which) play(which);
    if (says) {
      rounds.push(says === x);
      draw();
      show();
      play("x");
    }
    if (event.target.closest('[data-do="keep"]'))
      tried(app, async () => {
        const kept = await post(`/songs/${app.song}/trials`, {
          a: player.stores.take.sound.id,
          b: player.stores[player.other].sound.id,
          correct: rounds.filter(Boolean).length,
          total: rounds.length,
        });
        bus.tell("said", {
          text: `kept: ${kept.correct} of ${kept.total} right`,
          hint: `by guessing: ${(100 * kept.chance).toFixed(1)} %`,
        });
        element.close();
      });
  });
  scope.on(element, "close", () => {
    if (player.playing) player.stop();
  });
}
