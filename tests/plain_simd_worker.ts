/**
 * A worker in which the engine seems to have no relaxed SIMD, so that the library runs on
 * kernels_simd.wasm: each message { module, name, args } calls one exported function.
 */
const scope = self as unknown as {
  onmessage: (event: MessageEvent) => void;
  postMessage(message: unknown): void;
};
const validate = WebAssembly.validate;
// Only the probe for relaxed SIMD has the opcode prefix 253 128 2
WebAssembly.validate = (bytes) =>
  !new Uint8Array(bytes as Uint8Array<ArrayBuffer>).join().includes("253,128,2") && validate(bytes);

scope.onmessage = async ({ data: { module, name, args } }) => {
  const library = await import(module);
  scope.postMessage(await library[name](...args));
};
