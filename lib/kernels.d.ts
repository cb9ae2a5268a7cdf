/** The instruction sets that a build of the kernels can need. */
export type Backend = "relaxed-simd" | "simd";

/** An address in Wasm memory; only kernels.ts makes one. */
export type Pointer = number & { readonly pointer: unique symbol };

/**
 * The kernels' raw exports; kernels/*.ts documents each. Sizes and leading dimensions are counted
 * in elements.
 */
export interface KernelExports {
  /** C (m×n) = A (m×k) · B (k×n); n, ldb and ldc are multiples of 8. */
  gemm_nn(
    m: number,
    n: number,
    k: number,
    a: Pointer,
    lda: number,
    b: Pointer,
    ldb: number,
    c: Pointer,
    ldc: number,
  ): void;
  /** C (m×n) = Aᵀ · B of A (k×m), B (k×n); n, ldb and ldc are multiples of 8. */
  gemm_tn(
    m: number,
    n: number,
    k: number,
    a: Pointer,
    lda: number,
    b: Pointer,
    ldb: number,
    c: Pointer,
    ldc: number,
  ): void;
  /** B (n×m) = Aᵀ of A (m×n); B's padding is not written. */
  transpose(m: number, n: number, a: Pointer, lda: number, b: Pointer, ldb: number): void;
  /** C (m×n) += A (m×k) · B (k×n); n, ldb and ldc are multiples of 8. */
  gemm_nn_add(
    m: number,
    n: number,
    k: number,
    a: Pointer,
    lda: number,
    b: Pointer,
    ldb: number,
    c: Pointer,
    ldc: number,
  ): void;
  /** C (m×n) += Aᵀ · B of A (k×m), B (k×n); n, ldb and ldc are multiples of 8. */
  gemm_tn_add(
    m: number,
    n: number,
    k: number,
    a: Pointer,
    lda: number,
    b: Pointer,
    ldb: number,
    c: Pointer,
    ldc: number,
  ): void;
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

/**
 * The best backend that this engine can run.
 *
 * @param validate Tells whether the engine accepts a module; replaced only by tests.
 * @throws {Error} When the engine has no WebAssembly SIMD.
 */
export function chooseBackend(validate?: (bytes: BufferSource) => boolean): Backend;

/** The compiled kernels for a backend. */
export function loadBackend(backend: Backend): Promise<WebAssembly.Module>;
