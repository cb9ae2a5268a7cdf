/**
 * Every public function, called wrongly: it must refuse in words of its own or give a proper result.
 */
import assert from "node:assert/strict";
import * as api from "../mod.ts";
import { CALLS, OTHER_TESTS } from "./campaign/misuse_calls.ts";
import { misuse } from "./campaign/run_misuse.ts";

/** One call in so many is tried here; tests/campaign/run_misuse.ts tries all, in a minute. */
const SHARE = 11;

Deno.test("the campaign has a valid call of every export that can be called", () => {
  const isClass = (value: unknown) => /^class\b/.test(String(value));
  const known = new Set(
    [...Object.keys(CALLS), ...OTHER_TESTS].flatMap((name) => name.match(/\w+/g)!),
  );
  const forgotten = Object.entries(api)
    .filter(([, value]) => typeof value === "function")
    .filter(([name, value]) =>
      !known.has(name) || isClass(value) && !(`new ${name}` in CALLS) && name !== "Lista"
    )
    .map(([name]) => name);
  assert.deepEqual(forgotten, []);
  for (const [name, { call, args }] of Object.entries(CALLS)) {
    assert.doesNotThrow(() => call(...args() as never[]), name);
  }
});

Deno.test("wrong arguments are refused in our words, or the result is proper", async () => {
  const { tried, faults } = await misuse(SHARE);
  assert(tried > 500, "a sample worth the name");
  assert.deepEqual(faults, []);
});
