import assert from "node:assert/strict";
import {
  dismiss,
  type EncodedCall,
  intoParts,
  newMailbox,
  receive,
  send,
  serve,
} from "../lib/wasm/mailbox.ts";
import { Helpers } from "../lib/wasm/helpers.ts";
import { instantiateKernels, newMemory, reservedFor } from "../lib/wasm/instance.ts";
import { Arena, run, runAll, threadCount } from "../lib/wasm/memory.ts";
import type { Matrix } from "../lib/matrix.ts";
import { learnDictionary } from "../lib/dictionary_learning.ts";
import { fista } from "../lib/sparse_coding.ts";
import { RandomState } from "../lib/random.ts";
import { softplusAdam } from "../lib/softplus_adam.ts";
import { LARGE, startThreads } from "../lib/threads.ts";
import { onPlainSimd } from "./plain_simd.ts";

function normal(rows: number, cols: number, seed: number): Matrix {
  return { rows, cols, data: new RandomState(seed).normal(0, 1, rows * cols) };
}

/** The last 16 bytes that Wasm addresses reach: 32 bytes from here on are outside every memory. */
const LAST = 2 ** 32 - 16;

/** assert.deepEqual takes minutes for a million numbers. */
function sameBits(A: Matrix, B: Matrix): boolean {
  return A.data.length === B.data.length && A.data.every((value, p) => Object.is(value, B.data[p]));
}

/** What solvers give with 1, 2 and 3 threads. */
async function onThreads<T>(solve: () => T): Promise<T[]> {
  const results = [solve()];
  for (const count of [2, 3]) {
    using _threads = await startThreads(count);
    assert.equal(threadCount(), count);
    results.push(solve());
  }
  assert.equal(threadCount(), 1);
  return results;
}

Deno.test("Softplus-Adam on a large problem gives the same bits on any number of threads", async () => {
  // blocks of 36 samples: four of ID, more than threads and fewer than parts, and one of OOD
  const XId = normal(140, 9, 0), XOod = normal(20, 9, 1);
  const options = { numLatents: LARGE, lambda: 0.1, maxSteps: 3, seed: 0, historyEvery: 1 };
  const [alone, ...others] = await onThreads(() => softplusAdam(XId, XOod, options));
  assert(alone.history[2].loss < alone.history[0].loss, "nothing was learned");
  for (const other of others) {
    assert.deepEqual(other.history, alone.history);
    for (const name of ["codesId", "codesOod", "dictionary"] as const) {
      assert(sameBits(other[name], alone[name]), `${name} differ`);
    }
  }
});

Deno.test("FISTA and DL-FISTA on a large problem give the same bits on any number of threads", async () => {
  // 50 samples: shares of 50, 25 and 17
  const X = normal(50, 9, 2), none = normal(0, 9, 3);
  const results = await onThreads(() => {
    const { dictionary, codesId, history } = learnDictionary(X, none, {
      numLatents: LARGE,
      lambda: 0.1,
      maxSteps: 150,
      nIter: 20,
      seed: 0,
    });
    return {
      dictionary,
      codesId,
      history,
      codes: fista(X, dictionary, { lambda: 0.05, tol: 1e-4 }),
    };
  });
  const [alone, ...others] = results;
  for (const other of others) {
    assert.deepEqual(other.history, alone.history);
    for (const name of ["dictionary", "codesId", "codes"] as const) {
      assert(sameBits(other[name], alone[name]), `${name} differ`);
    }
  }
});

Deno.test("programs run in order, each on one thread, and their results come back", async () => {
  const results = await onThreads(() => {
    using arena = new Arena();
    const programs = Array.from({ length: 5 }, (_, p) => {
      const x = arena.f32(8), y = arena.f32(8);
      x.view.fill(p);
      y.view.fill(1);
      // y = 1 + 2p, then Σy² = 8·(1 + 2p)²
      return [["axpy", 8, 2, x, y], ["sum_squares", 8, y]] as Parameters<typeof runAll>[0][number];
    });
    return runAll(programs).map(([, sum]) => sum);
  });
  for (const sums of results) assert.deepEqual(sums, [8, 72, 200, 392, 648]);
});

Deno.test("memory outlives neither threads nor arenas by mistake", async () => {
  {
    using _threads = await startThreads(2);
    await assert.rejects(startThreads(2), /those of an earlier call must be ended first/);
  }
  {
    using arena = new Arena();
    const block = arena.f32(8);
    block.view.fill(3);
    await assert.rejects(startThreads(2), /every arena must be closed first/);
    assert.equal(run("sum_squares", 8, block), 72);
  }
  for (const count of [0, 1.5, 257]) await assert.rejects(startThreads(count), RangeError);
  // one thread in total is no helper at all
  using _threads = await startThreads(1);
  assert.equal(threadCount(), 1);
});

Deno.test("an order longer than a mailbox comes in parts", () => {
  const calls: EncodedCall[] = Array.from({ length: 20_000 }, (_, i) => [0, i, 2, 3]);
  const parts = intoParts(calls);
  assert.equal(parts.length, 2);
  assert.deepEqual(parts.flat(), calls);
  const mailbox = newMailbox(newMemory("simd"), 1);
  const results = parts.flatMap((part) => {
    send(mailbox, part);
    assert(serve(mailbox, [(a, b, c) => a + b + c]));
    return receive(mailbox);
  });
  assert.deepEqual(results, calls.map(([, i]) => i + 5));
});

Deno.test("a helper whose kernel traps answers with the message, takes the next order, and ends when dismissed", () => {
  const mailbox = newMailbox(newMemory("simd"), 1);
  const trap = () => {
    throw new WebAssembly.RuntimeError("unreachable");
  };
  const serveOne = () => assert(serve(mailbox, [trap, (a) => 2 * a]));
  send(mailbox, [[1, 4], [0], [1, 5]]);
  serveOne();
  assert.throws(() => receive(mailbox), {
    message: "Cannot go on: a kernel trapped in a thread: RuntimeError: unreachable",
  });
  send(mailbox, [[1, 6]]);
  serveOne();
  assert.deepEqual(receive(mailbox), [12]);
  dismiss(mailbox);
  assert.equal(serve(mailbox, []), false);
  assert.throws(() => send(mailbox, [[1, 7]]), /has been dismissed/);
});

Deno.test("when one of two helpers fails, the other finishes first, and both take the next order", async () => {
  const memory = newMemory("threads");
  const { kernels } = await instantiateKernels("threads", memory, 0);
  using helpers = await Helpers.start(memory, 2);
  const kernel = (name: keyof typeof kernels) => Object.keys(kernels).indexOf(name);
  const n = 2 ** 16, x = reservedFor(3), y = x + 4 * n, rounds = 1000;
  const ys = new Float32Array(memory.buffer, y, n);
  new Float32Array(memory.buffer, x, n).fill(1);
  const outside = [kernel("axpy"), 8, 1, x, LAST]; // 32 bytes
  const add = [kernel("axpy"), n, 1, x, y];
  const long = Array.from({ length: rounds }, () => add);
  const trapped =
    /^Error: Cannot go on: a kernel trapped in a thread: RuntimeError: .*out of bounds/;
  for (const orders of [[[outside], long], [long, [outside]]]) {
    ys.fill(0);
    assert.throws(() => helpers.run(orders, () => {}), trapped);
    assert(ys.every((value) => value === rounds), "the other helper was not waited for");
  }
  const ownError = new Error("of this thread");
  ys.fill(0);
  const failOwn = () => {
    throw ownError;
  };
  assert.throws(() => helpers.run([[outside], long], failOwn), ownError);
  assert(ys.every((value) => value === rounds), "a helper was not waited for");
  assert.deepEqual(helpers.run([[add], [[kernel("sum_squares"), n, x]]], () => {}), [[0], [n]]);
});

Deno.test("a solver's error in a thread leaves threads and memory ready for the next solver", async () => {
  using _threads = await startThreads(3);
  const add = (offset: number) => {
    using arena = new Arena();
    const x = arena.f32(8), y = arena.f32(8);
    x.view.fill(2);
    // programs 1 and 2 are the helpers'
    return runAll([
      [["sum_squares", 8, x]],
      [["axpy", 8, 1, x, y.from(offset)], ["sum_squares", 8, y]],
      [["sum_squares", 8, x]],
    ]);
  };
  // y is the arena's second block, a cache line after the first
  assert.throws(() => add((LAST - reservedFor(3) - 64) / 4), /a kernel trapped in a thread/);
  assert.deepEqual(add(0), [[32], [0, 32], [32]]);
});

Deno.test("threads need relaxed SIMD, and an engine without it is refused by name", async () => {
  await assert.rejects(
    onPlainSimd("threads.ts", "startThreads", 2),
    /Cannot start threads: this JavaScript engine must support relaxed SIMD, and it does not/,
  );
});
