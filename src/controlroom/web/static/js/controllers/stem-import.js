// Stems by drop: a folder or several files go as one parcel; a zip or a STEMS file goes by itself.
import { post } from "../api.js";
import { upload } from "../upload.js";
import { tried } from "./toasts.js";

const ENDINGS = [
  "wave?|bwf|rf64|w64|aif[fc]?|caf|au|snd|fla|flac|og[gax]|opus|spx|mp[123a]|mpga",
  "m4[abpr]|alac|3gp|aac|adts|webm|weba|mka|wma|asf|wv|ape|tta",
];
const AUDIO = new RegExp(`\\.(${ENDINGS.join("|")})$`, "i");
const ASKED = ["stem.role-asked", "stem.role-twice"];
const DEEP = 3;
const WHOLE = /\.(zip|mp4)$|\.stem\.\w+$/i;

/** @type {import("../app.js").Controller} */
export default function stemImport(element, app, scope) {
  const input = element.querySelector("input");
  scope.on(element, "click", (event) => {
    if (event.target !== input) input.click();
  });
  scope.on(element, "keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      input.click();
    }
  });
  scope.on(input, "change", () => {
    bring([...input.files]);
    input.value = "";
  });
  for (const type of ["dragover", "dragleave", "drop"]) {
    scope.on(document, type, (event) => {
      event.preventDefault();
      element.classList.toggle("over", type === "dragover");
      if (type === "drop") tried(app, async () => bring(await filesOf(event.dataTransfer)));
    });
  }

  const bring = (files) =>
    tried(app, async () => {
      const whole = files.find((file) => WHOLE.test(file.name));
      if (whole) {
        app.bus.tell(
          "job",
          await upload(
            app,
            `/imports?${new URLSearchParams({ name: whole.name, song: app.song, role: "stems" })}`,
            whole,
          ),
        );
        return;
      }
      const sounds = files.filter((file) => AUDIO.test(file.name) && !file.name.startsWith("."));
      if (!sounds.length)
        throw Object.assign(new Error("there is no stem among these files"), {
          hint: "a folder or several audio files, a zip, or a STEMS file",
        });
      const others = files.filter((file) => !sounds.includes(file) && !file.name.startsWith("."));
      if (others.length)
        app.bus.tell("said", {
          text: `not sent: ${others.map((file) => file.name).join(", ")}`,
          hint: "no audio, by the name",
        });
      let parcel = "";
      const names = [];
      for (const file of sounds) {
        const params = new URLSearchParams({ name: file.path ?? file.name, parcel });
        const kept = await upload(app, `/imports/parcels?${params}`, file, { id: "upload-stems" });
        parcel = kept.parcel;
        names.push(kept.name);
      }
      sent = { parcel, names };
      await begin({});
    });

  let sent = null,
    mine = "";
  const begin = async (roles) => {
    const job = await post(`/songs/${app.song}/stems`, { parcel: sent.parcel, roles });
    mine = job.id;
    app.bus.tell("job", job);
  };

  // where neither name nor sound tells what a stem is, the person does
  /** @type {HTMLDialogElement} */
  const dialog = document.querySelector("#roles");
  app.bus.hear(scope, "job-ended", (job) => {
    if (job.id !== mine || !ASKED.includes(job.error?.code)) return;
    const row = dialog.querySelector("template").content.firstElementChild;
    dialog.querySelector('[data-target="roles"]').replaceChildren(
      ...sent.names.map((name) => {
        const label = /** @type {HTMLElement} */ (row.cloneNode(true));
        label.querySelector("span").textContent = name;
        Object.assign(label.querySelector("select"), { name });
        label.classList.toggle("asked", job.error.message.includes(name.split("/").at(-1)));
        return label;
      }),
    );
    dialog.showModal();
  });
  scope.on(dialog, "submit", (event) => {
    event.preventDefault();
    dialog.close();
    const said = Object.fromEntries(
      [...dialog.querySelectorAll("select")].filter((one) => one.value).map((one) => [one.name, one.value]),
    );
    tried(app, () => begin(said));
  });
  scope.on(dialog, "click", (event) => {
    if (event.target.closest("[data-close]")) dialog.close();
  });
}

/** Return the files that were dropped, those of folders too, each with the path that it was found at. */
async function filesOf(carried) {
  const entries = [...carried.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...carried.files];
  const found = (await Promise.all(entries.map((entry) => opened(entry, DEEP)))).flat();
  return Promise.all(
    found.map(
      (entry) =>
        new Promise((resolve, reject) => {
          entry.file((file) => resolve(Object.assign(file, { path: entry.fullPath })), reject);
        }),
    ),
  );
}

async function opened(entry, deep) {
  if (entry.isFile) return [entry];
  if (!deep || entry.name.startsWith(".") || entry.name === "__MACOSX") return [];
  return (await Promise.all((await listed(entry.createReader())).map((one) => opened(one, deep - 1)))).flat();
}

/** A reader tells a folder in pieces, until a piece is empty. */
async function listed(reader) {
  const all = [];
  for (;;) {
    const piece = await new Promise((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (!piece.length) return all;
    all.push(...piece);
  }
}
