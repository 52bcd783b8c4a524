// Where an open question's step works: the part, and the span as fields and on the stage.
import { clock, seconds } from "../format.js";

export class Where {
  constructor(card, app, scope) {
    this.card = card;
    this.app = app;
    this.onchange = () => {};
    /** What the person chose instead of the proposed span. @type {import("../app.js").Stretch | undefined} */
    this.span = undefined;
    this.proposed =
      card.dataset.spanStart === undefined
        ? null
        : { start_s: Number(card.dataset.spanStart), end_s: Number(card.dataset.spanEnd) };
    this.select = card.querySelector("select[data-part]");
    /** @type {HTMLElement} */
    this.region = document.querySelector('[data-target="stage-span"]');
    scope.on(card, "change", (event) => {
      if (event.target === this.select) this.#moved();
      if (event.target.dataset.at) this.#typed(event.target);
    });
    scope.on(this.region, "pointerdown", (event) => {
      if (event.target.dataset.span) this.#drag(event);
    });
    app.bus.hear(scope, "view", () => this.#lay());
    scope.add(() => {
      this.region.hidden = true;
    });
  }

  /** Return the span that holds now; null for the whole song. */
  get here() {
    return this.span ?? this.proposed;
  }
  get part() {
    return this.select?.value || this.card.dataset.part;
  }
  get changed() {
    return Boolean(this.span) || this.part !== this.card.dataset.part;
  }

  /** Return what an edit carries of it. */
  body() {
    const said = this.span ? { span: { start_s: this.span.start_s, end_s: this.span.end_s } } : {};
    return this.part === this.card.dataset.part ? said : { ...said, part: this.part };
  }

  /** @param {{span?: import("../app.js").Stretch, part?: string}} chosen */
  set({ span, part }) {
    this.span = span;
    if (this.select && part) this.select.value = part;
    this.show();
  }

  reset() {
    this.set({ span: undefined, part: this.card.dataset.part });
    this.onchange();
  }

  /** Take a span over; undefined is the one that was proposed. */
  put(span) {
    this.span = span && { ...span };
    this.#moved();
  }

  #typed(field) {
    const value = seconds(field.value),
      { duration } = this.app.player;
    const next = {
      ...(this.here ?? { start_s: 0, end_s: duration }),
      [field.dataset.at]: Math.min(duration, value),
    };
    if (Number.isNaN(value) || next.end_s - next.start_s < 0.01) {
      this.app.bus.tell("refused", {
        message: `“${field.value}” is no place before the end and after the start`,
        hint: "minutes and seconds, such as 1:23.4",
      });
      this.show();
    } else this.put(next);
  }

  #drag(down) {
    const edge = down.target.dataset.span;
    const { signal, abort } = cut();
    down.preventDefault();
    down.stopPropagation();
    down.target.setPointerCapture(down.pointerId);
    const move = (event) => {
      const at = this.app.secondsAt(event.clientX),
        other = this.here[edge === "start_s" ? "end_s" : "start_s"];
      this.span =
        edge === "start_s"
          ? { start_s: Math.min(at, other - 0.05), end_s: other }
          : { start_s: other, end_s: Math.max(at, other + 0.05) };
      this.show();
    };
    down.target.addEventListener("pointermove", move, { signal });
    down.target.addEventListener(
      "pointerup",
      () => {
        abort();
        this.#moved();
      },
      { signal },
    );
  }

  #moved() {
    this.show();
    this.onchange();
  }

  show() {
    const { duration } = this.app.player;
    for (const field of this.card.querySelectorAll("[data-at]")) {
      field.value = clock(this.here?.[field.dataset.at] ?? (field.dataset.at === "start_s" ? 0 : duration));
      field.classList.toggle("moved", Boolean(this.span));
    }
    this.select?.classList.toggle("moved", this.part !== this.card.dataset.part);
    this.card.querySelector('[data-do="span-all"]').hidden = !this.span;
    this.#lay();
  }

  /** Draw the span on the stage. */
  #lay() {
    const span = this.here;
    this.region.hidden = !span || !this.app.x;
    if (this.region.hidden) return;
    this.region.style.left = `${this.app.x(span.start_s)}px`;
    this.region.style.width = `${Math.max(4, this.app.x(span.end_s) - this.app.x(span.start_s))}px`;
  }
}

function cut() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
