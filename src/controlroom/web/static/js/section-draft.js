// Sections while a person puts them right: nothing here is sent before it is kept.
export class SectionDraft {
  constructor() {
    this.marks = [];
    this.moved = false;
  }

  /** Begin with what stands. */
  take(sections) {
    this.marks = sections.map(({ start_s, label }) => ({ start_s, label, was: label, from: start_s }));
    this.moved = false;
  }

  /** Take the draft as what stands from now on. */
  kept() {
    this.take(this.marks);
  }

  isMoved(mark) {
    return mark.from !== mark.start_s || mark.was !== mark.label;
  }

  endOf(index, duration) {
    return this.marks[index + 1]?.start_s ?? duration;
  }

  /** Return the others that still have the name that this one had. */
  alike(mark) {
    return mark.was && mark.was !== mark.label
      ? this.marks.filter((one) => one !== mark && one.was === mark.was && one.label === mark.was)
      : [];
  }

  rename(mark, label) {
    mark.label = label;
    this.moved = true;
  }

  renameAlike(mark) {
    for (const one of this.alike(mark)) this.rename(one, mark.label);
  }

  move(mark, start_s) {
    mark.start_s = Math.round(start_s * 1e6) / 1e6;
    this.moved = true;
    this.marks.sort((a, b) => a.start_s - b.start_s);
  }

  /** Add a section at a place, named as the one that it splits; return it. */
  add(start_s) {
    const before = this.marks.findLast((one) => one.start_s <= start_s);
    const mark = { start_s, label: before?.label ?? "section", was: null, from: null };
    this.marks.push(mark);
    this.move(mark, start_s);
    return mark;
  }

  remove(mark) {
    this.marks = this.marks.filter((one) => one !== mark);
    this.moved = true;
  }

  /** Return why it can't be kept; empty when it can. */
  fault() {
    if (this.marks.some((one) => !one.label)) return "a section has no name";
    const twice = this.marks.findIndex((one, index) => one.start_s === this.marks[index + 1]?.start_s);
    return twice < 0 ? "" : `sections ${twice + 1} and ${twice + 2} begin at one place`;
  }

  body() {
    return this.marks.map(({ start_s, label }) => ({ start_s, label }));
  }
}
