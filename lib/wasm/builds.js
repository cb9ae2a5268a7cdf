// @ts-self-types="./builds.d.ts"
// The one file that differs outside Deno: web/ puts another of its kind in its place there.
// JavaScript, because TypeScript cannot parse `import.source`, which brings a compiled
// WebAssembly.Module without any permission, from a path or a URL.

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
