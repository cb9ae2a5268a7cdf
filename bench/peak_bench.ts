/**
 * The most that a core's 128-bit multiply-adds can do: a loop on registers alone. `run.ts` relates
 * the rates of the other benches to it.
 */
import { run } from "../lib/kernels.ts";

const ROUNDS = 10_000, FLOP = 96;

Deno.bench(`fma_peak [${ROUNDS * FLOP} flop]`, () => void run("fma_peak", ROUNDS, 0.5, 1));
