/** The instruction sets that a build of the kernels can need. */
export type Backend = "relaxed-simd" | "simd";

/** An address in Wasm memory; only kernels.ts makes one. */
export type Pointer = number & { readonly pointer: unique symbol };

/** The record of `fista` in memory order; the class Fista in kernels/fista.ts tells shapes. */
export type FistaFields = [
  n: number,
  m: number,
  capacity: number,
  last: number,
  local: number,
  atoms: Pointer,
  rows: Pointer,
  norms: Pointer,
  gram: Pointer,
  momentum: Pointer,
  y: Pointer,
  iteration: Pointer,
  waiting: Pointer,
  residual: Pointer,
  gradient: Pointer,
  zeros: Pointer,
  oldY: Pointer,
  newResidual: Pointer,
  listRows: Pointer,
  listValues: Pointer,
  index: Pointer,
  rowsC: Pointer,
  localRows: Pointer,
  zC: Pointer,
  yC: Pointer,
  gC: Pointer,
  startY: Pointer,
  startG: Pointer,
  localGram: Pointer,
];

/**
 * The kernels' raw exports; kernels/*.ts documents each. Sizes and leading dimensions are counted
 * in elements.
 */
export interface KernelExports {
  /** Takes waiting samples to iteration `end` of FISTA; z is updated in place. */
  fista(
    record: Pointer,
    negatives: Pointer,
    z: Pointer,
    count: number,
    end: number,
    step: number,
    threshold: number,
    lambda: number,
    nonneg: number,
  ): void;
  /** Prepares the record for the dictionary that its atoms hold. */
  fista_prepare(record: Pointer): void;
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
  /** C (m×n) = A (m×k) · Bᵀ of B (n×k); rows of A and B end with zeros, n is a multiple of 4. */
  gemm_nt(
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
