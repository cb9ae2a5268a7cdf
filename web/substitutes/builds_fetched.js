// Takes the place of lib/wasm/builds.js in a page: the builds lie beside the script and are compiled
// while they arrive.

const FILES = {
  "relaxed-simd": "kernels.wasm",
  "simd": "kernels_simd.wasm",
  "threads": "kernels_shared.wasm",
};

export async function loadBackend(backend) {
  const response = await fetch(new URL(FILES[backend], import.meta.url));
  if (!response.ok) throw new Error(`Cannot load the kernels: ${response.url} ${response.status}`);
  // a server that does not know the type of Wasm files must not stop the page
  const isWasm = response.headers.get("content-type")?.startsWith("application/wasm");
  return isWasm
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}
