import assert from "node:assert/strict";
import {
  compareMethods,
  fista,
  fromRows,
  generateDatasets,
  ista,
  lassoGap,
  learnDictionary,
  learnLista,
  linearProbe,
  Lista,
  refineFromSae,
  Sae,
  saveSae,
  shuffledBatches,
  softplusAdam,
  TorchGenerator,
  trainSae,
} from "../mod.ts";
import { nearest, requireOptions } from "../lib/checks.ts";

const X = fromRows([[1, 2], [0, 1]]);
const D = fromRows([[1, 0, 0.6], [0, 1, 0.8]]);
const split = { Y: X, Z: fromRows([[1, 0, 0], [0, 1, 0]]), labels: [1, 0] };
const splits = { val: split, ood: split };
const data = { train: X, id: X, ood: X };
const shape = { type: "relu", inputDim: 2, width: 3, kval: 1, seed: 0 } as const;
const learning = { numLatents: 3, lambda: 0.1, seed: 0, maxSteps: 50 };
const training = { type: "relu", width: 3, kval: 1, epochs: 1, seed: 0 } as const;
const unrolled = { lambda: 0.1, epochs: 1 };
const sae = Sae.initialize(shape);
const lista = Lista.fromDictionary(D, { nLayers: 1 });

/** A value of another kind than the types allow. */
// deno-lint-ignore no-explicit-any
type Wrong = any;

/** A call with one argument replaced, the argument's name, what it must be, and a value that it takes. */
type Call = [call: (value: Wrong) => unknown, name: string, rule: string, right: unknown];

const REQUIRED: Call[] = [
  [(v) => ista(X, D, v), "options", "an object", { lambda: 1 }],
  [(v) => fista(X, D, v), "options", "an object", { lambda: 1 }],
  [(v) => lassoGap(X, D, fromRows([[0, 0, 0], [0, 0, 0]]), v), "options", "an object", {
    lambda: 1,
  }],
  [(v) => learnDictionary(X, X, v), "options", "an object", learning],
  [(v) => softplusAdam(X, X, v), "options", "an object", learning],
  [(v) => trainSae(v, training), "data", "an object", data],
  [(v) => trainSae(data, v), "config", "an object", training],
  [(v) => generateDatasets(v), "options", "an object", {
    seed: 0,
    numLatents: 4,
    k: 2,
    nSamples: 4,
  }],
  [(v) => new Lista(v), "layers", "an array", lista.layers],
  [(v) => lista.gradients(X, D, v), "options", "an object", { lambda: 0.1 }],
  [(v) => lista.train(X, D, v), "options", "an object", unrolled],
  [(v) => learnLista(X, X, v), "options", "an object", { ...unrolled, dictionary: D }],
  [(v) => refineFromSae(v, X, { lambda: 1 }), "sae", "a Sae", sae],
  [(v) => refineFromSae(sae, X, v), "options", "an object", { lambda: 1 }],
  [(v) => compareMethods(v, { dictionary: D, lambda: 1 }), "splits", "an object", splits],
  [
    (v) => compareMethods({ ...splits, val: v }, { dictionary: D, lambda: 1 }),
    "val",
    "an object",
    split,
  ],
  [(v) => compareMethods(splits, v), "options", "an object", { dictionary: D, lambda: 1 }],
  [(v) => new Sae(v), "init", "an object", sae],
  [
    (v) => new Sae({ type: "relu", kval: 1, parameters: v }),
    "parameters",
    "an object",
    sae.parameters,
  ],
  [(v) => Sae.initialize(v), "shape", "an object", shape],
  [(v) => shuffledBatches(4, 2, v), "generator", "a TorchGenerator", new TorchGenerator(0)],
  [(v) => linearProbe(X, X, v), "observations", "an array", [X]],
];

const OPTIONAL: Call[] = [
  [(v) => learnDictionary(X, X, { ...learning, onRound: v }), "onRound", "a function", () => {}],
  [(v) => softplusAdam(X, X, { ...learning, onStep: v }), "onStep", "a function", () => {}],
  [(v) => trainSae(data, { ...training, onEpoch: v }), "onEpoch", "a function", () => {}],
  [(v) => trainSae(data, { ...training, loader: v }), "loader", "iterable", [[0], [1]]],
  [(v) => trainSae(data, { ...training, initial: v }), "initial", "a Sae", sae],
  [(v) => Lista.fromDictionary(D, v), "options", "an object", {}],
  [(v) => lista.train(X, D, { ...unrolled, onEpoch: v }), "onEpoch", "a function", () => {}],
  [(v) => lista.train(X, D, { ...unrolled, loader: v }), "loader", "iterable", [[0], [1]]],
  [(v) => compareMethods(splits, { dictionary: D, lambda: 1, sae: v }), "sae", "a Sae", sae],
  [
    (v) => compareMethods(splits, { dictionary: D, lambda: 1, lista: v }),
    "lista",
    "a Lista",
    lista,
  ],
  [(v) => linearProbe(X, X, [X], { alphas: v }), "alphas", "an array", [1]],
];

Deno.test("an argument of the wrong kind is named, with what it must be and what it is", () => {
  for (const [call, name, rule] of [...REQUIRED, ...OPTIONAL]) {
    for (const [value, kind] of [[1, "number"], [null, "null"]]) {
      const message = `${name} must be ${rule}, got ${kind}`;
      assert.throws(() => call(value), { name: "TypeError", message }, call.toString());
    }
  }
});

Deno.test("an argument that is left out is named where it has no default", () => {
  for (const [call, name, rule] of REQUIRED) {
    const message = `${name} must be ${rule}, got undefined`;
    assert.throws(() => call(undefined), { name: "TypeError", message }, call.toString());
  }
  for (const [call] of OPTIONAL) assert.doesNotThrow(() => call(undefined), call.toString());
});

Deno.test("the same calls work with an argument of the right kind", () => {
  for (const [call, , , right] of [...REQUIRED, ...OPTIONAL]) {
    assert.doesNotThrow(() => call(right), call.toString());
  }
});

Deno.test("an autoencoder of the wrong kind is refused before its file is written", () => {
  for (const value of [undefined, null, { parameters: sae.parameters }] as Wrong[]) {
    // without permission to write there, an attempt would fail with another error
    assert.throws(() => saveSae("lib/never_written.safetensors", value), {
      name: "TypeError",
      message: /^sae must be a Sae, got /,
    });
  }
});

Deno.test("the nearest known word is found up to a third of its letters", () => {
  const known = ["lambda", "nIter", "nonneg", "zInit"];
  assert.equal(nearest("nonNeg", known), "nonneg");
  assert.equal(nearest("lamda", known), "lambda");
  assert.equal(nearest("niters", known), "nIter");
  assert.equal(nearest("colour", known), undefined);
  assert.throws(() => requireOptions("options", { colour: 1 }, known), {
    name: "TypeError",
    message: 'options has no "colour": it takes lambda, nIter, nonneg, zInit',
  });
});
