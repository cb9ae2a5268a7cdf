// Everything that lib/kernels.wasm exports; lib/kernels.d.ts gives the same list its types.
export { gemm_nn, gemm_tn } from "./gemm";
export { transpose } from "./transpose";
