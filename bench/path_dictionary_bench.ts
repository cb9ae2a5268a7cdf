/**
 * Rounds of the path dictionary learner in the middle of a search (λ = 0.1), and a whole run. What bounds a
 * coding: the screening products of all samples with all atoms in 8 bits, where atoms may enter (their flop
 * are in the name); coordinate descent on the lists, which waits for the latency of short dot products.
 */
import { PathRounds } from "../lib/cores/path_dictionary.ts";
import { generateDatasets } from "../lib/data.ts";
import { pathDictionary } from "../lib/path_dictionary.ts";
import { RandomState } from "../lib/random.ts";
import { Arena } from "../lib/wasm/memory.ts";

for (const n of [100, 1000]) {
  const { val, A } = generateDatasets({ seed: 100, numLatents: n, k: 10, nSamples: 5000 });
  const m = A.rows, group = `round ${n}`;
  const D = { ...A, data: A.data.map((value) => value + new RandomState(0).normal(0, 0.03, 1)[0]) };
  const coding = { lambda: 0.1, gamma: 0, leaveOut: 1, passes: 1, added: 20, sweeps: 6 };
  const open = (arena: Arena) => {
    const rounds = new PathRounds(arena, val.Y, D, { scale: 1, signed: false, capacity: m });
    const order = new RandomState(0).permutation(n);
    for (let round = 0; round < 5; round++) {
      rounds.code(coding);
      rounds.update(order);
    }
    return { rounds, order };
  };
  const flop = 2 * val.Y.rows * n * m;
  Deno.bench(`coding, n = ${n}, all atoms may enter [${flop} flop]`, { group }, (b) => {
    using arena = new Arena();
    const { rounds } = open(arena);
    b.start();
    rounds.code(coding);
    b.end();
  });
  Deno.bench(`coding, n = ${n}, on the lists`, { group }, (b) => {
    using arena = new Arena();
    const { rounds } = open(arena);
    b.start();
    rounds.code({ ...coding, added: 0 });
    b.end();
  });
  Deno.bench(`sweep over the atoms, n = ${n}`, { group }, (b) => {
    using arena = new Arena();
    const { rounds, order } = open(arena);
    rounds.code(coding);
    b.start();
    rounds.update(order);
    b.end();
  });
}

const { val } = generateDatasets({ seed: 100, numLatents: 50, k: 10, nSamples: 5000 });
Deno.bench("a whole run, 50 atoms of 75, 2500 samples", { group: "run" }, () => {
  pathDictionary(val.Y, { numLatents: "auto", atMost: 75, seed: 0 });
});
