// The most that the SIMD units can do: multiply-adds on registers alone, to which the benches relate
// the dense products. To be called often with few repetitions: the engine optimises a function when
// it is called often, not a loop while it runs.

import { hsum, madd } from "./simd";

/**
 * `reps` rounds of 12 multiply-adds c ← c·factor + term of four lanes: 96 flops a round. Two units with
 * a latency of four cycles need 8 chains to be busy; 12 and the operands fit in the 16 registers. The
 * operands are parameters because the engine would make a constant anew at every use; with a factor
 * below 1 nothing overflows. The sum of all lanes is returned so that no work can be left out.
 */
export function fma_peak(reps: i32, factor: f32, term: f32): f32 {
  const a = f32x4.splat(factor), b = f32x4.splat(term);
  let c0 = b, c1 = b, c2 = b, c3 = b, c4 = b, c5 = b, c6 = b, c7 = b, c8 = b, c9 = b, c10 = b, c11 = b;
  for (let i = 0; i < reps; i++) {
    c0 = madd(c0, a, b), c1 = madd(c1, a, b), c2 = madd(c2, a, b), c3 = madd(c3, a, b);
    c4 = madd(c4, a, b), c5 = madd(c5, a, b), c6 = madd(c6, a, b), c7 = madd(c7, a, b);
    c8 = madd(c8, a, b), c9 = madd(c9, a, b), c10 = madd(c10, a, b), c11 = madd(c11, a, b);
  }
  const low = f32x4.add(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)), f32x4.add(c4, c5));
  const high = f32x4.add(f32x4.add(f32x4.add(c6, c7), f32x4.add(c8, c9)), f32x4.add(c10, c11));
  return hsum(f32x4.add(low, high));
}
