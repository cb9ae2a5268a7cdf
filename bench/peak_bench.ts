/**
 * The most that a core's 128-bit multiply-adds can do: a loop on registers alone. `run.ts` relates
 * the rates of the other benches to it.
 */
import { run } from "../lib/wasm/memory.ts";
import { systemBlas } from "../lib/system_blas.ts";

const ROUNDS = 10_000, FLOP = 96;

// The group tells run.ts which BLAS the kernels use
const group = systemBlas() ?? "no system BLAS";
Deno.bench(
  `fma_peak [${ROUNDS * FLOP} flop]`,
  { group },
  () => void run("fma_peak", ROUNDS, 0.5, 1),
);
