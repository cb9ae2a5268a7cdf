// @ts-self-types="./esbuild.d.ts"
// JavaScript, because TypeScript cannot parse a source-phase import. It brings the bundler as a
// compiled module of its package: no process of another program, and no permission.
import source compiled from "npm:esbuild-wasm@0.28.2/esbuild.wasm";
import * as esbuild from "npm:esbuild-wasm@0.28.2/esm/browser.js";

let ready;

export async function loadEsbuild() {
  await (ready ??= esbuild.initialize({ wasmModule: compiled, worker: false }));
  return esbuild;
}
