// Findings and notes at their place above the waveform; those of the whole song stand in a row.
const LEAST = 10,
  AT_END = 90,
  LANES = 5,
  FIRST_TOP = 26,
  LANE = 21; // pixels

export class Places {
  #placed = [];

  constructor(element, app) {
    this.element = element;
    this.app = app;
  }

  /** Make the buttons anew: what was found, noted or answered has changed. */
  show() {
    const row = document.createElement("div");
    row.className = "whole-row";
    this.#placed = [];
    const cards = answering();
    /** @type {NodeListOf<HTMLElement>} */
    const told = document.querySelectorAll("[data-finding]:not([data-information]), [data-note]");
    for (const one of told) {
      const button = this.#button(one, cards.get(one.dataset.finding));
      if (one.dataset.start === undefined) {
        button.classList.add("whole");
        row.append(button);
      } else
        this.#placed.push({ button, start_s: Number(one.dataset.start), end_s: Number(one.dataset.end) });
    }
    this.element.replaceChildren(row, ...this.#placed.map((one) => one.button));
  }

  /** Move them to where their times lie: no reading of the page here, so that it is laid out once. */
  lay(x, width) {
    const ends = [];
    for (const { button, start_s, end_s } of this.#placed) {
      const [left, right] = [x(start_s), x(end_s)];
      button.hidden = right < 0 || left > width;
      if (button.hidden) continue;
      const atEnd = left + AT_END > width && right - left < AT_END;
      const wide = atEnd ? AT_END : Math.max(right - left, LEAST);
      const start = atEnd ? width - AT_END - 2 : Math.max(0, left);
      button.classList.toggle("at-end", atEnd);
      let lane = ends.findIndex((end) => end < start);
      if (lane < 0) lane = ends.length;
      ends[lane] = start + Math.max(wide, 40);
      Object.assign(button.style, {
        left: `${start}px`,
        width: `${wide}px`,
        top: `${FIRST_TOP + Math.min(lane, LANES - 1) * LANE}px`,
      });
    }
  }

  #button(one, card) {
    const { app } = this,
      button = document.createElement("button");
    button.className = "place";
    button.classList.toggle("note", Boolean(one.dataset.note));
    button.classList.toggle("done", Boolean(card) && /accept|edit|reject/.test(card.className));
    button.textContent = one.dataset.title;
    button.title = one.textContent.trim();
    button.tabIndex = -1;
    button.onclick = () => {
      if (card) app.bus.tell("do-desk", { action: "open", id: card.dataset.card });
      else if (one.dataset.start)
        app.player.setLoop({ start_s: Number(one.dataset.start), end_s: Number(one.dataset.end) }, true);
    };
    if (card?.getAttribute("aria-current")) button.setAttribute("aria-current", "true");
    return button;
  }
}

/** Return the first card that answers each finding. */
function answering() {
  const cards = new Map();
  /** @type {NodeListOf<HTMLElement>} */
  const all = document.querySelectorAll("[data-answers]");
  for (const card of all) {
    for (const id of card.dataset.answers.split(/\s+/)) if (!cards.has(id)) cards.set(id, card);
  }
  return cards;
}
