// Requests to the server, with its one shape of errors.
export class Refused extends Error {
  constructor(error, status) {
    super(error.message);
    Object.assign(this, { code: error.code, hint: error.hint, status });
  }
}

async function asked(path, options) {
  const response = await fetch(path, { credentials: "same-origin", ...options });
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw new Refused(
    body?.error ?? { code: "http", message: `${response.status} ${response.statusText}`, hint: "" },
    response.status,
  );
}

const JSON_HEADERS = { accept: "application/json", "content-type": "application/json" };

export const getJson = async (path) =>
  (await asked(path, { headers: { accept: "application/json" } })).json();
export const getText = async (path) => (await asked(path, { headers: { accept: "text/html" } })).text();
export const getBytes = async (path, signal) => (await asked(path, { signal })).arrayBuffer();
export const send = async (method, path, body, signal) =>
  (
    await asked(path, {
      method,
      headers: JSON_HEADERS,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    })
  ).json();
export const post = (path, body = {}, signal = undefined) => send("POST", path, body, signal);

/** Return bytes `first` to `last` (not included) of a file. */
export async function getRange(path, first, last) {
  const response = await asked(path, { headers: { range: `bytes=${first}-${last - 1}` } });
  return response.arrayBuffer();
}
