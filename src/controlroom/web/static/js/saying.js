// A person's word on the music: how it is sent, and how the page tells it from what was heard.
import { post } from "./api.js";
import { tried } from "./controllers/toasts.js";

/** Send a correction; the page reads the music again. Returns undefined where it was refused. */
export async function say(app, body, text) {
  const kept = await tried(app, () => post(`/songs/${app.song}/music`, body));
  if (!kept) return undefined;
  app.bus.tell("said", { text });
  app.bus.tell("corrected");
  return kept;
}

const moment = (at) => at.replace("T", " ").replace(/:\d\d(\.\d+)?\+00:00$/, " UTC");

/** Write who said a thing and what was heard instead, with a way back; or how sure the ear is. */
export function tellOrigin(line, app, { name, heard, sure, what }) {
  const word = app.music.said[name];
  const badge = document.createElement("b");
  badge.className = word ? "badge said" : "badge heard";
  badge.textContent = word ? "said" : "heard";
  line.classList.toggle("by-person", Boolean(word));
  if (!word) {
    line.replaceChildren(badge, sure === null ? " nothing" : ` confidence ${Math.round(100 * sure)} %`);
    return;
  }
  const back = document.createElement("button");
  Object.assign(back, { type: "button", className: "link", textContent: "Take it back" });
  back.setAttribute("aria-label", `Take it back: your word on the ${what}`);
  back.onclick = () => say(app, { withdrawn: [name] }, `the ${what} is again as it was heard`);
  const why = word.reason ? `, “${word.reason}”` : "";
  line.replaceChildren(badge, ` by ${word.by}, ${moment(word.at)}${why}. Heard: ${heard}. `, back);
}

/** Let the space bar press buttons here, and not start the song. */
export function ownSpace(element, scope) {
  scope.on(element, "keydown", (event) => {
    if (event.key === " " && event.target.closest("button, summary, input[type=checkbox]"))
      event.stopPropagation();
  });
}
