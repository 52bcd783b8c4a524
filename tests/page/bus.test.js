// The bus knows its events: no other is told or heard, and each is told by somebody.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Bus } from "../../src/controlroom/web/static/js/bus.js";
import { EVENTS } from "../../src/controlroom/web/static/js/events.js";
import { Scope } from "../../src/controlroom/web/static/js/scope.js";

const FOLDER = new URL("../../src/controlroom/web/static/js/", import.meta.url);
const text = readdirSync(FOLDER, { recursive: true })
  .filter((name) => String(name).endsWith(".js"))
  .map((name) => readFileSync(new URL(String(name), FOLDER), "utf8"))
  .join("\n");
const named = (pattern) => new Set([...text.matchAll(pattern)].map((found) => found[1]));
const FROM_THE_SERVER = ["job", "song", "resync"];

test("every event that is told or heard stands in the table", () => {
  const told = named(/bus\??\.tell\(\s*"([\w-]+)"/g);
  const heard = named(/bus\.hear\(\s*scope,\s*"([\w-]+)"/g);
  assert.ok(told.size > 20 && heard.size > 15);
  for (const name of [...told, ...heard]) assert.ok(Object.hasOwn(EVENTS, name), name);
});

test("every event of the table is told by somebody", () => {
  const told = named(/bus\??\.tell\(\s*"([\w-]+)"/g);
  for (const name of Object.keys(EVENTS)) assert.ok(told.has(name) || FROM_THE_SERVER.includes(name), name);
});

test("the bus takes no other name, and a scope that ended hears nothing", () => {
  const bus = new Bus();
  const scope = new Scope();
  const heard = [];
  assert.throws(() => bus.tell(/** @type {any} */ ("zom"), {}), TypeError);
  assert.throws(() => bus.hear(scope, /** @type {any} */ ("zom"), () => {}), TypeError);
  bus.hear(scope, "zoom", ({ by }) => heard.push(by));
  bus.tell("zoom", { by: 2 });
  scope.end();
  bus.tell("zoom", { by: 3 });
  assert.deepEqual(heard, [2]);
});
