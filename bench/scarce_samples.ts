/**
 * What the benches of learning from few samples share: the flags that name a problem, and its data.
 * @module
 */
import { draw, firstSamples } from "../experiments/sample_frontier.ts";
import { computeInputDim } from "../lib/problem_size.ts";
import { decimal, integer, listOf } from "../lib/sweep/kinds.ts";

/** Active latents of a sample. */
const K = 10;

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
