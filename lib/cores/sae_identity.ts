/**
 * What two trainings must have in common for one to go on where the other stopped.
 * @module
 */
import { digestOf } from "../numeric/digest.ts";
import { differenceOf, type Identity } from "./identity.ts";
import type { SaeSettings } from "./sae_config.ts";
import type { ScoredSet } from "./sae_results.ts";
import { TRAINING } from "./sae_training.ts";
import { dataOf } from "./sae_variant.ts";

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
  const { resampleEvery, tuneL0, annealPower, startBias, patience, historyEvery } = settings;
  const initial = Object.values(start.parameters).map((value) => digestOf(dataOf(value)));
  const identity = {
    ...{ ...start.options, inputDim: start.inputDim, width: start.width, ...stepping },
    ...{ epochs, batchSize, seed, schedule, renormEvery, deadAfter, auxK, resampleEvery },
    ...{
      tuneL0,
      annealPower,
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
  const difference = differenceOf(saved, own, "training");
  if (difference) throw new Error(`Cannot go on from ${name}: ${difference}`);
}
