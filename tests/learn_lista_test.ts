import assert from "node:assert/strict";
import { learnDictionary } from "../lib/dictionary_learning.ts";
import { learnLista } from "../lib/learn_lista.ts";
import { Lista } from "../lib/lista.ts";
import { type Matrix, zeros } from "../lib/matrix.ts";
import { assertClose, goldenCase, toMatrix } from "./golden.ts";

const shared = goldenCase("sparse_coding", "shared").expected;
const D = toMatrix(shared.D), XId = toMatrix(shared.X_iid), XOod = toMatrix(shared.X_ood);

Deno.test("LISTA with the known dictionary repeats the reference's whole method", () => {
  const { inputs, expected, tol } = goldenCase("sparse_coding", "lista_method_known_dictionary");
  const { seed, lam: lambda, n_unroll: nLayers, epochs, batch_size: batchSize, lr } = inputs;
  const options = { dictionary: D, seed, lambda, nLayers, epochs, batchSize, lr };
  const { codesId, codesOod, dictionary, lista, history } = learnLista(XId, XOod, options);
  assertClose(history.map(({ loss }) => loss), expected.epoch_losses, tol.epoch_losses, "loss");
  assertClose(codesId.data, expected.codes_iid.data, tol.codes_iid, "codes");
  assert.deepEqual(codesOod, lista.forward(XOod));
  assert.deepEqual(dictionary.data, D.data);
});

Deno.test("without a dictionary LISTA starts from the one that DL-FISTA learns", () => {
  const learning = { numLatents: 10, lambda: 0.1, maxSteps: 200, seed: 5 };
  const training = { lambda: 0.1, epochs: 4, batchSize: 6, seed: 5 };
  const learned = learnLista(XId, XOod, { ...learning, ...training, nLayers: 4 });
  const { dictionary } = learnDictionary(XId, XOod, learning);
  const lista = Lista.fromDictionary(dictionary, { nLayers: 4 });
  const history = lista.train(XId, dictionary, training);
  assert.deepEqual(learned.dictionary, dictionary);
  assert.deepEqual(learned.history, history);
  assert.deepEqual(learned.codesId, lista.forward(XId));
});

Deno.test("the method refuses bad input by the argument's name", () => {
  const learn = (options: object) => learnLista(XId, XOod, { lambda: 0.1, epochs: 1, ...options });
  assert.throws(() => learn({}), /^TypeError: .* needs a dictionary or numLatents, got neither/);
  assert.throws(() => learn({ dictionary: zeros(7, 3) }), /^RangeError: dictionary must have 8/);
  assert.throws(() => learn({ numLatents: 0 }), /^RangeError: numLatents must be/);
  assert.throws(() => learn({ dictionary: D, nLayers: 0 }), /^RangeError: nLayers must be/);
  assert.throws(() => learn({ dictionary: D, lambda: 0 }), /^RangeError: lambda must be/);
  assert.throws(
    () => learnLista(XId, zeros(2, 5), { dictionary: D, lambda: 0.1 }),
    /^RangeError: XOod must have 8 columns/,
  );
  const huge = (M: Matrix) => ({ ...M, data: new Float64Array(M.data.length).fill(1e39) });
  assert.throws(
    () => learnLista(huge(XId), XOod, { numLatents: 3, lambda: 0.1 }),
    /^RangeError: XId must be within float32/,
  );
  // before any training
  const onEpoch = () => assert.fail("an epoch was trained");
  assert.throws(
    () => learnLista(XId, huge(XOod), { dictionary: D, lambda: 0.1, onEpoch }),
    /^RangeError: XOod must be within float32/,
  );
  assert.throws(
    () => learn({ dictionary: huge(D) }),
    /^RangeError: dictionary must be within float32/,
  );
});
