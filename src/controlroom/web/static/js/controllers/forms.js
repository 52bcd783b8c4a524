// What a person writes without being asked: a note, a step by hand.
import { getJson, post } from "../api.js";
import { place } from "../format.js";
import { matched } from "./previews.js";
import { tried } from "./toasts.js";

export function forms(element, app, scope) {
  const { player, bus } = app;
  const dialogs = Object.fromEntries(
    ["note", "hand", "kind", "mark"].map((id) => [id, element.querySelector(`#${id}`)]),
  );
  let kind = "";
  let processors = null;

  const here = () => player.loop ?? { start_s: player.position, end_s: player.position };
  const show = (dialog) => {
    if (!player.stores.take) return;
    const where = dialog.querySelector('[data-target="place"]');
    if (where) where.textContent = `At ${place(here())}; drag over the waveform to change it.`;
    dialog.showModal();
  };

  async function drawKnobs() {
    processors ??= await tried(app, () => getJson("/processors"));
    const holder = dialogs.hand.querySelector('[data-target="knobs"]');
    const { knobs, parts } = processors[dialogs.hand.querySelector("select").value];
    holder.replaceChildren(...knobs.map(drawn));
    const on = [...dialogs.hand.querySelectorAll('[name="part"] option')];
    for (const one of on) one.disabled = parts.length > 0 && !parts.includes(one.value);
    const able = on.find((one) => one.selected && !one.disabled) ?? on.find((one) => !one.disabled);
    if (able) able.selected = true;
  }

  function drawn(knob) {
    const row = document.createElement("div");
    row.className = "knob";
    row.title = knob.help;
    const label = document.createElement("label");
    label.textContent = knob.label;
    label.htmlFor = `hand-${knob.name}`;
    const input = document.createElement(knob.choices.length || knob.type === "sample" ? "select" : "input");
    if (knob.choices.length)
      input.append(
        ...knob.choices.map((choice) => new Option(choice, choice, false, choice === knob.default)),
      );
    else if (knob.type === "sample")
      input.append(dialogs.hand.querySelector('[data-target="samples"]').content.cloneNode(true));
    else if (knob.type === "bool") Object.assign(input, { type: "checkbox", checked: knob.default });
    else if (knob.type === "str") Object.assign(input, { type: "text", value: knob.default });
    else
      Object.assign(input, {
        type: "number",
        min: knob.low ?? "",
        max: knob.high ?? "",
        step: knob.step ?? "any",
        value: knob.default,
      });
    Object.assign(input, { id: `hand-${knob.name}` });
    input.dataset.knob = knob.name;
    const figure = document.createElement("span");
    figure.className = "figure";
    const unit = document.createElement("span");
    unit.className = "unit";
    unit.textContent = knob.unit;
    figure.append(input, unit);
    row.append(label, figure);
    return row;
  }

  const step = (form) => ({
    processor: form.processor.value,
    // form.part is every element's list of shadow parts where no field has that name
    part: form.elements.part?.value ?? "mix",
    span: form.whole.checked ? null : { start_s: here().start_s, end_s: here().end_s },
    knobs: Object.fromEntries(
      [...form.querySelectorAll("[data-knob]")].map((one) => [
        one.dataset.knob,
        one.type === "checkbox" ? one.checked : one.type === "number" ? one.valueAsNumber : one.value,
      ]),
    ),
  });

  const submits = {
    note: async (form) => post(`/songs/${app.song}/notes`, { ...pick(here()), text: form.text.value.trim() }),
    hand: async (form) =>
      post(`/songs/${app.song}/steps`, { ...step(form), reason: form.reason.value.trim() }),
    mark: async (form) =>
      post(`/songs/${app.song}/marks`, {
        part: form.part.value,
        status: form.status.value || null,
        span: form.whole.checked ? null : pick(here()),
        reason: form.reason.value.trim(),
      }),
    kind: async (form, answer) =>
      post(`/songs/${app.song}/kinds/${kind}/decision`, {
        answer,
        reason: form.reason.value.trim(),
        auditioned_s: Object.fromEntries([...app.heard].map(([id, heard]) => [id, Math.round(heard)])),
      }),
  };
  const said = {
    kind: "answered, each by itself in the ledger",
    mark: "said of the part; the ledger has it",
    note: "noted",
    hand: "your step is on the desk, accepted",
  };

  for (const [name, dialog] of Object.entries(dialogs)) {
    const form = dialog.querySelector("form");
    scope.on(form, "submit", (event) => {
      event.preventDefault();
      tried(app, async () => {
        await submits[name](form, event.submitter?.value);
        dialog.close();
        form.reset();
        bus.tell("said", { text: said[name] });
      });
    });
  }
  scope.on(dialogs.hand.querySelector("select"), "change", drawKnobs);
  scope.on(dialogs.hand.querySelector('[data-do="hear"]'), "click", () =>
    tried(app, async () => {
      const asked = step(dialogs.hand.querySelector("form"));
      const sound = await post(`/songs/${app.song}/previews`, {
        processor: asked.processor,
        part: asked.part,
        knobs: asked.knobs,
        span: asked.span,
        stretch: pick(here()),
      });
      await matched(app, { take: player.stores.take.sound, proposal: sound }, here());
      player.put("proposal", app.song, sound);
      player.setLoop(player.loop, true);
      player.hear("proposal");
      player.play();
    }),
  );
  scope.on(element, "click", (event) => {
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  });
  const many = (button) => {
    kind = button.dataset.kind;
    dialogs.kind.querySelector("h2").textContent =
      `All ${button.dataset.count} questions: ${button.dataset.title}`;
    dialogs.kind.showModal();
  };
  scope.on(element, "click", (event) => {
    const button = event.target.closest("[data-kind]");
    if (button) many(button);
  });
  return {
    mark: () => show(dialogs.mark),
    note: () => show(dialogs.note),
    hand: async () => {
      await drawKnobs();
      show(dialogs.hand);
    },
  };
}

const pick = ({ start_s, end_s }) => ({ start_s, end_s });
