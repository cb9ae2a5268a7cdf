/**
 * What several dictionaries of the same samples agree on.
 * @module
 */
import {
  requireArray,
  requireBoolean,
  requireFinite,
  requireInteger,
  requireOptions,
} from "./checks.ts";
import {
  columnNorms,
  type Matrix,
  type Matrix32,
  normalizeColumns,
  requireFloat32,
  requireMatrix,
  toFloat64,
  transpose,
  zeros32,
} from "./matrix.ts";
import { dot } from "./numeric/dot.ts";
import { multiplyBlocks } from "./numeric/product.ts";

/** Cosine that two atoms must exceed at most: in few dimensions all random directions are alike. */
const MOST_COSINE = 0.95;

/** When {@linkcode consensusDictionary} takes atoms of several dictionaries for one. */
export interface ConsensusOptions {
  /**
   * Cosine that atoms of two dictionaries must exceed, from 0 to 1. Default √(2 ln n² / m), with n the atoms of the
   * widest dictionary: what the closest of n by n random directions reach by chance; but at most 0.95.
   */
  cosine?: number;
  /** Dictionaries that must have an atom. Default 2. */
  least?: number;
  /** Most atoms: the first of those that are found. Default: all. */
  atMost?: number;
  /** Whether opposite atoms are the same one, as where codes have either sign. Default false. */
  signed?: boolean;
}

/** What {@linkcode consensusDictionary} returns. */
export interface ConsensusDictionary {
  /** m×c, unit columns, the mean directions: those that most dictionaries have first, of equals those they agree on. */
  dictionary: Matrix32;
  /** Number of dictionaries that have each atom. */
  counts: Int32Array;
  /** Mean cosine of an atom with those that it is the mean of: the nearer to 1, the surer. */
  agreement: Float64Array;
}

/**
 * The atoms that several dictionaries of the same samples have in common, as their mean directions. Where samples
 * are few, a learner finds some atoms and makes others up, and which ones depends on its start: what two random
 * starts have found is nearly always there, and the mean is closer to it than each. So it tells without the truth
 * which atoms to trust, and it is a better dictionary; {@linkcode refineDictionary} betters it further. Atoms of two
 * dictionaries are the same where each is the closest one to the other, beyond `cosine`.
 *
 * @param dictionaries At least two, m × any number of atoms; the norms of atoms do not matter.
 * @param options See {@linkcode ConsensusOptions}.
 * @throws {TypeError} When an argument is of the wrong kind, or an option unknown.
 * @throws {RangeError} When there are fewer than two dictionaries, one has no atoms or other dimensions than the
 * first, values are not finite in float32, a column is 0, or an option is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { consensusDictionary } from "./consensus_dictionary.ts";
 * import { generateDatasets } from "./data.ts";
 * import { matchColumns } from "./metrics.ts";
 * import { pathDictionary } from "./path_dictionary.ts";
 *
 * // 2.5 samples for each of 100 latents
 * const { val, A } = generateDatasets({ seed: 0, numLatents: 100, k: 10, nSamples: 500 });
 * const found = [0, 1, 2, 3].map((seed) =>
 *   pathDictionary(val.Y, { numLatents: 100, seed, rounds: 400 }).dictionary
 * );
 * const { dictionary, counts } = consensusDictionary(found, { atMost: 100 });
 * assert(counts[0] === 4 && counts.at(-1)! >= 2);
 * assert(matchColumns(dictionary, A).fracClose > matchColumns(found[0], A).fracClose);
 * ```
 */
export function consensusDictionary(
  dictionaries: readonly Matrix[],
  options: ConsensusOptions = {},
): ConsensusDictionary {
  requireOptions("options", options, ["cosine", "least", "atMost", "signed"]);
  requireArray("dictionaries", dictionaries);
  requireInteger("dictionaries.length", dictionaries.length, 2);
  const units = dictionaries.map((D, i) =>
    unitRows(`dictionaries[${i}]`, D, dictionaries[0]?.rows)
  );
  const m = dictionaries[0].rows, widest = Math.max(...units.map(({ rows }) => rows));
  const byChance = Math.sqrt(4 * Math.log(Math.max(widest, 2)) / m);
  const { cosine = Math.min(MOST_COSINE, byChance), least = 2, signed = false } = options;
  requireFinite("cosine", cosine);
  if (cosine < 0 || cosine > 1) {
    throw new RangeError(`cosine must be from 0 to 1, got ${cosine}`);
  }
  requireInteger("least", least, 1, units.length);
  requireBoolean("signed", signed);
  const { atMost } = options;
  if (atMost !== undefined) requireInteger("atMost", atMost, 1);

  const partners = units.map(() => [] as (Int32Array | undefined)[]);
  units.forEach((A, a) => {
    units.slice(a + 1).forEach((B, i) => {
      const b = a + 1 + i;
      [partners[a][b], partners[b][a]] = closest(A, B, cosine, signed);
    });
  });
  const taken = units.map(({ rows }) => new Uint8Array(rows));
  const groups: [dictionary: number, atom: number][][] = [];
  units.forEach(({ rows }, a) => {
    for (let i = 0; i < rows; i++) {
      if (taken[a][i]) continue;
      const group: [number, number][] = [[a, i]];
      units.forEach((_, b) => {
        const j = a === b ? -1 : partners[a][b]![i];
        if (j >= 0 && !taken[b][j]) group.push([b, j]);
      });
      if (group.length < least) continue;
      for (const [b, j] of group) taken[b][j] = 1;
      groups.push(group);
    }
  });
  const found = groups.map((group) => {
    const atoms = group.map(([b, j]) => units[b].data.subarray(j * m, (j + 1) * m));
    const signs = atoms.map((atom) => signed && dot(atom, atoms[0]) < 0 ? -1 : 1);
    const mean = new Float64Array(m);
    atoms.forEach((atom, p) => atom.forEach((value, i) => mean[i] += signs[p] * value));
    const norm = Math.sqrt(dot(mean, mean)), count = group.length;
    // unit atoms: the norm of their mean is their mean cosine with it
    return { direction: mean.map((value) => value / norm), count, agreement: norm / count };
  });
  found.sort((one, other) => other.count - one.count || other.agreement - one.agreement);
  const kept = found.slice(0, atMost), dictionary = zeros32(m, kept.length);
  kept.forEach(({ direction }, c) =>
    direction.forEach((value, i) => dictionary.data[i * kept.length + c] = value)
  );
  return {
    dictionary,
    counts: Int32Array.from(kept, ({ count }) => count),
    agreement: Float64Array.from(kept, ({ agreement }) => agreement),
  };
}

/** The atoms as unit rows. */
function unitRows(name: string, D: Matrix, dimensions: number) {
  requireMatrix(name, D, { rows: dimensions });
  requireInteger(`${name}.rows`, D.rows, 1);
  requireInteger(`${name}.cols`, D.cols, 1);
  requireFloat32(name, D);
  const atoms = toFloat64(D), zero = columnNorms(atoms).indexOf(0);
  if (zero >= 0) throw new RangeError(`${name} must have no zero columns, got one at ${zero}`);
  return transpose(normalizeColumns(atoms, Number.MIN_VALUE));
}

/** The partner in the other of each row of A and of B, or −1: the closest beyond `cosine`, which has it as its closest. */
function closest(
  A: Matrix,
  B: Matrix,
  cosine: number,
  signed: boolean,
): [ofA: Int32Array, ofB: Int32Array] {
  const sides = [A, B].map(({ rows }) => ({
    best: new Float64Array(rows).fill(cosine),
    partner: new Int32Array(rows).fill(-1),
  }));
  const [ofA, ofB] = sides;
  multiplyBlocks(A, transpose(B), ({ row, col, rows, cols, stride, data }) => {
    for (let r = 0; r < rows; r++) {
      const i = row + r;
      for (let c = 0; c < cols; c++) {
        const value = data[r * stride + c], size = signed ? Math.abs(value) : value, j = col + c;
        if (size > ofA.best[i]) [ofA.best[i], ofA.partner[i]] = [size, j];
        if (size > ofB.best[j]) [ofB.best[j], ofB.partner[j]] = [size, i];
      }
    }
  });
  const mutual = (own: Int32Array, other: Int32Array) =>
    own.map((j, i) => j >= 0 && other[j] === i ? j : -1);
  return [mutual(ofA.partner, ofB.partner), mutual(ofB.partner, ofA.partner)];
}
