import type * as Esbuild from "npm:esbuild-wasm@0.28.2";

/** The bundler, started once per process. */
export function loadEsbuild(): Promise<typeof Esbuild>;
