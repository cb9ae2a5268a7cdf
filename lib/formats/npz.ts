/**
 * NumPy's `.npz`: a ZIP archive of `.npy` files.
 * @module
 */
import type { ByteSource } from "./byte_source.ts";
import { npyArray } from "./npy_array.ts";
import type { StoredArray } from "./stored_array.ts";
import type { Zip } from "./zip.ts";

/** The ending of the members' names. */
export const NPY = ".npy";

/** An archive's arrays, by name without the ending. */
export interface Npz {
  /** Names of the arrays, in the archive's order. */
  readonly names: readonly string[];
  /**
   * The array of a name; it is read when its numbers are asked for.
   *
   * @throws {Error} As the archive's source makes it, when there is none, or it is no plain array.
   */
  array(name: string): StoredArray;
}

/**
 * The arrays of an archive.
 *
 * @throws {Error} As the source makes it, when it has none.
 */
export function npzArrays(source: ByteSource, zip: Zip): Npz {
  const names = zip.names.filter((name) => name.endsWith(NPY)).map((name) =>
    name.slice(0, -NPY.length)
  );
  if (names.length === 0) {
    throw source.refused(`it must hold .npy files, it holds ${zip.names.join(", ") || "nothing"}`);
  }
  return { names, array: (name) => npyArray(zip.member(name + NPY)) };
}
