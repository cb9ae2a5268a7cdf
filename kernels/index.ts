// Everything that lib/wasm/kernels.wasm exports; lib/wasm/builds.d.ts gives the same list its types.
export { adamw, sum_squares } from "./adam";
export { blas_from } from "./blas";
export { cholesky, cholesky_solve } from "./cholesky";
export { csr_product64 } from "./csr64";
export { fista, fista_prepare, fit_error } from "./fista";
export { lasso_gap } from "./gap";
export { gemm_nn, gemm_tn } from "./gemm";
export { gemm_nn_add, gemm_tn_add } from "./gemm_add";
export { gemm_nt } from "./gemm_nt";
export { gemm64, gram64 } from "./gemm64";
export { lasso } from "./lasso";
export { lasso_dictionary, lasso_panels } from "./lasso_dictionary";
export { lasso_scratch_bytes, lasso_state_bytes } from "./lasso_record";
export { leave_one_out_terms, leave_one_out_weights } from "./leave_one_out";
export { l1_gradient, shrink, shrink_backward } from "./lista";
export { codes_product, gram_lower } from "./normal_equations";
export { debias, omp } from "./omp";
export { path_columns, path_normalize, path_sweep } from "./path_atoms";
export { path_code, path_coherent } from "./path_code";
export { path_pack, path_unpack } from "./path_screen";
export { fma_peak } from "./peak";
export { residual } from "./residual";
export { normalize_rows, project_rows } from "./rows";
export { sae_forward, sae_gradients, sae_prepare } from "./sae";
export { encode_above, encode_largest, encode_units } from "./sae_encode";
export { sae_fused_end, sae_fused_start } from "./sae_fused";
export { sae_gated_encode, sae_gated_residual, sae_gated_units } from "./sae_fused_gated";
export {
  sae_mp_end, sae_mp_pack, sae_mp_rows, sae_mp_start, sae_mp_sums, sae_mp_units,
} from "./sae_fused_mp";
export {
  sae_relu_encode, sae_relu_residual, sae_relu_score, sae_relu_score_end, sae_relu_units,
} from "./sae_fused_relu";
export { sae_power_penalty } from "./sae_relu";
export {
  sae_topk_choose, sae_topk_encode, sae_topk_end, sae_topk_pack, sae_topk_rows, sae_topk_score, sae_topk_sieve, sae_topk_start, sae_topk_sums,
  sae_topk_units,
} from "./sae_fused_topk";
export { atoms_adam, codes_adam, codes_forward } from "./softplus_adam";
export { symmetric_eigen } from "./symmetric_eigen";
export { transpose } from "./transpose";
export { axpy, countAbove as count_above } from "./vectors";
