/**
 * Sparse matrices in compressed rows as SciPy keeps them: an archive of `indices`, `indptr`, `data`,
 * `shape` and `format`.
 *
 * Source: `scipy/sparse/_matrix_io.py`.
 * @module
 */
import { type CsrMatrix, requireCsrMatrix } from "../csr_matrix.ts";
import { fileBytes } from "./byte_parts.ts";
import { FileSource } from "./file_source.ts";
import { npyText } from "./npy_array.ts";
import { npyHead } from "./npy_parts.ts";
import { npzArrays } from "./npz.ts";
import type { StoredArray } from "./stored_array.ts";
import { openZip } from "./zip.ts";
import { type ZipMember, zipParts } from "./zip_parts.ts";

/** Numbers of one array, in parts. */
export interface ArrayParts {
  /** Their kind, in NumPy's words: "<i4". */
  descr: string;
  /** How many. */
  length: number;
  /** Their bytes. */
  parts: Iterable<Uint8Array>;
}

/** The three arrays of a matrix in compressed rows. */
export interface CsrArrays {
  /** Columns of the entries. */
  indices: ArrayParts;
  /** Where rows begin. */
  indptr: ArrayParts;
  /** Values of the entries. */
  data: ArrayParts;
}

/** Indices of 32 bits with a sign, as SciPy has them; beyond, of 64 bits. */
function indexParts(indices: Int32Array | Uint32Array): ArrayParts {
  const fits = indices instanceof Int32Array || indices.every((index) => index < 2 ** 31);
  const { length } = indices;
  return fits
    ? { descr: "<i4", length, parts: [fileBytes(indices)] }
    : { descr: "<i8", length, parts: [fileBytes(BigInt64Array.from(indices, BigInt))] };
}

function arrayMember(name: string, { descr, length, parts }: ArrayParts): ZipMember {
  const head = npyHead(descr, [length]);
  return {
    name: `${name}.npy`,
    parts: {
      *[Symbol.iterator]() {
        yield head;
        yield* parts;
      },
    },
  };
}

/** The members of an archive, whose arrays need not be in memory. */
export function csrMembers(
  { rows, cols }: Pick<CsrMatrix, "rows" | "cols">,
  { indices, indptr, data }: CsrArrays,
): ZipMember[] {
  const shape = fileBytes(BigInt64Array.of(BigInt(rows), BigInt(cols)));
  return [
    arrayMember("indices", indices),
    arrayMember("indptr", indptr),
    { name: "format.npy", parts: [npyHead("|S3", []), new TextEncoder().encode("csr")] },
    arrayMember("shape", { descr: "<i8", length: 2, parts: [shape] }),
    arrayMember("data", data),
  ];
}

/** The parts of an archive. */
export function csrParts({ indptr, indices, data, ...size }: CsrMatrix): Uint8Array[] {
  return zipParts(csrMembers(size, {
    indices: indexParts(indices),
    indptr: indexParts(indptr),
    data: { descr: "<f4", length: data.length, parts: [fileBytes(data)] },
  }));
}

/**
 * The matrix of an archive.
 *
 * @throws {Deno.errors.NotFound} When there is no file.
 * @throws {FileError} When it is no such archive, or its parts do not fit together.
 */
export function readCsrArrays(path: string): CsrMatrix {
  using source = new FileSource(path);
  const zip = openZip(source), { names, array } = npzArrays(source, zip);
  const missing = ["format", "shape", "indices", "indptr", "data"].find((name) =>
    !names.includes(name)
  );
  if (missing !== undefined) {
    throw source.refused(`it must be of scipy.sparse.save_npz, it has no array ${missing}`);
  }
  const format = npyText(zip.member("format.npy"));
  if (format !== "csr") {
    throw source.refused(`its matrix must be in compressed rows, got ${format}: save M.tocsr()`);
  }
  const [rows, cols] = integers(array("shape"), 2);
  const data = Float32Array.from(array("data").values());
  const M: CsrMatrix = {
    ...{ rows, cols, data },
    indptr: integers(array("indptr")),
    indices: integers(array("indices")),
  };
  try {
    requireCsrMatrix("M", M);
  } catch (error) {
    throw source.refused((error as Error).message);
  }
  return M;
}

/** Sizes or indices as integers of 32 bits, without a sign where they need all. */
function integers(array: StoredArray, length = array.rows): Int32Array | Uint32Array {
  const { source } = array, values = array.values();
  if (values.length !== length) {
    throw source.refused(`it must hold ${length} sizes, it holds ${values.length}`);
  }
  let most = 0;
  for (const value of values) {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
      throw source.refused(`it must hold sizes below 2³², got ${value}`);
    }
    most = Math.max(most, value);
  }
  return most < 2 ** 31 ? Int32Array.from(values) : Uint32Array.from(values);
}
