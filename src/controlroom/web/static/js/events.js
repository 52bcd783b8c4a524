// One event stream per browser: the tab that holds the lock listens and passes on to the others.
const KINDS = ["job", "song", "resync"];

export function listenToEvents(scope, bus) {
  const channel = new BroadcastChannel("controlroom-events");
  scope.add(() => channel.close());
  scope.on(channel, "message", ({ data }) => bus.tell(data.kind, data.detail));
  const lead = (leading) => {
    const source = new EventSource("/events");
    leading.add(() => source.close());
    let broken = false;
    source.onerror = () => { broken = true; bus.tell("offline"); };
    source.onopen = () => {
      if (broken) pass("resync", {});
      broken = false;
      bus.tell("online");
    };
    const pass = (kind, detail) => { bus.tell(kind, detail); channel.postMessage({ kind, detail }); };
    for (const kind of KINDS) source.addEventListener(kind, (event) => pass(kind, JSON.parse(event.data)));
  };
  if (!navigator.locks) { lead(scope); return; }
  const done = new AbortController();
  scope.add(() => done.abort());
  navigator.locks.request("controlroom-events", { signal: done.signal }, () => new Promise((leave) => {
    const leading = scope.child();
    lead(leading);
    done.signal.addEventListener("abort", () => leave());
  })).catch(() => {});
}
