/**
 * The four autoencoders of a data set, each through the model cache.
 * @module
 */
import { type Datasets, generateDatasets } from "../data.ts";
import type { Model, ModelCache } from "./model_cache.ts";
import { shuffledBatches, TorchGenerator } from "../random.ts";
import { type Closeness, closenessOf, RECORD_EVERY } from "./records.ts";
import { PAPER_SAE_TYPES, type PaperSaeType } from "./sae_types.ts";
import type { Setting } from "./settings.ts";
import { type SaeHistoryEntry, trainSae } from "../train_sae.ts";

/**
 * The paper's data of a setting; its width, and what else a point of a grid has, is no matter of theirs.
 *
 * @throws {RangeError} As {@linkcode generateDatasets}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { datasetsOf } from "./trained_saes.ts";
 *
 * const setting = { numLatents: 20, k: 3, inputDim: 12, nSamples: 200, width: 40, seed: 0 };
 * const { val, A } = datasetsOf(setting);
 * assert.deepEqual([val.Y.rows, A.rows, A.cols], [100, 12, 20]);
 * ```
 */
export function datasetsOf({ seed, numLatents, k, nSamples, inputDim }: Setting): Datasets {
  return generateDatasets({ seed, numLatents, k, nSamples, inputDim });
}

/** How an autoencoder stands after an epoch, and its decoder's columns to the true dictionary. */
export interface TrainingRecord extends SaeHistoryEntry, Closeness {}

/**
 * What is done with the record of a training: it is read; nobody reads it now, but it is made where it
 * costs little, for others who find the model in the cache; or it is not made.
 */
export type HistoryUse = "read" | "record" | "none";

/**
 * Up to this width a record takes a tenth of the training's time. The match to the true dictionary grows
 * with the square of the width, and takes four fifths as long again at 5000: more than what it saves whom it may serve.
 */
const RECORDED_UP_TO = 1000;

/** As in the paper, where nothing else is asked for; part of the cache's key. */
const SETTINGS = { lr: 5e-4, gamma: 1e-4, batchSize: 64, renormEvery: 50 };

/**
 * One of the four autoencoders of a setting, from the cache or trained on the setting's data. Its
 * history has every tenth epoch and the last, with the match to the true dictionary.
 *
 * In the paper one loader of batches serves the four types, in the order of `PAPER_SAE_TYPES`, and goes
 * on from one to the next. Here each type has a loader that skips what the earlier ones would have
 * drawn, so that the weights are the same when a type is trained alone.
 *
 * @param setting What determines the data.
 * @param type Kind of the autoencoder.
 * @param options `epochs`; `lr` and `gamma` (default: the paper's); `cache`, which may be one without a folder; `history`: what
 * is done with the record (default `read`); `data`, called when the model
 * must be trained (default: draws the setting's data set); `onEpoch`, called with the share of the
 * training that is done.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ModelCache } from "./model_cache.ts";
 * import { cachedSae } from "./trained_saes.ts";
 *
 * const setting = { numLatents: 20, k: 3, inputDim: 12, nSamples: 200, width: 20, seed: 0 };
 * const cache = new ModelCache(undefined); // with a folder it would be kept there
 * const { sae, history } = cachedSae(setting, "relu", { epochs: 5, cache });
 * assert.equal(sae.dictionary.cols, 20);
 * assert.deepEqual(history.map(({ epoch }) => epoch), [0, 4]);
 * ```
 */
export function cachedSae(
  setting: Setting,
  type: PaperSaeType,
  { epochs, lr = SETTINGS.lr, gamma = SETTINGS.gamma, cache, history: use = "read", data, onEpoch }:
    {
      epochs: number;
      lr?: number;
      gamma?: number;
      cache: ModelCache;
      history?: HistoryUse;
      data?: () => Datasets;
      onEpoch?: (share: number) => void;
    },
): Model<TrainingRecord[]> {
  const skippedEpochs = PAPER_SAE_TYPES.indexOf(type) * epochs;
  const { numLatents, k, inputDim, nSamples, width, seed } = setting;
  const records = use === "read" || use === "record" && width <= RECORDED_UP_TO;
  const training = { ...SETTINGS, lr, gamma };
  const spec = {
    ...{ type, numLatents, k, inputDim, nSamples, width, seed, epochs },
    ...training,
    skippedEpochs,
  };
  const make = (): Model<TrainingRecord[]> => {
    const { train, val, ood, A } = data?.() ?? datasetsOf(setting);
    const loader = shuffledBatches(train.Y.rows, SETTINGS.batchSize, new TorchGenerator(seed));
    loader.skipEpochs(skippedEpochs);
    const history: TrainingRecord[] = [];
    const { sae } = trainSae({ train: train.Y, id: val.Y, ood: ood.Y }, {
      type,
      width,
      kval: k,
      epochs,
      ...training,
      seed,
      loader,
      historyEvery: records ? RECORD_EVERY : 0,
      onEpoch({ epoch, entry, snapshot }) {
        onEpoch?.((epoch + 1) / epochs);
        if (!entry || !records) return;
        history.push({ ...entry, ...closenessOf(snapshot().dictionary, A) });
      },
    });
    return { sae, history };
  };
  // one that was trained without a record has the same weights
  return cache.obtain(spec, make, use === "read" ? (history) => history.length > 0 : undefined);
}
