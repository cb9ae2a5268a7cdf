/**
 * Sparse coding, sparse autoencoders and compositional generalisation: data, solvers, models and
 * metrics. Drawing (`lib/figures.ts`) and sweeps (`lib/sweep.ts`) are imported on their own, so
 * that a script that wants one solver downloads no plotting library.
 *
 * @example
 * ```ts
 * import { fista, generateDatasets, mcc } from "./mod.ts";
 *
 * const { val, A } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 200 });
 * const codes = fista(val.Y, A, { lambda: 0.1, nonneg: true });
 * console.log(mcc(val.Z, codes));
 * ```
 *
 * @module
 */
export {
  columnNorms,
  firstRows,
  fromRows,
  type Matrix,
  type Matrix32,
  type Matrix64,
  type MatrixData,
  normalizeColumns,
  toFloat32,
  toFloat64,
  toRows,
  transpose,
  zeros,
  zeros32,
} from "./lib/matrix.ts";
export {
  type AnyMatrix,
  type CsrMatrix,
  fromDense,
  isCsrMatrix,
  toDense,
} from "./lib/csr_matrix.ts";
export * from "./lib/random.ts";
export * from "./lib/data.ts";
export {
  compressedSensingBound,
  computeInputDim,
  type ConfigWarning,
  largestSparsity,
  type ProblemConfig,
  validateConfig,
} from "./lib/problem_size.ts";
export * from "./lib/grids.ts";
export * from "./lib/linalg.ts";
export * from "./lib/sparse_coding.ts";
export * from "./lib/lasso.ts";
export * from "./lib/omp.ts";
export * from "./lib/debias.ts";
export { lassoGap } from "./lib/lasso_gap.ts";
export * from "./lib/dictionary_learning.ts";
export * from "./lib/path_dictionary.ts";
export * from "./lib/consensus_dictionary.ts";
export * from "./lib/refine_dictionary.ts";
export * from "./lib/softplus_adam.ts";
export * from "./lib/lista.ts";
export * from "./lib/saes.ts";
export * from "./lib/train_sae.ts";
export * from "./lib/train_sae_stream.ts";
export * from "./lib/sae_checkpoint.ts";
export { decodeNpy, encodeNpy, type NpyHeader, readNpyHeader } from "./lib/npy.ts";
export * from "./lib/safetensors.ts";
export * from "./lib/matrix_file.ts";
export {
  type BlocksOptions,
  type MatrixFile,
  type MatrixStatistics,
  openMatrix,
  type OpenMatrixOptions,
  type ShuffledRows,
  type ShuffleOptions,
  type ShuffleState,
} from "./lib/matrix_stream.ts";
export * from "./lib/sae_file.ts";
export * from "./lib/open_sae.ts";
export * from "./lib/audit.ts";
export * from "./lib/reconstruction.ts";
export * from "./lib/refine.ts";
export * from "./lib/compare.ts";
export type { Interruptible } from "./lib/interruptible.ts";
export * from "./lib/metrics.ts";
export {
  decisionValues,
  fitLogistic,
  type Labels,
  type LogisticFit,
  type LogisticOptions,
} from "./lib/logistic.ts";
export * from "./lib/linear_probe.ts";
export * from "./lib/pca.ts";
export * from "./lib/synth_bench.ts";
export * from "./lib/assignment.ts";
export * from "./lib/methods.ts";
export { systemBlas } from "./lib/system_blas.ts";
export * from "./lib/threads.ts";
