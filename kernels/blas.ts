// Large products may go to a BLAS of the host, whose vectors can be wider than the 128 bits of
// WebAssembly. Off until the host says otherwise. Not those of gemm_nt.ts: there every element has to
// be the same whatever rows stand around it, which a BLAS does not promise.

/** C = op(A)·B + beta·C by the host, on this memory; op transposes where the flag is 1. */
@external("env", "sgemm")
declare function sgemm(
  transA: i32, m: i32, n: i32, k: i32,
  a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32,
): void;

/** With fewer rows of A, a BLAS loses more by rearranging B than its wider vectors gain. */
const ROWS = 12;

/** A product of fewer multiply-adds stays here. */
let least: u64 = u64.MAX_VALUE;

/** From now on products of at least `work` multiply-adds go to the host. */
export function blas_from(work: u32): void {
  least = work;
}

/** Whether any product goes to the host. */
export function hasBlas(): bool {
  return least < u64.MAX_VALUE;
}

/** Has the host make the product, where it can and the product is large enough; else returns false. */
export function byBlas(
  transA: i32, m: i32, n: i32, k: i32,
  a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32,
): bool {
  if (<u64>m * <u64>n * <u64>k < least || m < ROWS) return false;
  sgemm(transA, m, n, k, a, lda, b, ldb, beta, c, ldc);
  return true;
}
