import assert from "node:assert/strict";
import { learnDictionary } from "../lib/dictionary_learning.ts";
import { learnLista, Lista, type ListaLayer } from "../lib/lista.ts";
import { type Matrix, zeros, zeros32 } from "../lib/matrix.ts";
import { RandomState } from "../lib/random.ts";
import { autodiff, type ListaCase } from "./autodiff.ts";
import { assertClose, type GoldenCase, goldenCase, toMatrix } from "./golden.ts";

const shared = goldenCase("sparse_coding", "shared").expected;
const D = toMatrix(shared.D), XId = toMatrix(shared.X_iid), XOod = toMatrix(shared.X_ood);
const batch = { rows: 8, cols: 8, data: XId.data.slice(0, 64) };

/** The three layers of a golden case, whose parameters are stacked. */
function layersOf({ W, S, thresholds }: GoldenCase): ListaLayer[] {
  const slice = (array: GoldenCase, l: number, size: number) =>
    Float32Array.from(array.data.slice(l * size, (l + 1) * size));
  return [0, 1, 2].map((l) => ({
    W: { rows: 12, cols: 12, data: slice(W, l, 144) },
    S: { rows: 12, cols: 8, data: slice(S, l, 96) },
    thresholds: slice(thresholds, l, 12),
  }));
}

/** The same stacking. */
const stacked = (layers: readonly ListaLayer[]) => ({
  W: layers.flatMap(({ W }) => [...W.data]),
  S: layers.flatMap(({ S }) => [...S.data]),
  thresholds: layers.flatMap(({ thresholds }) => [...thresholds]),
});

Deno.test("LISTA from a dictionary starts with the reference's weights and codes", () => {
  for (const nLayers of [3, 16]) {
    const { expected, tol } = goldenCase("sparse_coding", `lista_forward_unroll${nLayers}`);
    const lista = Lista.fromDictionary(D, { nLayers });
    assertClose(lista.forward(XId).data, expected.codes_iid.data, tol.codes_iid, "codes");
    if (!expected.W_layer0) continue;
    for (const { W, S, thresholds } of lista.layers) {
      assertClose(W.data, expected.W_layer0.data, tol.W_layer0, "W");
      assertClose(S.data, expected.S_layer0.data, tol.S_layer0, "S");
      assertClose(thresholds, expected.thresholds_layer0.data, tol.thresholds_layer0, "thresholds");
    }
  }
});

for (const name of ["lista_gradients_unroll3", "lista_gradients_unroll3_perturbed"]) {
  Deno.test(`the gradients through the layers are the reference's: ${name}`, () => {
    const { inputs, expected, tol } = goldenCase("sparse_coding", name);
    const lista = inputs.parameters
      ? new Lista(layersOf(inputs.parameters))
      : Lista.fromDictionary(D, { nLayers: 3 });
    if (expected.codes) {
      assertClose(lista.forward(batch).data, expected.codes.data, tol.codes, "codes");
    }
    const { loss, layers } = lista.gradients(batch, D, { lambda: inputs.lam });
    const { W, S, thresholds } = stacked(layers);
    assertClose(loss, expected.loss, tol.loss, "loss");
    assertClose(W, expected.grad_W.data, tol.grad_W, "W");
    assertClose(S, expected.grad_S.data, tol.grad_S, "S");
    assertClose(thresholds, expected.grad_thresholds.data, tol.grad_thresholds, "thresholds");
  });
}

Deno.test("training takes the reference's steps over given batches", () => {
  const { inputs, expected, tol } = goldenCase("sparse_coding", "lista_training_unroll3");
  const lista = Lista.fromDictionary(D, { nLayers: 3 });
  const { lam: lambda, epochs, lr, batches: loader } = inputs;
  const history = lista.train(XId, D, { lambda, epochs, lr, loader });
  assertClose(history.map(({ loss }) => loss), expected.epoch_losses, tol.epoch_losses, "loss");
  const { W, S, thresholds } = stacked(lista.layers), { final_parameters: final } = expected;
  assertClose(W, final.W.data, tol["final_parameters.W"], "W");
  assertClose(S, final.S.data, tol["final_parameters.S"], "S");
  assertClose(thresholds, final.thresholds.data, tol["final_parameters.thresholds"], "thresholds");
  assertClose(lista.forward(XId).data, expected.codes_iid.data, tol.codes_iid, "codes ID");
  assertClose(lista.forward(XOod).data, expected.codes_ood.data, tol.codes_ood, "codes OOD");
});

Deno.test("the seed gives the reference's batches", () => {
  const { inputs, expected, tol } = goldenCase("sparse_coding", "lista_method_known_dictionary");
  const lista = Lista.fromDictionary(D, { nLayers: inputs.n_unroll });
  const { lam: lambda, epochs, lr, batch_size: batchSize, seed } = inputs;
  const history = lista.train(XId, D, { lambda, epochs, lr, batchSize, seed });
  assertClose(history.map(({ loss }) => loss), expected.epoch_losses, tol.epoch_losses, "loss");
  assertClose(lista.forward(XId).data, expected.codes_iid.data, tol.codes_iid, "codes");
});

Deno.test("gradients equal automatic differentiation on shapes that are no multiples of 8", async () => {
  const [rows, m, n, nLayers, lambda] = [11, 5, 13, 4, 0.3];
  const random = new RandomState(1);
  const normal = (rows: number, cols: number, sd: number) => ({
    rows,
    cols,
    data: Float32Array.from(random.normal(0, sd, rows * cols)),
  });
  const X = normal(rows, m, 1), dictionary = normal(m, n, 0.5);
  const layers = Array.from({ length: nLayers }, () => ({
    W: normal(n, n, 0.3),
    S: normal(n, m, 0.5),
    thresholds: normal(1, n, 0.2).data,
  }));
  const { loss, layers: gradients } = new Lista(layers).gradients(X, dictionary, { lambda });

  const [expected] = await autodiff<ListaCase>("lista", [{ layers, X, dictionary, lambda }]);
  // both are float32, with sums of at most 143 products of size 1 in another order
  const tolerance = 1e-6;
  assertClose(loss, expected.loss, tolerance, "loss");
  gradients.forEach(({ W, S, thresholds }, l) => {
    assertClose(W.data, expected.gradients[3 * l], tolerance, `W of layer ${l}`);
    assertClose(S.data, expected.gradients[3 * l + 1], tolerance, `S of layer ${l}`);
    assertClose(thresholds, expected.gradients[3 * l + 2], tolerance, `thresholds of layer ${l}`);
  });
});

Deno.test("codes do not depend on how many samples go through the layers together", () => {
  const random = new RandomState(2);
  const X = { rows: 205, cols: 8, data: random.normal(0, 1, 205 * 8) };
  const lista = Lista.fromDictionary(D, { nLayers: 4 });
  const codes = lista.forward(X);
  for (const s of [0, 95, 96, 191, 192, 204]) {
    const alone = lista.forward({ rows: 1, cols: 8, data: X.data.slice(s * 8, s * 8 + 8) });
    assert.deepEqual(codes.data.slice(s * 12, s * 12 + 12), alone.data);
  }
  assert.equal(lista.forward(zeros(0, 8)).rows, 0);
});

Deno.test("a threshold of 0 gets no gradient, and leaves the layer linear", () => {
  const [layer] = Lista.fromDictionary(D, { nLayers: 1 }).layers;
  const linear = new Lista([{ ...layer, thresholds: new Float32Array(12) }]);
  const codes = linear.forward(batch);
  for (let s = 0; s < 8; s++) {
    for (let j = 0; j < 12; j++) {
      let product = 0;
      for (let i = 0; i < 8; i++) product += batch.data[s * 8 + i] * layer.S.data[j * 8 + i];
      // 8 float32 products below 1
      assertClose(codes.data[s * 12 + j], product, 1e-6, "code");
    }
  }
  const [gradient] = linear.gradients(batch, D, { lambda: 0.1 }).layers;
  assert(gradient.thresholds.every((value) => value === 0));
});

Deno.test("a longer training lowers the loss and repeats bit for bit", () => {
  const train = () => {
    const lista = Lista.fromDictionary(D, { nLayers: 5 }), epochs: number[] = [];
    const onEpoch = ({ epoch }: { epoch: number }) => epochs.push(epoch);
    const history = lista.train(XId, D, { lambda: 0.1, epochs: 60, batchSize: 6, onEpoch });
    assert.deepEqual(epochs, history.map(({ epoch }) => epoch));
    return { history, codes: lista.forward(XId) };
  };
  const first = train();
  assert(first.history[59].loss < 0.75 * first.history[0].loss);
  assert.deepEqual(train(), first);
});

Deno.test("LISTA refuses bad input by the argument's name", () => {
  const lista = Lista.fromDictionary(D, { nLayers: 2 }), good = { lambda: 0.1, epochs: 1 };
  assert.throws(() => new Lista([]), /^RangeError: .* at least one layer, got 0/);
  const [layer] = lista.layers;
  assert.throws(
    () => new Lista([layer, { ...layer, W: zeros32(12, 11) }]),
    /^RangeError: layers\[1\]\.W must have 12 columns, got 11/,
  );
  assert.throws(() => new Lista([{ ...layer, thresholds: new Float32Array(3) }]), /thresholds/);
  assert.throws(() => Lista.fromDictionary(D, { nLayers: 0 }), /^RangeError: nLayers must be/);
  assert.throws(() => Lista.fromDictionary(zeros(3, 4)), /^RangeError: .*spectral norm.* got 0/);
  assert.throws(() => lista.forward(zeros(1, 7)), /^RangeError: X must have 8 columns, got 7/);
  const refused = (options: object, message: RegExp, X: Matrix = XId, dictionary: Matrix = D) =>
    assert.throws(() => lista.train(X, dictionary, { ...good, ...options }), message);
  refused({ lambda: 0 }, /^RangeError: lambda must be .* got 0/);
  refused({ epochs: 0 }, /^RangeError: epochs must be .* got 0/);
  refused({ lr: 0 }, /^RangeError: lr must be .* got 0/);
  refused({ batchSize: 0 }, /^RangeError: batchSize must be .* got 0/);
  refused({ seed: 0.5 }, /^RangeError: seed must be .* got 0.5/);
  refused({ loader: [[20]] }, /^RangeError: row in a batch .* from 0 to 19, got 20/);
  refused({ loader: [[]] }, /^RangeError: rows in a batch .* from 1 to 20, got 0/);
  refused({ loader: [] }, /^RangeError: loader must yield at least one batch per epoch/);
  refused({ loader: [[1, 2, 3]], batchSize: 2 }, /^RangeError: rows in a batch .* 1 to 2, got 3/);
  refused({}, /^RangeError: D must have 8 rows, got 9/, XId, zeros(9, 12));
  refused({}, /^RangeError: X.rows must be .* got 0/, zeros(0, 8));
  assert.throws(() => lista.gradients(batch, D, { lambda: -1 }), /^RangeError: lambda/);
  const huge = (M: Matrix) => ({ ...M, data: new Float64Array(M.data.length).fill(1e39) });
  const beyond = (name: string) => new RegExp(`^RangeError: ${name} must be within float32 .* 1e`);
  assert.throws(() => lista.forward(huge(XId)), beyond("X"));
  assert.throws(() => Lista.fromDictionary(huge(D)), beyond("D"));
  refused({}, beyond("X"), huge(XId));
  refused({}, beyond("D"), XId, huge(D));
});

Deno.test("LISTA refuses what overflows float32 on the way to weights or codes", () => {
  const scaled = (M: Matrix, by: number) => ({ ...M, data: M.data.map((value) => value * by) });
  assert.throws(
    () => Lista.fromDictionary(scaled(D, 1e25)),
    /^RangeError: Cannot make LISTA: values must stay finite in float32, .* scale D down/,
  );
  // small atoms: the codes are as much larger than the observations
  assert.throws(
    () => Lista.fromDictionary(scaled(D, 1e-5), { nLayers: 1 }).forward(scaled(XId, 1e36)),
    /^RangeError: Cannot code X: values must stay finite in float32, .* scale X or the weights down/,
  );
});

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
