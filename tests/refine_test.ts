import assert from "node:assert/strict";
import { fromRows, zeros } from "../lib/matrix.ts";
import { refineFromSae, withoutBias } from "../lib/refine.ts";
import { Sae, type SaeType } from "../lib/saes.ts";
import { assertClose, goldenCase, goldenCases, toMatrix } from "./golden.ts";
import { trainedSae } from "./golden_saes.ts";

const shared = goldenCase("sparse_coding", "shared").expected;

for (const { name, inputs, expected, tol } of goldenCases("refine")) {
  if (!name.startsWith("refine_")) continue;
  Deno.test(`refinement from a trained autoencoder repeats the reference: ${name}`, () => {
    const [, type] = name.split("_") as [string, SaeType];
    const X = toMatrix(shared[inputs.X.match(/shared\.(\w+)/)[1]]);
    const { lam: lambda, n_iter: nIter, nonneg } = inputs;
    const refined = refineFromSae(trainedSae(type), X, { lambda, nIter, nonneg });
    assertClose(refined.codesSae.data, expected.z_sae.data, tol.z_sae, "codes of the SAE");
    assertClose(refined.codes.data, expected.z_refined.data, tol.z_refined, "refined codes");
    assertClose(refined.mseSae, expected.mse_sae, tol.mse_sae, "mse of the SAE");
    assertClose(refined.mse, expected.mse_refined, tol.mse_refined, "mse refined");
    assertClose(refined.gap, expected.gap_mse, tol.gap_mse, "gap");
  });
}

Deno.test("refinement is non-negative with 20 iterations unless told otherwise", () => {
  const sae = trainedSae("MP"), X = toMatrix(shared.X_iid);
  const { codes, codesSae } = refineFromSae(sae, X, { lambda: 0.1 });
  assert(codesSae.data.some((z) => z < 0) && codes.data.every((z) => z >= 0));
  assert.deepEqual(codes, refineFromSae(sae, X, { lambda: 0.1, nIter: 20, nonneg: true }).codes);
});

Deno.test("refinement refuses bad input by the argument's name", () => {
  const sae = Sae.initialize({ type: "relu", inputDim: 3, width: 5, kval: 1, seed: 0 });
  const X = zeros(2, 3);
  assert.throws(() => refineFromSae(sae, zeros(2, 4), { lambda: 1 }), /^RangeError: X must have 3/);
  assert.throws(
    () => refineFromSae(sae, zeros(0, 3), { lambda: 1 }),
    /^RangeError: X.rows must be/,
  );
  assert.throws(() => refineFromSae(sae, X, { lambda: 0 }), /^RangeError: lambda must be/);
  assert.throws(() => refineFromSae(sae, X, { lambda: 1, nIter: 0 }), /^RangeError: nIter must be/);
  const huge = fromRows([[0, 1e39, 0]]);
  for (
    const refuse of [() => refineFromSae(sae, huge, { lambda: 1 }), () => withoutBias(huge, sae)]
  ) {
    assert.throws(refuse, /^RangeError: X must be within float32 .* got 1e\+39 at row 0, column 1/);
  }
});

Deno.test("a bias that takes the observations out of float32 is refused", () => {
  const sae = Sae.initialize({ type: "relu", inputDim: 1, width: 1, kval: 1, seed: 0 });
  sae.bias.fill(-3e38);
  assert.throws(
    () => withoutBias(fromRows([[0], [2e38]]), sae),
    /^RangeError: Cannot subtract the bias from X: .* got Infinity in row 1; scale X down/,
  );
});
