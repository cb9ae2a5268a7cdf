// The atoms' side of dictionary learning on sparse lists: codes by atom, Gauss–Seidel sweeps of exact steps atom by
// atom (the residuals follow at once).

import { Path } from "./path_record";
import { combineAt } from "./sparse";
import { axpy, dot, scale } from "./vectors";

/**
 * Lists the codes of `samples` samples by atom, with the addresses of their residuals, and sums their second and fourth
 * powers; returns their number.
 */
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
  for (let j: usize = 0; j < n; j += 4) {
    const end = p.entry + (<usize>load<u32>(p.start + j, 4) << 2);
    let second: f32 = 0, fourth: f32 = 0;
    for (let e = p.entry + (<usize>load<u32>(p.start + j) << 2); e < end; e += 4) {
      const z = load<f32>(e), square = z * z;
      second += square, fourth += square * square;
    }
    store<f32>(p.weight + j, second), store<f32>(p.fourth + j, fourth);
  }
  return total;
}

/**
 * Updates dimensions `from` … `to` − 1 of the `count` atoms listed at `order` in turn, `sweeps` times: d ← d + Σz·r / Σz²,
 * with the residuals updated at once. Each dimension goes its own way: threads share them.
 */
export function path_sweep(
  record: usize, order: usize, count: i32, sweeps: i32, from: i32, to: i32,
): void {
  const p = changetype<Path>(record), stride = <usize>p.ldm << 2;
  const at = <usize>from << 2, length = <usize>(to - from), sum = p.sum + at;
  for (let i: usize = 0; i < <usize>(count * sweeps); i++) {
    const j = <usize>load<u32>(order + (i % <usize>count << 2)) << 2;
    const start = <usize>load<u32>(p.start + j), entries = <usize>load<u32>(p.start + j, 4) - start;
    const rows = p.row + (start << 2), values = p.entry + (start << 2), end = entries << 2;
    const second = load<f32>(p.weight + j);
    if (second == 0) continue;
    memory.fill(sum, 0, length << 2);
    combineAt(entries, rows, values, at, length << 2, p.sum, p.sum);
    scale(length, 1 / second, sum, sum);
    axpy(length, 1, sum, p.atoms + (j >> 2) * stride + at);
    for (let e: usize = 0; e < end; e += 4) {
      axpy(length, -load<f32>(values + e), sum, <usize>load<u32>(rows + e) + at);
    }
  }
}

/** Scales atoms `first` … `first` + count − 1 to unit norm after a sweep. Residuals no longer fit them afterwards. */
export function path_normalize(record: usize, first: i32, count: i32): void {
  const p = changetype<Path>(record), ldm = <usize>p.ldm, stride = ldm << 2;
  for (let j = <usize>first, end = <usize>(first + count); j < end; j++) {
    const atom = p.atoms + j * stride, norm = sqrt(dot(ldm, atom, atom)), second = load<f32>(p.weight + (j << 2));
    if (second != 0) store<f32>(p.strength + (j << 2), norm * second);
    if (norm > 0) scale(ldm, 1 / norm, atom, atom);
  }
}
