/**
 * Trained autoencoders in the cache, so that every experiment that needs the same model finds it.
 * @module
 */
import { runningBackend } from "../wasm/memory.ts";
import {
  type CachedSetting,
  CacheFolder,
  type CacheOptions,
  digest,
  keyOf,
} from "./cache_folder.ts";
import { TRAINING } from "../cores/sae_training.ts";
import { dataOf } from "../cores/sae_variant.ts";
import { parametersOf, type SaeParameters } from "../cores/sae_variants.ts";
import { loadSae, saveSae } from "../sae_file.ts";
import type { Sae } from "../saes.ts";

/** Raised when files hold something else; TRAINING is raised when training gives other weights. */
const FORMAT = 1;

/** Everything that determines the weights of a model, apart from the toolkit itself. */
export interface ModelSpec extends CachedSetting {
  /** Number of units. */
  width: number;
  /** Passes over the training samples. */
  epochs: number;
  /** Learning rate. */
  lr: number;
  /** Weight of the penalty. */
  gamma: number;
  /** Samples per step. */
  batchSize: number;
  /** Epochs between two normalizations of the decoder's columns. */
  renormEvery: number;
  /** Epochs that the loader has served to other models before. */
  skippedEpochs: number;
}

/** A trained model and what was recorded while it was trained. */
export interface Model<History> {
  /** The autoencoder. */
  sae: Sae;
  /** The record, plain JSON. */
  history: History;
}

/**
 * The models of a cache folder, or none: then every model is trained. See {@linkcode CacheFolder}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ModelCache } from "./model_cache.ts";
 * import { generateDatasets } from "../data.ts";
 * import { trainSae } from "../train_sae.ts";
 * const spec = {
 *   ...{ type: "relu", numLatents: 50, k: 10, inputDim: 33, nSamples: 5000, seed: 0, width: 50 },
 *   ...{ epochs: 5, lr: 5e-4, gamma: 1e-4, batchSize: 64, renormEvery: 50, skippedEpochs: 0 },
 * };
 * let trained = 0;
 * const train = () => {
 *   trained++;
 *   const { numLatents, k, inputDim, nSamples, seed, width, epochs } = spec;
 *   const { train, val, ood } = generateDatasets({ numLatents, k, inputDim, nSamples, seed });
 *   const data = { train: train.Y, id: val.Y, ood: ood.Y };
 *   return trainSae(data, { type: "relu", width, epochs, seed });
 * };
 * const { sae } = new ModelCache("models").obtain(spec, train);
 * assert.deepEqual(new ModelCache("models").obtain(spec, train).sae, sae);
 * assert.equal(trained, 1);
 * ```
 */
export class ModelCache {
  readonly #folder: CacheFolder;

  /** A cache in `folder`; without one nothing is kept. */
  constructor(folder: string | undefined, options: CacheOptions = {}) {
    this.#folder = new CacheFolder(folder, options);
  }

  /**
   * The model of a specification: from the folder, or trained and put there. Blocks while another
   * process trains the same model.
   *
   * @param spec Everything that determines the weights.
   * @param train Makes the model; called only when there is none to be found.
   * @param suffices Whether a model with this record will do; one that will not is trained again and
   * replaced. Default: any.
   * @throws What `train` throws.
   */
  obtain<History>(
    spec: ModelSpec,
    train: () => Model<History>,
    suffices: (history: History) => boolean = () => true,
  ): Model<History> {
    const key = keyOf({ ...spec, ...{ format: FORMAT, training: TRAINING } }, runningBackend());
    return this.#folder.obtain<Model<History>>({
      key,
      label: `e${spec.epochs}`,
      again: "Training a model again",
      read(path) {
        const { sae, config } = loadSae(path);
        const { history, digest } = config;
        if (typeof history !== "string" || digest !== digestOf(sae, config.key, history)) {
          throw new Error("its checksum must be that of its content");
        }
        return { value: { sae, history: JSON.parse(history) }, key: config.key };
      },
      write(path, { sae, history: record }) {
        const history = JSON.stringify(record);
        saveSae(path, sae, { key, history, digest: digestOf(sae, key, history) });
      },
      suffices: ({ history }) => suffices(history),
    }, (_found, keep) => {
      const model = train();
      keep(model);
      return model;
    });
  }
}

function digestOf({ options, parameters }: Sae, key: unknown, history: string): string {
  const bytes = parametersOf(options).map(({ name }) => {
    const { buffer, byteOffset, byteLength } = dataOf(parameters[name as keyof SaeParameters]!);
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  return digest(JSON.stringify(key), history, ...bytes);
}
