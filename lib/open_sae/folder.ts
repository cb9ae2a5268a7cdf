/**
 * What the formats need of files: configurations and tensors, whose errors name the file, the key and
 * the rule.
 * @module
 */
import { FileError, readPlainFile } from "../atomic_file.ts";
import type { StoredArray } from "../formats/stored_array.ts";
import { openTensorFile, type TensorFile } from "../formats/tensor_file.ts";
import { PackedUnits } from "../cores/sae_encode.ts";
import type { Matrix32 } from "../matrix.ts";

/** Values that are read at once: 64 MiB. */
const BLOCK_VALUES = 2 ** 24;

/** The path of a file in a folder. */
export function join(folder: string, file: string): string {
  return /[\\/]$/.test(folder) ? folder + file : `${folder}/${file}`;
}

/** The folder that a path lies in. */
export function dirname(path: string): string {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return at < 0 ? "." : at === 0 ? "/" : path.slice(0, at);
}

/** A JSON object, read from a file. */
export class Configuration {
  /** What messages call it. */
  readonly file: string;
  /** Its keys. */
  readonly values: Readonly<Record<string, unknown>>;

  /**
   * Takes an object that was read.
   *
   * @param file What messages call it.
   * @param values Its keys.
   */
  constructor(file: string, values: Readonly<Record<string, unknown>>) {
    this.file = file;
    this.values = values;
  }

  /** Reads a file. */
  static read(file: string): Configuration {
    const text = readPlainFile(file);
    let values: unknown;
    try {
      values = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
    } catch {
      throw refused(file, "it must be JSON");
    }
    if (!isRecord(values)) throw refused(file, "it must be a JSON object");
    return new Configuration(file, values);
  }

  /** The error that names the file. */
  refused(reason: string): Error {
    return refused(this.file, reason);
  }

  /** An object within; one without keys where there is none. */
  record(key: string): Configuration {
    const value = this.values[key];
    if (value === undefined || value === null) return new Configuration(this.file, {});
    if (!isRecord(value)) throw this.#wrong(key, "an object");
    return new Configuration(this.file, value);
  }

  /** A text, or `otherwise` where there is none. */
  text(key: string, otherwise?: string): string {
    const value = this.values[key] ?? otherwise;
    if (typeof value !== "string") throw this.#wrong(key, "a text");
    return value;
  }

  /** True or false, or `otherwise` where there is neither. */
  flag(key: string, otherwise: boolean): boolean {
    const value = this.values[key] ?? otherwise;
    if (typeof value !== "boolean") throw this.#wrong(key, "true or false");
    return value;
  }

  /** A finite number, or `otherwise` where there is none. */
  number(key: string, otherwise?: number): number {
    const value = this.values[key] ?? otherwise;
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.#wrong(key, "a number");
    return value;
  }

  /** An integer of at least 1, or `otherwise` where there is none. */
  size(key: string, otherwise?: number): number {
    const value = this.values[key] ?? otherwise;
    if (!isSize(value)) throw this.#wrong(key, "an integer of at least 1");
    return value;
  }

  #wrong(key: string, rule: string): Error {
    return this.refused(`${key} must be ${rule}, got ${JSON.stringify(this.values[key])}`);
  }
}

/** The error of a file that holds no autoencoder that is opened. */
export function refused(file: string, reason: string): Error {
  return new FileError(`Cannot open the autoencoder in ${file}: ${reason}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 1;
}

/** The tensors of a file, of whatever format of arrays, which are read when they are asked for. */
export class Tensors implements Disposable {
  readonly #tensors: TensorFile;
  readonly #prefix: string;

  /**
   * Opens a file.
   *
   * @param file Its path.
   * @param key Where its tensors are, if it has others beside them: what stands before a dot.
   */
  constructor(readonly file: string, key?: string) {
    this.#tensors = openTensorFile(file);
    const prefix = `${key}.`;
    this.#prefix = this.#tensors.names.some((name) => name.startsWith(prefix)) ? prefix : "";
  }

  /** The error that names the file. */
  refused(reason: string): Error {
    return refused(this.file, reason);
  }

  /** The names of the tensors. */
  get names(): string[] {
    const { names } = this.#tensors, { length } = this.#prefix;
    return names.filter((name) => name.startsWith(this.#prefix)).map((name) => name.slice(length));
  }

  /** Whether there is a tensor of this name. */
  has(name: string): boolean {
    return this.#tensors.names.includes(this.#prefix + name);
  }

  /** The sizes of a tensor. */
  shape(name: string): readonly number[] {
    return this.#array(name).shape;
  }

  /** The sizes of a tensor that must be a matrix. */
  sizes(name: string): [rows: number, cols: number] {
    const shape = this.shape(name);
    if (shape.length !== 2 || !shape.every(isSize)) {
      throw this.refused(`tensor ${name} must be a matrix, got shape [${shape}]`);
    }
    return [shape[0], shape[1]];
  }

  /** A vector of this length. */
  vector(name: string, length: number): Float32Array {
    return this.#rows(this.#shaped(name, [length]), name, 0, length);
  }

  /** One number, in whatever precision it has. */
  number(name: string): number {
    const [value] = this.#shaped(name, []).values();
    if (!Number.isFinite(value)) throw this.#notFinite(name, value);
    return value;
  }

  /** A matrix of these sizes. */
  matrix(name: string, rows: number, cols: number): Matrix32 {
    return { rows, cols, data: this.#rows(this.#shaped(name, [rows, cols]), name, 0, rows) };
  }

  /** The transposed of a matrix of these sizes. */
  transposed(name: string, rows: number, cols: number): Matrix32 {
    const out: Matrix32 = { rows: cols, cols: rows, data: new Float32Array(rows * cols) };
    this.#blocks(name, rows, cols, (first, block) => {
      for (let i = 0, p = 0; i < block.rows; i++) {
        for (let j = 0; j < cols; j++, p++) out.data[j * rows + first + i] = block.data[p];
      }
    });
    return out;
  }

  /** Units of a matrix whose rows are dimensions. */
  dimensions(name: string, inputDim: number, width: number): PackedUnits {
    const units = new PackedUnits(inputDim, width);
    this.#blocks(name, inputDim, width, (first, block) => units.setDimensions(first, block));
    return units;
  }

  /** Units of a matrix whose rows they are. */
  units(name: string, width: number, inputDim: number): PackedUnits {
    const units = new PackedUnits(inputDim, width);
    this.#blocks(name, width, inputDim, (first, block) => units.setUnits(first, block));
    return units;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#tensors[Symbol.dispose]();
  }

  #blocks(
    name: string,
    rows: number,
    cols: number,
    visit: (first: number, block: Matrix32) => void,
  ): void {
    const array = this.#shaped(name, [rows, cols]);
    const step = Math.max(1, Math.floor(BLOCK_VALUES / cols));
    for (let first = 0; first < rows; first += step) {
      const count = Math.min(step, rows - first);
      visit(first, { rows: count, cols, data: this.#rows(array, name, first, count) });
    }
  }

  /** Rows in float32, all of them finite. */
  #rows(array: StoredArray, name: string, first: number, count: number): Float32Array {
    const read = array.readRows(first, count);
    const values = read instanceof Float32Array ? read : new Float32Array(read);
    for (let p = 0; p < values.length; p++) {
      if (values[p] - values[p] !== 0) throw this.#notFinite(name, values[p]);
    }
    return values;
  }

  #array(name: string): StoredArray {
    if (this.has(name)) return this.#tensors.array(this.#prefix + name);
    throw this.refused(`tensor ${name} is missing: it has ${this.names.join(", ") || "none"}`);
  }

  #shaped(name: string, shape: readonly number[]): StoredArray {
    const array = this.#array(name);
    if (array.shape.length === shape.length && array.shape.every((size, i) => size === shape[i])) {
      return array;
    }
    throw this.refused(`tensor ${name} must have shape [${shape}], got [${array.shape}]`);
  }

  #notFinite(name: string, value: number): Error {
    return this.refused(`tensor ${name} must be finite in float32, got ${value}`);
  }
}
