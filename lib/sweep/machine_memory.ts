/**
 * What the machine's memory can hold.
 * @module
 */

/**
 * Memory of the machine in bytes, as far as a run may use it: nine tenths, for the system has needs
 * too. Infinity without the permission to ask (`--allow-sys=systemMemoryInfo`); never prompts for it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { machineMemory } from "./machine_memory.ts";
 *
 * assert(machineMemory() > 0);
 * ```
 */
export function machineMemory(): number {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "systemMemoryInfo" });
  return state === "granted" ? 0.9 * Deno.systemMemoryInfo().total : Infinity;
}

/**
 * A size in words: `1.5 GiB`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatBytes } from "./machine_memory.ts";
 *
 * assert.equal(formatBytes(3 * 2 ** 29), "1.5 GiB");
 * ```
 */
export function formatBytes(bytes: number): string {
  const units = ["KiB", "MiB", "GiB"];
  const power = Math.min(Math.max(Math.floor(Math.log2(bytes) / 10), 1), units.length);
  return `${(bytes / 2 ** (10 * power)).toFixed(1)} ${units[power - 1]}`;
}
