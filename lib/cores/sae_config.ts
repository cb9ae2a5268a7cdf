/**
 * What a training is asked for: the options of train_sae.ts, their defaults and their checks.
 * @module
 */
import {
  requireBoolean,
  requireFunction,
  requireInstance,
  requireInteger,
  requireIterable,
  requireNonNegative,
  requireOptions,
  requirePositive,
} from "../checks.ts";
import { INTERRUPTIBLE, type Interruptible, watch } from "../interruptible.ts";
import { transpose } from "../matrix.ts";
import { Sae, type SaeInit } from "../saes.ts";
import {
  SAE_CONVENTIONS,
  type SaeConventions,
  trainingDefaults,
  variantDefaults,
} from "./sae_conventions.ts";
import { isDirect } from "./sae_jumprelu.ts";
import { halves } from "./sae_matryoshka.ts";
import type { TuneL0 } from "./sae_l0_tuner.ts";
import { completeAnnealing, type PowerAnnealing } from "./sae_power_annealer.ts";
import type { SaeHistoryEntry } from "./sae_results.ts";
import type { SaeStateStore } from "./sae_state.ts";
import { requireSchedule, type SaeSchedule } from "./sae_schedule.ts";
import type { DecoderNorm, LossScale, SaeStepOptions } from "./sae_training.ts";
import { type AuxK, type SaeSizes, takeOptions } from "./sae_variant.ts";
import { type SaeOptions, VARIANT_OPTIONS, variantOf } from "./sae_variants.ts";

/** What `onEpoch` gets after every epoch. */
export interface SaeEpoch {
  /** Counted from 0. */
  epoch: number;
  /** Number of epochs. */
  epochs: number;
  /** The epoch's entry of the history, in the epochs that have one (see `historyEvery`). */
  entry?: SaeHistoryEntry;
  /** A copy of the autoencoder as it is now. */
  snapshot(): Sae;
}

/** Options of a training, whatever is trained. */
export interface SaeTraining extends Interruptible {
  /** Number of units. */
  width: number;
  /** Passes over the training samples. Default 500. */
  epochs?: number;
  /** Learning rate. Default 5e-4. */
  lr?: number;
  /** Weight of the penalty, for the kinds that have one. Default 1e-4. */
  gamma?: number;
  /**
   * Whose defaults all other options of the training and of the kind have. `"paper"`, the default: those
   * told here. `"saelens"`: SAELens 6.37, errors added up over dimensions, a free decoder that starts
   * with norms 0.1, clipping at 1, AuxK, penalties by the atoms' norms, lr 3e-4, γ 1; jumprelu trains θ, as
   * SAELens since 6.48, and not its logarithm. In `"dictionary_learning"` it does so too, columns have unit
   * norm, gradients are clipped but for relu and gated, lr and γ depend on the kind, and warm up over 1000 and
   * 2000 steps, after 1000 of which the threshold of batchtopk begins: for shorter trainings give `schedule`
   * and `thresholdAfter`. Its jumprelu does not subtract the decoder's bias from the input; here all do, which
   * the encoder's bias can make up for, with other gradients. Number of units, `kval`, epochs and batches are yours.
   */
  conventions?: SaeConventions;
  /** Decay rates of AdamW's running means, each in [0, 1). Default 0.9 and 0.999. */
  betas?: readonly [number, number];
  /** AdamW's decoupled weight decay. Default 0.01. */
  weightDecay?: number;
  /** Whether squared errors are averaged, the default, or added up over the dimensions (`"sum"`). */
  lossScale?: LossScale;
  /**
   * What keeps the decoder's columns at their norms. `"projected"`, the default: gradients lose their
   * part along each column. `"unit"`: that, and columns get unit norm after each step. `"free"`: nothing.
   */
  decoderNorm?: DecoderNorm;
  /** How learning rate and penalty change, counted in steps of `batchSize`. Default: not at all. */
  schedule?: SaeSchedule;
  /** A unit is dead after more than so many training steps without a code. Default: not counted. */
  deadAfter?: number;
  /**
   * What dead units learn: to predict what is left over, for topk, abstopk, batchtopk and matryoshka.
   * `latents`: at most how many, default half the dimensions; `weight`: default 1/32; `relative`: see
   * {@linkcode AuxK}, default true; `byGroup`: for matryoshka, default false. Needs `deadAfter`. Default:
   * nothing.
   */
  auxK?: Partial<AuxK>;
  /**
   * Dead units get new weights every so many steps, towards samples that are reconstructed badly (Bricken
   * et al., 2023). Needs `deadAfter`. Default 0: never.
   */
  resampleEvery?: number;
  /**
   * Tunes the penalty's weight until so many codes per sample are active, for relu, jumprelu and gated: `gamma`
   * is where it begins. `target`: codes; `after`: steps before the tuning begins, default 0; `rate`: most of
   * its relative change in a step, default 3e-4, which is slow where steps are few; `patience`: what is left
   * of that while the number comes nearer by itself, default 0.01. Up to 100 times and down to a hundredth of
   * `gamma`. Default: not tuned.
   */
  tuneL0?: TuneL0;
  /**
   * Lets the power of the penalty of `relu` fall in training, by steps that keep the penalty about as large:
   * see {@linkcode PowerAnnealing}. It begins with `penaltyPower`, or 1. Not with `tuneL0`. Default: it stays.
   */
  annealPower?: PowerAnnealing;
  /**
   * What the decoder's bias is at the start: `"zero"`, the default, or the `"geometricMedian"` of the first
   * batch (dictionary_learning's topk, batchtopk and matryoshka). Not with `initial`.
   */
  startBias?: StartBias;
  /** Ends after so many history entries in a row without a new least `mseId`. Default 0: never. */
  patience?: number;
  /** Samples per step; the last batch of an epoch may be smaller. Default 64. */
  batchSize?: number;
  /** The decoder's columns get unit norm after epoch 0 and every so many epochs. Default 50; 0: never. */
  renormEvery?: number;
  /** Largest norm of all gradients together; 0, the default, does not clip. */
  gradClip?: number;
  /** Seed of the initial weights and of the default loader, from 0 to 2³² − 1. */
  seed: number;
  /** Starts from these parameters, which stay as they are, instead of the seed's. */
  initial?: Sae;
  /**
   * Batches of indices of training samples, iterated once per epoch. Default:
   * `shuffledBatches(train.rows, batchSize, new TorchGenerator(seed))`. Pass one loader to several
   * trainings to share its generator.
   */
  loader?: Iterable<ArrayLike<number>>;
  /** The history has an entry for every so many epochs, and the last. Default 1; 0: the last alone. */
  historyEvery?: number;
  /** Called after every epoch. */
  onEpoch?: (progress: SaeEpoch) => void;
  /**
   * Where the state of the training is kept, a file by `SaeCheckpoint` of sae_checkpoint.ts: now and then, at
   * the end, and when `signal` ends it. A training with the same configuration and data goes on from what is
   * there, and ends with the bits of one that was never interrupted; one that is finished gives its results
   * again. The loader must be as it was at the beginning. Epochs after the last save are told to `onEpoch`
   * again. Default: nowhere.
   */
  checkpoint?: SaeStateStore;
}

/**
 * Options of trainSae: the kind of autoencoder, the options of this kind, and those of the
 * training. `{ type: "relu", width, seed }` is complete; `topk`, `MP` and `abstopk` also need `kval`,
 * which the others accept without effect.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { type SaeConfig, trainSae } from "../train_sae.ts";
 * const X = { rows: 16, cols: 8, data: Float32Array.from({ length: 128 }, (_, i) => i % 7) };
 * const config: SaeConfig = { type: "topk", kval: 3, width: 12, epochs: 2, seed: 0 };
 * const { codesId } = trainSae({ train: X, id: X, ood: X }, config);
 * assert(codesId.data.slice(0, 12).filter((code) => code !== 0).length <= 3);
 * // SAELens's defaults, ended when the error of held-out samples falls no more; no other set is scored
 * const { history } = trainSae(
 *   { train: X, id: X },
 *   { type: "relu", width: 12, conventions: "saelens", lr: 0.1, epochs: 500, patience: 5, seed: 0 },
 * );
 * assert(history.length < 500);
 * const { trainLoss, l0Id, explainedId, dead } = history.at(-1)!;
 * assert(trainLoss > 0 && l0Id! > 0 && explainedId! > 0.5 && dead! >= 0);
 * ```
 */
export type SaeConfig = SaeOptions & SaeTraining;

const CONFIG = [
  ...["type", "width", "epochs", "lr", "gamma", "batchSize", "renormEvery", "gradClip", "seed"],
  ...["initial", "loader", "historyEvery", "onEpoch", ...VARIANT_OPTIONS, ...INTERRUPTIBLE],
  ...["conventions", "betas", "weightDecay", "lossScale", "decoderNorm", "schedule", "deadAfter"],
  ...["auxK", "resampleEvery", "patience", "checkpoint", "tuneL0", "startBias", "annealPower"],
];

/** See `startBias` of {@linkcode SaeTraining}. */
export type StartBias = "zero" | "geometricMedian";

/** A configuration with all its defaults, checked. */
export interface SaeSettings {
  /** The autoencoder that the training starts from: the configuration's, or the seed's. */
  readonly start: Sae;
  /** What each step does. */
  readonly stepping: Required<SaeStepOptions>;
  /** Passes over the training samples. */
  readonly epochs: number;
  /** Samples per step. */
  readonly batchSize: number;
  /** Seed of the initial weights and of the default loader. */
  readonly seed: number;
  /** How learning rate and penalty change. */
  readonly schedule: SaeSchedule;
  /** Epochs between unit norms of the decoder's columns; 0: never. */
  readonly renormEvery: number;
  /** Steps without a code after which a unit is dead. */
  readonly deadAfter?: number;
  /** What dead units learn. */
  readonly auxK?: AuxK;
  /** Steps between new weights of dead units; 0: never. */
  readonly resampleEvery: number;
  /** How a penalty is tuned. */
  readonly tuneL0?: TuneL0;
  /** How a penalty's power falls. */
  readonly annealPower?: PowerAnnealing;
  /** Where the decoder's bias starts. */
  readonly startBias: StartBias;
  /** Entries without a new least error after which it ends; 0: never. */
  readonly patience: number;
  /** Epochs between entries of the history; 0: the last alone. */
  readonly historyEvery: number;
  /** Batches of indices of training samples. */
  readonly loader?: Iterable<ArrayLike<number>>;
  /** Called after every epoch. */
  readonly onEpoch?: (progress: SaeEpoch) => void;
  /** Whether every code that is not 0 counts as active, or only those of more than 0.01. */
  readonly everyCode: boolean;
  /** Where states are kept. */
  readonly checkpoint?: SaeStateStore;
  /** Ends the training early. */
  readonly signal?: AbortSignal;
  /** Whether a training that was ended early has results. */
  readonly partial: boolean;
  /** Tells the progress and whether to end, as {@linkcode watch} does. */
  readonly endsAfter: (done: number, total: number) => boolean;
}

/**
 * Checks a configuration and fills in its defaults.
 *
 * @param config What the caller gave.
 * @param data Observed dimensions of the samples, and whether there are ID samples to score.
 * @throws {TypeError | RangeError} When an option breaks its rule, or `initial` is of another type or size.
 * @throws The signal's reason, when it is aborted and no partial result is wanted.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { settingsOf } from "./sae_config.ts";
 * const { epochs, stepping } = settingsOf({ type: "relu", width: 12, seed: 0 }, { inputDim: 8 });
 * assert.deepEqual([epochs, stepping.lr], [500, 5e-4]);
 * ```
 */
export function settingsOf(
  config: SaeConfig,
  { inputDim, scoresId = false }: { inputDim: number; scoresId?: boolean },
): SaeSettings {
  requireOptions("config", config, CONFIG);
  const variant = variantOf(config.type);
  const { width, seed, epochs = 500, batchSize = 64, historyEvery = 1, patience = 0 } = config;
  const { conventions = "paper", initial, loader, onEpoch } = config;
  const { checkpoint, signal, partial = false } = config;
  requireOneOf("conventions", conventions, SAE_CONVENTIONS);
  requireInteger("width", width, 1);
  const defaults = trainingDefaults(conventions, config.type, { inputDim, width }, batchSize);
  const {
    lr = defaults.lr,
    betas = defaults.betas,
    weightDecay = defaults.weightDecay,
    gamma = variant.penalty ? defaults.gamma ?? variant.penalty.gamma : 0,
    lossScale = defaults.lossScale,
    decoderNorm = defaults.decoderNorm,
    renormEvery = defaults.renormEvery,
    gradClip = defaults.gradClip,
    schedule = defaults.schedule,
    deadAfter = defaults.deadAfter,
    resampleEvery = 0,
    tuneL0,
    annealPower,
    startBias = initial ? "zero" : defaults.startBias ?? "zero",
  } = config;
  requireInteger("epochs", epochs, 1);
  requirePositive("lr", lr);
  requireNonNegative("gamma", gamma);
  requireInteger("batchSize", batchSize, 1);
  requireInteger("renormEvery", renormEvery, 0);
  requireNonNegative("gradClip", gradClip);
  requireInteger("historyEvery", historyEvery, 0);
  if (initial !== undefined) requireInstance("initial", initial, Sae);
  if (loader !== undefined) requireIterable("loader", loader);
  if (onEpoch !== undefined) requireFunction("onEpoch", onEpoch);
  if (checkpoint !== undefined) requireStore("checkpoint", checkpoint);
  requireNonNegative("weightDecay", weightDecay);
  requireBetas(betas);
  requireOneOf("lossScale", lossScale, ["mean", "sum"]);
  requireOneOf("decoderNorm", decoderNorm, ["projected", "unit", "free"]);
  requireOptions("schedule", schedule, SCHEDULE);
  requireSchedule(schedule);
  requireInteger("resampleEvery", resampleEvery, 0);
  requireInteger("patience", patience, 0);
  if (patience > 0 && !scoresId) throw new TypeError("patience needs data.id, got none");
  if (deadAfter !== undefined) requireInteger("deadAfter", deadAfter, 0);
  if (resampleEvery > 0 && deadAfter === undefined) {
    throw new TypeError("resampleEvery needs deadAfter, got none");
  }
  if (resampleEvery > 0 && !variant.parameters.find(({ name }) => name === "encoder")!.trained) {
    throw new TypeError(`resampleEvery needs a type that trains an encoder, got ${config.type}`);
  }
  requireOneOf("startBias", startBias, ["zero", "geometricMedian"]);
  if (startBias !== "zero" && initial !== undefined) {
    throw new TypeError("startBias must be left out where initial has the bias");
  }
  if (tuneL0 !== undefined) {
    requireOptions("tuneL0", tuneL0, ["target", "after", "rate", "patience"]);
    const { target, after = 0, rate = 0.5, patience: left = 0 } = tuneL0;
    requirePositive("tuneL0.target", target);
    requireInteger("tuneL0.after", after, 0);
    requirePositive("tuneL0.rate", rate);
    if (rate >= 1) throw new RangeError(`tuneL0.rate must be below 1, got ${rate}`);
    requireNonNegative("tuneL0.patience", left);
    if (left > 1) throw new RangeError(`tuneL0.patience must be at most 1, got ${left}`);
    if (!variant.penalty) {
      throw new TypeError(`tuneL0 needs a type that has a penalty, got ${config.type}`);
    }
  }
  if (annealPower !== undefined) requireAnnealing(annealPower, config);
  const auxK = auxKOf(config, variant.auxK ? defaults.auxK : undefined, inputDim);
  const endsAfter = watch(config);
  const own = {
    ...variantDefaults(conventions, config.type, groupCount(config)),
    // which parameters there are is for the initial one to tell
    ...(initial && { directThreshold: isDirect(initial.options) }),
    ...config,
    ...(annealPower && { penaltyPower: (config as Own).penaltyPower ?? 1 }),
  };
  requireFall(schedule, config, inputDim);
  const options = takeOptions(variant, own as SaeConfig, { inputDim, width });
  if (initial) requireSame("initial", initial, { ...options, inputDim, width });
  const start = initial
    // an option that it does not tell is that of the training
    ? new Sae({ ...initial.options, ...options, parameters: initial.parameters } as SaeInit)
    : begin(options, { inputDim, width, seed }, defaults.initialNorm);
  const { kval = 1 } = config as Own;
  if (variant.byBatch && kval * batchSize < 1) {
    throw new RangeError(`kval times batchSize must be at least 1, got ${kval * batchSize}`);
  }
  const { revival = 0 } = start.options as { revival?: number };
  if (revival > 0 && deadAfter === undefined) {
    throw new TypeError("revival needs deadAfter, got none");
  }
  return {
    start,
    stepping: { lr, gamma, gradClip, betas, weightDecay, lossScale, decoderNorm },
    ...{ epochs, batchSize, seed, schedule, renormEvery, deadAfter, auxK, resampleEvery },
    ...{ tuneL0, annealPower, startBias, patience, historyEvery, loader, onEpoch },
    ...{ checkpoint, signal, partial, endsAfter, everyCode: conventions !== "paper" },
  };
}

const SCHEDULE: readonly (keyof SaeSchedule)[] = [
  ...["warmup", "decay", "shape", "cycles", "fromZero", "gammaWarmup", "kvalAnneal"] as const,
];

/** Requires what lets a power fall. */
function requireAnnealing(
  annealing: PowerAnnealing,
  { type, tuneL0, penaltyPower = 1 }: Own,
): void {
  requireOptions("annealPower", annealing, ["after", "powers", "to", "window"]);
  const { after, powers, to, window } = completeAnnealing(annealing);
  requireInteger("annealPower.after", after, 0);
  requireInteger("annealPower.powers", powers, 2);
  requireNonNegative("annealPower.to", to);
  requireInteger("annealPower.window", window, 1);
  if (type !== "relu") throw new TypeError(`annealPower needs type relu, got ${type}`);
  if (tuneL0 !== undefined) {
    throw new TypeError(
      "annealPower must be left out where tuneL0 decides on the penalty's weight",
    );
  }
  if (to >= penaltyPower) {
    throw new RangeError(
      `annealPower.to must be below the first power, ${penaltyPower}, got ${to}`,
    );
  }
}

/** Requires a type whose number of codes can fall, and a number that is below where it begins. */
function requireFall({ kvalAnneal = 0 }: SaeSchedule, config: SaeConfig, inputDim: number): void {
  if (kvalAnneal === 0) return;
  const { type, width } = config, { kval } = config as Own, most = Math.min(inputDim, width);
  if (!variantOf(type).setKval) {
    throw new TypeError(`schedule.kvalAnneal needs a type that chooses kval codes, got ${type}`);
  }
  if (kval! > most) {
    throw new RangeError(
      `kval must be at most ${most}, where schedule.kvalAnneal begins, got ${kval}`,
    );
  }
}

/** A configuration with the options of some types. */
type Own = SaeTraining & { type: string; kval?: number; penaltyPower?: number };

/** Number of prefixes of a matryoshka: those that are given, or the default's. */
function groupCount(config: SaeConfig): number {
  return config.type === "matryoshka" ? (config.groups ?? halves(config.width)).length : 0;
}

/** The autoencoder that a training starts from. */
function begin(
  options: SaeOptions,
  shape: SaeSizes & { seed: number },
  norm: number | undefined,
): Sae {
  const sae = Sae.initialize({ ...options, ...shape });
  if (norm === undefined) return sae;
  const decoder = { ...sae.dictionary, data: sae.dictionary.data.map((value) => norm * value) };
  return new Sae({
    ...options,
    parameters: { ...sae.parameters, decoder, encoder: transpose(decoder) },
  });
}

function requireStore(name: string, store: SaeStateStore): void {
  requireOptions(name, store);
  requireInteger(`${name}.everySteps`, store.everySteps, 0);
  requireInteger(`${name}.everyEpochs`, store.everyEpochs, 0);
  requireFunction(`${name}.load`, store.load);
  requireFunction(`${name}.save`, store.save);
}

/** What dead units learn, checked. */
function auxKOf(config: SaeConfig, given: AuxK | undefined, inputDim: number): AuxK | undefined {
  if (config.auxK === undefined) return given;
  requireOptions("auxK", config.auxK, ["weight", "latents", "relative", "byGroup"]);
  if (!variantOf(config.type).auxK) {
    throw new TypeError(`auxK needs a type that chooses its codes, got ${config.type}`);
  }
  const base = given ?? { weight: 1 / 32, latents: Math.max(1, inputDim >> 1), relative: true };
  const auxK = { ...base, ...config.auxK };
  requireNonNegative("auxK.weight", auxK.weight);
  requireInteger("auxK.latents", auxK.latents, 1);
  for (const name of ["relative", "byGroup"] as const) {
    requireBoolean(`auxK.${name}`, auxK[name] ?? false);
  }
  if (auxK.byGroup && config.type !== "matryoshka") {
    throw new TypeError(`auxK.byGroup needs type matryoshka, got ${config.type}`);
  }
  if (config.deadAfter === undefined && given === undefined) {
    throw new TypeError("auxK needs deadAfter, got none");
  }
  return auxK;
}

function requireOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new TypeError(`${name} must be one of ${allowed.join(", ")}, got ${value}`);
}

function requireBetas(betas: unknown): void {
  if (!Array.isArray(betas) || betas.length !== 2) {
    throw new TypeError(`betas must be two numbers, got ${typeof betas}`);
  }
  for (const beta of betas) {
    if (!(beta >= 0 && beta < 1)) throw new RangeError(`betas must be in [0, 1), got ${beta}`);
  }
}

/** Requires an autoencoder of this kind, with these options, as far as both have them, and sizes. */
function requireSame(name: string, sae: Sae, shape: SaeOptions & SaeSizes): void {
  const actual: Record<string, unknown> = {
    directThreshold: isDirect(sae.options),
    ...sae.options,
    inputDim: sae.inputDim,
    width: sae.width,
  };
  for (const [option, value] of Object.entries(shape)) {
    const wanted = JSON.stringify(value), found = JSON.stringify(actual[option] ?? value);
    if (found !== wanted) throw new RangeError(`${name}.${option} must be ${wanted}, got ${found}`);
  }
}
