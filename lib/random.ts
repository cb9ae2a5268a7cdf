/**
 * The two random generators of the reference: the same seed gives the same numbers as NumPy's
 * legacy `RandomState` (data) and as PyTorch's CPU generator (weights, batch order). Both stand on
 * the 32-bit Mersenne Twister.
 * @module
 */
import {
  requireFinite,
  requireInstance,
  requireInteger,
  requireNonNegative,
  requireOptions,
} from "./checks.ts";

const STATE_SIZE = 624;
const SHIFT_SIZE = 397;
const MAX_SEED = 2 ** 32 - 1;

/** Most numbers of one draw: no typed array holds more. */
const MOST_NUMBERS = 2 ** 32;

/** PyTorch switches to 64-bit draws for longer permutations: above a twentieth of the 32-bit range. */
const MAX_PERMUTATION = Math.floor(MAX_SEED / 20);

/** The integers 0 … n − 1: a loop, which is four times as fast as `Int32Array.from`. */
function ascending(n: number): Int32Array {
  const indices = new Int32Array(n);
  for (let i = 0; i < n; i++) indices[i] = i;
  return indices;
}

/** One word of the twist: the top bit of `high` joined with the rest of `low`, times the matrix. */
function twist(high: number, low: number): number {
  const joined = (high & 0x80000000) | (low & 0x7fffffff);
  return (joined >>> 1) ^ (-(joined & 1) & 0x9908b0df);
}

/** The bits of a word of the state as a number is drawn from them. */
function temper(word: number): number {
  word ^= word >>> 11;
  word ^= (word << 7) & 0x9d2c5680;
  word ^= (word << 15) & 0xefc60000;
  return word ^ (word >>> 18);
}

/**
 * The 32-bit Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), seeded by Knuth's rule with
 * one 32-bit number, as NumPy's `RandomState` and PyTorch seed it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { MersenneTwister } from "./random.ts";
 * assert.equal(new MersenneTwister(0).next(), 2357136044);
 * ```
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(STATE_SIZE);
  #position = STATE_SIZE;

  /**
   * Starts the stream of the seed.
   *
   * @param seed An integer from 0 to 2³² − 1.
   * @throws {TypeError} When the seed is not a number.
   * @throws {RangeError} When the seed is not an integer in the range.
   */
  constructor(seed: number) {
    requireInteger("seed", seed, 0, MAX_SEED);
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < STATE_SIZE; i++) {
      state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
  }

  /** Replaces all words of the state by the next 624. */
  #refill(): void {
    const state = this.#state;
    const split = STATE_SIZE - SHIFT_SIZE;
    let i = 0;
    for (; i < split; i++) state[i] = state[i + SHIFT_SIZE] ^ twist(state[i], state[i + 1]);
    for (; i < STATE_SIZE - 1; i++) state[i] = state[i - split] ^ twist(state[i], state[i + 1]);
    state[i] = state[i - split] ^ twist(state[i], state[0]);
    this.#position = 0;
  }

  /** The next number: an integer from 0 to 2³² − 1. */
  next(): number {
    if (this.#position === STATE_SIZE) this.#refill();
    return temper(this.#state[this.#position++]) >>> 0;
  }

  /**
   * Fills `words` with the next numbers, their bits as int32: quicker than so many calls of `next`.
   *
   * @throws {TypeError} When `words` is no Int32Array.
   */
  fill(words: Int32Array): void {
    requireInstance("words", words, Int32Array);
    for (let done = 0; done < words.length;) {
      if (this.#position === STATE_SIZE) this.#refill();
      const count = Math.min(STATE_SIZE - this.#position, words.length - done);
      for (let i = 0; i < count; i++) words[done + i] = temper(this.#state[this.#position + i]);
      this.#position += count;
      done += count;
    }
  }

  /**
   * Leaves out the next `count` numbers, at a fraction of the price of drawing them.
   *
   * @throws {RangeError} When `count` is not an integer of at least 0.
   */
  skip(count: number): void {
    requireInteger("count", count, 0);
    let left = count;
    while (left > STATE_SIZE - this.#position) {
      left -= STATE_SIZE - this.#position;
      this.#refill();
    }
    this.#position += left;
  }
}

/**
 * NumPy's legacy `numpy.random.RandomState(seed)`: the same seed gives the same stream. Values are
 * float64; the state moves on with every call.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { RandomState } from "./random.ts";
 * assert.deepEqual([...new RandomState(0).random(2)], [0.5488135039273248, 0.7151893663724195]);
 * ```
 */
export class RandomState {
  readonly #twister: MersenneTwister;
  /** The second value of the last polar pair, kept for the next `normal`; NaN when there is none. */
  #keptNormal = NaN;

  /**
   * Starts the stream of the seed.
   *
   * @param seed An integer from 0 to 2³² − 1.
   * @throws {TypeError} When the seed is not a number.
   * @throws {RangeError} When the seed is not an integer in the range.
   */
  constructor(seed: number) {
    this.#twister = new MersenneTwister(seed);
  }

  /** One double in [0, 1) with 53 random bits, from two draws. */
  #double(): number {
    const high = this.#twister.next() >>> 5;
    const low = this.#twister.next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** One standard normal number by the polar method, which makes them in pairs. */
  #standardNormal(): number {
    const kept = this.#keptNormal;
    if (!Number.isNaN(kept)) {
      this.#keptNormal = NaN;
      return kept;
    }
    let x1: number, x2: number, r2: number;
    do {
      x1 = 2 * this.#double() - 1;
      x2 = 2 * this.#double() - 1;
      r2 = x1 * x1 + x2 * x2;
    } while (r2 >= 1 || r2 === 0);
    const factor = Math.sqrt(-2 * Math.log(r2) / r2);
    this.#keptNormal = factor * x1;
    return factor * x2;
  }

  /**
   * `size` numbers uniform in [0, 1).
   *
   * @throws {RangeError} When `size` is not an integer of at least 0.
   */
  random(size: number): Float64Array {
    return this.uniform(0, 1, size);
  }

  /**
   * `size` numbers uniform in [low, high).
   *
   * @throws {RangeError} When a bound or their difference is not finite or `size` is not an integer of
   * at least 0.
   */
  uniform(low: number, high: number, size: number): Float64Array {
    requireFinite("low", low);
    requireFinite("high", high);
    requireFinite("high − low", high - low);
    requireInteger("size", size, 0, MOST_NUMBERS);
    const out = new Float64Array(size);
    for (let i = 0; i < size; i++) out[i] = low + (high - low) * this.#double();
    return out;
  }

  /**
   * `size` normal numbers. An odd number of them leaves the second value of a pair for the next
   * call, whatever is drawn in between.
   *
   * @throws {RangeError} When `mean` is not finite, `sd` is not a finite number of at least 0 or `size` is not an integer of at least 0.
   */
  normal(mean: number, sd: number, size: number): Float64Array {
    requireFinite("mean", mean);
    requireNonNegative("sd", sd);
    requireInteger("size", size, 0, MOST_NUMBERS);
    const out = new Float64Array(size);
    for (let i = 0; i < size; i++) out[i] = mean + sd * this.#standardNormal();
    return out;
  }

  /**
   * One number of successes among `n` trials of probability `p`, by inversion: NumPy's method while
   * n·min(p, 1 − p) ≤ 30.
   *
   * @throws {RangeError} When `n` is no integer of at least 0, `p` is outside [0, 1], or the
   * expectation is above 30, where NumPy takes another method.
   */
  binomial(n: number, p: number): number {
    requireInteger("n", n, 0);
    if (!(p >= 0 && p <= 1)) throw new RangeError(`p must be from 0 to 1, got ${p}`);
    if (p > 0.5) return n - this.binomial(n, 1 - p);
    if (n * p > 30) {
      throw new RangeError(
        `Cannot draw a binomial number by inversion: n·min(p, 1 − p) must be at most 30, got ${
          n * p
        }`,
      );
    }
    if (n * p === 0) return 0;
    const q = 1 - p;
    const none = Math.exp(n * Math.log(q));
    const bound = Math.min(n, n * p + 10 * Math.sqrt(n * p * q + 1));
    let successes = 0, probability = none, u = this.#double();
    while (u > probability) {
      successes++;
      if (successes > bound) {
        [successes, probability, u] = [0, none, this.#double()];
      } else {
        u -= probability;
        probability = (n - successes + 1) * p * probability / (successes * q);
      }
    }
    return successes;
  }

  /**
   * Shuffles the indices in place: Fisher–Yates from the last one down, each partner drawn by masked
   * rejection on 32-bit numbers.
   */
  shuffle(indices: Int32Array): void {
    const twister = this.#twister;
    for (let i = indices.length - 1; i > 0; i--) {
      // the shift is below 32: an index is never 0 here
      const mask = 0xffffffff >>> Math.clz32(i);
      let j: number;
      do j = (twister.next() & mask) >>> 0; while (j > i);
      const swapped = indices[i];
      indices[i] = indices[j];
      indices[j] = swapped;
    }
  }

  /**
   * The integers 0 … n − 1 in random order.
   *
   * @throws {RangeError} When `n` is not an integer from 0 to 2³¹ − 1.
   */
  permutation(n: number): Int32Array {
    requireInteger("n", n, 0, 2 ** 31 - 1);
    const order = ascending(n);
    this.shuffle(order);
    return order;
  }

  /**
   * `size` different entries of `pool`: the first of the shuffled pool, like
   * `choice(pool, size, replace=False)`.
   *
   * @throws {RangeError} When `size` is not an integer from 0 to the length of the pool.
   */
  choice(pool: ArrayLike<number>, size: number): Float64Array {
    if (typeof pool?.length !== "number" || typeof pool === "string") {
      throw new TypeError(`pool must be an array of numbers, got ${typeof pool}`);
    }
    requireInteger("size", size, 0);
    if (size > pool.length) {
      throw new RangeError(
        `Cannot choose ${size} of ${pool.length} entries: size must be at most the pool's length`,
      );
    }
    const order = this.permutation(pool.length).subarray(0, size);
    return Float64Array.from(order, (index) => pool[index]);
  }
}

/**
 * PyTorch's generator on the CPU (`torch.manual_seed(seed)` with the default float32): the same seed
 * gives the same stream, `randn` up to the last bits of the logarithm and the sine (2e-6).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { TorchGenerator } from "./random.ts";
 * const numbers = [...new TorchGenerator(0).rand(2)];
 * assert.deepEqual(numbers.map((u) => u.toFixed(7)), ["0.4962566", "0.7682218"]);
 * ```
 */
export class TorchGenerator {
  readonly #twister: MersenneTwister;
  /** The sine partner of the last small `randn`, kept for the next one; NaN when there is none. */
  #keptNormal = NaN;

  /**
   * Starts the stream of the seed.
   *
   * @param seed An integer from 0 to 2³² − 1.
   * @throws {TypeError} When the seed is not a number.
   * @throws {RangeError} When the seed is not an integer in the range.
   */
  constructor(seed: number) {
    this.#twister = new MersenneTwister(seed);
  }

  /** One double in [0, 1): the low 53 bits of a 64-bit draw, whose high word comes first. */
  #double(): number {
    const high = this.#twister.next() & 0x1fffff;
    return (high * 2 ** 32 + this.#twister.next()) * 2 ** -53;
  }

  /** One standard normal number by the scalar Box–Muller path, which makes them in pairs. */
  #standardNormal(): number {
    const kept = this.#keptNormal;
    if (!Number.isNaN(kept)) {
      this.#keptNormal = NaN;
      return kept;
    }
    const angle = 2 * Math.PI * this.#double();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#double()));
    this.#keptNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /**
   * `size` numbers uniform in [0, 1), with 24 random bits each.
   *
   * @throws {RangeError} When `size` is not an integer of at least 0.
   */
  rand(size: number): Float32Array {
    return this.uniform(0, 1, size);
  }

  /**
   * `size` numbers uniform in [low, high), bounds and result rounded to float32.
   *
   * @throws {RangeError} When a bound or their difference is not finite in float32 or `size` is not an
   * integer of at least 0.
   */
  uniform(low: number, high: number, size: number): Float32Array {
    requireFinite("low", low);
    requireFinite("high", high);
    requireInteger("size", size, 0, MOST_NUMBERS);
    const start = Math.fround(low);
    const width = Math.fround(Math.fround(high) - start);
    requireFinite("high − low in float32", width);
    const out = new Float32Array(size), words = new Int32Array(Math.min(size, STATE_SIZE));
    for (let done = 0; done < size; done += words.length) {
      const count = Math.min(words.length, size - done);
      this.#twister.fill(words.subarray(0, count));
      scaleFloats(words, count, width, start, out, done);
    }
    return out;
  }

  /**
   * `size` standard normal numbers. From 16 on they are made in blocks of 16, the last block anew
   * when the size is no multiple of 16; below, one by one, with the odd one kept for the next call.
   *
   * @throws {RangeError} When `size` is not an integer of at least 0.
   */
  randn(size: number): Float32Array {
    requireInteger("size", size, 0, MOST_NUMBERS);
    if (size < 16) return Float32Array.from({ length: size }, () => this.#standardNormal());
    const out = this.rand(size);
    for (let start = 0; start + 16 <= size; start += 16) boxMuller16(out, start);
    if (size % 16 !== 0) {
      out.set(this.rand(16), size - 16);
      boxMuller16(out, size - 16);
    }
    return out;
  }

  /**
   * The integers 0 … n − 1 in random order, by a forward Fisher–Yates run of n − 1 draws.
   *
   * @throws {RangeError} When `n` is not an integer from 0 to 214,748,364.
   */
  randperm(n: number): Int32Array {
    requireInteger("n", n, 0, MAX_PERMUTATION);
    const order = ascending(n);
    const twister = this.#twister;
    for (let i = 0; i < n - 1; i++) {
      const j = i + twister.next() % (n - i);
      const swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }

  /**
   * Initial weights of `rows` units with `cols` inputs, row-major: uniform in ±1/√cols, which is
   * `kaiming_uniform_(a=√5)`, the default of a linear layer (He et al., 2015).
   *
   * @throws {RangeError} When `rows` or `cols` is not an integer of at least 1.
   */
  kaimingUniform(rows: number, cols: number): Float32Array {
    requireInteger("rows", rows, 1);
    requireInteger("cols", cols, 1);
    const bound = Math.fround(1 / Math.sqrt(cols));
    return this.uniform(-bound, bound, rows * cols);
  }

  /** A random integer from 0 to 2⁶³ − 1, like a scalar int64 `random_()`: two 32-bit draws. */
  randomInt64(): bigint {
    const high = BigInt(this.#twister.next() & 0x7fffffff);
    return (high << 32n) | BigInt(this.#twister.next());
  }

  /**
   * Leaves out the next `count` 32-bit draws.
   *
   * @throws {RangeError} When `count` is not an integer of at least 0.
   */
  skip(count: number): void {
    this.#twister.skip(count);
  }
}

/** Uniform numbers of `count` words, 24 bits of each, written to `out` from place `at` on. */
function scaleFloats(
  words: Int32Array,
  count: number,
  width: number,
  start: number,
  out: Float32Array,
  at: number,
): void {
  // the float32 product is exact in float64, so there is one rounding: a fused multiply-add
  for (let i = 0; i < count; i++) out[at + i] = (words[i] & 0xffffff) * 2 ** -24 * width + start;
}

/** Turns 16 uniforms from `start` on into normals, in place: j and j + 8 make a pair. */
function boxMuller16(values: Float32Array, start: number): void {
  for (let j = start; j < start + 8; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - values[j]));
    const angle = 2 * Math.PI * values[j + 8];
    values[j] = radius * Math.cos(angle);
    values[j + 8] = radius * Math.sin(angle);
  }
}

/** A loader made by {@linkcode shuffledBatches}: every iteration over it is one epoch. */
export interface ShuffledBatches extends Iterable<Int32Array> {
  /** Number of samples in an epoch. */
  readonly n: number;
  /** Number of samples in a batch; the last batch of an epoch may be smaller. */
  readonly batchSize: number;
  /**
   * Moves the generator on as `epochs` full epochs would, without making the batches: a model
   * trained after that sees the batches that it would have seen after other models.
   *
   * @throws {RangeError} When `epochs` is not an integer of at least 0.
   */
  skipEpochs(epochs: number): void;
}

/**
 * A loader of shuffled batches of indices below `n`, in the order of PyTorch's
 * `DataLoader(shuffle=True)` in one process. Iterate once per epoch; the generator moves on from
 * epoch to epoch, so one loader that is passed to several trainings is shared by them.
 *
 * With a generator of its own (the default, `DataLoader(generator=g)`) an epoch draws an unused
 * 64-bit value, the order, and at its end a second order that is thrown away. Without
 * (`ownGenerator: false`, the loader that uses the global generator) it draws an unused 64-bit value
 * and a 64-bit seed, from which a generator for that epoch makes the order.
 *
 * @param n Number of samples.
 * @param batchSize Samples per batch; the last one has what is left.
 * @param generator The generator to draw from.
 * @throws {TypeError} When `n` or `batchSize` is not a number, or `generator` no TorchGenerator.
 * @throws {RangeError} When `n` or `batchSize` is not an integer of at least 1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { shuffledBatches, TorchGenerator } from "./random.ts";
 * const loader = shuffledBatches(11, 4, new TorchGenerator(3));
 * assert.deepEqual([...loader].map((batch) => batch.length), [4, 4, 3]);
 * ```
 */
export function shuffledBatches(
  n: number,
  batchSize: number,
  generator: TorchGenerator,
  options: { ownGenerator?: boolean } = {},
): ShuffledBatches {
  requireOptions("options", options, ["ownGenerator"]);
  const { ownGenerator = true } = options;
  requireInteger("n", n, 1, MAX_PERMUTATION);
  requireInteger("batchSize", batchSize, 1);
  requireInstance("generator", generator, TorchGenerator);

  function drawOrder(): Int32Array {
    if (ownGenerator) return generator.randperm(n);
    const seed = Number(generator.randomInt64() & 0xffffffffn);
    return new TorchGenerator(seed).randperm(n);
  }

  function* epoch(): Generator<Int32Array, void, void> {
    const order = drawOrder();
    for (let start = 0; start < n; start += batchSize) {
      const batch = order.subarray(start, start + batchSize);
      // the sampler runs dry while it fills a short last batch, else when one more is asked for
      if (ownGenerator && batch.length < batchSize) generator.skip(n - 1);
      yield batch;
    }
    if (ownGenerator && n % batchSize === 0) generator.skip(n - 1);
  }

  return {
    n,
    batchSize,
    [Symbol.iterator]() {
      generator.randomInt64();
      return epoch();
    },
    skipEpochs(epochs: number): void {
      requireInteger("epochs", epochs, 0);
      generator.skip(epochs * (ownGenerator ? 2 + 2 * (n - 1) : 4));
    },
  };
}
