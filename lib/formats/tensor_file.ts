/**
 * Files that hold named arrays, whichever their format: `.npy`, `.npz`, safetensors and PyTorch's. The
 * format is told by the first bytes, not by the name.
 * @module
 */
import { type ByteSource, readBytes } from "./byte_source.ts";
import { FileSource } from "./file_source.ts";
import { NPY_MAGIC, npyArray } from "./npy_array.ts";
import { npzArrays } from "./npz.ts";
import { safetensorsArrays } from "./safetensors_arrays.ts";
import type { StoredArray } from "./stored_array.ts";
import { isTorchArchive, readTorchArchive, tensorsOf, type TorchValue } from "./torch_file.ts";
import { isZip, openZip } from "./zip.ts";

/** The formats. */
export type TensorFormat = "npy" | "npz" | "safetensors" | "torch";

/** Named arrays that are read when their numbers are asked for. */
export interface TensorIndex {
  /** The format. */
  readonly format: TensorFormat;
  /**
   * Names of the arrays. That of a `.npy` file, and of a single tensor of PyTorch's, is empty; those
   * inside lists and dictionaries are the keys and indices with dots between.
   */
  readonly names: readonly string[];
  /** Texts that a safetensors file holds beside them. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What a file of PyTorch's holds, as it is nested there. */
  readonly value?: TorchValue;
  /**
   * The array of a name.
   *
   * @throws {Error} As the source makes it, when there is none, or it is damaged.
   */
  array(name: string): StoredArray;
}

/** First bytes of files of other programs, and what to say of them. */
const OTHERS: readonly [head: string, what: string][] = [
  [
    "\x80\x02\x8a\x0a",
    "it is of PyTorch before 1.6 (or of its old format): save it anew with torch.save",
  ],
  ["\x80", "it is a pickle: save the arrays with numpy.save or torch.save"],
  ["\x89HDF", "it is HDF5, which is not read: save the arrays with numpy.save"],
  ["ARROW1", "it is Arrow, which is not read: save the arrays with numpy.save"],
  ["PAR1", "it is Parquet, which is not read: save the arrays with numpy.save"],
];

/** Whether bytes are those of a text of one byte each. */
const beginsWith = (bytes: Uint8Array, text: string) =>
  [...text].every((character, i) => bytes[i] === character.charCodeAt(0));

/**
 * What is to be said of a file of another program, by its first bytes; undefined where it is none that
 * is known.
 */
export function refusalOf(head: Uint8Array): string | undefined {
  return OTHERS.find(([start]) => beginsWith(head, start))?.[1];
}

/** The first bytes of a source, which tell its format. */
export function headOf(source: ByteSource): Uint8Array {
  return readBytes(source, 0, Math.min(source.size, 16));
}

/**
 * The format of arrays that the first bytes of a file tell; undefined where it is none: it may be a text.
 *
 * @param head Of {@linkcode headOf}.
 */
export function tensorFormatOf(head: Uint8Array): TensorFormat | "zip" | undefined {
  if (NPY_MAGIC.every((byte, i) => head[i] === byte)) return "npy";
  if (isZip(head)) return "zip";
  // a length of less than 2³² and the brace that the header begins with
  return head[8] === 0x7b && [4, 5, 6, 7].every((i) => head[i] === 0) ? "safetensors" : undefined;
}

/**
 * The arrays of a source.
 *
 * @throws {Error} As the source makes it, when it is of no format that is read, or damaged.
 */
export function readIndex(source: ByteSource): TensorIndex {
  const head = headOf(source), format = tensorFormatOf(head);
  const missing = (name: string, names: readonly string[]) =>
    source.refused(`it has no array ${name}: it has ${names.join(", ") || "none"}`);
  if (format === "zip") {
    const zip = openZip(source);
    if (!isTorchArchive(zip)) {
      const { names, array } = npzArrays(source, zip);
      return {
        format: "npz",
        names,
        metadata: {},
        array(name) {
          if (!names.includes(name)) throw missing(name, names);
          return array(name);
        },
      };
    }
    const value = readTorchArchive(source, zip);
    return { ...fromMap("torch", tensorsOf(value)), value };
  }
  if (format === "npy") return fromMap("npy", new Map([["", npyArray(source)]]));
  if (format === "safetensors") {
    const { arrays, metadata } = safetensorsArrays(source);
    return fromMap("safetensors", arrays, metadata);
  }
  throw source.refused(refusalOf(head) ?? "it must be .npy, .npz, safetensors or of torch.save");

  function fromMap(
    format: TensorFormat,
    arrays: ReadonlyMap<string, StoredArray>,
    metadata: Record<string, string> = {},
  ): TensorIndex {
    const names = [...arrays.keys()];
    return {
      format,
      names,
      metadata,
      array(name) {
        const array = arrays.get(name);
        if (!array) throw missing(name, names);
        return array;
      },
    };
  }
}

/** A file of named arrays that is open. */
export interface TensorFile extends TensorIndex, Disposable {}

/**
 * Opens a file of named arrays. Needs read permission on it.
 *
 * @throws {Deno.errors.NotFound} Where there is nothing at the path.
 * @throws {FileError} When it is of no format that is read, or damaged: one line that names it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encodeSafetensors } from "../safetensors.ts";
 * import { openTensorFile } from "./tensor_file.ts";
 *
 * const b_dec = { shape: [2], data: Float32Array.of(1, 2) };
 * Deno.writeFileSync("sae.safetensors", encodeSafetensors({ tensors: { b_dec }, metadata: {} }));
 * using file = openTensorFile("sae.safetensors");
 * assert.deepEqual(file.names, ["b_dec"]);
 * assert.deepEqual(file.array("b_dec").values(), Float32Array.of(1, 2));
 * ```
 */
export function openTensorFile(path: string): TensorFile {
  const source = new FileSource(path);
  try {
    return { ...readIndex(source), [Symbol.dispose]: () => source[Symbol.dispose]() };
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}
