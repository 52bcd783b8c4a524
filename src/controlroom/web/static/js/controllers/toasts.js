// Short words at the edge of the page: what was done, what was refused and why.
const STAY_MS = 6000;

/** @type {import("../app.js").Controller} */
export default function toasts(element, app, scope) {
  const home = element.parentElement;
  // whatever lies outside an open dialog is behind it, and nobody reads it out
  const stand = () => {
    const front = [...document.querySelectorAll("dialog:modal")].at(-1) ?? home;
    if (element.parentElement !== front) front.append(element);
  };
  scope.on(document, "close", stand, true); // a dialog's close does not bubble
  const show = (text, hint = "", bad = false) => {
    stand();
    const toast = document.createElement("div");
    toast.className = bad ? "toast bad" : "toast";
    toast.textContent = text[0].toUpperCase() + text.slice(1);
    if (hint) {
      const small = document.createElement("small");
      small.textContent = hint;
      toast.append(small);
    }
    element.append(toast);
    while (element.children.length > 4) element.firstChild.remove();
    setTimeout(() => toast.remove(), bad ? 2 * STAY_MS : STAY_MS);
  };
  app.bus.hear(scope, "said", ({ text, hint }) => show(text, hint));
  app.bus.hear(scope, "refused", (error) => show(error.message, error.hint, true));
  let away = 0;
  app.bus.hear(scope, "offline", () => {
    away ||= setTimeout(
      () =>
        show(
          "the server does not answer",
          "start controlroom studio again and open its address here; this page goes on by itself",
          true,
        ),
      2500,
    );
  });
  app.bus.hear(scope, "online", () => {
    clearTimeout(away);
    away = 0;
  });
}

/** Do something asynchronous; a refusal becomes a toast. Returns undefined then. */
export async function tried(app, work) {
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") app.bus.tell("refused", error);
    return undefined;
  }
}
