// The record of `lasso`: what it knows of the dictionary, the samples and the results; the state of one
// sample in work; and the scratch of a thread. A "row" is m values, a "list" has `capacity` entries.

/** LASSO_FIELDS in lib/cores/lasso.ts lists the same fields in the same order. */
// @ts-ignore: decorator
@unmanaged
export class Lasso {
  n: i32; // atoms, rounded up to a multiple of 8 (the additional atoms are zero)
  m: i32; // observed dimensions, rounded up to a multiple of 8
  capacity: i32; // entries of a list of a support, a multiple of 8
  rank: i32; // most atoms of a support
  nonneg: i32; // 1: codes are kept at 0 or above
  most: i32; // most passes of a sample and penalty
  first: i32; // atoms of the working set after the first pass
  later: i32; // ... after the others
  work: i32; // samples in work at once, a multiple of 4
  rows: i32; // samples
  path: i32; // penalties per sample
  withGram: i32; // 1: there is a Gram matrix
  // the dictionary, every atom divided by its weight
  atoms: usize; // n rows
  exactAtoms: usize; // n rows, float64
  panels: usize; // n/8 panels: see panels.ts
  weights: usize; // n, float64
  norms: usize; // 2, float64: the largest norms of an atom and of what the panels round off of one
  // the samples
  x: usize; // rows, float64
  lambdas: usize; // rows × path penalties, float64
  starts: usize; // rows + 1: where the codes to start from begin and end
  startColumns: usize;
  startValues: usize;
  // the results, path × rows of each
  counts: usize; // codes that are not zero
  columns: usize; // lists
  values: usize; // lists
  gaps: usize; // float64, relative to ½‖x‖²
  passes: usize;
  gram: usize; // n × n, where `withGram` says so: the Gram matrix
  // one's own of each thread
  states: usize; // work × lasso_state_bytes
  scratch: usize; // lasso_scratch_bytes
}

/** A sample in work. */
// @ts-ignore: decorator
@unmanaged
export class Sample {
  number: i32; // which sample
  step: i32; // which of its penalties
  size: i32; // atoms of the support
  passes: i32;
  careful: i32; // 1: the support changes by one atom at a time
  stalled: i32; // 1: float32 has not sufficed
  free: i32; // 1: codes on the support may have any sign
  lambda: f64;
  level: f64; // the size of a correlation that matters: λ, if there is one
  half: f64; // ½‖x‖²
  rr: f64; // ‖r‖²
  xr: f64; // x·r
  l1: f64; // Σ|z|
  most: f64; // the largest correlation of the support with r
  off: f64; // norm of what its packing rounds off of r
  x: usize; // row, float64
  input: usize; // row: x
  residual: usize; // row: r = x − Dz
  exactResidual: usize; // row, float64
  // lists of the support
  index: usize; // atoms
  address: usize; // their rows
  sign: usize; // signs of their codes
  fit: usize; // their correlations with x
  code: usize; // their codes, float64
  output: usize; // their codes, float32 and divided by their weights
  // the inverse of the support's Gram matrix, capacity × capacity, and the addresses of its rows
  inverse: usize;
  inverseRows: usize;
}

/** Bytes of a state: a multiple of 64. */
export function lasso_state_bytes(m: i32, capacity: i32): usize {
  const lists: usize = 5 * 4 + 8 + 4;
  const bytes = offsetof<Sample>() + <usize>m * (4 + 4 + 8) + <usize>capacity * lists +
    <usize>capacity * <usize>capacity * 4;
  return (bytes + 128 & ~63);
}

/** State number `i` of a record, with its addresses set. */
export function stateAt(l: Lasso, i: usize): Sample {
  const m = <usize>l.m, capacity = <usize>l.capacity;
  const base = l.states + i * lasso_state_bytes(l.m, l.capacity);
  const s = changetype<Sample>(base);
  let at = base + (offsetof<Sample>() + 15 & ~15);
  s.exactResidual = at, at += m << 3;
  s.input = at, at += m << 2;
  s.residual = at, at += m << 2;
  s.code = at, at += capacity << 3;
  s.index = at, at += capacity << 2;
  s.address = at, at += capacity << 2;
  s.sign = at, at += capacity << 2;
  s.fit = at, at += capacity << 2;
  s.output = at, at += capacity << 2;
  s.inverseRows = at, at += capacity << 2;
  s.inverse = at;
  for (let a: usize = 0; a < capacity; a++) {
    store<u32>(s.inverseRows + (a << 2), at + a * (capacity << 2));
  }
  return s;
}

/** Atoms that join a support together. */
export const BATCH: usize = 4;

// The scratch, laid out by `enter`.
/** Addresses of the states in work. */
export let pool: usize = 0;
/** Groups of 4 residuals side by side. */
export let packed: usize = 0;
/** Correlations, work × n. */
export let correlations: usize = 0;
/** n values. */
export let row: usize = 0;
/** The working set: atoms, their rows and correlations, n + 8 of each. */
export let setIndex: usize = 0, setAddress: usize = 0, setValue: usize = 0;
/** Lists with 8 more entries. */
export let vector: usize = 0, solution: usize = 0, saved: usize = 0;
/** (capacity + 8) × BATCH of each: see active_set.ts. */
export let products: usize = 0, parts: usize = 0, columns4: usize = 0;
/**
 * BATCH atoms that are to join a support: which, their signs and codes (float64), whether they have, and their
 * places in the working set.
 */
export let newIndex: usize = 0, newSign: usize = 0, newCode: usize = 0, joined: usize = 0, newPlace: usize = 0;
/** Their Gram matrix, and what its elimination makes of it. */
export let between: usize = 0, transform: usize = 0;
/** A list, float64. */
export let errors: usize = 0;
/** Three lists and a matrix, float64: see lasso_exact.ts. */
export let wideLists: usize = 0, wide: usize = 0;

// @ts-ignore: decorator
@inline function layout(n: usize, m: usize, capacity: usize, work: usize, from: usize): usize {
  const list = capacity + 8;
  let at = from;
  pool = at, at += work + 15 << 2 & ~63;
  packed = at, at += (work * (m + 4) << 2) + 63 & ~63;
  correlations = at, at += work * n << 2;
  row = at, at += n << 2;
  setIndex = at, at += n + 8 << 2;
  setAddress = at, at += n + 8 << 2;
  setValue = at, at += n + 8 << 2;
  vector = at, at += list << 2;
  solution = at, at += list << 2;
  saved = at, at += list << 4;
  products = at, at += list << 4;
  parts = at, at += list << 4;
  columns4 = at, at += list << 4;
  newIndex = at, at += 16;
  newSign = at, at += 16;
  newCode = at, at += 32;
  joined = at, at += 16;
  newPlace = at, at += 16;
  between = at, at += 64;
  transform = at, at += 64;
  errors = at, at += list << 3;
  wideLists = at, at += 3 * list << 3;
  at = at + 63 & ~63;
  wide = at, at += capacity * capacity << 3;
  return at - from;
}

/** Bytes of a thread's scratch. */
export function lasso_scratch_bytes(n: i32, m: i32, capacity: i32, work: i32): usize {
  return layout(n, m, capacity, work, 0);
}

/** Makes the scratch of a record the current one. */
export function enter(l: Lasso): void {
  layout(l.n, l.m, l.capacity, l.work, l.scratch);
}
