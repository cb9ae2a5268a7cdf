/**
 * Losses and gradients by automatic differentiation, for the tests of ours. It runs in a process of
 * its own: its package is large, and only the lock of the tests names it. A test that imported it
 * would put it into the lock of what users download.
 * @module
 */
import assert from "node:assert/strict";
import type { Matrix32 } from "../lib/matrix.ts";
import type { SaeOptions, SaeParameters, SaeType } from "../lib/saes.ts";
import type { ListaLayer } from "../lib/lista.ts";

/** An autoencoder and a batch. */
export interface SaeCase {
  type: SaeType;
  kval?: number;
  parameters: SaeParameters;
  X: Matrix32;
  gamma: number;
}

/** An autoencoder with any options and a batch. */
export interface SaeVariantCase {
  options: SaeOptions;
  parameters: SaeParameters;
  X: Matrix32;
  gamma: number;
}

/** The parameters that have gradients, in order. */
export function differentiable(parameters: SaeParameters): (keyof SaeParameters)[] {
  const names = Object.keys(parameters) as (keyof SaeParameters)[];
  // the one number that outside training stands for the choice of a batch
  return names.filter((name) => name !== "threshold" || parameters.threshold!.length > 1);
}

/** Layers of LISTA and a batch. */
export interface ListaCase {
  layers: ListaLayer[];
  X: Matrix32;
  dictionary: Matrix32;
  lambda: number;
}

/** The loss, and its gradient by each parameter. */
export interface Differentiated {
  loss: number;
  gradients: number[][];
}

/** Numbers of a float32 array pass as they are: each is written with all its digits. */
const arrays = (_: string, value: unknown) => value instanceof Float32Array ? [...value] : value;

/** Has `fixtures/autodiff_NAME.ts` differentiate the cases. */
export async function autodiff<Case>(
  name: "saes" | "sae_variants" | "lista",
  cases: readonly Case[],
): Promise<Differentiated[]> {
  const child = new Deno.Command("deno", {
    args: [
      "run",
      ...["--quiet", "--no-prompt", "--ignore-env", "--lock=tests/deno.lock"],
      `tests/fixtures/autodiff_${name}.ts`,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const input = new Blob([JSON.stringify(cases, arrays)]).stream();
  await input.pipeTo(child.stdin);
  const { code, stdout, stderr } = await output;
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Indicator of the k largest of each row, the lowest first among equals. */
export function topMask(pre: Float32Array, rows: number, width: number, k: number): Float32Array {
  const mask = new Float32Array(pre.length);
  for (let i = 0; i < rows; i++) {
    const order = Array.from({ length: width }, (_, j) => i * width + j);
    order.sort((p, q) => pre[q] - pre[p] || p - q);
    for (const p of order.slice(0, k)) mask[p] = 1;
  }
  return mask;
}
