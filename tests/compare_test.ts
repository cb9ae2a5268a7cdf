import assert from "node:assert/strict";
import { type ComparedSplit, compareMethods, type CompareOptions } from "../lib/compare.ts";
import { Lista } from "../lib/lista.ts";
import { type Matrix, zeros } from "../lib/matrix.ts";
import type { SaeType } from "../lib/saes.ts";
import { fista } from "../lib/sparse_coding.ts";
import { assertClose, goldenCase, goldenCases, toMatrix } from "./golden.ts";
import { trainedSae } from "./golden_saes.ts";

const { expected: dataset } = goldenCase("datasets", "small");
const coding = goldenCase("sparse_coding", "shared").expected;
const split = (name: string, observations: string) => ({
  Y: toMatrix(coding[observations]),
  Z: toMatrix(dataset[`Z_${name}`]),
  labels: dataset[`labels_${name}`].data ?? dataset[`labels_${name}`],
});
const splits = { val: split("val", "X_iid"), ood: split("ood", "X_ood") };

/** The network that the golden LISTA training ends with. */
function trainedLista(): Lista {
  const { inputs } = goldenCase("sparse_coding", "lista_training_unroll3");
  const D = toMatrix(coding.D), lista = Lista.fromDictionary(D, { nLayers: 3 });
  const { lam: lambda, epochs, lr, batches: loader } = inputs;
  lista.train(splits.val.Y, D, { lambda, epochs, lr, loader });
  return lista;
}

for (const { name, inputs, expected, tol, ...golden } of goldenCases("refine")) {
  if (!name.startsWith("compare_")) continue;
  Deno.test(`the methods score as in the reference: ${name}`, () => {
    const [, type] = inputs.sae.match(/train_(\w+)/) as [string, SaeType];
    const sae = trainedSae(type);
    const options: CompareOptions = {
      dictionary: name === "compare_with_sae_decoder" ? sae.dictionary : toMatrix(coding.D),
      lambda: 0.1,
      sae,
      ...(inputs.lista && { lista: trainedLista() }),
    };
    const rows = compareMethods(splits, options);
    assert.deepEqual(
      rows.map(({ method }) => method),
      ["fista", "ista", "sae", "sae_refined", ...(inputs.lista ? ["lista"] : [])],
    );
    for (const [method, values] of Object.entries<Record<string, number>>(expected)) {
      const row = rows.find((r) => r.method === method) as unknown as Record<string, number>;
      for (const [key, value] of Object.entries(values)) {
        assertClose(row[key], value, tol[`${method}.${key}`], `${method}.${key}`);
      }
      // a stopping rule of our own, on separable data: one sample of twenty may differ
      const { acc_iid, acc_ood } = golden.accuracy_with_mean_loss_stopping[method];
      assertClose(row.acc_iid, acc_iid, 0.05 + 1e-9, `${method}.acc_iid`);
      assertClose(row.acc_ood, acc_ood, 0.05 + 1e-9, `${method}.acc_ood`);
    }
  });
}

Deno.test("without an autoencoder and LISTA only FISTA and ISTA are compared", () => {
  const rows = compareMethods(splits, { dictionary: toMatrix(coding.D), lambda: 0.1 });
  assert.deepEqual(rows.map(({ method }) => method), ["fista", "ista"]);
});

Deno.test("a method of one's own is scored like the others, after them", () => {
  const dictionary = toMatrix(coding.D), seen: Matrix[] = [];
  const methods = {
    again: (Y: Matrix) => {
      seen.push(Y);
      return fista(Y, dictionary, { lambda: 0.1, nonneg: true });
    },
  };
  const [own, , again, ...rest] = compareMethods(splits, { dictionary, lambda: 0.1, methods });
  assert.deepEqual(again, { ...own, method: "again" });
  assert.deepEqual(rest, []);
  assert.deepEqual(seen, [splits.val.Y, splits.ood.Y]);
});

Deno.test("where it is wanted, the certified Lasso stands beside FISTA, and is what FISTA comes to", () => {
  const dictionary = toMatrix(coding.D);
  const options = { dictionary, lambda: 0.1, nIter: 20_000, lasso: true };
  const rows = compareMethods(splits, options);
  assert.deepEqual(rows.map(({ method }) => method), ["fista", "ista", "lasso"]);
  const [fista, , lasso] = rows;
  // both within 1e-4 of the same optimum, over ½‖x‖²
  assertClose(lasso.mse_iid, fista.mse_iid, 1e-3 * fista.mse_iid, "mse_iid");
  assertClose(lasso.mcc_iid, fista.mcc_iid, 1e-3, "mcc_iid");
});

Deno.test("without true codes the rows are the same, but for the MCC", () => {
  const options = { dictionary: toMatrix(coding.D), lambda: 0.1 };
  const blind = ({ Y, labels }: ComparedSplit) => ({ Y, labels });
  const rows = compareMethods({ val: blind(splits.val), ood: blind(splits.ood) }, options);
  const full = compareMethods(splits, options).map(({ mcc_iid, mcc_ood, ...row }) => {
    assert(mcc_iid > 0 && mcc_ood > 0);
    return row;
  });
  assert.deepEqual(rows, full);
});

Deno.test("the comparison refuses bad input by the argument's name", () => {
  const dictionary = toMatrix(coding.D);
  const compare = (options: Partial<CompareOptions>) =>
    compareMethods(splits, { dictionary, lambda: 0.1, ...options });
  assert.throws(() => compare({ dictionary: zeros(7, 12) }), /^RangeError: dictionary must have 8/);
  assert.throws(() => compare({ lambda: -1 }), /^RangeError: lambda must be/);
  assert.throws(() => compare({ lasso: 1 } as never), /^TypeError: lasso must be true or false/);
  assert.throws(() => compare({ nIter: 0 }), /^RangeError: nIter must be/);
  const own = (methods: unknown) => () => compare({ methods } as never);
  assert.throws(own("fista"), /^TypeError: methods must be an object, got string/);
  assert.throws(own({ mine: 1 }), /^TypeError: methods.mine must be a function, got number/);
  assert.throws(
    own({ fista: () => zeros(20, 12) }),
    /^RangeError: methods must have names of their own, got fista/,
  );
  assert.throws(
    own({ mine: () => zeros(20, 11) }),
    /^RangeError: codes of mine must have 12 columns, got 11/,
  );
});
