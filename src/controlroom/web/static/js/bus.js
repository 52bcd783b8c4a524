// What one part of the page tells the others.
export class Bus extends EventTarget {
  /** Say that something happened. */
  tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Hear of it until the scope ends. */
  hear(scope, type, listener) {
    scope.on(this, type, (event) => listener(event.detail));
  }
}
