/**
 * What two trainings must have in common for one to go on where the other stopped.
 * @module
 */
import { digestOf } from "../numeric/digest.ts";
import type { SaeSettings } from "./sae_config.ts";
import type { ScoredSet } from "./sae_results.ts";
import { TRAINING } from "./sae_training.ts";
import { dataOf } from "./sae_variant.ts";

/** What decides which weights a training leads to: by name, plain JSON. */
export type Identity = Readonly<Record<string, unknown>>;

/** What identifies data: the samples of an epoch, and digests of them and of what is scored. */
export function identityOfData(
  rows: number,
  samples: string,
  sets: readonly ScoredSet[],
): Identity {
  const scored = sets.map((
    { suffix, X },
  ) => [`digest of ${suffix.toLowerCase()}`, digestOf(X.data)]);
  return { "samples per epoch": rows, "digest of train": samples, ...Object.fromEntries(scored) };
}

/** Everything that decides the weights of a training, by name. */
export function identityOf(
  settings: SaeSettings,
  data: Identity,
): Identity {
  const { start, stepping, epochs, batchSize, seed, schedule, renormEvery, deadAfter, auxK } =
    settings;
  const { resampleEvery, tuneL0, startBias, patience, historyEvery } = settings;
  const initial = Object.values(start.parameters).map((value) => digestOf(dataOf(value)));
  const identity = {
    ...{ ...start.options, inputDim: start.inputDim, width: start.width, ...stepping },
    ...{ epochs, batchSize, seed, schedule, renormEvery, deadAfter, auxK, resampleEvery },
    ...{
      tuneL0,
      startBias,
      patience,
      historyEvery,
      "digest of initial": initial.join(" "),
      ...data,
    },
    "version of training": TRAINING,
  };
  return JSON.parse(JSON.stringify(identity));
}

/**
 * Requires that a state is of the training that goes on from it.
 *
 * @throws {Error} When something is different: the message names it.
 */
export function requireSameTraining(
  name: string,
  saved: Identity,
  own: Identity,
): void {
  for (const key of new Set([...Object.keys(own), ...Object.keys(saved)])) {
    const [theirs, ours] = [saved, own].map((identity) =>
      JSON.stringify(identity[key]) ?? "not given"
    );
    if (theirs === ours) continue;
    throw new Error(
      `Cannot go on from ${name}: its ${key} is ${theirs}, that of this training ${ours}`,
    );
  }
}
