// @ts-self-types="./builds.d.ts"
// JavaScript, because TypeScript cannot parse `import.source`, which brings a compiled
// WebAssembly.Module without any permission, from a path or a URL.

// Two smallest modules that need the feature: (func (result v128) …) with i8x16.splat, and with
// i8x16.relaxed_swizzle.
const header = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10];
const simdProbe = Uint8Array.of(...header, 8, 1, 6, 0, 65, 0, 253, 15, 11);
const relaxedProbe = Uint8Array.of(
  ...[...header, 15, 1, 13, 0, 65, 0, 253, 15, 65, 0, 253, 15, 253, 128, 2, 11],
);

export function chooseBackend(validate = WebAssembly.validate) {
  if (validate(relaxedProbe)) return "relaxed-simd";
  if (validate(simdProbe)) return "simd";
  throw new Error(
    "Cannot load the kernels: this JavaScript engine must support WebAssembly SIMD, and it does not",
  );
}

export function loadBackend(backend) {
  switch (backend) {
    case "relaxed-simd":
      return import.source("./kernels.wasm");
    case "simd":
      return import.source("./kernels_simd.wasm");
    case "threads":
      return import.source("./kernels_shared.wasm");
  }
}
