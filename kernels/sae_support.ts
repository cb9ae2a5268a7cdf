// What topk and MP share: each row's active codes as a list of atoms and values.

import { Sae } from "./sae_record";
import { madd } from "./simd";

/** out ← Σ values[t]·atom[indices[t]] − x, eight columns at a time, the sums in registers. */
function residualRow(
  n: usize, count: usize, indices: usize, values: usize, atoms: usize, x: usize, out: usize,
): void {
  const stride = n << 2, last = count << 2;
  for (let p: usize = 0; p < stride; p += 32) {
    let r0 = f32x4.neg(v128.load(x + p)), r1 = f32x4.neg(v128.load(x + p, 16));
    const column = atoms + p;
    for (let t: usize = 0; t < last; t += 4) {
      const atom = column + <usize>load<u32>(indices + t) * stride;
      const v = v128.load32_splat(values + t);
      r0 = madd(v, v128.load(atom), r0), r1 = madd(v, v128.load(atom, 16), r1);
    }
    v128.store(out + p, r0), v128.store(out + p, r1, 16);
  }
}

/** residual = codes·atoms − x */
export function supportResidual(s: Sae, rows: i32): void {
  const list = <usize>s.k << 2, stride = <usize>s.ldm << 2;
  let indices = s.indices, values = s.values, x = s.x, out = s.residual;
  for (let i: usize = 0; i < <usize>rows; i++) {
    residualRow(s.ldm, load<u32>(s.counts + (i << 2)), indices, values, s.atoms, x, out);
    indices += list, values += list, x += stride, out += stride;
  }
}

/** The lists as rows of s.codes. */
export function scatter(s: Sae, rows: i32): void {
  const list = <usize>s.k << 2, stride = <usize>s.ldw << 2;
  memory.fill(s.codes, 0, <usize>rows * stride);
  let indices = s.indices, values = s.values, codes = s.codes;
  for (let i: usize = 0; i < <usize>rows; i++) {
    for (let t: usize = 0, last = load<u32>(s.counts + (i << 2)) << 2; t < last; t += 4) {
      store<f32>(codes + (load<u32>(indices + t) << 2), load<f32>(values + t));
    }
    indices += list, values += list, codes += stride;
  }
}
