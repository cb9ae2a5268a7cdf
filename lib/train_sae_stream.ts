/**
 * Training of sparse autoencoders on samples that need not fit into memory: they come batch by batch.
 * @module
 */
import { requireFunction, requireInteger, requireOptions } from "./checks.ts";
import type { Matrix } from "./matrix.ts";
import { digestOf } from "./numeric/digest.ts";
import { type SaeConfig, type SaeSettings, settingsOf } from "./cores/sae_config.ts";
import { identityOfData } from "./cores/sae_identity.ts";
import {
  type PartlyScoredSae,
  requireSamples,
  scoredSets,
  type SetsToScore,
} from "./cores/sae_results.ts";
import { SaeSession, settingsOfAll } from "./cores/sae_session.ts";

/** Samples that come in batches: from a file, or from a model whose activations they are. */
export interface SampleStream {
  /** Samples of an epoch, from which schedules know the number of steps. */
  readonly rows: number;
  /** Observed dimensions. */
  readonly cols: number;
  /**
   * Steps of the whole training, where epochs differ in length: schedules are told by it. Default: the
   * epochs times the batches of `rows` samples.
   */
  readonly steps?: number;
  /**
   * The batches of an epoch, samples × `cols` each, rounded to float32; the last may have fewer than
   * `batchSize` samples. They are used up before the next is asked for, which may overwrite them. The same
   * epoch must have the same batches whenever it is asked for: a training that is resumed asks again.
   */
  batches(epoch: number, batchSize: number): Iterable<Matrix> | AsyncIterable<Matrix>;
}

/** What {@linkcode trainSaeStream} sees. */
export interface SaeStreamData extends SetsToScore {
  /** What the weights are fitted to. */
  train: SampleStream;
}

/**
 * Trains a sparse autoencoder as `trainSae` does, on batches that come from a stream. Memory holds the
 * parameters, their gradients and running means, and one batch; of the samples nothing else. The same
 * batches give the same numbers to the bit as in memory.
 *
 * A file of rows, opened by `openMatrix` of matrix_stream.ts, becomes a stream with
 * `batches: (epoch, batchSize) => file.shuffled({ batchSize, seed, from: { epoch, batch: 0 } })`.
 *
 * An epoch is what the stream makes it: a long file may be told in parts, so that there is progress and
 * history between. In the middle of an epoch a signal ends the training after the step that is under way.
 *
 * @param data The stream, and sets that are scored, in memory.
 * @param config As for `trainSae`, without `loader`.
 * @throws As `trainSae`, what the stream throws, and when a batch is no matrix of these dimensions, has a
 * value that is not finite, or not 1 to `batchSize` samples.
 * @throws {Error} When another training from a stream is under way: it has the kernels' memory.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { RandomState } from "./random.ts";
 * import { trainSaeStream } from "./train_sae_stream.ts";
 * const train = {
 *   rows: 640,
 *   cols: 8,
 *   *batches(epoch: number, batchSize: number) {
 *     const random = new RandomState(epoch);
 *     for (let row = 0; row < 640; row += batchSize) {
 *       yield { rows: batchSize, cols: 8, data: random.normal(0, 1, batchSize * 8) };
 *     }
 *   },
 * };
 * const config = { type: "relu", width: 12, epochs: 9, lr: 0.01, seed: 0 } as const;
 * const { history } = await trainSaeStream({ train }, config);
 * assert(history[8].trainRecon < history[0].trainRecon);
 * ```
 */
export async function trainSaeStream(
  data: SaeStreamData,
  config: SaeConfig,
): Promise<PartlyScoredSae> {
  const [trained] = await trainAll(data, [settingsOf(config, requireData(data))]);
  return trained;
}

/**
 * Trains several sparse autoencoders on the batches of one stream, which is read once for all: each gets
 * the numbers to the bit that {@linkcode trainSaeStream} gives it alone.
 *
 * @param data As for {@linkcode trainSaeStream}.
 * @param configs One per autoencoder, all with the same `batchSize`.
 * @returns The results in the order of the configurations.
 * @throws As {@linkcode trainSaeStream}; when one training fails, all do.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainSaesStream } from "./train_sae_stream.ts";
 * const X = { rows: 16, cols: 8, data: Float32Array.from({ length: 128 }, (_, i) => i % 7) };
 * const train = { rows: 16, cols: 8, batches: () => [X] };
 * const shared = { type: "relu", epochs: 5, batchSize: 16 } as const;
 * const saes = await trainSaesStream({ train }, [
 *   { ...shared, width: 12, seed: 0 },
 *   { ...shared, width: 24, seed: 1 },
 * ]);
 * assert.deepEqual(saes.map(({ sae }) => sae.width), [12, 24]);
 * ```
 */
export async function trainSaesStream(
  data: SaeStreamData,
  configs: readonly SaeConfig[],
): Promise<PartlyScoredSae[]> {
  return await trainAll(data, settingsOfAll(configs, requireData(data)));
}

/** What the settings depend on, of data that are checked. */
function requireData(data: SaeStreamData): { inputDim: number; scoresId: boolean } {
  requireOptions("data", data, ["train", "id", "ood"]);
  const { train, id } = data;
  requireOptions("data.train", train);
  requireInteger("data.train.rows", train.rows, 1);
  requireInteger("data.train.cols", train.cols, 1);
  if (train.steps !== undefined) requireInteger("data.train.steps", train.steps, 1);
  requireFunction("data.train.batches", train.batches);
  return { inputDim: train.cols, scoresId: id !== undefined };
}

/** Milliseconds without a pause for whatever else waits for its turn, an abortion among it. */
const PAUSE_AFTER = 100;

/** Whether a training has the kernels' memory while it waits for a batch. */
let busy = false;

async function trainAll(
  data: SaeStreamData,
  settings: readonly SaeSettings[],
): Promise<PartlyScoredSae[]> {
  const { train } = data, { rows, cols, steps } = train, [{ batchSize }] = settings;
  const sets = scoredSets(data, cols);
  if (settings.some(({ loader }) => loader !== undefined)) {
    throw new TypeError("loader must be left out where batches come from a stream");
  }
  if (busy) {
    throw new Error(
      "Cannot train from a second stream at the same time: await the first training, or give " +
        "the configurations of both to trainSaesStream",
    );
  }
  busy = true;
  try {
    const identity = settings.some(({ checkpoint }) => checkpoint)
      ? { ...identityOfData(rows, await digestOfFirst(train, batchSize), sets), steps }
      : undefined;
    const source = "data.train.batches";
    using session = new SaeSession({ rows, cols, steps, sets, source, identity }, settings);
    let last = performance.now();
    while (!session.ended) {
      for await (const X of requireBatches(train.batches(session.epoch, batchSize))) {
        session.batch.take(X);
        session.step();
        if (performance.now() - last > PAUSE_AFTER) {
          await new Promise((resolve) => setTimeout(resolve));
          last = performance.now();
        }
        session.heedSignals();
        if (session.ended) break;
      }
      session.endEpoch();
    }
    return session.trained();
  } finally {
    busy = false;
  }
}

/** A digest of the first batch. */
async function digestOfFirst(train: SampleStream, batchSize: number): Promise<string> {
  for await (const X of requireBatches(train.batches(0, batchSize))) {
    requireSamples("a batch", X, train.cols);
    return digestOf(X.data);
  }
  return "no batch";
}

type Batches = ReturnType<SampleStream["batches"]>;

/** Requires what `for await` can go through. */
function requireBatches(batches: Batches): Batches {
  const { [Symbol.iterator]: iterator, [Symbol.asyncIterator]: asyncIterator } = Object(batches);
  if (typeof iterator === "function" || typeof asyncIterator === "function") return batches;
  throw new TypeError(`data.train.batches must return an iterable, got ${typeof batches}`);
}
