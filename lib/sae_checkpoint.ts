/**
 * Files from which a training goes on after an interruption.
 * @module
 */
import { readPlainFile, writeAtomic } from "./atomic_file.ts";
import { requireInteger, requireOptions } from "./checks.ts";
import { requireSeal, sealed } from "./formats/checksum.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import type { SaeProgress, SaeState, SaeStateStore } from "./cores/sae_state.ts";

/** When {@linkcode SaeCheckpoint} saves, beside the end of a training and its interruption by a signal. */
export interface SaeCheckpointOptions {
  /** Steps between two saves. Default 0: none for steps. */
  everySteps?: number;
  /** Epochs between two saves; 0: none for epochs. Default 1. */
  everyEpochs?: number;
}

/** The metadata's mark of our files. */
const FORMAT = "startcoding-training-1";

/**
 * The whole state of a training in one safetensors file: parameters, AdamW's running means and count of
 * steps, counters of dead units and of the type, place in the batches and in the schedule, random numbers
 * drawn, history. Given as `checkpoint` to a training, it makes the same call go on where an earlier one
 * stopped, for whatever reason, with the bits of one that was never stopped: with the same build of the
 * kernels, and as long as configuration and samples are the same, which is checked. A call after the end
 * gives the results again.
 *
 * Each save replaces the file in one step, so that there is always a whole one. Needs read and write
 * permission on its folder.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { SaeCheckpoint } from "./sae_checkpoint.ts";
 * import { type SaeConfig, trainSae } from "./train_sae.ts";
 * const train = { rows: 16, cols: 8, data: Float32Array.from({ length: 128 }, (_, i) => i % 7) };
 * const config: SaeConfig = { type: "relu", width: 12, epochs: 9, seed: 0 };
 * const checkpoint = new SaeCheckpoint("training.safetensors", { everyEpochs: 3 });
 * const onEpoch = ({ epoch }: { epoch: number }) => {
 *   if (epoch === 7) throw new Error("the power is gone");
 * };
 * assert.throws(() => trainSae({ train }, { ...config, checkpoint, onEpoch }), /power/);
 * const { sae } = trainSae({ train }, { ...config, checkpoint }); // epochs 6 to 8
 * assert.deepEqual(sae, trainSae({ train }, config).sae);
 * ```
 */
export class SaeCheckpoint implements SaeStateStore {
  /** The file. */
  readonly name: string;
  /** Steps between two saves; 0: none for steps. */
  readonly everySteps: number;
  /** Epochs between two saves; 0: none for epochs. */
  readonly everyEpochs: number;

  /**
   * Nothing is read or written yet.
   *
   * @param path The file; its folder must exist when a training begins.
   * @param options When to save.
   * @throws {TypeError | RangeError} When an option breaks its rule.
   */
  constructor(path: string, options: SaeCheckpointOptions = {}) {
    requireOptions("options", options, ["everySteps", "everyEpochs"]);
    const { everySteps = 0, everyEpochs = 1 } = options;
    if (typeof path !== "string") throw new TypeError(`path must be a text, got ${typeof path}`);
    requireInteger("everySteps", everySteps, 0);
    requireInteger("everyEpochs", everyEpochs, 0);
    this.name = path;
    this.everySteps = everySteps;
    this.everyEpochs = everyEpochs;
  }

  /**
   * Saves a state.
   *
   * @throws {FileError} When the file cannot be written; the old one is then still there.
   */
  save(state: SaeState): void {
    const { training, progress, tensors } = state;
    const metadata = {
      format: FORMAT,
      training: JSON.stringify(training),
      progress: JSON.stringify(progress),
    };
    writeAtomic(this.name, encodeSafetensors(sealed({ tensors, metadata })));
  }

  /**
   * The state that was saved last; undefined where there is no file.
   *
   * @throws {Error} When the file cannot be read, is damaged or holds something else: the message tells the
   * file and what is wrong with it.
   */
  load(): SaeState | undefined {
    let bytes: Uint8Array;
    try {
      bytes = readPlainFile(this.name);
    } catch (error) {
      // by its code, which Node has, too
      if ((error as { code?: string }).code === "ENOENT") return undefined;
      throw error;
    }
    const { tensors, metadata } = decodeSafetensors(bytes, this.name);
    const refused = (reason: string) => new Error(`Cannot go on from ${this.name}: ${reason}`);
    if (metadata.format !== FORMAT) {
      throw refused(`its metadata must say format ${FORMAT}, got ${metadata.format}`);
    }
    try {
      requireSeal({ tensors, metadata });
    } catch (error) {
      throw refused((error as Error).message);
    }
    try {
      const [training, progress] = [metadata.training, metadata.progress].map((text) =>
        JSON.parse(text)
      );
      return { training: Object(training), progress: progress as SaeProgress, tensors };
    } catch {
      throw refused("its training and its progress must be JSON");
    }
  }
}
