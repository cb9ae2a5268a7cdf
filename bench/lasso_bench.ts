/**
 * Certified Lasso codes, paths and pursuits of the paper's data: λ = 0.1, non-negative, 10 codes per sample. The
 * number of samples in the name gives µs per sample. What bounds them at n = 1000: a third is passes over the
 * atoms (8-bit products, `kernels/panels.ts`: three passes per sample, at about half of what the
 * multipliers can do), the rest are supports of ten atoms, too short for vectors to be busy. On half-learned
 * dictionaries it is the inverse of supports of sixty atoms, bound by loads.
 */
import { generateDatasets } from "../lib/data.ts";
import { debias } from "../lib/debias.ts";
import { lasso, lassoPath } from "../lib/lasso.ts";
import { type Matrix, normalizeColumns } from "../lib/matrix.ts";
import { omp } from "../lib/omp.ts";
import { RandomState } from "../lib/random.ts";

const options = { lambda: 0.1, nonneg: true };

/** D plus `share` of a random dictionary of unit atoms. */
function mixed(D: Matrix, share: number): Matrix {
  const noise = normalizeColumns({ ...D, data: new RandomState(5).normal(0, 1, D.data.length) });
  return normalizeColumns({ ...D, data: D.data.map((v, p) => v + share * noise.data[p]) });
}

for (const [n, samples] of [[100, 2500], [1000, 1000], [5000, 300], [10_000, 200]]) {
  const { val, A } = generateDatasets({ seed: 0, numLatents: n, k: 10, nSamples: 2 * samples });
  const X = val.Y, name = `${A.rows}×${n}, ${samples} samples`, group = `lasso ${n}`;
  Deno.bench(`lasso, true dictionary ${name}`, { group }, () => void lasso(X, A, options));
  Deno.bench(`lasso to 1e-6 ${name}`, { group }, () => void lasso(X, A, { ...options, tol: 1e-6 }));
  Deno.bench(`lasso, signed ${name}`, { group }, () => void lasso(X, A, { lambda: 0.1 }));
  const warm = lasso(X, mixed(A, 0.05), options).codes;
  Deno.bench(`lasso from codes nearby ${name}`, { group }, () => {
    lasso(X, A, { ...options, warm });
  });
  const lambdas = Array.from({ length: 10 }, (_, t) => 0.4 * 0.05 ** (t / 9));
  Deno.bench(`path of 10 λ ${name}`, { group }, () => {
    lassoPath(X, A, { lambdas, nonneg: true });
  });
  Deno.bench(`omp, k = 10 ${name}`, { group }, () => void omp(X, A, { k: 10 }));
  Deno.bench(`debias ${name}`, { group }, () => void debias(X, A, warm));
}

for (const [kind, share] of [["half-learned", 1], ["random", 1e6]] as const) {
  const { val, A } = generateDatasets({ seed: 0, numLatents: 1000, k: 10, nSamples: 600 });
  const X = val.Y, D = mixed(A, share), group = "other dictionaries, 1000";
  for (const lambda of [0.1, 0.02]) {
    Deno.bench(`lasso, ${kind}, λ = ${lambda}, 300 samples`, { group }, () => {
      lasso(X, D, { lambda, nonneg: true });
    });
  }
}
