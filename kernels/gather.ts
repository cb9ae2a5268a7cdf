// Entries of vectors at listed columns, and back.

/** The entries of `from` at four offsets in bytes. */
// @ts-ignore: decorator
@inline function pick(from: usize, o0: usize, o1: usize, o2: usize, o3: usize): v128 {
  let v = v128.load32_zero(from + o0);
  v = v128.load32_lane(from + o1, v, 1), v = v128.load32_lane(from + o2, v, 2);
  return v128.load32_lane(from + o3, v, 3);
}

/** Copies the entries of `from` at `count` columns; zeros up to `n`. */
export function gather(count: usize, n: usize, index: usize, from: usize, to: usize): void {
  const fours = to + (count >> 2 << 4), end = to + (count << 2), last = to + (n << 2);
  for (; to < fours; to += 16, index += 16) {
    const columns = v128.load(index);
    const o0 = i32x4.extract_lane(columns, 0) << 2, o1 = i32x4.extract_lane(columns, 1) << 2;
    const o2 = i32x4.extract_lane(columns, 2) << 2, o3 = i32x4.extract_lane(columns, 3) << 2;
    v128.store(to, pick(from, o0, o1, o2, o3));
  }
  for (; to < end; to += 4, index += 4) store<u32>(to, load<u32>(from + (load<u32>(index) << 2)));
  for (; to < last; to += 4) store<u32>(to, 0);
}

/** The same for four vectors at once, which share the work on the columns. */
export function gather4(
  count: usize, n: usize, index: usize, from0: usize, from1: usize, from2: usize, from3: usize,
  to0: usize, to1: usize, to2: usize, to3: usize,
): void {
  const fours = to0 + (count >> 2 << 4), end = to0 + (count << 2), last = to0 + (n << 2);
  for (; to0 < fours; to0 += 16, to1 += 16, to2 += 16, to3 += 16, index += 16) {
    const columns = v128.load(index);
    const o0 = i32x4.extract_lane(columns, 0) << 2, o1 = i32x4.extract_lane(columns, 1) << 2;
    const o2 = i32x4.extract_lane(columns, 2) << 2, o3 = i32x4.extract_lane(columns, 3) << 2;
    v128.store(to0, pick(from0, o0, o1, o2, o3)), v128.store(to1, pick(from1, o0, o1, o2, o3));
    v128.store(to2, pick(from2, o0, o1, o2, o3)), v128.store(to3, pick(from3, o0, o1, o2, o3));
  }
  for (; to0 < last; to0 += 4, to1 += 4, to2 += 4, to3 += 4, index += 4) {
    if (to0 < end) {
      const offset = load<u32>(index) << 2;
      store<u32>(to0, load<u32>(from0 + offset)), store<u32>(to1, load<u32>(from1 + offset));
      store<u32>(to2, load<u32>(from2 + offset)), store<u32>(to3, load<u32>(from3 + offset));
    } else store<u32>(to0, 0), store<u32>(to1, 0), store<u32>(to2, 0), store<u32>(to3, 0);
  }
}

/** Copies `count` entries of `from` to the columns of `to`. */
export function scatter(count: usize, index: usize, from: usize, to: usize): void {
  for (let i: usize = 0; i < count; i++) {
    store<u32>(to + (load<u32>(index + (i << 2)) << 2), load<u32>(from + (i << 2)));
  }
}
