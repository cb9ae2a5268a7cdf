import type { Backend } from "./backends.ts";

/** An address in Wasm memory; only memory.ts makes one. */
export type Pointer = number & { readonly pointer: unique symbol };

/** A dense product, of A and B to C. */
export type Product = (
  m: number,
  n: number,
  k: number,
  a: Pointer,
  lda: number,
  b: Pointer,
  ldb: number,
  c: Pointer,
  ldc: number,
) => void;

/**
 * The kernels' raw exports; kernels/*.ts documents each. Sizes and leading dimensions are counted
 * in elements.
 */
export interface KernelExports {
  /** From now on products of at least `work` multiply-adds go to the import `sgemm`. */
  blas_from(work: number): void;
  /** L·Lᵀ = A in float64: L in the lower, Lᵀ in the upper triangle; 0, or 1 + the row that fails. */
  cholesky(n: number, a: Pointer, lda: number): number;
  /** Every row b of B (m×n, float64) becomes b·A⁻¹, with the factors from `cholesky`. */
  cholesky_solve(m: number, n: number, a: Pointer, lda: number, b: Pointer, ldb: number): void;
  /** Lower triangle of G += ZᵀZ in float64 of Z (samples×ldz, float32); scratch for ldz entries. */
  gram_lower(
    samples: number,
    z: Pointer,
    ldz: number,
    g: Pointer,
    ldg: number,
    columns: Pointer,
    values: Pointer,
  ): void;
  /** B += Zᵀ·X in float64 of Z (samples×ldz, float32) and X (samples×ldx); scratch for ldz entries. */
  codes_product(
    samples: number,
    z: Pointer,
    ldz: number,
    x: Pointer,
    ldx: number,
    b: Pointer,
    columns: Pointer,
    values: Pointer,
  ): void;
  /** y ← y + α·x; n a multiple of 8. */
  axpy(n: number, alpha: number, x: Pointer, y: Pointer): void;
  /** C (m×n) = A·B in float64 of a sparse A in compressed rows; n, also ldb and ldc, a multiple of 4. */
  csr_product64(
    m: number,
    n: number,
    starts: Pointer,
    columns: Pointer,
    values: Pointer,
    b: Pointer,
    c: Pointer,
  ): void;
  /** C (m×n) = A·B in float64; B in contiguous strips k×4; n a multiple of 4. */
  gemm64(
    m: number,
    n: number,
    k: number,
    a: Pointer,
    lda: number,
    b: Pointer,
    c: Pointer,
    ldc: number,
  ): void;
  /** What samples add to the sums of lib/numeric/leave_one_out.ts; see kernels/leave_one_out.ts. */
  leave_one_out_terms(
    rows: number,
    rank: number,
    stride: number,
    u: Pointer,
    explained: Pointer,
    projected: Pointer,
    terms: Pointer,
    mixed: Pointer,
    starts: Pointer,
    entries: Pointer,
    lengths: Pointer,
    complements: Pointer,
  ): void;
  /** The sum over samples for one strength, and the samples times the roots of its weights. */
  leave_one_out_weights(
    rows: number,
    stride: number,
    lengths: Pointer,
    complements: Pointer,
    sums: Pointer,
    mixed: Pointer,
    ldSums: number,
    u: Pointer,
    scaled: Pointer,
    total: Pointer,
  ): void;
  /** Upper triangle of C (n×n) += AᵀA of A (k×n) in float64; n a multiple of 12. */
  gram64(n: number, k: number, a: Pointer, c: Pointer): void;
  /** Rows of a symmetric v (n×n, float64) to its eigenvectors, d to its eigenvalues, smallest first; e: scratch. */
  symmetric_eigen(n: number, v: Pointer, d: Pointer, e: Pointer): void;
  /** Number of entries above `bound` in magnitude; n a multiple of 8. */
  count_above(n: number, bound: number, x: Pointer): number;
  /** Takes waiting samples to iteration `end` of FISTA; z is updated in place. */
  fista(
    record: Pointer,
    x: Pointer,
    z: Pointer,
    count: number,
    end: number,
    step: number,
    threshold: number,
    lambda: number,
    nonneg: number,
  ): void;
  /** Σ‖x − Dz‖² over samples. */
  fit_error(record: Pointer, x: Pointer, z: Pointer, count: number): number;
  /** Prepares the record for the dictionary that its atoms hold. */
  fista_prepare(record: Pointer): void;
  /** Solves samples of a record to relative gaps of at most `gap`: see kernels/lasso.ts. */
  lasso(record: Pointer, first: number, end: number, gap: number): void;
  /** Orthogonal matching pursuit of samples of a record: see kernels/omp.ts. */
  omp(record: Pointer, first: number, end: number, k: number, tol: number): void;
  /** The best codes of samples of a record on given supports. */
  debias(record: Pointer, first: number, end: number): void;
  /** Takes the dimensions first … first + rows − 1 of all atoms from `part` (rows×n, float64). */
  lasso_dictionary(record: Pointer, part: Pointer, first: number, rows: number): void;
  /** Makes the packed form of a record's dictionary from its atoms. */
  lasso_panels(record: Pointer): void;
  /** Bytes of the state of a sample in work. */
  lasso_state_bytes(m: number, capacity: number): number;
  /** Bytes of a thread's scratch for a record of these sizes. */
  lasso_scratch_bytes(n: number, m: number, capacity: number, work: number): number;
  /** Duality gap of one sample's codes, in float64; `residual` is scratch. */
  lasso_gap(
    n: number,
    ldm: number,
    atoms: Pointer,
    x: Pointer,
    z: Pointer,
    residual: Pointer,
    lambda: number,
    nonneg: number,
  ): number;
  /** C (m×n) = A (m×k) · B (k×n); n, ldb and ldc are multiples of 8. */
  gemm_nn: Product;
  /** C (m×n) = Aᵀ · B of A (k×m), B (k×n); n, ldb and ldc are multiples of 8. */
  gemm_tn: Product;
  /** C (m×n) = A (m×k) · Bᵀ of B (n×k); rows of A and B end with zeros, n is a multiple of 4. */
  gemm_nt: Product;
  /**
   * One AdamW step of n parameters (a multiple of 4) with gradients g·gradScale: rate = 1 − β,
   * decay = 1 − lr·weightDecay, stepSize = lr/(1 − β₁ᵗ), rootScale = 1/√(1 − β₂ᵗ).
   */
  adamw(
    n: number,
    p: Pointer,
    g: Pointer,
    m: Pointer,
    v: Pointer,
    gradScale: number,
    rate1: number,
    beta2: number,
    rate2: number,
    decay: number,
    stepSize: number,
    rootScale: number,
    eps: number,
  ): void;
  /** Σ xᵢ² of n values (a multiple of 8) in float64. */
  sum_squares(n: number, x: Pointer): number;
  /** Rows of X (rows×n, n a multiple of 8) over their norms (at least floor), to Y; Y may be X. */
  normalize_rows(
    rows: number,
    n: number,
    floor: number,
    x: Pointer,
    y: Pointer,
    norms: Pointer,
  ): void;
  /** g ← g − (g·d)·d for each row of G and the same row of D (rows×n, n a multiple of 8). */
  project_rows(rows: number, n: number, d: Pointer, g: Pointer): void;
  /** Updates what an autoencoder's kernels make from its parameters. */
  sae_prepare(sae: Pointer): void;
  /** Codes of the rows order[0 … rows − 1] of data; adds squared residuals, penalty, l0 to its sums. */
  sae_forward(sae: Pointer, data: Pointer, order: Pointer, rows: number): void;
  /** Mean penalty that the last codes of `relu`, of so many rows, would have with this power. */
  sae_power_penalty(sae: Pointer, rows: number, power: number): number;
  /** Gradients of mean squared error + γ·penalty of these rows; adds both means to its sums. */
  sae_gradients(sae: Pointer, data: Pointer, order: Pointer, rows: number, gamma: number): void;
  /**
   * C (5·groups × 8·panels) = bias + samples · units: samples in groups [dimension][5], units in panels
   * [dimension][8].
   */
  encode_units(
    groups: number,
    panels: number,
    m: number,
    samples: Pointer,
    units: Pointer,
    bias: Pointer,
    c: Pointer,
    ldc: number,
  ): void;
  /** Lists what is above thresholds of n (a multiple of 8) pre-activations; −1: some are not finite. */
  encode_above(
    n: number,
    pre: Pointer,
    thresholds: Pointer,
    indices: Pointer,
    values: Pointer,
  ): number;
  /** Lists the k largest of n (a multiple of 8) pre-activations; see kernels/sae_encode.ts. */
  encode_largest(
    n: number,
    k: number,
    signed: number,
    pre: Pointer,
    sizes: Pointer,
    indices: Pointer,
    values: Pointer,
  ): number;
  /** The batch of a step that skips zeros: rows order[0 … rows − 1]; see kernels/sae_fused.ts. */
  sae_fused_start(fused: Pointer, data: Pointer, order: Pointer, rows: number): void;
  /** The gradient of the decoder bias, and AdamW on it. */
  sae_fused_end(fused: Pointer): void;
  /** Codes of a chunk of units, and its part of the reconstruction; see kernels/sae_fused_relu.ts. */
  sae_relu_encode(fused: Pointer, chunk: number): void;
  /** The residual of all parts; adds to the sums. Returns the number of active codes. */
  sae_relu_residual(fused: Pointer): number;
  /** Gradients of a chunk's units, and AdamW on them. */
  sae_relu_units(fused: Pointer, chunk: number): void;
  /** Scores samples of the batch, `from` a multiple of 8, in the room of a chunk; threads take other ones. */
  sae_relu_score(fused: Pointer, chunk: number, from: number, to: number): void;
  /** Adds the squared residuals and the active codes of so many chunks of samples to the sums. */
  sae_relu_score_end(fused: Pointer, chunks: number): void;
  /** Codes and gates of a chunk of units, and its parts of the reconstructions; see kernels/sae_fused_gated.ts. */
  sae_gated_encode(fused: Pointer, chunk: number): void;
  /** The residuals of all parts; adds to the sums. Returns the number of active codes. */
  sae_gated_residual(fused: Pointer): number;
  /** Gradients of a chunk's units, and AdamW on them. */
  sae_gated_units(fused: Pointer, chunk: number): void;
  /** The batch of such a step of MP; see kernels/sae_fused_mp.ts. */
  sae_mp_start(fused: Pointer, data: Pointer, order: Pointer, rows: number): void;
  /** A chunk's unit atoms. */
  sae_mp_pack(fused: Pointer, chunk: number): void;
  /** Picks and gradients of a part of the samples. */
  sae_mp_rows(fused: Pointer, part: number): void;
  /** Sums over the samples, and each unit's codes. */
  sae_mp_sums(fused: Pointer): void;
  /** AdamW on a chunk's atoms. */
  sae_mp_units(fused: Pointer, chunk: number): void;
  /** AdamW on the decoder bias. */
  sae_mp_end(fused: Pointer): void;
  /** The batch of such a step of variants that choose by size, and its sieve; see kernels/sae_fused_topk.ts. */
  sae_topk_start(
    fused: Pointer,
    data: Pointer,
    order: Pointer,
    rows: number,
    sieves: number,
    numbers: Pointer,
  ): void;
  /** The candidates among a chunk of units. */
  sae_topk_encode(fused: Pointer, chunk: number): void;
  /** Puts a chunk of units in 8 bits, for as long as the weights stay as they are. */
  sae_topk_pack(fused: Pointer, chunk: number): void;
  /** Which of them can be candidates, by products in 8 bits. */
  sae_topk_sieve(fused: Pointer, chunk: number): void;
  /** What the batch chooses; returns whether candidates are missing. */
  sae_topk_choose(fused: Pointer): number;
  /** Codes and residuals of a part of the samples; returns for how many candidates are missing. */
  sae_topk_rows(fused: Pointer, part: number): number;
  /** Adds the squared residuals and the active codes of the batch to the sums, in place of a training step. */
  sae_topk_score(fused: Pointer): void;
  /** Sums over samples; adds to the sums. */
  sae_topk_sums(fused: Pointer): void;
  /** Gradients of a chunk's units, and AdamW on them. */
  sae_topk_units(fused: Pointer, chunk: number): void;
  /** AdamW on the biases. */
  sae_topk_end(fused: Pointer): void;
  /** Codes samples `first … first + count − 1` of a `path_*` record; see kernels/path_code.ts. */
  path_code(
    record: Pointer,
    first: number,
    count: number,
    lambda: number,
    gamma: number,
    leaveOut: number,
    passes: number,
    added: number,
    sweeps: number,
    without: number,
  ): void;
  /** Lists pairs (i, j) of atoms with a cosine beyond ±limit, and returns their number. */
  path_coherent(
    record: Pointer,
    first: number,
    count: number,
    limit: number,
    pairs: Pointer,
    room: number,
  ): number;
  /** Lists the codes of samples by atom, and sums their powers; returns their number. */
  path_columns(record: Pointer, samples: number): number;
  /** Gauss–Seidel sweeps over dimensions `from … to − 1` of the `count` atoms listed at `order`. */
  path_sweep(
    record: Pointer,
    order: Pointer,
    count: number,
    sweeps: number,
    from: number,
    to: number,
  ): void;
  /** Scales atoms `first … first + count − 1` to unit norm after a sweep. */
  path_normalize(record: Pointer, first: number, count: number): void;
  /** Packs atoms `first … first + count − 1` of the record for screening products. */
  path_pack(record: Pointer, first: number, count: number): void;
  /** Takes one out of the packed atoms. */
  path_unpack(record: Pointer, atom: number): void;
  /** `reps` rounds of 12 multiply-adds c·factor + term on registers alone, 96 flops each: the peak. */
  fma_peak(reps: number, factor: number, term: number): number;
  /** B (n×m) = Aᵀ of A (m×n); B's padding is not written. */
  transpose(m: number, n: number, a: Pointer, lda: number, b: Pointer, ldb: number): void;
  /** C (m×n) += A (m×k) · B (k×n); n, ldb and ldc are multiples of 8. */
  gemm_nn_add: Product;
  /** C (m×n) += Aᵀ · B of A (k×m), B (k×n); n, ldb and ldc are multiples of 8. */
  gemm_tn_add: Product;
  /** R ← R − X, contiguous, cols a multiple of 8; returns the sum of squares. */
  residual(rows: number, cols: number, r: Pointer, x: Pointer): number;
  /** Z = f(P), S = f′(P) for softplus or ReLU; adds the column sums of Z to totals (float64). */
  codes_forward(
    rows: number,
    cols: number,
    p: Pointer,
    z: Pointer,
    s: Pointer,
    totals: Pointer,
    sums: Pointer,
    rectify: number,
  ): void;
  /** An Adam step of P along (scale·G + penalty·norms) ∘ S. */
  codes_adam(
    rows: number,
    cols: number,
    p: Pointer,
    m: Pointer,
    v: Pointer,
    g: Pointer,
    s: Pointer,
    norms: Pointer,
    scale: number,
    penalty: number,
    step: number,
    root: number,
  ): void;
  /** An Adam step of the rows of D along scale·G_j + penalty·totals_j·d_j/‖d_j‖; renews the norms. */
  atoms_adam(
    atoms: number,
    cols: number,
    d: Pointer,
    m: Pointer,
    v: Pointer,
    g: Pointer,
    norms: Pointer,
    totals: Pointer,
    scale: number,
    penalty: number,
    step: number,
    root: number,
  ): void;
  /** U ← sign(U)·max(|U| − |thresholds|, 0), one threshold per column. */
  shrink(
    rows: number,
    cols: number,
    u: Pointer,
    thresholds: Pointer,
  ): void;
  /** G ← scale·G + penalty·sign(Z); returns Σ|Z|. */
  l1_gradient(
    rows: number,
    cols: number,
    z: Pointer,
    g: Pointer,
    scale: number,
    penalty: number,
  ): number;
  /** G from the gradient for Z = shrink(U) to that for U; gt becomes that for the thresholds. */
  shrink_backward(
    rows: number,
    cols: number,
    z: Pointer,
    g: Pointer,
    thresholds: Pointer,
    gt: Pointer,
  ): void;
}

/** The compiled kernels for a backend. */
export function loadBackend(backend: Backend): Promise<WebAssembly.Module>;
