/**
 * What the Lab reads from an address, and where its sliders begin and end.
 */
import assert from "node:assert/strict";
import { rangeOf, readState } from "../web/lab/state.ts";

Deno.test("the Lab has at least two active latents: one is no combination that could be held out", () => {
  for (const n of [20, 1000]) assert.equal(rangeOf("k", { n }).min, 2);
  assert.equal(readState("?k=1").k, 2);
  assert.equal(readState("?k=2").k, 2);
});
