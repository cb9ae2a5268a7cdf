/**
 * How learning rate and penalty change over the steps of a training.
 * @module
 */
import { requireBoolean, requireInteger } from "../checks.ts";

/** What changes over the steps. */
export interface SaeSchedule {
  /** Steps in which the learning rate rises in equal parts to its full value. Default 0. */
  warmup?: number;
  /** Steps, the last ones, in which it falls in equal parts to 0. Default 0. */
  decay?: number;
  /** Between the two: constant, the default, or along half a cosine to a tenth. */
  shape?: "constant" | "cosine";
  /**
   * How many half cosines: each but the last is followed by a restart at the full rate
   * (`cosineannealingwarmrestarts` of SAELens). Default 1.
   */
  cycles?: number;
  /** Whether the rise begins at 0, as in dictionary_learning, or one part above. Default false. */
  fromZero?: boolean;
  /** Steps in which the penalty's weight rises from 0 in equal parts to its full value. Default 0. */
  gammaWarmup?: number;
  /**
   * Steps in which the codes per sample fall in equal parts from the number of dimensions, or of units where
   * they are fewer, to `kval`, rounded down (`k_anneal_steps` of dictionary_learning): topk, abstopk,
   * batchtopk and matryoshka. Default 0: always `kval`.
   */
  kvalAnneal?: number;
}

/** The end of the cosine, as a part of the learning rate. */
const COSINE_END = 0.1;

/**
 * Requires a schedule.
 *
 * @throws {TypeError | RangeError} When a value breaks its rule.
 */
export function requireSchedule(schedule: SaeSchedule): void {
  for (const name of ["warmup", "decay", "gammaWarmup", "kvalAnneal"] as const) {
    if (schedule[name] !== undefined) requireInteger(`schedule.${name}`, schedule[name], 0);
  }
  const { shape = "constant", fromZero = false, cycles } = schedule;
  if (shape !== "constant" && shape !== "cosine") {
    throw new TypeError(`schedule.shape must be constant or cosine, got ${shape}`);
  }
  if (cycles !== undefined) {
    requireInteger("schedule.cycles", cycles, 1);
    if (shape !== "cosine") {
      throw new TypeError(`schedule.cycles needs shape cosine, got ${shape}`);
    }
  }
  requireBoolean("schedule.fromZero", fromZero);
}

/**
 * The parts of learning rate and penalty's weight in step `step` of `steps`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { scheduled } from "./sae_schedule.ts";
 * const schedule = { warmup: 4, decay: 2, gammaWarmup: 2 };
 * assert.deepEqual(scheduled(schedule, 0, 10), { rate: 0.25, penalty: 0 });
 * assert.deepEqual(scheduled(schedule, 9, 10), { rate: 0.5, penalty: 1 });
 * ```
 */
export function scheduled(
  schedule: SaeSchedule,
  step: number,
  steps: number,
): { rate: number; penalty: number } {
  const { warmup = 0, decay = 0, shape = "constant", cycles = 1 } = schedule;
  const { fromZero = false, gammaWarmup = 0 } = schedule;
  const penalty = step < gammaWarmup ? step / gammaWarmup : 1;
  if (step < warmup) return { rate: (fromZero ? step : step + 1) / warmup, penalty };
  const main = Math.max(1, steps - warmup - decay);
  const done = step - warmup, cycle = Math.max(1, Math.floor(main / cycles));
  const part = done >= main ? 1 : cycles === 1 ? done / main : (done % cycle) / cycle;
  const cosine = COSINE_END + (1 - COSINE_END) * (1 + Math.cos(Math.PI * part)) / 2;
  const falling = decay > 0 ? Math.max(0, Math.min(1, (steps - step) / decay)) : 1;
  return { rate: (shape === "cosine" ? cosine : 1) * falling, penalty };
}

/**
 * Codes per sample in step `step`: from `most` down to `kval`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { annealedKval } from "./sae_schedule.ts";
 * const codes = [0, 1, 2, 3, 4, 5].map((step) => annealedKval({ kvalAnneal: 4 }, step, 3, 10));
 * assert.deepEqual(codes, [10, 8, 6, 4, 3, 3]);
 * ```
 */
export function annealedKval(
  { kvalAnneal = 0 }: SaeSchedule,
  step: number,
  kval: number,
  most: number,
): number {
  if (step >= kvalAnneal) return kval;
  const share = step / kvalAnneal;
  return Math.floor(most * (1 - share) + kval * share);
}
