// Findings and notes at their place above the waveform; those of the whole song stand in a row.
export function layPlaces(element, app, x) {
  const found = [...document.querySelectorAll("[data-finding]:not([data-information]), [data-note]")];
  element.replaceChildren();
  const row = document.createElement("div");
  row.className = "whole-row";
  element.append(row);
  const ends = [];
  for (const one of found) {
    const card = one.dataset.finding && document.querySelector(`[data-answers~="${one.dataset.finding}"]`);
    const button = document.createElement("button");
    button.className = `place${one.dataset.note ? " note" : ""}${card && /accept|edit|reject/.test(card.className) ? " done" : ""}`;
    button.textContent = one.dataset.title;
    button.title = one.textContent.trim();
    button.tabIndex = -1;
    button.onclick = () => {
      if (card) app.bus.tell("do-desk", { action: "open", id: card.dataset.card });
      else if (one.dataset.start) app.player.setLoop({ start_s: Number(one.dataset.start), end_s: Number(one.dataset.end) }, true);
    };
    if (card?.getAttribute("aria-current")) button.setAttribute("aria-current", "true");
    if (one.dataset.start === undefined) { button.classList.add("whole"); row.append(button); continue; }
    const [left, right] = [x(Number(one.dataset.start)), x(Number(one.dataset.end))];
    if (right < 0 || left > element.clientWidth) continue;
    const atEnd = left + 90 > element.clientWidth && right - left < 90;
    const wide = atEnd ? 90 : Math.max(right - left, 10);
    const start = atEnd ? element.clientWidth - 92 : Math.max(0, left);
    button.classList.toggle("at-end", atEnd);
    let lane = ends.findIndex((end) => end < start);
    if (lane < 0) lane = ends.length;
    ends[lane] = start + Math.max(wide, 40);
    Object.assign(button.style, { left: `${start}px`, width: `${wide}px`, top: `${26 + Math.min(lane, 4) * 21}px` });
    element.append(button);
  }
}
