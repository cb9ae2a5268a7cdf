/**
 * A dictionary by itself: how alike its atoms are, which are never used, and how often each must be used
 * for a dictionary of its size to be recoverable at all.
 * @module
 */
import { type Matrix32, normalizeColumns, transpose } from "../matrix.ts";
import { multiplyBlocks } from "../numeric/product.ts";

/** Two atoms that are nearly the same. */
export interface DuplicatePair {
  /** The atom with the smaller index. */
  a: number;
  /** The other one. */
  b: number;
  /** Their cosine. */
  cosine: number;
}

/** How alike the atoms of a dictionary are. */
export interface Likeness {
  /** Per atom the largest cosine with another one (of signed codes, its size); 0 for an atom of norm 0. */
  nearest: number[];
  /** The largest of them: the coherence of the dictionary. */
  coherence: number;
  /** Their mean. */
  meanNearest: number;
  /** The smallest coherence that n atoms in m dimensions can have (Welch, 1974). */
  welchBound: number;
  /** Pairs with a cosine of at least the threshold, the most alike first; 1000 at most. */
  duplicates: DuplicatePair[];
  /** Atoms that have a duplicate. */
  duplicateAtoms: number;
  /** Per atom the smallest index of those that it is linked to by duplicates. */
  group: number[];
  /** Atoms of norm 0. */
  zeroAtoms: number;
}

/** Pairs that are listed. */
const LISTED = 1000;

/**
 * Compares all atoms with each other.
 *
 * @param D m × n.
 * @param options `threshold`: cosine of duplicates; `signed`: an atom and its negative are duplicates too.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fromRows, toFloat32 } from "../matrix.ts";
 * import { likeness } from "./atoms.ts";
 * const D = toFloat32(fromRows([[1, 0, 2], [0, 1, 0]]));
 * const { duplicates, group, coherence } = likeness(D, { threshold: 0.9, signed: false });
 * assert.deepEqual(duplicates, [{ a: 0, b: 2, cosine: 1 }]);
 * assert.deepEqual(group, [0, 1, 0]);
 * assert.equal(coherence, 1);
 * ```
 */
export function likeness(
  D: Matrix32,
  { threshold, signed }: { threshold: number; signed: boolean },
): Likeness {
  const unit = normalizeColumns(D), n = D.cols, m = D.rows;
  const nearest = new Array<number>(n).fill(signed ? 0 : -1), pairs: DuplicatePair[] = [];
  const parent = Int32Array.from({ length: n }, (_, j) => j);
  const root = (j: number): number => {
    while (parent[j] !== j) j = parent[j] = parent[parent[j]];
    return j;
  };
  const inPair = new Uint8Array(n);
  multiplyBlocks(transpose(unit), unit, ({ row, col, rows, cols, stride, data }) => {
    for (let i = 0; i < rows; i++) {
      for (let c = 0; c < cols; c++) {
        const a = row + i, b = col + c;
        if (a === b) continue;
        const cosine = signed ? Math.abs(data[i * stride + c]) : data[i * stride + c];
        if (cosine > nearest[a]) nearest[a] = cosine;
        if (a > b || cosine < threshold) continue;
        inPair[a] = inPair[b] = 1;
        const [first, second] = [root(a), root(b)];
        parent[Math.max(first, second)] = Math.min(first, second);
        // float32 atoms of unit norm can have a product that is above 1 in its last digits
        pairs.push({ a, b, cosine: Math.min(1, cosine) });
      }
    }
  });
  const norms = new Float64Array(n);
  for (let i = 0, p = 0; i < m; i++) for (let j = 0; j < n; j++, p++) norms[j] += unit.data[p] ** 2;
  const found = nearest.map((cosine, j) =>
    norms[j] === 0 || n === 1 ? 0 : Math.min(1, Math.max(-1, cosine))
  );
  return {
    nearest: found,
    coherence: found.reduce((most, cosine) => Math.max(most, cosine), -1),
    meanNearest: found.reduce((sum, cosine) => sum + cosine, 0) / n,
    welchBound: n > m ? Math.sqrt((n - m) / (m * (n - 1))) : 0,
    duplicates: pairs.sort((a, b) => b.cosine - a.cosine).slice(0, LISTED),
    duplicateAtoms: inPair.reduce((sum, one) => sum + one, 0),
    group: Array.from({ length: n }, (_, j) => root(j)),
    zeroAtoms: norms.reduce((sum, norm) => sum + Number(norm === 0), 0),
  };
}

/** How often latents are used in the rows that were looked at, and how often they must be. */
export interface Usage {
  /** Rows that were looked at. */
  rows: number;
  /** Rows in which the encoder uses each latent. */
  uses: number[];
  /** Latents that it uses in no row. */
  dead: number[];
  /** Median of the uses of those that are used. */
  medianUses: number;
  /**
   * Rows that determine a dictionary by counting equations, n(m − 1)/(m − k); absent where k is not below m.
   */
  boundRows?: number;
  /** Uses of an atom in so many rows on average, k(m − 1)/(m − k). */
  boundUses?: number;
  /** Latents that are used, but less often than that. */
  belowBound?: number;
}

/**
 * Holds the uses of latents against the counting bound.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { usage } from "./atoms.ts";
 * const { dead, boundUses, belowBound } = usage([0, 5, 1], { rows: 9, m: 3, k: 1 });
 * assert.deepEqual([dead, boundUses, belowBound], [[0], 1, 0]);
 * ```
 */
export function usage(
  uses: number[],
  { rows, m, k }: { rows: number; m: number; k: number },
): Usage {
  const used = uses.filter((count) => count > 0).sort((a, b) => a - b);
  const told = {
    ...{ rows, uses },
    dead: uses.map((_, j) => j).filter((j) => uses[j] === 0),
    medianUses: used[used.length >> 1] ?? 0,
  };
  if (k >= m) return told;
  const boundUses = k * (m - 1) / (m - k);
  return {
    ...told,
    boundRows: uses.length * (m - 1) / (m - k),
    boundUses,
    belowBound: used.filter((count) => count < boundUses).length,
  };
}
