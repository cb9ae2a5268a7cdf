// What the fused steps of relu and gated share, which choose what is above a threshold: lists of the units and, tile by
// tile, of the samples; the reconstruction in parts of the chunks.

import { SaeFused } from "./sae_fused";
import { Sae } from "./sae_record";
import { hsum4, madd } from "./simd";
import { axpy, dot, scale, subtract } from "./vectors";

/** Units whose rows of the decoder stay in cache between the lists and their sum. */
// @ts-ignore: decorator
@inline export const TILE: i32 = 125;

/** LISTS_FIELDS in lib/cores/sae_fused_lists.ts lists the same fields in the same order. */
// @ts-ignore: decorator
@unmanaged
export class FusedLists extends SaeFused {
  // the lists of the units, a chunk's from its first unit·most on, one after the other
  counts: usize; // w
  places: usize; // w×most: the sample's row in bytes
  values: usize; // w×most: its code
  // per chunk
  rowEnds: usize; // most: the ends of the samples' lists in a tile, addresses
  rowLists: usize; // most×TILE entries: decoder row, in bytes, code, and what the variant adds
  parts: usize; // most×ldm: part of the reconstruction, or of several
  totals: usize; // 2 float64 in a cache line of their own: Σ penalty, number of active codes
}

/** Where the totals of a chunk are. */
// @ts-ignore: decorator
@inline export function totalsOf(f: FusedLists, chunk: usize): usize {
  return f.totals + (chunk << 6);
}

/** r ← the sum of the chunks' parts, `step` bytes apart, − x, times 2/(rows·m); returns its mean square before. */
export function toResidual(f: FusedLists, parts: usize, step: usize, r: usize): f64 {
  const s = changetype<Sae>(f.sae), n = <usize>s.ldm, stride = n << 2, size = <usize>f.rows * n;
  memory.copy(r, parts, size << 2);
  for (let c: usize = 1; c < <usize>f.chunks; c++) axpy(size, 1, parts + c * step, r);
  subtract(size, r, s.x, r);
  let squares: f64 = 0;
  for (let i: usize = 0; i < <usize>f.rows; i++) squares += dot(n, r + i * stride, r + i * stride);
  scale(size, 2 / <f32>(f.rows * s.m), r, r);
  return squares / <f64>(f.rows * s.m);
}

/** Adds the chunks' penalties, as a mean over the samples, to the sums. Returns the number of active codes. */
export function addTotals(f: FusedLists): f64 {
  const sum = changetype<Sae>(f.sae).sums + 8;
  let penalty: f64 = 0, active: f64 = 0;
  for (let c: usize = 0; c < <usize>f.chunks; c++) {
    penalty += load<f64>(totalsOf(f, c)), active += load<f64>(totalsOf(f, c), 8);
  }
  store<f64>(sum, load<f64>(sum) + penalty / <f64>f.rows);
  return active;
}

/** g[t] ← r[place t]·d over a list, four samples at a time. */
export function dots(n: usize, count: usize, places: usize, r: usize, d: usize, g: usize): void {
  const end = d + (n << 2);
  let t: usize = 0;
  for (; t + 4 <= count; t += 4) {
    let a = r + <usize>load<u32>(places + (t << 2)), b = r + <usize>load<u32>(places + (t << 2), 4);
    let c = r + <usize>load<u32>(places + (t << 2), 8), e = r + <usize>load<u32>(places + (t << 2), 12);
    let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, e0 = a0, e1 = a0;
    for (let p = d; p < end; p += 32, a += 32, b += 32, c += 32, e += 32) {
      const d0 = v128.load(p), d1 = v128.load(p, 16);
      a0 = madd(v128.load(a), d0, a0), a1 = madd(v128.load(a, 16), d1, a1);
      b0 = madd(v128.load(b), d0, b0), b1 = madd(v128.load(b, 16), d1, b1);
      c0 = madd(v128.load(c), d0, c0), c1 = madd(v128.load(c, 16), d1, c1);
      e0 = madd(v128.load(e), d0, e0), e1 = madd(v128.load(e, 16), d1, e1);
    }
    v128.store(
      g + (t << 2),
      hsum4(f32x4.add(a0, a1), f32x4.add(b0, b1), f32x4.add(c0, c1), f32x4.add(e0, e1)),
    );
  }
  for (; t < count; t++) store<f32>(g + (t << 2), dot(n, r + <usize>load<u32>(places + (t << 2)), d));
}
