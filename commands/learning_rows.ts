/**
 * The rows of one's own activations that a dictionary is learned from: which of them, and without their mean.
 * @module
 */
import type { Matrix32 } from "../lib/matrix.ts";
import type { MatrixFile } from "../lib/matrix_stream.ts";
import { RandomState } from "../lib/random.ts";
import { UsageError } from "../lib/sweep/flags.ts";
import { integer, oneOf } from "../lib/sweep/kinds.ts";
import type { Meter } from "../lib/sweep/progress.ts";

/** The flags that choose them. */
export const ROWS_FLAGS = {
  rows: {
    about: "rows that are learned from, drawn at random (default: all, and at most 1 GiB of them)",
    kind: integer({ min: 1 }),
  },
  center: {
    about: "whether the mean is taken from the rows first; it is saved beside the dictionary",
    kind: oneOf(["mean", "none"]),
    default: "mean",
  },
} as const;

/** Values of the rows that are learned from where nobody says how many: 1 GiB. */
const MOST_VALUES = 2 ** 28;

/** The rows to learn from, in memory, without their mean. */
export async function drawnRows(
  matrix: MatrixFile,
  { rows: wanted, seed, center }: { rows?: number; seed: number; center: "mean" | "none" },
  { meter, signal }: { meter: Meter; signal: AbortSignal },
): Promise<{ X: Matrix32; mean?: Float32Array; chosen?: Int32Array }> {
  const { rows, cols } = matrix;
  const count = Math.min(rows, wanted ?? Math.max(1, Math.floor(MOST_VALUES / cols)));
  const chosen = count === rows
    ? undefined
    : new RandomState(seed).permutation(rows).slice(0, count).sort();
  const X = { rows: count, cols, data: new Float32Array(count * cols) };
  const sums = new Float64Array(cols);
  let first = 0, done = 0;
  for await (const block of matrix.blocks()) {
    const end = first + block.rows;
    for (; done < count; done++) {
      const row = chosen ? chosen[done] : done;
      if (row >= end) break;
      const values = block.data.subarray((row - first) * cols, (row - first + 1) * cols);
      X.data.set(values, done * cols);
      values.forEach((value, j) => sums[j] += value);
    }
    first = end;
    meter.tell(0, `reading, row ${end} of ${rows}`);
    signal.throwIfAborted();
  }
  if (center === "none") return { X, chosen };
  const mean = Float32Array.from(sums, (sum) => sum / count);
  for (let p = 0; p < X.data.length; p++) X.data[p] -= mean[p % cols];
  if (mean.some((value) => value !== 0) && X.data.every((value) => value === 0)) {
    throw new UsageError(
      `--data must have rows that differ where --center takes their mean off, got ${count} × the same`,
    );
  }
  return { X, mean, chosen };
}
