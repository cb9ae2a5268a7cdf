// Where products keep what no caller sees: 64 KiB that each thread has of its own, zeros at first. A tile of C comes
// first, then zeros to start sums from, then the groups of rows that the products put side by side.

// @ts-ignore: decorator
@external("env", "scratch")
export declare const scratch: usize;

/** Where the zeros and the groups begin, and how many bytes the groups have together. */
export const ZEROS: usize = 192;
export const GROUPS: usize = 256;
export const GROUP_BYTES: usize = 65536 - GROUPS;

/** Copies rows of 32 bytes, which are as far apart as told. */
export function copyRows(rows: usize, from: usize, ldFrom: usize, to: usize, ldTo: usize): void {
  for (let i: usize = 0; i < rows; i++, from += ldFrom, to += ldTo) {
    v128.store(to, v128.load(from)), v128.store(to, v128.load(from, 16), 16);
  }
}
