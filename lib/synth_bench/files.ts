/**
 * Models of SynthSAEBench on disk, in the three files that SAELens writes.
 * @module
 */
import { readPlainFile } from "../atomic_file.ts";
import { type Matrix32, transpose } from "../matrix.ts";
import { TorchGenerator } from "../random.ts";
import { decodeSafetensors, type Tensor } from "../safetensors.ts";
import { foldedNormal, linear, requireSynthModel, type SynthModel } from "./model.ts";

/** Parsed JSON. */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What is wrong with a file. */
class Damage extends Error {}

/**
 * Reads a model that SAELens saved, the published SynthSAEBench-16k (version 2) among them: the files
 * `synthetic_model_config.json`, `synthetic_model.safetensors` and, where there is one, `hierarchy.json` of a
 * folder. Mean and deviation of the magnitudes are not in the files: they follow from the configuration's seed.
 * Needs read permission on the folder.
 *
 * Version 1 lacks the flag that scales children by their parents, which all published results have.
 *
 * @param folder The folder of the three files.
 * @throws {Error} When a file cannot be read, is damaged or says what is not known here: the message tells
 * the file and what is wrong with it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encodeSafetensors, loadSynthModel } from "../../mod.ts";
 * const f32 = (shape: number[], ...data: number[]) => ({ shape, data: Float32Array.from(data) });
 * Deno.mkdirSync("model");
 * Deno.writeFileSync(
 *   "model/synthetic_model.safetensors",
 *   encodeSafetensors({
 *     tensors: {
 *       feature_vectors: f32([2, 1], 1, -1),
 *       bias: f32([1], 0.5),
 *       firing_probabilities: f32([2], 0.3, 0.1),
 *     },
 *     metadata: {},
 *   }),
 * );
 * Deno.writeTextFileSync(
 *   "model/synthetic_model_config.json",
 *   JSON.stringify({ mean_firing_magnitudes: 4, std_firing_magnitudes: 0.5, seed: 42 }),
 * );
 * const model = loadSynthModel("model");
 * assert.deepEqual([...model.dictionary.data], [1, -1]);
 * assert.deepEqual([...model.means], [4, 4]);
 * ```
 */
export function loadSynthModel(folder: string): SynthModel {
  if (typeof folder !== "string") {
    throw new TypeError(`folder must be a text, got ${typeof folder}`);
  }
  const path = (name: string) => `${folder}/${name}`;
  const weights = path("synthetic_model.safetensors");
  const { tensors } = decodeSafetensors(readPlainFile(weights), weights);
  const config = readJson(path("synthetic_model_config.json"));
  return attempt(folder, () => {
    const vectors = tensorOf(tensors, "feature_vectors", 2), [N, D] = vectors.shape;
    const factors = Object.hasOwn(tensors, "correlation_factor")
      ? tensorOf(tensors, "correlation_factor", 2)
      : { shape: [N, 0], data: new Float32Array(0) };
    const model: SynthModel = {
      dictionary: transpose({ rows: N, cols: D, data: vectors.data }),
      bias: tensorOf(tensors, "bias", 1).data,
      probabilities: tensorOf(tensors, "firing_probabilities", 1).data,
      means: magnitudes("mean_firing_magnitudes", config, N, 2),
      deviations: magnitudes("std_firing_magnitudes", config, N, 1),
      factors: { rows: factors.shape[0], cols: factors.shape[1], data: factors.data } as Matrix32,
      ownVariances: factors.shape[1] > 0
        ? tensorOf(tensors, "correlation_diag", 1).data
        : new Float32Array(N).fill(1),
      ...hierarchyOf(ifThere(() => readJson(path("hierarchy.json"))), N),
    };
    requireSynthModel("model", model);
    return model;
  });
}

function attempt<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    // a file's own message names the file
    if (!(error instanceof Damage || error instanceof TypeError || error instanceof RangeError)) {
      throw error;
    }
    throw new Error(`Cannot load a model from ${folder}: ${error.message}`, { cause: error });
  }
}

function readJson(path: string): Json {
  const text = new TextDecoder().decode(readPlainFile(path));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot read ${path}: it must be JSON`, { cause: error });
  }
}

function recordOf(name: string, value: Json): { [key: string]: Json } {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new Damage(`${name} must be an object, got ${JSON.stringify(value)?.slice(0, 40)}`);
}

function numberOf(name: string, value: Json | undefined): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new Damage(`${name} must be a finite number, got ${JSON.stringify(value)?.slice(0, 40)}`);
}

function tensorOf(
  tensors: Record<string, Tensor>,
  name: string,
  dimensions: number,
): { shape: readonly number[]; data: Float32Array } {
  const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (!tensor) throw new Damage(`tensor ${name} is missing`);
  const { shape, data } = tensor;
  if (!(data instanceof Float32Array)) throw new Damage(`tensor ${name} must be of type F32`);
  if (shape.length !== dimensions) {
    throw new Damage(`tensor ${name} must have ${dimensions} dimensions, got shape [${shape}]`);
  }
  return { shape, data };
}

/** Values by feature, as the configuration has them made: by one number or one of four kinds. */
function magnitudes(name: string, config: Json, N: number, seedOffset: number): Float32Array {
  const { [name]: value, seed } = recordOf("the configuration", config);
  if (typeof value === "number") return new Float32Array(N).fill(value);
  const spec = recordOf(name, value ?? null);
  const own = (key: string) => numberOf(`${name}.${key}`, spec[key]);
  switch (spec.generator_name) {
    case "constant":
      return new Float32Array(N).fill(own("value"));
    case "linear":
      return linear(own("start"), own("end"), N);
    case "exponential":
      return linear(0, 1, N).map((t) => own("start") * (own("end") / own("start")) ** t);
    case "folded_normal": {
      const generator = new TorchGenerator(numberOf("seed", seed) + seedOffset);
      const bound = (key: string, otherwise: number) =>
        (spec[key] ?? null) === null ? otherwise : own(key);
      const [least, most] = [bound("min_value", 0), bound("max_value", Infinity)];
      return foldedNormal(own("mean"), own("std"), generator.randn(N))
        .map((size) => Math.min(most, Math.max(least, size)));
    }
    default:
      throw new Damage(
        `${name}.generator_name must be constant, linear, exponential or folded_normal, got ` +
          JSON.stringify(spec.generator_name),
      );
  }
}

/** What is read from a file; undefined where there is none. */
function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && error.name === "NotFound") return undefined;
    throw error;
  }
}

/** The trees of `hierarchy.json`, where there is one. */
function hierarchyOf(
  trees: Json | undefined,
  N: number,
): Pick<SynthModel, "parents" | "exclusive" | "scaled"> {
  const parents = new Int32Array(N).fill(-1);
  const exclusive = new Uint8Array(N), scaled = new Uint8Array(N), seen = new Uint8Array(N);
  const nodes: [node: Json, parent: number][] = [];
  if (trees !== undefined) {
    const { roots } = recordOf("hierarchy.json", trees);
    if (!Array.isArray(roots)) throw new Damage("hierarchy.json must have a list of roots");
    for (const root of roots) nodes.push([root, -1]);
  }
  for (let at = 0; at < nodes.length; at++) {
    const [json, parent] = nodes[at], node = recordOf("a node of hierarchy.json", json);
    const index = node.feature_index;
    if (!(Number.isInteger(index) && index as number >= 0 && index as number < N)) {
      throw new Damage(
        `feature_index of hierarchy.json must be from 0 to ${N - 1}, got ${JSON.stringify(index)}`,
      );
    }
    const i = index as number;
    if (seen[i]) throw new Damage(`hierarchy.json must have each feature once, got ${i} twice`);
    seen[i] = 1;
    parents[i] = parent;
    exclusive[i] = Number(node.mutually_exclusive_children === true);
    scaled[i] = Number(node.scale_children_by_parent === true);
    const children = node.children ?? [];
    if (!Array.isArray(children)) throw new Damage("children of hierarchy.json must be a list");
    for (const child of children) nodes.push([child, i]);
  }
  return { parents, exclusive, scaled };
}
