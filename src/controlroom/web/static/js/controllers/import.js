// Import by drag and drop: one file begins a song, or becomes another take of it.
const AUDIO = /\.(wav|wave|aif|aiff|flac|mp3|m4a|mp4|aac|ogg|oga|opus|caf|w64)$/i;

export default function importing(element, app, scope) {
  const input = element.querySelector("input");
  const into = element.dataset.into ?? app.song;
  const role = element.dataset.role ?? "take";
  const choose = (event) => { if (event.target !== input) input.click(); };
  scope.on(element, "click", choose);
  scope.on(element, "keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); input.click(); } });
  scope.on(input, "change", () => { [...input.files].forEach((file) => bring(file)); input.value = ""; });
  for (const type of ["dragover", "dragleave", "drop"]) {
    scope.on(document, type, (event) => {
      event.preventDefault();
      element.classList.toggle("over", type === "dragover");
      if (type === "drop") [...event.dataTransfer.files].forEach((file) => bring(file));
    });
  }

  /** Send a file, with progress; an XMLHttpRequest because fetch can't tell how much was sent. */
  function bring(file) {
    if (!AUDIO.test(file.name)) {
      app.bus.tell("refused", { message: `${file.name} is no audio file that is known here`, hint: "WAV, AIFF, FLAC, MP3, M4A, OGG or Opus" });
      return;
    }
    const request = new XMLHttpRequest();
    const upload = { id: `upload-${file.name}-${file.size}`, kind: "upload", state: "running", what: "", done: 0, abort: () => request.abort() };
    const tell = (state) => app.bus.tell("job", { ...upload, state, error: upload.error });
    request.open("POST", `/imports?${new URLSearchParams({ name: file.name, song: into, role })}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (event) => { upload.done = event.loaded / file.size; tell("running"); };
    request.onabort = () => tell("cancelled");
    request.onerror = () => { upload.error = { message: "the file could not be sent", hint: "is the server running?" }; tell("failed"); };
    request.onload = () => {
      const body = JSON.parse(request.responseText || "{}");
      if (request.status >= 300) { upload.error = body.error ?? { message: `refused (${request.status})` }; tell("failed"); return; }
      tell("sent");
      mine.add(body.id);
      app.bus.tell("job", body);
    };
    tell("running");
    request.send(file);
  }

  const mine = new Set();
  app.bus.hear(scope, "job-ended", (job) => {
    const brought = mine.delete(job.id);
    if (job.kind !== "import" || job.state !== "done") return;
    if (brought && !app.song) location.assign(`/songs/${job.song}`);
    else if (!app.song || job.song === app.song) location.reload();
  });
}
