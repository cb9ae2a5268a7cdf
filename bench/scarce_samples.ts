/**
 * What the benches of learning from few samples share: the flags that name a problem, its data, and how good a
 * dictionary is for them.
 * @module
 */
import { draw, firstSamples } from "../experiments/sample_frontier.ts";
import type { Datasets } from "../lib/data.ts";
import { multiply } from "../lib/linalg.ts";
import { type Matrix, normalizeColumns, transpose } from "../lib/matrix.ts";
import { evaluate, matchColumns } from "../lib/metrics.ts";
import { infer } from "../lib/paper/instance.ts";
import { computeInputDim } from "../lib/problem_size.ts";
import { decimal, integer, listOf } from "../lib/sweep/kinds.ts";

/** Active latents of a sample. */
const K = 10;

/** An atom is true where it has a larger cosine with a latent: random ones stay below, in any of these sizes. */
const TRUE = 0.7;
/** The paper's coding. */
const CODING = { lambda: 0.1, nIter: 100 };

/** The flags, with a bench's own defaults. */
export function problemFlags(
  { n, perAtom, seeds }: { n: number; perAtom: readonly number[]; seeds: readonly number[] },
) {
  return {
    n: { about: "number of latents", kind: integer({ min: 2 * K }), default: n },
    perAtom: {
      about: "samples per latent to learn from, N/n",
      kind: listOf(decimal({ above: 0 })),
      default: perAtom,
    },
    dims: { about: "c of m = ⌈c·k·ln(n/k)⌉ dimensions", kind: decimal({ above: 0 }), default: 2 },
    seeds: { about: "seeds of the data", kind: listOf(integer({ min: 0 })), default: seeds },
  } as const;
}

/** The sizes and seeds, for the first line of a bench's output. */
export function problemLine(n: number, dims: number, seeds: readonly number[]): string {
  return `n = ${n}, k = ${K}, m = ${computeInputDim(n, K, dims)}, seeds ${seeds}\n`;
}

/** The data of a seed, and those samples of it that are learned from: `perAtom` for each latent. */
export function problemOf(n: number, dims: number, perAtom: number, seed: number) {
  const n_samples = Math.ceil(perAtom * n);
  const data = draw({ num_latents: n, k: K, n_samples, seed }, computeInputDim(n, K, dims));
  return { data, X: firstSamples(data, n_samples), A: data.A };
}

/** How good a dictionary is. */
export type Quality = readonly [found: number, id: number, ood: number, trueAtoms: number];

/** How good a dictionary is for data that it may lack latents of. */
export function judged(D: Matrix, { A, val, ood }: Datasets): Quality {
  const codes = infer(D, { id: val.Y, ood: ood.Y }, CODING);
  const { mcc_iid, mcc_ood } = evaluate({ ...codes, val, ood }, { null: false });
  const { cosines, fracClose } = matchColumns(D, A);
  const products = multiply(transpose(normalizeColumns(D)), A);
  const isTrue = (_: unknown, j: number) =>
    products.data.subarray(j * A.cols, (j + 1) * A.cols).some((cosine) => cosine > TRUE);
  const trueAtoms = Array.from({ length: D.cols }, isTrue).filter(Boolean).length;
  return [fracClose * cosines.length / A.cols, mcc_iid, mcc_ood, trueAtoms / D.cols];
}

/** Means of the parts. */
export function meanOf(qualities: readonly Quality[]): Quality {
  const mean = (i: number) => qualities.reduce((sum, q) => sum + q[i], 0) / qualities.length;
  return [mean(0), mean(1), mean(2), mean(3)];
}

/** Three decimals, without the 0. */
export const three = (value: number) => value.toFixed(3).replace(/^0/, "");
