// Tempo, bars and key: what was heard, and a person's word in its place.
import { exact, seconds } from "../format.js";
import { nearest } from "../music.js";
import { offerTonics, spoken } from "../pitches.js";
import { ownSpace, say, tellOrigin } from "../saying.js";

const figure = (bpm) => String(Math.round(bpm * 1000) / 1000);
const FACTS = {
  tempo_bpm: {
    what: "tempo",
    stands: (music) => (music.tempo_bpm === null ? "" : figure(music.tempo_bpm)),
    heard: (heard) => (heard.tempo_bpm === null ? "none" : `${heard.tempo_bpm.toFixed(1)} bpm`),
    sure: (heard) => (heard.tempo_bpm === null ? null : heard.tempo_confidence),
    read: (form) => form.value.valueAsNumber,
  },
  first_downbeat_s: {
    what: "first downbeat",
    stands: (music) => {
      const at = music.said.first_downbeat_s?.value ?? music.downbeats_s[0];
      return at === undefined ? "" : exact(at);
    },
    heard: (heard) => (heard.first_downbeat_s === null ? "none" : exact(heard.first_downbeat_s)),
    sure: (heard) => (heard.first_downbeat_s === null ? null : heard.downbeat_confidence),
    read: (form) => seconds(form.value.value),
  },
  beats_per_bar: {
    what: "beats in the bar",
    stands: (music) => String(music.said.beats_per_bar?.value ?? music.beats_per_bar ?? ""),
    heard: (heard) => String(heard.beats_per_bar ?? "none"),
    sure: (heard) => (heard.beats_per_bar === null ? null : heard.downbeat_confidence),
    read: (form) => form.value.valueAsNumber,
  },
  key: {
    what: "key",
    stands: (music) => music.key ?? "",
    heard: (heard) => (heard.key ? spoken(heard.key) : "none"),
    sure: (heard) => (heard.key === null ? null : heard.key_confidence),
    read: (form) => (form.tonic.value ? `${form.tonic.value}:${form.mode.value}` : ""),
  },
};

/** @type {import("../app.js").Controller} */
export default function grid(element, app, scope) {
  const forms = [...element.querySelectorAll("form[data-say]")];
  const why = element.querySelector('[data-target="why"]');
  const tonic = element.querySelector('[name="tonic"]');
  offerTonics(tonic, new Option("not known", ""));

  function fill(form) {
    const fact = FACTS[form.dataset.say],
      stands = fact.stands(app.music);
    if (form.value) form.value.value = stands;
    else [form.tonic.value, form.mode.value] = stands ? stands.split(":") : ["", "maj"];
    form.dataset.stands = shown(form);
    moved(form);
  }

  const shown = (form) => (form.value ? form.value.value : `${form.tonic.value}:${form.mode.value}`);
  const moved = (form) => {
    const differs = shown(form) !== form.dataset.stands;
    form.classList.toggle("moved", differs);
    form.querySelector(".keep").disabled = !differs;
  };

  function draw() {
    for (const form of forms) {
      const name = form.dataset.say,
        fact = FACTS[name];
      if (!form.classList.contains("moved")) fill(form);
      tellOrigin(form.querySelector(".origin"), app, {
        name,
        what: fact.what,
        heard: fact.heard(app.music.heard),
        sure: fact.sure(app.music.heard),
      });
    }
    element.querySelector('[data-target="no-tempo"]').hidden = app.music.tempo_bpm !== null;
  }

  async function keep(form) {
    const name = form.dataset.say,
      fact = FACTS[name],
      value = fact.read(form);
    if (value === "" || Number.isNaN(value)) {
      app.bus.tell("refused", {
        message: `“${shown(form)}” is no ${fact.what}`,
        hint: name === "first_downbeat_s" ? "minutes and seconds, such as 0:01.25" : "",
      });
      return;
    }
    if (!(await say(app, { [name]: value, reason: why.value.trim() }, `the ${fact.what} is yours now`)))
      return;
    why.value = "";
    form.dataset.stands = shown(form);
    moved(form);
  }

  function put(form, value) {
    form.value.value = value;
    moved(form);
    form.value.focus({ preventScroll: true });
  }

  scope.on(element, "submit", (event) => {
    event.preventDefault();
    keep(event.target);
  });
  scope.on(element, "input", (event) => {
    const form = event.target.closest("form[data-say]");
    if (form) moved(form);
  });
  scope.on(element, "click", (event) => {
    const form = event.target.closest("form[data-say]"),
      times = Number(event.target.dataset.times),
      from = event.target.dataset.from;
    if (times && form.value.value) put(form, figure(form.value.valueAsNumber * times));
    if (from)
      put(
        form,
        exact(from === "beat" ? nearest(app.music.beats_s, app.player.position) : app.player.position),
      );
  });
  scope.on(element, "keydown", (event) => {
    const form = event.target.closest("form[data-say]");
    if (event.key === "Escape" && form?.classList.contains("moved")) fill(form);
  });
  ownSpace(element, scope);
  app.bus.hear(scope, "music", draw);
}
