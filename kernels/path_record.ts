// The record of the `path_*` kernels: a dictionary, samples with their codes as lists, and scratch.

/** Samples of one block of screening products. */
export const BLOCK_ROWS: usize = 24;

/** PATH_FIELDS in lib/cores/path_dictionary.ts lists the same fields in the same order. */
// @ts-ignore: decorator
@unmanaged
export class Path {
  n: i32; // atoms, rounded up to a multiple of 8 (the additional atoms are zero)
  m: i32; // observed dimensions
  ldm: i32; // the same, rounded up to a multiple of 8
  capacity: i32; // most codes of a sample
  signed: i32; // 1: codes of either sign, 0: codes at 0 or above
  added: i32; // most atoms that enter in one pass
  // the dictionary
  atoms: usize; // (n + 24)×ldm, an atom per row, the last 24 zero
  panels: usize; // the same in 8 bits, 4 atoms side by side; see path_screen.ts
  norms: usize; // per 240 atoms: largest norm, and of what was rounded off, float64
  weight: usize; // n: Σz² of the atom's codes in its last update
  fourth: usize; // n: Σz⁴
  strength: usize; // n: norm of Σz·e, what the last update scaled to unit norm
  // per sample
  x: usize; // ×ldm
  r: usize; // ×ldm: x − Dz, with 24 rows of zeros behind the last sample
  count: usize; // number of codes
  column: usize; // ×capacity: their atoms
  value: usize; // ×capacity: their values, none of them 0
  objective: usize; // ½‖r‖² + penalty, float64
  // codes by atom
  start: usize; // n + 1 positions
  row: usize; // addresses in r
  entry: usize; // values
  sum: usize; // ldm, scratch
  // scratch of a thread
  products: usize; // 24×256, in 8 bits
  threshold: usize; // 24×capacity: what a code must exceed λ by
  groups: usize; // 24 rows in 8 bits; see path_screen.ts
  rows: usize; // 24 searches
  settled: usize; // 24: 1 where another pass would change nothing
  best: usize; // 24×added: the largest products
  bestColumn: usize; // added
  candidate: usize; // 24×n: atoms whose products may be wanted
  size: usize; // 24×n: these products
}
