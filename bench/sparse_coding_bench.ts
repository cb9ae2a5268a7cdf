/**
 * FISTA and ISTA on the paper's data: 100 iterations, λ = 0.1, true dictionary. What bounds them: full
 * iterations are dense products, near the peak of the multiply-add units; restricted ones read one
 * vector of the local Gram matrix per multiply-add, so the load ports (and, where the engine checks
 * every address, the branches of the checks) bound them. Samples and iterations in the name give µs per
 * sample and iteration. The group "load ports" has restricted iterations on a known number a of codes, none
 * of them 0: the difference of 90 and 30 iterations is 60 of them, a²/4 vectors to load in each. At two
 * loads a cycle (the peak in multiply-adds, where those are two a cycle as well) they took 1.5 to 1.9 times
 * the bound from 28 codes on, 4 times with 12, where each iteration waits for the one before. The last group
 * doubles atoms, dimensions and samples: the time grows less than eightfold, because the codes stay as
 * sparse.
 */
import { generateDatasets } from "../lib/data.ts";
import { lassoGap } from "../lib/lasso_gap.ts";
import { lipschitz } from "../lib/linalg.ts";
import { zeros32 } from "../lib/matrix.ts";
import { RandomState } from "../lib/random.ts";
import { fista, ista } from "../lib/sparse_coding.ts";

function data(numLatents: number, samples: number, inputDim?: number) {
  const { val, A } = generateDatasets({
    seed: 0,
    numLatents,
    k: 10,
    nSamples: 2 * samples,
    inputDim,
  });
  return { X: val.Y, D: A };
}

for (const [n, samples] of [[50, 5000], [100, 5000], [1000, 500], [10_000, 48]]) {
  const { X, D } = data(n, samples);
  const name = `${D.rows}×${n}, ${samples} samples × 100 iterations`;
  const group = `sparse coding ${n}`;
  Deno.bench(`fista nonneg ${name}`, { group }, () => {
    fista(X, D, { lambda: 0.1, nonneg: true });
  });
  Deno.bench(`fista ${name}`, { group }, () => {
    fista(X, D, { lambda: 0.1 });
  });
  Deno.bench(`ista ${name}`, { group }, () => {
    ista(X, D, { lambda: 0.1 });
  });
}

// Codes of thousands of atoms each, as a small λ has with a dictionary that does not fit
{
  const { D } = data(10_000, 1), X = zeros32(64, D.rows);
  X.data.set(new RandomState(1).normal(0, 0.15, X.data.length));
  const name = `fista nonneg of noise, ${D.rows}×${D.cols}, ${X.rows} samples × 100 iterations`;
  Deno.bench(name, { group: "sparse coding of noise" }, () => {
    fista(X, D, { lambda: 0.001, nonneg: true });
  });
}

// Of four times as many atoms only the first `active` lie in the samples' space: those alone are candidates
for (const [active, samples] of [[12, 5000], [28, 2000], [48, 1000], [240, 100]]) {
  const n = 4 * active, m = 5 * active, near = 2 * active, state = new RandomState(0);
  const D = zeros32(m, n), X = zeros32(samples, m);
  for (let k = 0; k < m; k++) {
    const [start, end] = k < near ? [0, active] : [active, n];
    D.data.set(state.normal(0, 1 / Math.sqrt(near), end - start), k * n + start);
  }
  for (let s = 0; s < X.rows; s++) {
    const z = state.uniform(1, 2, active);
    for (let k = 0; k < near; k++) {
      for (let j = 0; j < active; j++) X.data[s * m + k] += D.data[k * n + j] * z[j];
    }
  }
  const step = 1 / lipschitz(D), zInit = fista(X, D, { lambda: 0.11, step, nIter: 1000 });
  for (const nIter of [30, 90]) {
    const name = `fista, ${active} codes of ${n}, ${samples} samples × ${nIter} iterations`;
    Deno.bench(name, { group: "load ports" }, () => {
      fista(X, D, { lambda: 0.1, step, zInit, nIter });
    });
  }
}

{
  const { X, D } = data(100, 5000);
  const group = "certificates 100";
  Deno.bench("fista to a gap of 1e-4, 5000 samples", { group }, () => {
    fista(X, D, { lambda: 0.1, nonneg: true, tol: 1e-4, nIter: 1000 });
  });
  const Z = fista(X, D, { lambda: 0.1, nonneg: true });
  Deno.bench("lassoGap, 5000 samples", { group }, () => {
    lassoGap(X, D, Z, { lambda: 0.1, nonneg: true });
  });
}

for (const n of [100, 1000, 10_000]) {
  const { D } = data(n, 1);
  Deno.bench(`lipschitz ${D.rows}×${n}`, { group: "lipschitz" }, () => {
    lipschitz(D);
  });
}

for (const factor of [1, 2, 4]) {
  const { X, D } = data(100 * factor, 500 * factor, 40 * factor);
  Deno.bench(`fista ${D.rows}×${D.cols}, ${X.rows} samples`, { group: "doubling" }, () => {
    fista(X, D, { lambda: 0.1, nonneg: true });
  });
}
