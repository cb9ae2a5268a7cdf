/**
 * The options of a training as flags: one table of what `SaeConfig` has.
 * @module
 */
import { settingsOf } from "../lib/cores/sae_config.ts";
import { SAE_TYPES } from "../lib/saes.ts";
import { type Flag, flagName, type Flags, UsageError } from "../lib/sweep/flags.ts";
import { decimal, integer, type Kind, numbers, oneOf, yesNo } from "../lib/sweep/kinds.ts";
import type { SaeConfig } from "../lib/train_sae.ts";

const count = integer({ min: 0 }), positive = integer({ min: 1 });
const weight = decimal({ min: 0 }), above = decimal({ above: 0 });

/** One option: its place in the configuration, what it is for, and its kind. */
type Row = readonly [place: string, about: string, kind: Kind<unknown>];

/** Those that a convention, or the type, has defaults for. */
const OPTIONS: readonly Row[] = [
  ["kval", "active latents per sample: topk, abstopk, batchtopk, matryoshka, MP, pursuit", above],
  ["lr", "learning rate", above],
  ["gamma", "weight of the penalty: relu, jumprelu, gated", weight],
  ["betas", "decay rates of AdamW's two running means", numbers(decimal({ min: 0, below: 1 }))],
  ["weightDecay", "AdamW's decoupled weight decay", weight],
  ["lossScale", "whether errors are averaged or added up over dimensions", oneOf(["mean", "sum"])],
  [
    "decoderNorm",
    "what keeps the norms of atoms: gradients without their part along them, unit norm after each " +
    "step, or nothing",
    oneOf(["projected", "unit", "free"]),
  ],
  ["gradClip", "largest norm of all gradients together; 0: any", weight],
  ["schedule.warmup", "first steps, in which the learning rate rises", count],
  ["schedule.decay", "last steps, in which the learning rate falls to 0", count],
  ["schedule.shape", "the learning rate between", oneOf(["constant", "cosine"])],
  ["schedule.cycles", "cosine: how many, each begun anew at the full rate", positive],
  ["schedule.fromZero", "whether the rise begins at 0", yesNo],
  ["schedule.gammaWarmup", "first steps, in which the penalty's weight rises", count],
  ["schedule.kvalAnneal", "first steps, in which active latents fall to kval", count],
  ["deadAfter", "steps without a code after which a latent is dead", count],
  ["auxK.weight", "weight of what dead latents learn", weight],
  ["auxK.latents", "dead latents that learn from a sample at most", positive],
  ["auxK.relative", "whether their error is relative to what is left over", yesNo],
  ["auxK.byGroup", "matryoshka: whether each prefix has its own dead latents", yesNo],
  ["resampleEvery", "steps between new weights for dead latents; 0: never", count],
  ["tuneL0.target", "active latents per sample that the penalty is tuned to", above],
  ["tuneL0.after", "steps before that tuning", count],
  ["tuneL0.rate", "most of its relative change in a step", decimal({ above: 0, below: 1 })],
  ["tuneL0.patience", "what is left of that while they come nearer", decimal({ min: 0, max: 1 })],
  ["annealPower.after", "relu: steps before the penalty's power begins to fall", count],
  ["annealPower.powers", "relu: how many powers there are", integer({ min: 2 })],
  ["annealPower.to", "relu: the power that it falls towards", weight],
  ["annealPower.window", "relu: steps that decide on the next weight", positive],
  ["patience", "end after so many rows of the history without a smaller held-out error", count],
  ["renormEvery", "rows of the history between renormings of atoms; 0: never", count],
  ["penaltyPower", "relu: power of the codes in the penalty", above],
  ["penaltyRoot", "relu: whether the penalty is the root of their sum", yesNo],
  ["decoderNorms", "whether penalty, or choice, weighs codes by their atoms' norms", yesNo],
  [
    "thresholdRate",
    "batchtopk, matryoshka: how fast the threshold follows",
    decimal({ above: 0, max: 1 }),
  ],
  ["thresholdAfter", "batchtopk, matryoshka: steps before it begins", count],
  ["groups", "matryoshka: latents of the prefixes, the last the width", numbers(positive)],
  ["groupWeights", "matryoshka: weights of their errors", numbers(weight)],
  [
    "penalty",
    "jumprelu: what is penalised",
    oneOf(["codes", "step", "tanh", "target", "quadratic"]),
  ],
  ["bandwidth", "jumprelu: width of the pseudo-gradient", above],
  ["tanhScale", "jumprelu: scale of penalty tanh", above],
  ["targetL0", "jumprelu: active latents that penalties target and quadratic want", above],
  ["revival", "jumprelu: weight of what brings dead latents back", weight],
  ["initialThreshold", "jumprelu: threshold at the start", above],
  ["directThreshold", "jumprelu: whether thresholds are trained, not their logarithms", yesNo],
  ["steToInput", "jumprelu: whether pseudo-gradients reach the encoder", yesNo],
  ["frozenDecoder", "gated: whether the auxiliary error leaves the decoder alone", yesNo],
  ["residualThreshold", "pursuit: norm of the residual at which a sample is done", weight],
  ["stopAtRepeat", "pursuit: whether a sample is done with an atom that it has", yesNo],
];

/** `schedule.warmup` becomes `warmup`, `auxK.weight` `auxKWeight`. */
function keyOf(place: string): string {
  const [outer, inner] = place.split(".");
  if (inner === undefined || outer === "schedule") return inner ?? outer;
  return outer + inner[0].toUpperCase() + inner.slice(1);
}

const optional: Flags = Object.fromEntries(
  OPTIONS.map(([place, about, kind]): [string, Flag] => [keyOf(place), { about, kind }]),
);

/** The flags of an autoencoder and its training, but for how long it is trained. */
export const SAE_FLAGS = {
  type: { about: "kind of autoencoder", kind: oneOf(SAE_TYPES), default: "topk" },
  width: { about: "number of latents", kind: positive, required: true },
  startBias: {
    about: "decoder's bias at the start: 0, or the first batch's median",
    kind: oneOf(["geometricMedian", "zero"]),
    default: "geometricMedian",
  },
  conventions: {
    about: "whose defaults all options below have that are not given",
    kind: oneOf(["paper", "saelens", "dictionary_learning"]),
    default: "saelens",
  },
  batchSize: { about: "samples per step", kind: positive, default: 256 },
  seed: {
    about: "of the weights and the order",
    kind: integer({ min: 0, max: 2 ** 32 - 1 }),
    default: 0,
  },
} as const;

/** The options that have no default of their own, after those of {@linkcode SAE_FLAGS}. */
export const SAE_OPTION_FLAGS: Flags = optional;

/**
 * The configuration that flags tell, checked.
 *
 * @param values Those of both tables.
 * @param epochs How many.
 * @param data Observed dimensions, and whether rows are held out.
 * @throws {UsageError} Where the library refuses it: with the flag in place of the option.
 */
export function configOf(
  values: Readonly<Record<string, unknown>>,
  epochs: number,
  data: { inputDim: number; scoresId: boolean },
): SaeConfig {
  const config: Record<string, unknown> = { epochs };
  for (const key of Object.keys(SAE_FLAGS)) config[key] = values[key];
  for (const [place] of OPTIONS) {
    const value = values[keyOf(place)], [outer, inner] = place.split(".");
    if (value === undefined) continue;
    config[outer] = inner === undefined ? value : { ...config[outer] as object, [inner]: value };
  }
  try {
    settingsOf(config as unknown as SaeConfig, data);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new UsageError(withFlags(error.message, values));
  }
  return config as unknown as SaeConfig;
}

/** Options at the beginning of a message, and those that it says are needed, as flags. */
function withFlags(message: string, values: Readonly<Record<string, unknown>>): string {
  const places = [...OPTIONS.map(([place]) => place), ...Object.keys(SAE_FLAGS)];
  const given = places.filter((place) => values[keyOf(place)] !== undefined);
  return message.replace(/^[\w.]+|(?<= needs )\w+/g, (option) => {
    const place = places.find((one) => one === option) ??
      given.find((one) => one.startsWith(`${option}.`));
    return place ? `--${flagName(keyOf(place))}` : option;
  });
}
