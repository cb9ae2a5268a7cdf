/**
 * Sparse autoencoders on disk, as safetensors files that Python reads too.
 * @module
 */
import { requireInstance, requireOptions } from "./checks.ts";
import { readPlainFile, writeAtomic } from "./atomic_file.ts";
import type { Matrix32 } from "./matrix.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "./safetensors.ts";
import { requireSeal, SAE_FORMAT, sealed } from "./formats/checksum.ts";
import { dataOf, extents, isMatrix } from "./cores/sae_variant.ts";
import {
  parametersOf,
  SAE_VARIANTS,
  type SaeOptions,
  type SaeParameters,
  type SaeType,
  variantOf,
} from "./cores/sae_variants.ts";
import { Sae } from "./saes.ts";

/** What {@linkcode loadSae} returns. */
export interface SavedSae {
  /** The autoencoder. */
  sae: Sae;
  /** The configuration that was saved with it. */
  config: Record<string, unknown>;
}

/** The tensors that some type has. */
const TENSORS: ReadonlySet<string> = new Set(
  SAE_VARIANTS.flatMap(({ parameters }) => parameters.map(({ tensor }) => tensor)),
);

/**
 * Saves a sparse autoencoder as a safetensors file, in one step: a reader sees the whole file or what
 * was there before. Needs write permission on the folder, and read permission for the rename.
 *
 * The tensors are float32 and have the names of the reference's parameters: `Ae` (width × inputDim),
 * `be` (1 × width), `Ad` (inputDim × width), `bd` (1 × inputDim), and `logthreshold` (1 × width) for
 * jumprelu, or `threshold` with its option `directThreshold`. The header's metadata holds `format`,
 * `type`, the kind's options (`kval`), `config` as JSON, and `checksum` over all of it and the tensors;
 * whoever changes one of them drops the checksum.
 *
 * @param path The file; its folder must exist.
 * @param sae The autoencoder.
 * @param config What to keep with it, for example its `SaeConfig`, whose functions, `loader`,
 * `initial`, `checkpoint` and `signal` are left out.
 * @throws {TypeError} When `sae` is no autoencoder or `config` no object.
 * @throws {RangeError} When a parameter holds a value that is not finite.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadSae, saveSae } from "./sae_file.ts";
 * import { Sae } from "./saes.ts";
 * const sae = Sae.initialize({ type: "topk", inputDim: 8, width: 12, kval: 3, seed: 0 });
 * saveSae("topk.safetensors", sae, { seed: 0 });
 * const { sae: same, config } = loadSae("topk.safetensors");
 * assert.deepEqual(same, sae);
 * assert.deepEqual(config, { seed: 0 });
 * ```
 */
export function saveSae(path: string, sae: Sae, config: object = {}): void {
  requireInstance("sae", sae, Sae);
  requireOptions("config", config);
  const tensors = Object.fromEntries(
    parametersOf(sae.options).map((parameter): [string, Tensor] => {
      const { rows, cols } = extents(parameter, sae);
      const data = dataOf(sae.parameters[parameter.name as keyof SaeParameters]!);
      return [parameter.tensor, { shape: [rows, cols], data }];
    }),
  );
  for (const [name, { data }] of Object.entries(tensors)) {
    const bad = data.findIndex((value: number) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new RangeError(`Cannot save ${path}: ${name} must be finite, got ${data[bad]}`);
    }
  }
  const plain = JSON.stringify({
    ...config,
    ...{ loader: undefined, initial: undefined, checkpoint: undefined, signal: undefined },
  });
  const { type, ...options } = sae.options;
  const own = Object.entries(options).map(([name, value]) => [name, JSON.stringify(value)]);
  const metadata = { format: SAE_FORMAT, type, ...Object.fromEntries(own), config: plain };
  writeAtomic(path, encodeSafetensors(sealed({ tensors, metadata })));
}

/**
 * Loads a sparse autoencoder that {@linkcode saveSae} saved. Needs read permission on the file. Where
 * the file has a checksum, it must be that of what it holds.
 *
 * @param path The file.
 * @throws {Error} When the file cannot be read, is damaged or holds something else: the message tells
 * the file and what is wrong with it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadSae, saveSae } from "./sae_file.ts";
 * import { Sae } from "./saes.ts";
 * saveSae("relu.safetensors", Sae.initialize({ type: "relu", inputDim: 8, width: 12, seed: 0 }));
 * const { sae } = loadSae("relu.safetensors");
 * assert.deepEqual([sae.type, sae.inputDim, sae.width], ["relu", 8, 12]);
 * ```
 */
export function loadSae(path: string): SavedSae {
  const { tensors, metadata } = decodeSafetensors(readPlainFile(path), path);
  const refused = (reason: string, cause?: unknown) =>
    new Error(`Cannot load a sparse autoencoder from ${path}: ${reason}`, { cause });
  if (metadata.format !== SAE_FORMAT) {
    throw refused(`its metadata must say format ${SAE_FORMAT}, got ${metadata.format}`);
  }

  function values(name: string): Matrix32 {
    const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (!tensor) throw refused(`tensor ${name} is missing`);
    const { shape, data } = tensor;
    if (!(data instanceof Float32Array)) throw refused(`tensor ${name} must be of type F32`);
    if (shape.length !== 2) {
      throw refused(`tensor ${name} must have two dimensions, got shape [${shape}]`);
    }
    return { rows: shape[0], cols: shape[1], data };
  }

  function vector(name: string): Float32Array {
    const { rows, cols, data } = values(name);
    if (rows !== 1) throw refused(`tensor ${name} must have one row, got shape [${rows},${cols}]`);
    return data;
  }

  function attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw refused((error as Error).message, error);
    }
  }

  const type = metadata.type as SaeType, variant = attempt(() => variantOf(type));
  const options = {
    ...Object.fromEntries(
      variant.options.filter(({ name }) => Object.hasOwn(metadata, name))
        .map(({ name }) => [name, parsed(metadata[name])]),
    ),
    type,
  } as SaeOptions;
  const needed = parametersOf(options), own = needed.map(({ tensor }) => tensor);
  // what no type has may have been added by others
  const foreign = Object.keys(tensors).find((name) => TENSORS.has(name) && !own.includes(name));
  if (foreign !== undefined) {
    throw refused(`its type ${type} has no tensor ${foreign}: it has ${own.join(", ")}`);
  }
  const parameters = Object.fromEntries(
    needed.map((parameter) => {
      const { name, tensor } = parameter;
      return [name, isMatrix(parameter) ? values(tensor) : vector(tensor)];
    }),
  ) as unknown as SaeParameters;
  const sae = attempt(() => new Sae({ ...options, parameters }));
  let config: Record<string, unknown>;
  try {
    config = JSON.parse(metadata.config);
  } catch (error) {
    throw refused("its config must be JSON", error);
  }
  // files that others wrote have none
  if (metadata.checksum !== undefined) attempt(() => requireSeal({ tensors, metadata }));
  return { sae, config };
}

/** The value of an option; NaN, which no option allows, where it cannot be read. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return NaN;
  }
}
