// Takes the place of lib/wasm/builds.js in the npm package: each build is a module of its own that
// holds the bytes, which every engine and every bundler can import.

export async function loadBackend(backend) {
  const { default: base64 } = await bytesOf(backend);
  return WebAssembly.compile(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
}

function bytesOf(backend) {
  switch (backend) {
    case "relaxed-simd":
      return import("./kernels.wasm.js");
    case "simd":
      return import("./kernels_simd.wasm.js");
    case "threads":
      return import("./kernels_shared.wasm.js");
  }
}
