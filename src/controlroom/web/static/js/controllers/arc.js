// The arc: energy of each section, the level over time, and what the brief intends.
import { counted } from "../music.js";
import { path, svg } from "../svg.js";

const HEIGHT = 190,
  TOP = 12,
  FOOT = 26;

/** @type {import("../app.js").Controller} */
export default function arc(element, app, scope) {
  const holder = element.querySelector('[data-target="chart"]');
  const y = (share) => TOP + (1 - Math.max(0, Math.min(1, share))) * (HEIGHT - TOP - FOOT);

  function draw() {
    const { music } = app;
    if (!music) return;
    const width = Math.max(280, holder.clientWidth),
      x = (s) => (s / music.duration_s) * width;
    const chart = svg("svg", {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
      role: "img",
      "aria-label": told(music),
    });
    for (const share of [0, 0.5, 1])
      chart.append(svg("path", { class: "grid", d: `M0 ${y(share)}H${width}` }));
    for (const section of counted(music.sections)) {
      const wide = x(section.end_s) - x(section.start_s);
      const group = svg("g", { class: "arc-section" });
      group.append(
        svg("rect", {
          x: x(section.start_s) + 1,
          y: y(section.energy ?? 0),
          width: Math.max(1, wide - 2),
          height: y(0) - y(section.energy ?? 0),
        }),
      );
      if (wide > 22)
        group.append(
          svg(
            "text",
            { x: x(section.start_s) + 5, y: HEIGHT - 8 },
            `${section.label}${section.turns > 1 && wide > 60 ? ` ${section.turn}` : ""}`,
          ),
        );
      group.addEventListener("click", () => {
        app.player.setLoop({ start_s: section.start_s, end_s: section.end_s }, true);
        app.player.play(section.start_s);
      });
      chart.append(group);
    }
    const levels = music.dynamic_arc;
    if (levels?.level_db.length) {
      const known = levels.level_db.filter((one) => one !== null),
        high = Math.max(...known),
        low = Math.max(Math.min(...known), high - 24);
      chart.append(
        svg("path", {
          class: "arc-level",
          d: path(
            levels.times_s.map((at, index) =>
              levels.level_db[index] === null
                ? null
                : [x(at), y((levels.level_db[index] - low) / Math.max(1, high - low))],
            ),
          ),
        }),
      );
    }
    const form = intended(music);
    if (form.length)
      chart.append(
        svg("path", {
          class: "arc-intended",
          d: path(
            form.flatMap(({ from, to, energy }) => [
              [from * width, y(energy)],
              [to * width, y(energy)],
            ]),
          ),
        }),
      );
    element.querySelector('[data-legend="intended"]').hidden = !form.length;
    holder.replaceChildren(chart);
    element.querySelector('[data-target="arc-words"]').textContent = told(music);
  }

  app.bus.hear(scope, "music", draw);
  const sized = new ResizeObserver(draw);
  sized.observe(holder);
  scope.add(() => sized.disconnect());
}

/** Return the brief's sections as shares of the song, by their bars. */
function intended({ intended: form }) {
  if (!form?.length || form.some((one) => one.energy === null)) return [];
  const all = form.reduce((sum, one) => sum + (one.bars ?? 8), 0);
  let at = 0;
  return form.map((one) => {
    const from = at / all;
    at += one.bars ?? 8;
    return { from, to: at / all, energy: one.energy };
  });
}

function told(music) {
  const words = [];
  const kinds = new Set(music.sections.map((one) => one.label)).size;
  const whose = music.said.sections ? `, as ${music.said.sections.by} says` : "";
  if (!music.sections.length) words.push("No sections were heard.");
  else words.push(`${music.sections.length} sections, of ${kinds} kinds${whose}.`);
  const { dynamic_arc: levels, intended_energy_agreement: agreement } = music;
  if (levels) {
    const at = `highest at ${Math.round(100 * levels.peak_at_share)} % of the song`;
    words.push(`The level moves over ${levels.spread_db.toFixed(1)} dB and is ${at}.`);
  }
  if (agreement !== null)
    words.push(`It follows the brief's energies with a correlation of ${agreement.toFixed(2)}.`);
  else words.push("The brief names no energies to hold it against.");
  return words.join(" ");
}
