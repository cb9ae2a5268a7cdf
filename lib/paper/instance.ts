/**
 * What all experiments share about one data set: the float32 observations, the trained autoencoders,
 * and how codes are scored.
 * @module
 */
import type { Datasets } from "../data.ts";
import { type Matrix, toFloat32 } from "../matrix.ts";
import { evaluate, type FullEvaluation } from "../metrics.ts";
import { CacheFolder } from "./cache_folder.ts";
import {
  cachedDictionary,
  type DictionaryRunOptions,
  type RecordedDictionary,
} from "./cached_dictionary.ts";
import { ModelCache } from "./model_cache.ts";
import { withoutBias } from "../refine.ts";
import type { PaperSaeType } from "./sae_types.ts";
import type { Setting } from "./settings.ts";
import { cachedSae, datasetsOf, type HistoryUse, type TrainingRecord } from "./trained_saes.ts";
import type { Sae } from "../saes.ts";
import { fista } from "../sparse_coding.ts";

export type { Setting } from "./settings.ts";
export type { HistoryUse, TrainingRecord } from "./trained_saes.ts";

/** Codes of both scored splits, samples × atoms each. */
export interface SplitCodes {
  /** Of the in-distribution samples. */
  codesId: Matrix;
  /** Of the out-of-distribution samples. */
  codesOod: Matrix;
}

/** Observations of both scored splits, samples × m each. */
export interface Observations {
  /** In distribution: the validation split. */
  id: Matrix;
  /** Out of distribution. */
  ood: Matrix;
}

/** A trained autoencoder with what experiments make of it. */
export interface TrainedModel {
  /** The autoencoder. */
  sae: Sae;
  /** Every tenth epoch of its training and the last; empty where nobody reads it. */
  history: TrainingRecord[];
  /** Its codes of the instance's observations. */
  codes: SplitCodes;
  /** The observations as its decoder sees them: x − b_d. */
  unbiased: Observations;
}

/** How the autoencoders of an instance are trained, and where its data come from. */
export interface InstanceOptions {
  /** Passes over the training samples of each autoencoder. */
  epochs: number;
  /** Their learning rate. Default: the paper's. */
  lr?: number;
  /** Weight of their penalty. Default: the paper's. */
  gamma?: number;
  /** Folder of the cache of models and dictionaries, where there is one. */
  cache?: string;
  /** What is done with the records of training: see {@linkcode HistoryUse}. Default `read`. */
  history?: HistoryUse;
  /**
   * Data of one's own, with noise for instance. Then every model is trained and none is kept, because
   * the cache knows models, and dictionaries, by their setting.
   */
  data?: Datasets;
}

/** A drawn data set and, made when they are first asked for, the autoencoders trained on it. */
export class Instance {
  /** What it is made of. */
  readonly setting: Setting;
  /** The three splits and the true dictionary, in float64. */
  readonly data: Datasets;
  /** The observations that codes are inferred for, in float32. */
  readonly observations: Observations;
  readonly #training: { epochs: number; lr?: number; gamma?: number; history?: HistoryUse };
  readonly #cache: string | undefined;
  #last?: { type: PaperSaeType; model: TrainedModel };

  /**
   * Draws the data, unless they are given.
   *
   * @param setting What it is made of.
   * @param options See {@linkcode InstanceOptions}.
   * @throws {RangeError} As `generateDatasets`, and where given data are not of the setting's sizes.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { Instance } from "./instance.ts";
   *
   * const instance = new Instance(
   *   { numLatents: 20, k: 3, inputDim: 12, nSamples: 200, width: 20, seed: 0 },
   *   { epochs: 5 },
   * );
   * const { mcc_iid } = instance.score(instance.model("relu").codes);
   * assert(mcc_iid > 0 && mcc_iid < 1);
   * ```
   */
  constructor(setting: Setting, { epochs, lr, gamma, cache, history, data }: InstanceOptions) {
    if (data) requireSizes(data, setting);
    this.setting = setting;
    this.data = data ?? datasetsOf(setting);
    this.observations = { id: toFloat32(this.data.val.Y), ood: toFloat32(this.data.ood.Y) };
    this.#training = { epochs, lr, gamma, history };
    this.#cache = data ? undefined : cache;
  }

  /**
   * The trained autoencoder of a type. Only the last one is kept: experiments go through the types
   * one after another, and with many latents four of them would fill the memory.
   *
   * @param type Kind of the autoencoder.
   * @param onProgress Called with the share of its training that is done.
   */
  model(type: PaperSaeType, onProgress?: (share: number) => void): TrainedModel {
    if (this.#last?.type !== type) {
      const { id, ood } = this.observations;
      const { sae, history } = cachedSae(this.setting, type, {
        ...this.#training,
        cache: new ModelCache(this.#cache),
        data: () => this.data,
        onEpoch: onProgress,
      });
      this.#last = {
        type,
        model: {
          sae,
          history,
          codes: { codesId: sae.encode(id), codesOod: sae.encode(ood) },
          unbiased: { id: withoutBias(id, sae), ood: withoutBias(ood, sae) },
        },
      };
    }
    return this.#last.model;
  }

  /**
   * What DL-FISTA learns from the observations, with as many atoms as the setting's width.
   *
   * @param options `lambda`, `rounds`, `nIter`; `onRound`, called with how many rounds are done.
   */
  dlFista(
    options: Pick<DictionaryRunOptions, "lambda" | "rounds" | "nIter" | "onRound">,
  ): RecordedDictionary {
    const { setting, observations, data: { A } } = this;
    return cachedDictionary({ setting, observations, A }, {
      ...options,
      cache: new CacheFolder(this.#cache),
      history: this.#training.history,
    });
  }

  /**
   * Accuracy, AUC and MCC of codes of the validation and the OOD samples.
   *
   * @throws {RangeError} Where the codes are not of those samples, or not finite.
   */
  score(codes: SplitCodes): FullEvaluation {
    const { val, ood } = this.data;
    // the published rows have no chance level
    return evaluate({ ...codes, val, ood }, { null: false });
  }
}

/** Requires data that a setting tells the truth about: its columns stand in the rows. */
function requireSizes({ train, val, A }: Datasets, setting: Setting): void {
  const found = { numLatents: A.cols, inputDim: A.rows, nSamples: train.Y.rows + val.Y.rows };
  for (const [name, size] of Object.entries(found)) {
    const expected = setting[name as keyof typeof found];
    if (size !== expected) {
      throw new RangeError(`data must be of the setting's ${name} = ${expected}, got ${size}`);
    }
  }
}

/**
 * Codes by non-negative FISTA with a given dictionary, for both splits.
 *
 * @param D Dictionary, m × atoms.
 * @param observations What to infer codes for.
 * @param options `lambda`; `nIter`; `start`: codes to start from instead of 0.
 * @throws {RangeError} As `fista`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { infer, Instance } from "./instance.ts";
 *
 * const { data, observations } = new Instance(
 *   { numLatents: 20, k: 3, inputDim: 12, nSamples: 200, width: 20, seed: 0 },
 *   { epochs: 5 },
 * );
 * const { codesId } = infer(data.A, observations, { lambda: 0.1, nIter: 100 });
 * assert.deepEqual([codesId.rows, codesId.cols], [100, 20]);
 * ```
 */
export function infer(
  D: Matrix,
  { id, ood }: Observations,
  { lambda, nIter, start }: { lambda: number; nIter: number; start?: SplitCodes },
): SplitCodes {
  const options = { lambda, nIter, nonneg: true };
  return {
    codesId: fista(id, D, { ...options, zInit: start?.codesId }),
    codesOod: fista(ood, D, { ...options, zInit: start?.codesOod }),
  };
}
