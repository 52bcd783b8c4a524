// Knobs: a figure and a slider that move together, and what differs from the proposal.
export class Knobs {
  constructor(form, scope) {
    this.form = form;
    this.onchange = () => {};
    if (!form) return;
    for (const slider of form.querySelectorAll("[data-slider]")) this.#slide(slider);
    scope.on(form, "input", (event) => {
      const { slider, knob } = event.target.dataset;
      if (slider) this.#of(slider).value = this.#fromSlider(event.target);
      if (knob) this.#slide(form.querySelector(`[data-slider="${knob}"]`));
      if (slider || knob) this.#moved();
    });
    scope.on(form, "submit", (event) => event.preventDefault());
    this.#mark();
  }

  get inputs() {
    return this.form ? [...this.form.querySelectorAll("[data-knob]")] : [];
  }

  #of(name) {
    return this.form.querySelector(`[data-knob="${name}"]`);
  }

  #slide(slider) {
    if (!slider) return;
    const value = Number(this.#of(slider.dataset.slider).value);
    if (slider.dataset.log === undefined) {
      slider.value = value;
      return;
    }
    if (!slider.dataset.low) Object.assign(slider.dataset, { low: slider.min, high: slider.max });
    Object.assign(slider, { min: 0, max: 1, step: 0.001 });
    slider.value = Math.log(value / slider.dataset.low) / Math.log(slider.dataset.high / slider.dataset.low);
  }

  #fromSlider(slider) {
    if (slider.dataset.log === undefined) return slider.value;
    const { low, high } = slider.dataset;
    const step = Number(this.#of(slider.dataset.slider).step) || 1;
    return Number((Math.round((low * (high / low) ** slider.value) / step) * step).toFixed(4));
  }

  #moved() {
    this.#mark();
    this.onchange();
  }

  #mark() {
    for (const input of this.inputs) input.closest(".knob").classList.toggle("moved", differs(input));
  }

  /** Return every knob's value; those that are no valid number are left out. */
  all() {
    return Object.fromEntries(this.inputs.filter(isSaid).map((one) => [one.dataset.knob, held(one)]));
  }

  /** Return the knobs that differ from the proposal. */
  changed() {
    return Object.fromEntries(
      this.inputs.filter((one) => differs(one) && isSaid(one)).map((one) => [one.dataset.knob, held(one)]),
    );
  }

  set(values) {
    for (const [name, value] of Object.entries(values ?? {})) {
      const input = this.#of(name);
      if (!input) continue;
      if (input.type === "checkbox") input.checked = value;
      else input.value = value;
      this.#slide(this.form.querySelector(`[data-slider="${name}"]`));
    }
    if (this.form) this.#mark();
  }

  reset() {
    this.set(
      Object.fromEntries(
        this.inputs.map((one) => [
          one.dataset.knob,
          one.type === "checkbox" ? one.dataset.proposed === "true" : one.dataset.proposed,
        ]),
      ),
    );
  }
}

/** Return whether a field holds a value: a choice always does, also the empty one. */
function isSaid(input) {
  return input.checkValidity() && (input.value !== "" || input.tagName === "SELECT");
}

function held(input) {
  if (input.type === "checkbox") return input.checked;
  return input.type === "number" ? input.valueAsNumber : input.value;
}

function differs(input) {
  if (input.type === "checkbox") return String(input.checked) !== input.dataset.proposed;
  return input.type === "number"
    ? Math.abs(input.valueAsNumber - Number(input.dataset.proposed)) > 1e-9
    : input.value !== input.dataset.proposed;
}
