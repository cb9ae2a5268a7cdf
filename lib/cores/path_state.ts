/**
 * What rounds of dictionary learning need to go on in another process.
 * @module
 */
import { requireInstance, requireInteger } from "../checks.ts";
import { type Matrix32, requireMatrix } from "../matrix.ts";

/** What the next round begins with. */
export interface RoundsState {
  /** Unit atoms, m×n. */
  readonly dictionary: Matrix32;
  /** Norm that each atom had in its last update, before it was scaled to unit norm, n. */
  readonly strength: Float32Array;
  /** Number of codes of each sample. */
  readonly counts: Int32Array;
  /** The atoms of these codes, sample after sample, in the order in which they are swept over. */
  readonly atoms: Int32Array;
  /** Their values. */
  readonly values: Float32Array;
}

/** A state with the codes that some of its samples have in another state of the same dictionary. */
export function withCodesOf(
  state: RoundsState,
  other: RoundsState,
  samples: ReadonlySet<number>,
): RoundsState {
  const counts = state.counts.map((count, s) => samples.has(s) ? other.counts[s] : count);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const atoms = new Int32Array(total), values = new Float32Array(total);
  let at = 0, own = 0, others = 0;
  counts.forEach((count, s) => {
    const [from, first] = samples.has(s) ? [other, others] : [state, own];
    atoms.set(from.atoms.subarray(first, first + count), at);
    values.set(from.values.subarray(first, first + count), at);
    at += count;
    own += state.counts[s];
    others += other.counts[s];
  });
  return { ...state, counts, atoms, values };
}

/** The sizes that a state must have. */
export interface StateSizes {
  /** Number of samples. */
  samples: number;
  /** Dimensions of a sample. */
  inputDim: number;
  /** Most atoms. */
  mostAtoms: number;
  /** Most codes of a sample. */
  capacity: number;
}

/**
 * Refuses what is no state of these sizes: the kernels believe every number of it.
 *
 * @param name What messages call it.
 * @throws {TypeError} When something of it is of the wrong kind.
 * @throws {RangeError} When it has other sizes, or a value that none has.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { requireState } from "./path_state.ts";
 * const state = {
 *   dictionary: { rows: 1, cols: 2, data: Float32Array.of(1, 1) },
 *   strength: Float32Array.of(1, 1),
 *   ...{ counts: Int32Array.of(1), atoms: Int32Array.of(2), values: Float32Array.of(3) },
 * };
 * const sizes = { samples: 1, inputDim: 1, mostAtoms: 2, capacity: 1 };
 * assert.throws(() => requireState("state", state, sizes), /state.atoms must be below 2, got 2/);
 * ```
 */
export function requireState(
  name: string,
  { dictionary, strength, counts, atoms, values }: RoundsState,
  { samples, inputDim, mostAtoms, capacity }: StateSizes,
): void {
  requireMatrix(`${name}.dictionary`, dictionary, { rows: inputDim });
  requireInteger(`${name}.dictionary.cols`, dictionary.cols, 1, mostAtoms);
  requireInstance(`${name}.dictionary.data`, dictionary.data, Float32Array);
  requireInstance(`${name}.strength`, strength, Float32Array);
  requireInstance(`${name}.counts`, counts, Int32Array);
  requireInstance(`${name}.atoms`, atoms, Int32Array);
  requireInstance(`${name}.values`, values, Float32Array);
  const refuse = (what: string, got: number | undefined) => {
    if (got !== undefined) throw new RangeError(`${name}.${what}, got ${got}`);
  };
  const lengthOf = ({ length }: ArrayLike<number>, wanted: number) =>
    length === wanted ? undefined : length;
  const n = dictionary.cols, isFinite = Number.isFinite;
  refuse(`strength must have ${n} values`, lengthOf(strength, n));
  refuse("strength must be finite", strength.find((value) => !isFinite(value)));
  refuse(`counts must have ${samples} values`, lengthOf(counts, samples));
  refuse(
    `counts must be from 0 to ${capacity}`,
    counts.find((count) => count < 0 || count > capacity),
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  refuse(`atoms must have ${total} values`, lengthOf(atoms, total));
  refuse("atoms must be at least 0", atoms.find((atom) => atom < 0));
  refuse(`atoms must be below ${n}`, atoms.find((atom) => atom >= n));
  refuse(`values must have ${total} values`, lengthOf(values, total));
  refuse("values must be finite", values.find((value) => !isFinite(value)));
}
