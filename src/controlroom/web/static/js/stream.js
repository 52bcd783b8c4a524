// One event stream per browser: the tab that holds the lock listens and passes on to the others.
const KINDS = ["job", "song", "resync"],
  AGAIN_MS = 2000;

export function listenToServer(scope, bus) {
  const channel = new BroadcastChannel("controlroom-events");
  scope.add(() => channel.close());
  scope.on(channel, "message", ({ data }) => bus.tell(data.kind, data.detail));
  const lead = (leading) => {
    const pass = (kind, detail) => {
      bus.tell(kind, detail);
      channel.postMessage({ kind, detail });
    };
    let broken = false,
      source,
      again;
    leading.add(() => {
      clearTimeout(again);
      source.close();
    });
    const open = () => {
      source = new EventSource("/events");
      source.onerror = () => {
        broken = true;
        bus.tell("offline");
        // refused: the server was started anew, and is not opened yet
        if (source.readyState === EventSource.CLOSED) again = setTimeout(open, AGAIN_MS);
      };
      source.onopen = () => {
        if (broken) pass("resync", {});
        broken = false;
        bus.tell("online");
      };
      for (const kind of KINDS) source.addEventListener(kind, (event) => pass(kind, JSON.parse(event.data)));
    };
    open();
  };
  if (!navigator.locks) {
    lead(scope);
    return;
  }
  const done = new AbortController();
  scope.add(() => done.abort());
  /** @type {() => Promise<void>} */
  const leadOn = () =>
    new Promise((leave) => {
      const leading = scope.child();
      lead(leading);
      done.signal.addEventListener("abort", () => leave());
    });
  navigator.locks.request("controlroom-events", { signal: done.signal }, leadOn).catch(() => {});
}
