/**
 * FISTA and ISTA on the paper's data: 100 iterations, λ = 0.1, true dictionary. What bounds them: full
 * iterations are dense products, near the peak of the multiply-add units; restricted ones read one
 * element of the local Gram matrix per multiply-add, so the load ports (and, where the engine checks
 * every address, the branches of the checks) bound them. Samples and iterations in the name give µs per
 * sample and iteration. The last group doubles atoms, dimensions and samples: the time grows less than
 * eightfold, because the codes stay as sparse.
 */
import { generateDatasets } from "../lib/data.ts";
import { lassoGap } from "../lib/lasso_gap.ts";
import { lipschitz } from "../lib/linalg.ts";
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
