"use strict";
/* Players: the sounds of one comparison run together and only one is heard, so a
   switch is at the same place at once. Without this script the plain audio
   elements below each player still play. */
(() => {
  const APART_S = 0.15, JUMP_S = 5, PULL = 2, MOST_PULL = 0.1;
  const players = [];
  let last = null;

  const clock = (s) => {
    const whole = Math.floor(Number.isFinite(s) ? s : 0);
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  };

  class Player {
    constructor(root) {
      this.root = root;
      this.sounds = new Map([...root.querySelectorAll("[data-sound]")].map((a) => [a.dataset.sound, a]));
      this.buttons = [...root.querySelectorAll("[data-choose]")];
      this.play = root.querySelector("[data-play]");
      this.position = root.querySelector("[data-position]");
      this.time = root.querySelector("[data-time]");
      this.figure = document.querySelector(`[data-for="${root.id}"]`);
      this.heard = this.buttons[0].dataset.choose;
      this.wanted = false;
      root.querySelector(".controls").hidden = false;
      root.querySelector(".fallback").hidden = true;
      root.querySelectorAll(".keys").forEach((k) => { k.hidden = false; });
      this.play.addEventListener("click", () => this.toggle());
      this.buttons.forEach((b) => b.addEventListener("click", () => this.choose(b.dataset.choose)));
      this.position.addEventListener("input", () => this.seek((this.position.value / 1000) * this.duration));
      for (const sound of this.sounds.values()) {
        sound.controls = false;
        sound.muted = true;
        sound.addEventListener("loadedmetadata", () => this.show());
        sound.addEventListener("ended", () => { if (sound === this.now) this.stop(); });
      }
      this.now.muted = false;
      if (this.figure) this.follow();
      this.show();
    }
    get now() { return this.sounds.get(this.heard); }
    get duration() { return Number.isFinite(this.now.duration) ? this.now.duration : 0; }

    toggle() { if (this.wanted) this.stop(); else this.start(); }
    start() {
      players.forEach((p) => { if (p !== this) p.stop(); });
      last = this;
      this.wanted = true;
      const at = this.now.ended ? 0 : this.now.currentTime;
      for (const sound of this.sounds.values()) {
        if (sound.currentTime !== at) sound.currentTime = at;
        sound.playbackRate = 1;
        sound.play().catch(() => { if (sound === this.now) this.stop(); });
      }
      this.tick();
    }
    stop() {
      this.wanted = false;
      this.sounds.forEach((s) => s.pause());
      this.show();
    }
    choose(key) {
      const from = this.now, to = this.sounds.get(key);
      last = this;
      if (!to || to === from) return;
      if (Math.abs(to.currentTime - from.currentTime) > APART_S) to.currentTime = from.currentTime;
      this.heard = key;
      to.playbackRate = 1;
      to.muted = false;
      from.muted = true;
      if (this.wanted && to.paused) to.play().catch(() => this.stop());
      this.show();
    }
    next() {
      const keys = this.buttons.map((b) => b.dataset.choose).filter((k) => k !== "difference");
      this.choose(keys[(keys.indexOf(this.heard) + 1) % keys.length] || this.heard);
    }
    seek(at) {
      const to = Math.min(Math.max(0, at), this.duration || 0);
      this.sounds.forEach((s) => { s.currentTime = to; });
      this.show();
    }
    follow() {
      this.figure.classList.add("live");
      for (const chart of this.figure.querySelectorAll("[data-seek]")) {
        chart.addEventListener("click", (event) => {
          const { left, right, duration } = chart.dataset, frame = chart.getBoundingClientRect();
          const x = ((event.clientX - frame.left) / frame.width) * chart.viewBox.baseVal.width;
          this.seek(((x - left) / (right - left)) * duration);
        });
      }
    }
    /* What is not heard is pulled along by its speed: a seek would cost more than it mends. */
    align() {
      for (const sound of this.sounds.values()) {
        if (sound === this.now || sound.paused) continue;
        const behind = this.now.currentTime - sound.currentTime;
        if (Math.abs(behind) > APART_S && !sound.seeking) sound.currentTime = this.now.currentTime;
        else sound.playbackRate = 1 + Math.max(-MOST_PULL, Math.min(MOST_PULL, PULL * behind));
      }
    }
    tick() {
      this.show();
      if (this.wanted) this.align();
      if (this.wanted) requestAnimationFrame(() => this.tick());
    }
    show() {
      const at = this.now.currentTime;
      this.root.classList.toggle("playing", this.wanted);
      this.play.setAttribute("aria-label", this.wanted ? "Pause" : "Play");
      this.buttons.forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.choose === this.heard)));
      this.position.value = this.duration ? (1000 * at) / this.duration : 0;
      this.position.setAttribute("aria-valuetext", clock(at));
      this.time.textContent = this.duration ? `${clock(at)} / ${clock(this.duration)}` : clock(at);
      if (!this.figure) return;
      for (const chart of this.figure.querySelectorAll("[data-seek]")) {
        const { left, right, duration } = chart.dataset;
        const x = Number(left) + Math.min(1, at / duration) * (right - left);
        chart.querySelector(".cursor").setAttribute("transform", `translate(${x.toFixed(1)} 0)`);
      }
    }
    key(event) {
      const act = { x: () => this.next(), p: () => this.toggle(), ArrowLeft: () => this.seek(this.now.currentTime - JUMP_S), ArrowRight: () => this.seek(this.now.currentTime + JUMP_S) }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    }
  }

  document.querySelectorAll("[data-player]").forEach((root) => players.push(new Player(root)));
  last = players[0] || null;
  document.addEventListener("focusin", (event) => {
    last = players.find((p) => p.root.contains(event.target)) || last;
  });
  document.addEventListener("keydown", (event) => {
    const inside = last && last.root.contains(document.activeElement);
    if (!last || event.ctrlKey || event.metaKey || event.altKey) return;
    if (inside || event.key === "x" || event.key === "p") last.key(event);
  });
})();
