/** The golden cases of the sparse autoencoders, to be checked with either build of the kernels. */
import type { Matrix, Matrix32 } from "../lib/matrix.ts";
import { Sae, saeGradients, type SaeParameters } from "../lib/saes.ts";
import { type SaeConfig, type TrainedSae, trainSae } from "../lib/train_sae.ts";
import { assertClose, type GoldenArray, goldenCase, toMatrix } from "./golden.ts";

/** The cases with forward pass, gradients and ten steps. */
export const STEP_CASES = ["relu", "topk", "jumprelu", "MP", "jumprelu_large_thresholds"];
/** The cases with a whole training. */
export const TRAINING_CASES = ["train", "train_long"].flatMap((kind) =>
  ["relu", "topk", "jumprelu", "MP"].map((type) => `${kind}_${type}`)
);

const shared = goldenCase("saes", "shared").expected;
const data = {
  train: toMatrix(shared.X_train),
  id: toMatrix(shared.X_iid),
  ood: toMatrix(shared.X_ood),
};
const batch: Matrix = { rows: 5, cols: 8, data: data.train.data.slice(0, 40) };

/** The golden files' names of the parameters. */
const NAMES = {
  encoder: "Ae",
  encoderBias: "be",
  decoder: "Ad",
  decoderBias: "bd",
  logThreshold: "logthreshold",
} as const;
type Name = keyof typeof NAMES;

const values = (array: Matrix | Float32Array) => "data" in array ? array.data : array;

/** A case's parameters; each call makes new arrays. */
export function goldenParameters(stored: Record<string, GoldenArray>): SaeParameters {
  const vector = (array: GoldenArray) => Float32Array.from(array.data);
  return {
    encoder: toMatrix(stored.Ae) as Matrix32,
    encoderBias: vector(stored.be),
    decoder: toMatrix(stored.Ad) as Matrix32,
    decoderBias: vector(stored.bd),
    ...(stored.logthreshold && { logThreshold: vector(stored.logthreshold) }),
  };
}

/** Compares every stored array with ours; null means that there must be none. */
function assertParameters(
  actual: Partial<Record<Name, Matrix | Float32Array | null>>,
  expected: Record<string, GoldenArray | null>,
  tol: Record<string, number>,
  prefix: string,
  what: string,
): void {
  for (const [name, key] of Object.entries(NAMES) as [Name, string][]) {
    const array = actual[name] ?? null, wanted = expected[key] ?? null;
    if ((array === null) !== (wanted === null)) throw new Error(`${what} ${key}: only one is null`);
    if (array === null || wanted === null) continue;
    assertClose(values(array), wanted.data, tol[`${prefix}.${key}`], `${what} ${key}`);
  }
}

/** Codes, reconstructions, losses and gradients of one batch. */
export function checkBatch(name: string): void {
  const { inputs, expected, tol } = goldenCase("saes", name);
  const make = (kval: number) =>
    new Sae({ type: inputs.type, kval, parameters: goldenParameters(inputs.parameters) });
  const sae = make(inputs.kval);
  const { codes, reconstruction } = sae.forward(batch);
  assertClose(codes.data, expected.codes.data, tol.codes, `${name} codes`);
  assertClose(reconstruction.data, expected.x_hat.data, tol.x_hat, `${name} x_hat`);
  for (const k of expected.other_k ? ["k1", "k5"] : []) {
    const other = make(Number(k[1])).forward(batch), stored = expected.other_k[k];
    assertClose(other.codes.data, stored.codes.data, tol[`other_k.${k}.codes`], `${name} ${k}`);
    const tolerance = tol[`other_k.${k}.x_hat`];
    assertClose(other.reconstruction.data, stored.x_hat.data, tolerance, `${name} ${k} x_hat`);
  }
  for (const [key, gamma] of [["gamma_1e-4", 1e-4], ["gamma_1e-2", 1e-2]] as const) {
    const { loss, recon, penalty, gradients } = saeGradients(sae, batch, { gamma });
    assertClose(recon, expected.recon_loss, tol.recon_loss, `${name} recon`);
    assertClose(penalty, expected.reg_loss, tol.reg_loss, `${name} penalty`);
    assertClose(loss, expected[key].total_loss, tol[`${key}.total_loss`], `${name} loss`);
    assertParameters(gradients, expected[key].grad, tol, `${key}.grad`, `${name} ${key} gradient`);
  }
}

/** Trains on the golden files' fixed batches of five: step t takes rows (5t + i) mod 20. */
function trainOnFixedBatches(name: string, steps: number, config: Partial<SaeConfig>): TrainedSae {
  const { type, kval, parameters, training } = goldenCase("saes", name).inputs;
  const batches = Array.from(
    { length: steps },
    (_, t) => Array.from({ length: 5 }, (_, i) => (5 * t + i) % 20),
  );
  return trainSae(data, {
    type,
    width: 12,
    kval,
    seed: 0,
    epochs: 1,
    batchSize: 5,
    lr: training.lr,
    gamma: training.gamma_reg,
    renormEvery: 0,
    initial: new Sae({ type, kval, parameters: goldenParameters(parameters) }),
    loader: batches,
    ...config,
  });
}

/** Parameters after 1, 2 and 10 steps of AdamW, and what they compute then. */
export function checkSteps(name: string): void {
  const { expected, tol } = goldenCase("saes", name);
  for (const steps of [1, 2, 10]) {
    const key = `params_after_${steps}_steps`;
    const { sae } = trainOnFixedBatches(name, steps, {});
    assertParameters(sae.parameters, expected[key], tol, key, `${name} ${key}`);
    if (steps < 10) continue;
    const { codes, reconstruction } = sae.forward(batch);
    const late = (output: string) => `${output}_after_10_steps`;
    assertClose(codes.data, expected[late("codes")].data, tol[late("codes")], late("codes"));
    assertClose(reconstruction.data, expected[late("x_hat")].data, tol[late("x_hat")], "x_hat");
  }
  const { sae } = trainOnFixedBatches(name, 10, { renormEvery: 50 });
  const key = "Ad_after_10_steps_and_renorm";
  assertClose(sae.dictionary.data, expected[key].data, tol[key], `${name} ${key}`);
}

/** Ten steps with clipped gradients. */
export function checkClipping(): void {
  const { inputs, expected, tol } = goldenCase("saes", "relu_gradient_clipping");
  const { sae } = trainOnFixedBatches("relu", inputs.steps, { gradClip: inputs.grad_clip });
  const key = "params_after_10_steps";
  assertParameters(sae.parameters, expected[key], tol, key, "clipped");
}

/** One epoch, after which the decoder is renormed. */
export function checkRenorm(): void {
  const { inputs, expected, tol } = goldenCase("saes", "relu_epoch_with_renorm");
  const { sae } = trainOnFixedBatches("relu", inputs.steps, { renormEvery: 50 });
  const key = "params_after_epoch";
  assertParameters(sae.parameters, expected[key], tol, key, "renormed");
}

/** A training from the seed with the default loader: history, codes and, where given, parameters. */
export function checkTraining(name: string): void {
  const { inputs, expected, tol } = goldenCase("saes", name);
  const { sae, codesId, codesOod, history } = trainSae(data, {
    type: inputs.type,
    width: 12,
    kval: inputs.kval,
    seed: inputs.seed,
    batchSize: inputs.batch_size,
    epochs: inputs.epochs,
    lr: inputs.lr,
    gamma: inputs.gamma_reg,
    renormEvery: inputs.renorm_every,
  });
  for (const stored of expected.history) {
    const { trainRecon, trainReg, mseId, mseOod, l0Id, l0Ood } = history[stored.epoch];
    const ours = {
      train_recon: trainRecon,
      train_reg: trainReg,
      mse_iid: mseId,
      mse_ood: mseOod,
      l0_iid: l0Id,
      l0_ood: l0Ood,
    };
    for (const [key, value] of Object.entries(ours)) {
      const what = `${name} epoch ${stored.epoch} ${key}`;
      assertClose(value, stored[key], tol[`history.${key}`], what);
    }
  }
  assertClose(codesId.data, expected.codes_iid.data, tol.codes_iid, `${name} codes_iid`);
  if (expected.codes_ood) {
    assertClose(codesOod.data, expected.codes_ood.data, tol.codes_ood, `${name} codes_ood`);
  }
  if (expected.final_parameters) {
    assertParameters(sae.parameters, expected.final_parameters, tol, "final_parameters", name);
  }
}
