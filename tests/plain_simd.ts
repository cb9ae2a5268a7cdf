/** Runs library functions on the build of the kernels without relaxed SIMD. */

/** Calls `name(...args)` of a module in lib/ and returns its result; arguments and result are cloned. */
export async function onPlainSimd<T>(module: string, name: string, ...args: unknown[]): Promise<T> {
  const worker = new Worker(new URL("./plain_simd_worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise<T>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      worker.postMessage({ module: new URL(`../lib/${module}`, import.meta.url).href, name, args });
    });
  } finally {
    worker.terminate();
  }
}
