// Sends one file with progress; an XMLHttpRequest, because fetch can't tell how much was sent.

/** Resolve to what the server answers; the job rows show where it is, and stop it. */
export function upload(app, path, file, shown = {}) {
  const request = new XMLHttpRequest();
  const job = {
    id: `upload-${file.name}-${file.size}`,
    kind: "upload",
    state: "running",
    what: "",
    done: 0,
    abort: () => request.abort(),
    ...shown,
  };
  const tell = (state, error) => app.bus.tell("job", { ...job, state, error });
  return new Promise((resolve, reject) => {
    const fail = (error) => {
      tell("failed", error);
      reject(Object.assign(new Error(error.message), { name: "AbortError" }));
    };
    request.open("POST", path);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      job.done = event.loaded / Math.max(1, file.size);
      tell("running");
    };
    request.onabort = () => {
      tell("cancelled");
      reject(Object.assign(new Error("stopped"), { name: "AbortError" }));
    };
    request.onerror = () => fail({ message: "the file could not be sent", hint: "is the server running?" });
    request.onload = () => {
      const body = JSON.parse(request.responseText || "{}");
      if (request.status >= 300) {
        fail(body.error ?? { message: `refused (${request.status})` });
        return;
      }
      tell("sent");
      resolve(body);
    };
    tell("running");
    request.send(file);
  });
}
