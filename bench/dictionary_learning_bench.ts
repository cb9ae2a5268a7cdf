/**
 * Rounds of DL-FISTA on the paper's data (2500 + 2500 samples, λ = 0.1, 100 iterations a round), and the
 * parts of the update. What bounds them: a round is sparse coding (see sparse_coding_bench.ts); the update
 * is a Cholesky factorisation in float64, near the peak of the multiply-add units (its flop are in the
 * name), and sums over the codes that are not zero. Of a round's time sparse coding takes 88 % at 1000 latents
 * (rounds 30 to 100, 0.6 s each, three fifths of it for the samples out of distribution, whose codes stay
 * dense) and 87 % at 5000 (rounds 7 to 10, 4.3 s), the factorisation and its solution 6 and 10 %, the sums
 * over codes 1.6 and 0.3 %. The last group doubles atoms, dimensions and samples: eightfold arithmetic.
 */
import { generateDatasets } from "../lib/data.ts";
import { learnDictionary, updateDictionary } from "../lib/dictionary_learning.ts";
import { choleskySolve } from "../lib/linalg.ts";
import { type Matrix, zeros } from "../lib/matrix.ts";
import { fista } from "../lib/sparse_coding.ts";

for (const [n, rounds] of [[50, 20], [100, 20], [1000, 3]]) {
  const { val, ood } = generateDatasets({ seed: 0, numLatents: n, k: 10, nSamples: 5000 });
  const options = { numLatents: n, lambda: 0.1, seed: 0, maxSteps: 50 * rounds };
  const group = `learning ${n}`;
  Deno.bench(`${rounds} rounds of DL-FISTA, ${n} atoms, from a random start`, { group }, () => {
    learnDictionary(val.Y, ood.Y, options);
  });
  const dInit = learnDictionary(val.Y, ood.Y, options).dictionary;
  Deno.bench(`${rounds} rounds of DL-FISTA, ${n} atoms, later`, { group }, () => {
    learnDictionary(val.Y, ood.Y, { ...options, dInit });
  });
}

for (const [n, samples] of [[100, 2500], [1000, 2500], [2000, 1000]]) {
  const { val, A } = generateDatasets({ seed: 0, numLatents: n, k: 10, nSamples: 2 * samples });
  const Z = fista(val.Y, A, { lambda: 0.1, nonneg: true });
  Deno.bench(`updateDictionary, ${samples} samples, ${n} atoms`, { group: "update" }, () => {
    updateDictionary(val.Y, Z);
  });
}

for (const n of [104, 1000]) {
  const A: Matrix = zeros(n, n), B = zeros(n, 1);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      A.data[i * n + j] = i === j ? n : Math.sin(i * j);
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) A.data[j * n + i] = A.data[i * n + j];
  Deno.bench(`choleskySolve ${n} [${Math.round(n ** 3 / 3)} flop]`, { group: "cholesky" }, () => {
    choleskySolve(A, B);
  });
}

for (const factor of [1, 2, 4]) {
  const n = 50 * factor;
  const { val, ood } = generateDatasets({
    seed: 0,
    numLatents: n,
    k: 10,
    nSamples: 1000 * factor,
    inputDim: 33 * factor,
  });
  Deno.bench(
    `5 rounds, ${33 * factor}×${n}, ${1000 * factor} samples`,
    { group: "doubling" },
    () => {
      learnDictionary(val.Y, ood.Y, { numLatents: n, lambda: 0.1, seed: 0, maxSteps: 250 });
    },
  );
}
