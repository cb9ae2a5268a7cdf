/**
 * What two computations must have in common for one to go on where the other stopped.
 * @module
 */

/** What decides what a computation leads to: by name, plain JSON. */
export type Identity = Readonly<Record<string, unknown>>;

/**
 * The first thing in which a saved state is of another computation, in words; undefined where there is none.
 *
 * @param saved That of the state.
 * @param own That of the computation that would go on.
 * @param what What the words call it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { differenceOf } from "./identity.ts";
 * assert.equal(differenceOf({ seed: 0 }, { seed: 0 }, "training"), undefined);
 * assert.equal(
 *   differenceOf({ seed: 0 }, { seed: 3 }, "training"),
 *   "its seed is 0, that of this training 3",
 * );
 * ```
 */
export function differenceOf(saved: Identity, own: Identity, what: string): string | undefined {
  for (const key of new Set([...Object.keys(own), ...Object.keys(saved)])) {
    const [theirs, ours] = [saved, own].map((one) => JSON.stringify(one[key]) ?? "not given");
    if (theirs !== ours) return `its ${key} is ${theirs}, that of this ${what} ${ours}`;
  }
}
