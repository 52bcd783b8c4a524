// A tree of what must be undone: drop a scope and every listener, timer and child below it goes.
export class Scope {
  #undo = [];
  #children = new Set();
  #ended = false;

  /** Keep a function that undoes something. */
  add(undo) {
    if (this.#ended) undo();
    else this.#undo.push(undo);
    return undo;
  }

  /** Listen to a target until the scope ends. */
  on(target, type, listener, options) {
    target.addEventListener(type, listener, options);
    this.add(() => target.removeEventListener(type, listener, options));
  }

  /** Call again and again until the scope ends. */
  every(milliseconds, call) {
    const timer = setInterval(call, milliseconds);
    this.add(() => clearInterval(timer));
  }

  /** Call before every frame until the scope ends. */
  frames(call) {
    let frame = requestAnimationFrame(function again(now) {
      call(now);
      frame = requestAnimationFrame(again);
    });
    this.add(() => cancelAnimationFrame(frame));
  }

  /** Return a scope that ends with this one. */
  child() {
    const child = new Scope();
    this.#children.add(child);
    child.add(() => this.#children.delete(child));
    return child;
  }

  /** Undo everything, youngest first. */
  end() {
    if (this.#ended) return;
    this.#ended = true;
    for (const child of [...this.#children]) child.end();
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }
}

/** Return a function that calls `call` once, `milliseconds` after it was last called. */
export function settled(scope, milliseconds, call) {
  let timer = 0;
  scope.add(() => clearTimeout(timer));
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...given), milliseconds);
  };
}

/** Return a function that calls `call` once before the next frame, however often it was called by then. */
export function framed(scope, call) {
  let frame = 0;
  scope.add(() => cancelAnimationFrame(frame));
  return () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      call();
    });
  };
}
