/**
 * What PyTorch's `torch.save` writes, from version 1.6 on: a ZIP archive with a pickle and the raw
 * numbers of the tensors. Tensors, lists and dictionaries of tensors and plain data (state dicts) are
 * read; a file that needs any other class of Python is refused, so that none can run code.
 *
 * Source: `torch/serialization.py` and `torch/_utils.py` of PyTorch.
 * @module
 */
import type { ByteSource } from "./byte_source.ts";
import { readBytes } from "./byte_source.ts";
import { type Dtype, DTYPE_BYTES } from "./dtype.ts";
import { orderedDict, PickleConstant, type PickleFunction, readPickle } from "./pickle.ts";
import { StoredArray } from "./stored_array.ts";
import type { Zip } from "./zip.ts";

/** Plain data with tensors in it: dictionaries are objects, tuples are arrays. */
export type TorchValue =
  | StoredArray
  | null
  | boolean
  | number
  | string
  | TorchValue[]
  | { [key: string]: TorchValue };

/** Kinds of numbers, by the names of their storages. */
const STORAGES: Readonly<Record<string, Dtype>> = {
  DoubleStorage: "f8",
  FloatStorage: "f4",
  HalfStorage: "f2",
  BFloat16Storage: "bf16",
  LongStorage: "i8",
  IntStorage: "i4",
  ShortStorage: "i2",
  CharStorage: "i1",
  ByteStorage: "u1",
  BoolStorage: "b1",
};

/** Names of dtypes, which configurations hold. */
const DTYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8"]
  .concat("uint8", "bool");

/** The raw numbers of a storage. */
class Storage {
  constructor(readonly dtype: Dtype, readonly source: ByteSource) {}
}

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

const PICKLE = "data.pkl";

/** Whether an archive is one of PyTorch's. */
export function isTorchArchive(zip: Zip): boolean {
  return zip.names.some((name) => name === PICKLE || name.endsWith(`/${PICKLE}`));
}

/**
 * Reads the file; the numbers of its tensors are read when they are asked for.
 *
 * @throws {Error} As the source makes it, when it is damaged, or holds what is not read.
 */
export function readTorchArchive(source: ByteSource, zip: Zip): TorchValue {
  const pickle = zip.names.find((name) => name === PICKLE || name.endsWith(`/${PICKLE}`))!;
  const folder = pickle.slice(0, -PICKLE.length);
  const littleEndian = orderOfBytes(source, zip, `${folder}byteorder`);
  const storages = new Map<string, Storage>();
  const refused = (what: string) => source.refused(`a tensor in it is damaged: ${what}`);

  const rebuildTensor: PickleFunction = ([storage, offset, shape, strides]) => {
    if (!(storage instanceof Storage)) throw refused("it must have a storage");
    if (!isSizes([offset])) throw refused(`its offset must be a size, got ${offset}`);
    if (!isSizes(shape)) throw refused(`its shape must be of sizes, got ${shape}`);
    if (!isSizes(strides) || strides.length !== shape.length) {
      throw refused(`its strides must be ${shape.length} sizes, got ${strides}`);
    }
    const { dtype } = storage, bytes = DTYPE_BYTES[dtype];
    const place = { source: storage.source, dtype, littleEndian };
    return new StoredArray({ ...place, shape, strides, offset: offset as number * bytes });
  };
  const functions: Readonly<Record<string, PickleFunction>> = {
    "collections.OrderedDict": orderedDict,
    "torch._utils._rebuild_tensor_v2": rebuildTensor,
    // a parameter is its tensor
    "torch._utils._rebuild_parameter": ([tensor]) => tensor,
    "torch.Size": ([sizes]) => sizes,
    "torch.device": ([name]) => name,
  };
  return readPickle(zip.member(pickle), {
    global(name) {
      if (Object.hasOwn(functions, name)) return functions[name];
      const short = name.replace(/^torch\./, "");
      const isStorage = name !== short && Object.hasOwn(STORAGES, short);
      const isDtype = name !== short && DTYPES.includes(short);
      return isStorage || isDtype ? new PickleConstant(short) : undefined;
    },
    persistent(id) {
      const [what, kind, key] = Array.isArray(id) ? id : [];
      if (
        what !== "storage" || typeof key !== "string" || typeof kind !== "string" ||
        !Object.hasOwn(STORAGES, kind)
      ) {
        throw refused("its storage must be of a kind that is read");
      }
      const known = storages.get(key);
      if (known?.dtype === STORAGES[kind]) return known;
      const storage = new Storage(STORAGES[kind], zip.member(`${folder}data/${key}`));
      storages.set(key, storage);
      return storage;
    },
  }) as TorchValue;
}

/** Files before PyTorch 2.1 do not tell: they are little-endian. */
function orderOfBytes(source: ByteSource, zip: Zip, name: string): boolean {
  if (!zip.names.includes(name)) return true;
  const order = new TextDecoder().decode(readBytes(zip.member(name)));
  if (order !== "little" && order !== "big") {
    throw source.refused(`its byteorder must be little or big, got ${JSON.stringify(order)}`);
  }
  return order === "little";
}

/**
 * The tensors of a value, by the path to each: keys and indices, with a dot between. A single tensor
 * has the empty path.
 */
export function tensorsOf(value: TorchValue): Map<string, StoredArray> {
  const tensors = new Map<string, StoredArray>(), seen = new Set<unknown>();
  const visit = (value: TorchValue, path: readonly string[]) => {
    if (value instanceof StoredArray) tensors.set(path.join("."), value);
    // a list may hold itself
    else if (typeof value === "object" && value !== null && !seen.has(value)) {
      seen.add(value);
      for (const [key, item] of Object.entries(value)) visit(item, [...path, key]);
    }
  };
  visit(value, []);
  return tensors;
}
