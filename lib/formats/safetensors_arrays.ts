/**
 * The safetensors file format where it lies: an 8-byte little-endian header length, a JSON header, and
 * the raw little-endian data of all tensors (https://huggingface.co/docs/safetensors).
 * @module
 */
import { type ByteSource, readBytes } from "./byte_source.ts";
import { type Dtype, DTYPE_BYTES } from "./dtype.ts";
import { StoredArray } from "./stored_array.ts";

/** Kinds of numbers by their names in the header. */
export const SAFETENSORS_DTYPES: Readonly<Record<string, Dtype>> = {
  F64: "f8",
  F32: "f4",
  F16: "f2",
  BF16: "bf16",
  I64: "i8",
  I32: "i4",
  I16: "i2",
  I8: "i1",
  U64: "u8",
  U32: "u4",
  U16: "u2",
  U8: "u1",
  BOOL: "b1",
};

/** What a file says of its tensors. */
export interface SafetensorsIndex {
  /** Tensors by name, in the header's order; their numbers are read when they are asked for. */
  arrays: ReadonlyMap<string, StoredArray>;
  /** The header's `__metadata__`. */
  metadata: Record<string, string>;
}

/** Bytes of a header, at most: the format's own limit. */
const MOST_HEADER = 100_000_000;

/** An entry of the header. */
interface HeaderEntry {
  dtype: Dtype;
  shape: number[];
  data_offsets: [number, number];
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Whether a JSON value is an object of its own keys. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && value as number >= 0;

/** The entry of a tensor, or the reason why it is none. */
function parseEntry(value: unknown, available: number): HeaderEntry | string {
  if (!isRecord(value)) return "its header entry must be an object";
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(SAFETENSORS_DTYPES, dtype)) {
    return `its dtype must be one of ${Object.keys(SAFETENSORS_DTYPES).join(", ")}, got ${dtype}`;
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    return `its shape must be a list of sizes, got ${JSON.stringify(shape)}`;
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return `its data_offsets must be two offsets, got ${JSON.stringify(offsets)}`;
  }
  const [start, end] = offsets;
  if (start > end || end > available) {
    return `its data_offsets must lie in order within the ${available} bytes of data, got [${offsets}]`;
  }
  const kind = SAFETENSORS_DTYPES[dtype], needed = product(shape) * DTYPE_BYTES[kind];
  if (end - start !== needed) {
    return `${dtype} of shape [${shape}] needs ${needed} bytes, its data_offsets span ${
      end - start
    }`;
  }
  return { dtype: kind, shape, data_offsets: [start, end] };
}

/**
 * Reads the header of a file. Everything that the format demands is checked: the header lies within
 * the file, is JSON, and its tensors cover the data without a gap or an overlap.
 *
 * @throws {Error} As the source makes it, when the file is damaged or of a kind that is not read.
 */
export function safetensorsArrays(source: ByteSource): SafetensorsIndex {
  const { size } = source;
  const refused = (reason: string) => source.refused(reason);
  if (size < 8) {
    throw refused(`it must begin with an 8-byte header length, it has ${size} bytes`);
  }
  const length = new DataView(readBytes(source, 0, 8).buffer).getBigUint64(0, true);
  if (length > BigInt(size - 8)) {
    throw refused(`its header of ${length} bytes must end within the file of ${size} bytes`);
  }
  if (length > MOST_HEADER) {
    throw refused(`its header must have at most ${MOST_HEADER} bytes, it has ${length}`);
  }
  const start = 8 + Number(length), available = size - start;
  let header: unknown;
  try {
    const text = readBytes(source, 8, Number(length));
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch {
    throw refused("its header must be JSON");
  }
  if (!isRecord(header)) throw refused("its header must be a JSON object");

  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((text) => typeof text === "string")) {
    throw refused("its __metadata__ must map names to texts");
  }
  const parsed = Object.entries(entries).map(([key, value]): [string, HeaderEntry] => {
    const entry = parseEntry(value, available);
    if (typeof entry === "string") throw refused(`tensor ${key}: ${entry}`);
    return [key, entry];
  });

  let covered = 0;
  const byOffset = parsed.toSorted(([, a], [, b]) =>
    a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]
  );
  for (const [key, { data_offsets: [from, to] }] of byOffset) {
    if (from !== covered) {
      const what = from < covered ? "overlaps the tensor before it" : "leaves a gap before it";
      throw refused(`tensor ${key}: it ${what}, at byte ${from} of the data`);
    }
    covered = to;
  }
  if (covered !== available) {
    throw refused(`its tensors must cover the data, ${available - covered} bytes are left over`);
  }

  const arrays = parsed.map((
    [key, { dtype, shape, data_offsets: [from] }],
  ): [string, StoredArray] => [
    key,
    new StoredArray({ source, dtype, shape, offset: start + from }),
  ]);
  return { arrays: new Map(arrays), metadata: metadata as Record<string, string> };
}
