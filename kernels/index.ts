// Everything that lib/kernels.wasm exports; lib/kernels.d.ts gives the same list its types.
export { fista, fista_prepare } from "./fista";
export { lasso_gap } from "./gap";
export { gemm_nn, gemm_tn } from "./gemm";
export { gemm_nt } from "./gemm_nt";
export { transpose } from "./transpose";
