/**
 * Sparse autoencoders on disk, as safetensors files that Python reads too.
 * @module
 */
import { requireInstance, requireOptions } from "./checks.ts";
import { writeAtomic } from "./atomic_file.ts";
import type { Matrix32 } from "./matrix.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "./safetensors.ts";
import { Sae, type SaeType } from "./saes.ts";

/** What {@linkcode loadSae} returns. */
export interface SavedSae {
  /** The autoencoder. */
  sae: Sae;
  /** The configuration that was saved with it. */
  config: Record<string, unknown>;
}

/** The metadata's mark of our files. */
const FORMAT = "startcoding-sae-1";

const row = (data: Float32Array): Tensor => ({ shape: [1, data.length], data });
const table = ({ rows, cols, data }: Matrix32): Tensor => ({ shape: [rows, cols], data });

/**
 * Saves a sparse autoencoder as a safetensors file, in one step: a reader sees the whole file or what
 * was there before. Needs write permission on the folder, and read permission for the rename.
 *
 * The tensors are float32 and have the names of the reference's parameters: `Ae` (width × inputDim),
 * `be` (1 × width), `Ad` (inputDim × width), `bd` (1 × inputDim), and `logthreshold` (1 × width) for
 * jumprelu. The header's metadata holds `format`, `type`, `kval`, and `config` as JSON.
 *
 * @param path The file; its folder must exist.
 * @param sae The autoencoder.
 * @param config What to keep with it, for example its `SaeConfig`; functions and `loader` are left out.
 * @throws {TypeError} When `sae` is no autoencoder or `config` no object.
 * @throws {RangeError} When a parameter holds a value that is not finite.
 *
 * @example
 * ```ts
 * import { loadSae, saveSae } from "./sae_file.ts";
 * import { Sae } from "./saes.ts";
 * const sae = Sae.initialize({ type: "topk", inputDim: 8, width: 12, kval: 3, seed: 0 });
 * saveSae("topk.safetensors", sae, { seed: 0 });
 * const { sae: same, config } = loadSae("topk.safetensors");
 * ```
 */
export function saveSae(path: string, sae: Sae, config: object = {}): void {
  requireInstance("sae", sae, Sae);
  requireOptions("config", config);
  const { encoder, encoderBias, decoder, decoderBias, logThreshold } = sae.parameters;
  const tensors: Record<string, Tensor> = {
    Ae: table(encoder),
    be: row(encoderBias),
    Ad: table(decoder),
    bd: row(decoderBias),
    ...(logThreshold && { logthreshold: row(logThreshold) }),
  };
  for (const [name, { data }] of Object.entries(tensors)) {
    const bad = data.findIndex((value: number) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new RangeError(`Cannot save ${path}: ${name} must be finite, got ${data[bad]}`);
    }
  }
  const plain = JSON.stringify({ ...config, loader: undefined });
  const metadata = { format: FORMAT, type: sae.type, kval: String(sae.kval), config: plain };
  writeAtomic(path, encodeSafetensors({ tensors, metadata }));
}

/**
 * Loads a sparse autoencoder that {@linkcode saveSae} saved. Needs read permission on the file.
 *
 * @param path The file.
 * @throws {Error} When the file cannot be read, is damaged or holds something else: the message tells
 * the file and what is wrong with it.
 *
 * @example
 * ```ts
 * import { loadSae } from "./sae_file.ts";
 * const { sae } = loadSae("topk.safetensors");
 * sae.dictionary; // inputDim × width
 * ```
 */
export function loadSae(path: string): SavedSae {
  const { tensors, metadata } = decodeSafetensors(Deno.readFileSync(path), path);
  const refused = (reason: string, cause?: unknown) =>
    new Error(`Cannot load a sparse autoencoder from ${path}: ${reason}`, { cause });
  if (metadata.format !== FORMAT) {
    throw refused(`its metadata must say format ${FORMAT}, got ${metadata.format}`);
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

  const encoder = values("Ae"), encoderBias = vector("be");
  const decoder = values("Ad"), decoderBias = vector("bd");
  const type = metadata.type as SaeType, kval = Number(metadata.kval);
  const logThreshold = type === "jumprelu" ? vector("logthreshold") : undefined;
  let sae: Sae;
  try {
    const parameters = { encoder, encoderBias, decoder, decoderBias, logThreshold };
    sae = new Sae({ type, kval, parameters });
  } catch (error) {
    throw refused((error as Error).message, error);
  }
  let config: Record<string, unknown>;
  try {
    config = JSON.parse(metadata.config);
  } catch (error) {
    throw refused("its config must be JSON", error);
  }
  return { sae, config };
}
