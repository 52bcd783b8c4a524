// The chord lane with Roman numerals, and the evidence of how familiar the harmony is.
import { place } from "../format.js";
import { spoken, symbol } from "../pitches.js";

// what a degree does in its key (Riemann's three functions); what is borrowed stands apart
const FAMILIES = { i: "rest", iii: "rest", vi: "rest", ii: "away", iv: "away", v: "pull", vii: "pull" };

/** @type {import("../app.js").Controller} */
export default function harmony(element, app, scope) {
  const at = (name) => element.querySelector(`[data-target="${name}"]`);

  function draw() {
    const { music, player } = app;
    if (!music) return;
    const share = (value) => `${Math.round(100 * value)} %`;
    const sure = music.said.key
      ? `as ${music.said.key.by} says`
      : `confidence ${share(music.key_confidence)}`;
    const metre = music.beats_per_bar ? `, ${music.beats_per_bar} beats to the bar` : "";
    at("key").textContent = [
      music.key ? `${spoken(music.key)}, ${sure}` : "No key was heard",
      music.tempo_bpm ? `${music.tempo_bpm.toFixed(1)} bpm${metre}` : "no tempo",
      music.tuning_cents === null
        ? ""
        : `tuned ${music.tuning_cents > 0 ? "+" : ""}${music.tuning_cents.toFixed(0)} cents from 440 Hz`,
    ]
      .filter(Boolean)
      .join(" · ");
    const loop = music.harmony?.loop ?? [];
    at("chords").replaceChildren(
      ...music.chords.map((chord) => {
        const button = document.createElement("button");
        button.className = chord.roman && loop.includes(chord.roman) ? "chord in-loop" : "chord";
        if (chord.label === "N") button.classList.add("none");
        const numeral = document.createElement("b"),
          name = document.createElement("small");
        numeral.textContent = chord.label === "N" ? "–" : (chord.roman ?? chord.label);
        name.textContent = chord.label === "N" ? "" : symbol(chord.label);
        button.append(numeral, name);
        const instead = heardInstead(music, chord);
        button.classList.toggle("said", Boolean(instead));
        let origin = music.said.chords ? "as heard" : `confidence ${share(chord.confidence)}`;
        if (instead) origin = `as ${music.said.chords.by} says; ${symbol(instead)} was heard`;
        button.title = `${symbol(chord.label)}, ${place(chord)}, ${origin}`;
        button.style.flexGrow = String(Math.max(0.2, chord.end_s - chord.start_s));
        button.dataset.family = family(chord.roman);
        button.style.setProperty("--sure", `${Math.round(8 + 26 * chord.confidence)}%`);
        button.onclick = () => {
          chosen(button);
          app.bus.tell("chord", { chord });
          player.setLoop({ start_s: chord.start_s, end_s: chord.end_s }, true);
          player.play(chord.start_s);
        };
        return button;
      }),
    );
    if (!music.chords.length) at("chords").textContent = "No chords were heard.";
    at("facts-list").replaceChildren(
      ...evidence(music.harmony, share).map(([name, value]) => {
        const row = document.createElement("div"),
          dt = document.createElement("dt"),
          dd = document.createElement("dd");
        dt.textContent = name;
        dd.textContent = value;
        row.append(dt, dd);
        return row;
      }),
    );
  }

  function chosen(button) {
    for (const one of at("chords").children) one.removeAttribute("aria-current");
    button.setAttribute("aria-current", "true");
  }

  app.bus.hear(scope, "music", draw);
}

const family = (roman) =>
  /^[b#]/.test(roman ?? "") ? "borrowed" : (FAMILIES[roman?.toLowerCase().replace(/[^iv]/g, "")] ?? "none");

/** Return what was heard where a chord stands that a person said; empty where they said the same. */
function heardInstead({ said, heard }, chord) {
  if (!said.chords) return "";
  const was = heard.chords.findLast((one) => one.start_s <= (chord.start_s + chord.end_s) / 2)?.label ?? "N";
  return was === chord.label ? "" : was;
}

function evidence(found, share) {
  if (!found) return [["Familiarity", "too few chords, or no key, to say"]];
  const rows = [["Different chords", String(found.triads)]];
  if (found.loop) {
    rows.push([
      "The loop",
      `${found.loop.join(" – ")}, ${found.loop_turns} times round, ${share(found.loop_share)} of the time`,
    ]);
    if (found.loop_percent_of_songs !== null)
      rows.push([
        "How common that loop is",
        `${found.loop_percent_of_songs} % of songs (${found.loop_source})`,
      ]);
  } else rows.push(["The loop", "none covers the song"]);
  if (found.next_chord_bits !== null) {
    const percent = found.next_chord_percentile;
    const than = percent === null ? "" : `, more than in ${Math.round(percent)} % of the songs in the table`;
    rows.push(["Surprise of the next chord", `${found.next_chord_bits.toFixed(2)} bits${than}`]);
  }
  return rows;
}
