/** Checks the golden cases with the kernels that an engine without relaxed SIMD gets. */
/// <reference lib="deno.worker" />

// The two requests that chooseBackend makes differ by their instruction: relaxed_swizzle is 253 128 2
const validate = WebAssembly.validate;
WebAssembly.validate = (bytes) => !String(bytes).includes("253,128,2") && validate(bytes);
const { chooseBackend } = await import("../lib/wasm/backends.ts");
const golden = await import("./sae_golden.ts");

try {
  for (const name of golden.STEP_CASES) golden.checkBatch(name), golden.checkSteps(name);
  for (const name of golden.TRAINING_CASES) golden.checkTraining(name);
  golden.checkClipping();
  golden.checkRenorm();
  self.postMessage({ backend: chooseBackend() });
} catch (error) {
  self.postMessage({ error: String(error) });
}
