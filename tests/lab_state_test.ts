/**
 * What the Lab reads from an address, and where its sliders begin and end.
 */
import assert from "node:assert/strict";
import {
  ATOM_LENGTH,
  isPlaneAtom,
  rangeOf,
  readState,
  rounded,
  START,
  writeState,
} from "../web/lab/state.ts";

Deno.test("the Lab has at least two active latents: one is no combination that could be held out", () => {
  for (const n of [20, 1000]) assert.equal(rangeOf("k", { n }).min, 2);
  assert.equal(readState("?k=1").k, 2);
  assert.equal(readState("?k=2").k, 2);
});

Deno.test("atoms of an address are as long as those that can be drawn, after they are rounded", () => {
  const { atoms } = START;
  for (const text of ["0.001,0.001_1,0", "0.1,0.1_1,0", "2,0.1_1,0", "1_1,0", "x,1_1,0"]) {
    assert.deepEqual(readState(`?atoms=${text}`).atoms, atoms, text);
  }
  assert.deepEqual(readState("?atoms=2.004,0_1,0").atoms, [[2, 0], [1, 0]]);
  // the shortest of every angle, some of which rounding makes shorter
  for (let angle = 0; angle < 360; angle += 0.25) {
    const at = (part: (angle: number) => number) =>
      rounded(ATOM_LENGTH.min * part(angle * Math.PI / 180));
    const atom: [number, number] = [at(Math.cos), at(Math.sin)];
    assert(isPlaneAtom(atom), String(atom));
    const address = writeState({ ...START, atoms: [atom, [1, 0]] });
    assert.deepEqual(readState(address).atoms, [atom, [1, 0]], address);
  }
});
