// Everything by keyboard: keys become what the other controllers listen for.
const TRANSPORT = {
  " ": "play",
  l: "loop",
  m: "match",
  b: "mode",
  "[": "bar-back",
  "]": "bar-on",
  "{": "bar-less",
  "}": "bar-more",
  s: "section",
  i: "loop-start",
  o: "loop-end",
  w: "band",
  ArrowLeft: "back",
  ArrowRight: "on",
  "+": "in",
  "=": "in",
  "-": "out",
  "−": "out",
  0: "all",
  "?": "keys",
};
const SIDE_KEYS = { z: "take", x: "proposal", c: "render", y: "reference", v: "difference" };
const DESK = {
  a: "accept",
  e: "edit",
  r: "reject",
  d: "defer",
  u: "undo",
  n: "note",
  h: "hand",
  g: "render",
  t: "trial",
  j: "next",
  k: "previous",
  f: "finding",
  p: "mark",
};

/** Open the sheet that lists the keys. */
export function showKeys() {
  /** @type {HTMLDialogElement} */
  const sheet = document.querySelector("#keys");
  sheet.showModal();
}

/** @type {import("../app.js").Controller} */
export default function keys(document, app, scope) {
  const writing = (target) =>
    target.closest("input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable]");
  scope.on(document, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && writing(event.target)) {
      event.target.blur();
      return;
    }
    if (writing(event.target)) return;
    const dialog = document.querySelector("dialog[open]");
    if (dialog && !(dialog.id === "trial" && event.key === " ")) return;
    if (
      event.key === " " &&
      event.target.closest("button, a, summary, [role=button]") &&
      !event.target.closest(".transport, .stage, .queue, .card")
    )
      return;
    if (act(event.key.length === 1 ? event.key.toLowerCase() : event.key)) event.preventDefault();
  });

  function act(key) {
    if (!document.querySelector(".transport") && key !== "?") return false;
    if (key in TRANSPORT) app.bus.tell("do-transport", { action: TRANSPORT[key] });
    else if (key in SIDE_KEYS) app.player.hear(SIDE_KEYS[key]);
    else if (key in DESK) app.bus.tell("do-desk", { action: DESK[key] });
    else if (/^[1-9]$/.test(key)) app.bus.tell("do-desk", { action: "pick", number: Number(key) });
    else return false;
    return true;
  }

  if (!document.querySelector(".transport"))
    app.bus.hear(scope, "do-transport", ({ action }) => {
      if (action === "keys") showKeys();
    });
}
