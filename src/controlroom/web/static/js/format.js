// Numbers as the page says them.
export const clock = (seconds) => {
  const tenths = Math.max(0, Math.round(seconds * 10));
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
};
/** Return a place to the millisecond, as fields hold it. */
export const exact = (seconds) => {
  const ms = Math.max(0, Math.round(seconds * 1000));
  const rest = String(Math.floor(ms / 1000) % 60).padStart(2, "0");
  return `${Math.floor(ms / 60000)}:${rest}.${String(ms % 1000).padStart(3, "0")}`;
};
export const signed = (value, digits = 1) =>
  `${Number(value.toFixed(digits)) === 0 ? "" : value > 0 ? "+" : "−"}${Math.abs(value).toFixed(digits)}`;
export const level = (value, digits = 1) =>
  Number.isFinite(value) ? `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(digits)}` : "–";
export const place = (stretch) => `${clock(stretch.start_s)} to ${clock(stretch.end_s)}`;
/** Return the seconds that "1:23.4" or "83.4" says; NaN where it says none. */
export const seconds = (text) => {
  const found = /^\s*(?:(\d+):)?(\d+(?:[.,]\d+)?)\s*$/.exec(text);
  return found ? 60 * Number(found[1] ?? 0) + Number(found[2].replace(",", ".")) : NaN;
};
