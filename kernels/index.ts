// Everything that lib/kernels.wasm exports; lib/kernels.d.ts gives the same list its types.
export { adamw, sum_squares } from "./adam";
export { blas_from } from "./blas";
export { cholesky, cholesky_solve } from "./cholesky";
export { fista, fista_prepare, fit_error } from "./fista";
export { lasso_gap } from "./gap";
export { gemm_nn, gemm_tn } from "./gemm";
export { gemm_nn_add, gemm_tn_add } from "./gemm_add";
export { gemm_nt } from "./gemm_nt";
export { l1_gradient, shrink, shrink_backward } from "./lista";
export { codes_product, gram_lower } from "./normal_equations";
export { fma_peak } from "./peak";
export { residual } from "./residual";
export { normalize_rows, project_rows } from "./rows";
export { sae_forward, sae_gradients, sae_prepare } from "./sae";
export { atoms_adam, codes_adam, codes_forward } from "./softplus_adam";
export { transpose } from "./transpose";
export { countAbove as count_above } from "./vectors";
