// The atoms' side of dictionary learning on sparse lists: codes by atom, one Gauss–Seidel sweep of exact
// steps atom by atom (the residuals follow at once), atoms packed for screening products.

import { Path } from "./path_record";
import { combine } from "./sparse";
import { axpy, dot, scale } from "./vectors";

/** Lists the codes of `samples` samples by atom, with the addresses of their residuals; returns their number. */
export function path_columns(record: usize, samples: i32): i32 {
  const p = changetype<Path>(record), n = <usize>p.n << 2;
  const stride = <usize>p.ldm << 2, list = <usize>p.capacity << 2;
  memory.fill(p.start, 0, n + 4);
  for (let s: usize = 0; s < <usize>samples; s++) {
    const columns = p.column + s * list, end = columns + (<usize>load<i32>(p.count + (s << 2)) << 2);
    for (let e = columns; e < end; e += 4) {
      const at = p.start + 4 + (<usize>load<u32>(e) << 2);
      store<u32>(at, load<u32>(at) + 1);
    }
  }
  let total: u32 = 0;
  for (let j: usize = 0; j <= n; j += 4) store<u32>(p.start + j, total += load<u32>(p.start + j));
  for (let s = <usize>samples; s > 0; s--) {
    const columns = p.column + (s - 1) * list, values = p.value + (s - 1) * list;
    const end = <usize>load<i32>(p.count + (s - 1 << 2)) << 2;
    for (let e: usize = 0; e < end; e += 4) {
      const at = p.start + 4 + (<usize>load<u32>(columns + e) << 2), to = load<u32>(at) - 1;
      store<u32>(at, to);
      store<u32>(p.row + (<usize>to << 2), <u32>(p.r + (s - 1) * stride));
      store<f32>(p.entry + (<usize>to << 2), load<f32>(values + e));
    }
  }
  // the ends have come down to the starts: shift them back
  memory.copy(p.start, p.start + 4, n);
  store<u32>(p.start + n, total);
  return total;
}

/**
 * Updates the `count` atoms listed at `order` in turn, `sweeps` times: d ← d + Σz·r / Σz², with the residuals updated at once.
 * Then every atom gets unit norm. Residuals no longer fit the atoms afterwards.
 */
export function path_sweep(record: usize, order: usize, count: i32, sweeps: i32): void {
  const p = changetype<Path>(record), ldm = <usize>p.ldm, stride = ldm << 2;
  for (let i: usize = 0; i < <usize>(count * sweeps); i++) {
    const j = <usize>load<u32>(order + (i % <usize>count << 2)) << 2;
    const start = <usize>load<u32>(p.start + j), entries = <usize>load<u32>(p.start + j, 4) - start;
    const rows = p.row + (start << 2), values = p.entry + (start << 2), end = entries << 2;
    let second: f32 = 0, fourth: f32 = 0;
    for (let e: usize = 0; e < end; e += 4) {
      const z = load<f32>(values + e), square = z * z;
      second += square, fourth += square * square;
    }
    store<f32>(p.weight + j, second), store<f32>(p.fourth + j, fourth);
    if (second == 0) continue;
    const atom = p.atoms + (j >> 2) * stride;
    memory.fill(p.sum, 0, stride);
    combine(entries, rows, values, stride, p.sum, p.sum);
    scale(ldm, 1 / second, p.sum, p.sum);
    axpy(ldm, 1, p.sum, atom);
    for (let e: usize = 0; e < end; e += 4) axpy(ldm, -load<f32>(values + e), p.sum, load<u32>(rows + e));
    const norm = sqrt(dot(ldm, atom, atom));
    store<f32>(p.strength + j, norm * second);
  }
  for (let j: usize = 0; j < <usize>p.n; j++) {
    const atom = p.atoms + j * stride, norm = sqrt(dot(ldm, atom, atom));
    if (norm > 0) scale(ldm, 1 / norm, atom, atom);
  }
}

/** Packs the atoms for screening products. */
export function path_pack(record: usize): void {
  const p = changetype<Path>(record), m = <usize>p.m, stride = <usize>p.ldm << 2;
  let to = p.panels;
  for (let j: usize = 0; j < <usize>p.n; j += 8) {
    const atom = p.atoms + j * stride;
    for (let k: usize = 0; k < m; k++, to += 32) {
      for (let i: usize = 0; i < 8; i++) store<f32>(to + (i << 2), load<f32>(atom + i * stride + (k << 2)));
    }
  }
}
