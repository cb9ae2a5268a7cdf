/** What takes codes takes sparse ones too, and gives the same bits as for the dense matrix. */
import assert from "node:assert/strict";
import { type CsrMatrix, fromDense, toDense } from "../lib/csr_matrix.ts";
import { generateDatasets } from "../lib/data.ts";
import { updateDictionary } from "../lib/dictionary_learning.ts";
import { lasso } from "../lib/lasso.ts";
import { type Matrix32, normalizeColumns, zeros32 } from "../lib/matrix.ts";
import {
  columnAucs,
  evaluate,
  matchColumns,
  mcc,
  mccId,
  mccNull,
  mccOod,
  supportMetrics,
} from "../lib/metrics.ts";
import { RandomState } from "../lib/random.ts";
import { meanL0, meanSquaredError } from "../lib/reconstruction.ts";

const { val, ood, A } = generateDatasets({ seed: 2, numLatents: 60, k: 5, nSamples: 400 });
const noise = { ...A, data: new RandomState(1).normal(0, 1, A.data.length) };
const D = normalizeColumns({ ...A, data: A.data.map((v, p) => v + 0.5 * noise.data[p] * 0.2) });

/** Codes in both forms: of the Lasso, one with more entries than 30 %, one with entries that are 0. */
function forms(X: typeof val.Y): { dense: Matrix32; sparse: CsrMatrix }[] {
  const codes = lasso(X, D, { lambda: 0.05 }).codes;
  const crowded = zeros32(X.rows, 60);
  new RandomState(X.rows).normal(0, 1, crowded.data.length).forEach((v, p) => {
    if (v > -0.3) crowded.data[p] = v;
  });
  const withZeros = { ...codes, data: codes.data.map((v, p) => p % 5 ? v : 0) };
  return [codes, fromDense(crowded), withZeros].map((sparse) => ({
    dense: toDense(sparse),
    sparse,
  }));
}

const id = forms(val.Y), outside = forms(ood.Y);

Deno.test("evaluate gives the same row", () => {
  for (let f = 0; f < id.length; f++) {
    const dense = evaluate({ codesId: id[f].dense, codesOod: outside[f].dense, val, ood });
    const sparse = evaluate({ codesId: id[f].sparse, codesOod: outside[f].sparse, val, ood });
    assert.deepEqual(sparse, dense);
    const truth = ({ Z, labels }: typeof val) => ({ Z: fromDense(Z), labels });
    const both = { codesId: id[f].sparse, codesOod: outside[f].sparse };
    const float32 = evaluate({ ...both, val: truth(val), ood: truth(ood) });
    const rounded = ({ Z, labels }: typeof val) => ({ Z: toDense(fromDense(Z)), labels });
    assert.deepEqual(float32, evaluate({ ...both, val: rounded(val), ood: rounded(ood) }));
  }
});

Deno.test("MCC, its chance level, AUC and the scores of supports are the same", () => {
  const match = matchColumns(D, A);
  for (const { dense, sparse } of id) {
    for (const score of [mcc, mccId, mccOod, mccNull]) {
      assert.equal(score(val.Z, sparse), score(val.Z, dense), score.name);
    }
    assert.deepEqual(columnAucs(sparse, val.labels), columnAucs(dense, val.labels));
    const options = { threshold: 0.01 };
    const expected = supportMetrics(val.Z, dense, match, options);
    assert.deepEqual(supportMetrics(val.Z, sparse, match, options), expected);
    const truth = fromDense(val.Z);
    assert.deepEqual(supportMetrics(truth, sparse, match, options), expected);
  }
});

Deno.test("noise fills in for missing columns as it does for dense codes", () => {
  const { dense, sparse } = forms(val.Y)[0];
  const wide = (M: CsrMatrix): CsrMatrix => ({ ...M, cols: 75 });
  assert.equal(mcc(val.Z, wide(sparse)), mcc(val.Z, toDense(wide(sparse))));
  assert.equal(mcc(dense, wide(sparse)), mcc(sparse, toDense(wide(sparse))));
});

Deno.test("reconstruction and sparsity are the same", () => {
  for (const { dense, sparse } of id) {
    assert.equal(meanSquaredError(val.Y, sparse, D), meanSquaredError(val.Y, dense, D));
    assert.equal(meanL0(sparse), meanL0(dense));
  }
});

Deno.test("the dictionary update is the same, with more samples than atoms and with fewer", () => {
  for (const { dense, sparse } of id) {
    const options = { eps: 1e-3 };
    assert.deepEqual(
      updateDictionary(val.Y, sparse, options),
      updateDictionary(val.Y, dense, options),
    );
    // 40 samples of 60 atoms: the form over samples
    const few = { rows: 40, cols: val.Y.cols, data: val.Y.data.slice(0, 40 * val.Y.cols) };
    const part = { rows: 40, cols: 60, data: dense.data.slice(0, 40 * 60) };
    assert.deepEqual(
      updateDictionary(few, fromDense(part), options),
      updateDictionary(few, part, options),
    );
  }
});

Deno.test("a sparse matrix that is not well-formed is refused by its name", () => {
  const [{ sparse }] = id, broken = { ...sparse, indices: sparse.indices.map(() => 99) };
  assert.throws(() => mcc(val.Z, broken), /ZPred\.indices must ascend/);
  assert.throws(() => meanL0(broken), /Z\.indices must ascend/);
  assert.throws(() => updateDictionary(val.Y, broken), /Z\.indices must ascend/);
  const scored = { codesId: broken, codesOod: sparse, val, ood };
  assert.throws(() => evaluate(scored), /codesId\.indices must ascend/);
});
