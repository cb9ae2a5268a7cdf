/**
 * Metrics and baselines at the paper's sizes: 2500 samples, k = 10. What bounds them: the assignment
 * reads a row of costs per bid, from the third-level cache or memory, and in wide matrices little more
 * than the matrix once; AUC sorts; a logistic fit reads the codes twice per step; the probe's
 * predictions are float64 products.
 */
import { linearSumAssignment } from "../lib/assignment.ts";
import { columnAucs } from "../lib/metrics/auc.ts";
import { generateDatasets } from "../lib/data.ts";
import { linearProbe } from "../lib/linear_probe.ts";
import { fitLogistic } from "../lib/logistic.ts";
import type { Matrix } from "../lib/matrix.ts";
import { mccId, mccOod } from "../lib/metrics/mcc.ts";
import { evaluate, matchColumns } from "../lib/metrics.ts";
import { multiply } from "../lib/numeric/product.ts";
import { RandomState } from "../lib/random.ts";

/** The true codes with a tenth of noise on their non-zeros: as sparse as good codes are. */
function noisy(Z: Matrix, seed: number): Matrix {
  const noise = new RandomState(seed).normal(1, 0.1, Z.data.length);
  return { ...Z, data: Float32Array.from(Z.data, (z, p) => z * noise[p]) };
}

for (const n of [100, 1000]) {
  const { train, val, ood, A } = generateDatasets({
    seed: 0,
    numLatents: n,
    k: 10,
    nSamples: 5000,
  });
  const codesId = noisy(val.Z, 1), codesOod = noisy(ood.Z, 2);
  const { predictions: [dense] } = linearProbe(train.Y, train.Z, [val.Y]);
  for (const [kind, codes] of [["sparse", codesId], ["dense", dense]] as const) {
    const group = `${kind} codes, n = ${n}`;
    Deno.bench(`fitLogistic, ${group}`, () => void fitLogistic(codes, val.labels));
    Deno.bench(`columnAucs, ${group}`, () => void columnAucs(codes, val.labels));
    Deno.bench(`mccId, ${group}`, () => void mccId(val.Z, codes));
  }
  Deno.bench(
    `evaluate, n = ${n}`,
    () => void evaluate({ codesId, codesOod, val, ood }, { null: false }),
  );
  Deno.bench(`matchColumns, n = ${n}`, () => void matchColumns(A, A));
  Deno.bench(
    `linearProbe, n = ${n}`,
    () => void linearProbe(train.Y, train.Z, [val.Y, ood.Y]),
  );
}

{
  // The paper's most latents: moments, correlations and match. Sparse codes took 1.7 s of a processor, dense
  // ones 6 s, of which the product of 2500 × 10,000 × 10,000 is half; out of distribution, where a half of
  // the latents is active, 0.7 and 1.5 s.
  const n = 10_000, few = { n: 3, warmup: 1 };
  const { train, val, ood } = generateDatasets({ seed: 0, numLatents: n, k: 10, nSamples: 5000 });
  const sparse = [noisy(val.Z, 1), noisy(ood.Z, 2)];
  const { predictions } = linearProbe(train.Y, train.Z, [val.Y, ood.Y]);
  for (const [kind, [codesId, codesOod]] of [["sparse", sparse], ["dense", predictions]] as const) {
    const group = `${kind} codes, n = ${n}`;
    Deno.bench(`mccId, ${group}`, few, () => void mccId(val.Z, codesId));
    Deno.bench(`mccOod, ${group}`, few, () => void mccOod(ood.Z, codesOod));
  }
}

for (const n of [1000, 2000, 5000]) {
  const data = Float32Array.from(new RandomState(3).normal(0, 0.02, n * n), Math.abs);
  Deno.bench(
    `linearSumAssignment, random correlations, n = ${n}`,
    () => void linearSumAssignment({ rows: n, cols: n, data }, { maximize: true }),
  );
}

{
  const random = new RandomState(4);
  const [m, k, n] = [500, 200, 1000];
  const A = { rows: m, cols: k, data: random.normal(0, 1, m * k) };
  const B = { rows: k, cols: n, data: random.normal(0, 1, k * n) };
  Deno.bench(`multiply ${m}×${n}×${k} [${2 * m * n * k} flop]`, () => void multiply(A, B));
}
