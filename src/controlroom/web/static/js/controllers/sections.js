// The section map above the waveform, and the bars below it: a click loops what is clicked.
import { clock } from "../format.js";
import { barLines, barsOf, counted, readMusic } from "../music.js";

/** @type {import("../app.js").Controller} */
export default function sections(element, app, scope) {
  const { player, bus } = app;
  const empty = element.querySelector(".section-empty");

  function lay() {
    if (!app.music || !app.x) return;
    const found = counted(app.music.sections);
    empty.hidden = found.length > 0;
    empty.textContent = "No sections were heard";
    for (const old of element.querySelectorAll(".section")) old.remove();
    element.append(...found.map(drawn).filter(Boolean));
    bars();
  }

  function drawn(section) {
    const left = Math.max(0, app.x(section.start_s)),
      right = Math.min(element.clientWidth, app.x(section.end_s));
    if (right - left < 2) return null;
    const button = document.createElement("button");
    button.className = "section";
    const name = section.label[0].toUpperCase() + section.label.slice(1);
    const turn = section.turns > 1 ? `${section.turn} of ${section.turns}` : "";
    const what = [
      name,
      turn,
      `${clock(section.start_s)} to ${clock(section.end_s)}`,
      section.bars ? `${Math.round(section.bars)} bars` : "",
    ]
      .filter(Boolean)
      .join(", ");
    button.title = `Loop ${what}${app.music.said.sections ? `, as ${app.music.said.sections.by} says` : ""}`;
    if (right - left <= 32) button.classList.add("slim");
    const bold = document.createElement("b"),
      small = document.createElement("small");
    bold.textContent = right - left > 32 ? name : "";
    small.textContent = right - left > 70 ? turn : "";
    button.append(bold, " ", small);
    Object.assign(button.style, { left: `${left}px`, width: `${right - left - 2}px` });
    button.style.setProperty("--energy", `${Math.round(8 + 52 * (section.energy ?? 0.3))}%`);
    button.setAttribute("aria-pressed", String(same(section, player.loop) && player.looping));
    button.onclick = () => {
      player.setLoop({ start_s: section.start_s, end_s: section.end_s }, true);
      bus.tell("loop-set");
    };
    return button;
  }

  const same = (one, other) =>
    Boolean(other) &&
    Math.abs(one.start_s - other.start_s) < 0.02 &&
    Math.abs(one.end_s - other.end_s) < 0.02;

  /** Draw bar lines over the lanes: as many as there is room for. */
  function bars() {
    const canvas = element.parentElement.querySelector('[data-target="bars"]');
    const scale = devicePixelRatio || 1;
    Object.assign(canvas, {
      width: Math.round(canvas.clientWidth * scale),
      height: Math.round(canvas.clientHeight * scale),
    });
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const lines = barLines(app).slice(0, -1);
    if (lines.length < 2) return;
    const width = app.x(lines[1]) - app.x(lines[0]);
    const every = [1, 2, 4, 8, 16, 32, 64].find((count) => count * width >= 34) ?? 128;
    pen.font = `${11 * scale}px ${style.getPropertyValue("--sans")}`;
    lines.forEach((at, index) => {
      const x = app.x(at) * scale;
      if (index % every || x < 0 || x > canvas.width) return;
      pen.fillStyle = style.getPropertyValue("--glass-rule");
      pen.fillRect(x, 0, scale, canvas.height);
      pen.fillStyle = style.getPropertyValue("--glass-soft");
      const text = String(index + 1);
      if (x + 4 * scale + pen.measureText(text).width <= canvas.width)
        pen.fillText(text, x + 4 * scale, canvas.height - 6 * scale);
    });
  }

  const ruler = element.parentElement.querySelector('[data-target="bars"]');
  let from = null;
  const at = (event) => app.secondsAt(event.clientX);
  scope.on(ruler, "pointerdown", (event) => {
    from = at(event);
    ruler.setPointerCapture(event.pointerId);
  });
  scope.on(ruler, "pointerup", (event) => {
    if (from === null) return;
    const ends = [from, at(event)].sort((a, b) => a - b);
    from = null;
    const loop = barsOf(app, { start_s: ends[0], end_s: Math.max(ends[1], ends[0] + 0.01) });
    if (loop) {
      player.setLoop(loop, true);
      bus.tell("loop-set");
    }
  });
  bus.hearAny(scope, ["music", "view", "loop"], lay);
  bus.hear(scope, "ready", () => {
    if (!app.music) readMusic(app);
  });
}
