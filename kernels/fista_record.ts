// The record of `fista`: what it knows of the dictionary and the samples, and its scratch.

/** FISTA_FIELDS in lib/cores/fista.ts lists the same fields in the same order. */
// @ts-ignore: decorator
@unmanaged
export class Fista {
  n: i32; // atoms, rounded up to a multiple of 8 (the additional atoms are zero)
  m: i32; // observed dimensions, rounded up to a multiple of 8
  capacity: i32; // most candidates, a multiple of 8
  group: i32; // most samples that take a full iteration side by side
  last: i32; // iterations after which a sample is done
  local: i32; // 1: restricted iterations use the Gram matrix, 0: the atoms
  // the dictionary
  atoms: usize; // n×m, an atom per row
  rows: usize; // n addresses of the atoms
  norms: usize; // n norms of the atoms
  gram: usize; // n×n, where `local` says so
  momentum: usize; // `last` factors (t_i − 1) / t_{i+1}
  // per sample
  y: usize; // ×n: extrapolated codes
  iteration: usize; // iterations done
  // in the order of the waiting samples
  waiting: usize; // their numbers
  residual: usize; // ×m: x − Dy
  correlation: usize; // ×n: Dᵀ(x − Dy)
  // scratch for a group of samples
  oldY: usize; // ×n: y before the iteration
  fitted: usize; // ×m: x − Dy after it
  // scratch for one sample
  zeros: usize; // n zeros
  newResidual: usize; // m
  listRows: usize; // n + 8 entries of a list (see sparse.ts)
  listValues: usize;
  // scratch for the candidates of one sample, each of `capacity`
  index: usize; // columns
  rowsC: usize; // addresses of their atoms
  // a bit per candidate, 64 a word, where `local` says so
  nonzero: usize; // whether its difference is not 0
  known: usize; // whether its row is in localGram
  zC: usize;
  yC: usize;
  difference: usize; // startY − yC
  cC: usize; // correlations
  startY: usize; // y and the correlations where the candidates were chosen
  startC: usize;
  localGram: usize; // capacity × capacity, where `local` says so
  // the candidates nearest to being used, each of `capacity`, where `local` does not say so
  normsC: usize; // norms of the candidates' atoms
  nearIndex: usize; // places among the candidates
  nearRows: usize;
  nearZ: usize;
  nearY: usize;
  nearC: usize;
  nearResidual: usize; // m: where they were chosen
}
