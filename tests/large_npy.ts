/**
 * Files of activations that are larger than what reading them may take: of zeros, which take no place on the disk.
 * @module
 */
import { fileBytes } from "../lib/formats/byte_parts.ts";
import { npyHead } from "../lib/formats/npy_parts.ts";

/**
 * Writes a float32 `.npy` file of zeros, where there must be none yet.
 *
 * @param markedEvery Every so many rows, from the first on, is one whose every number is its own, counted from 1.
 */
export function writeLargeNpy(
  path: string,
  { rows, cols, markedEvery }: { rows: number; cols: number; markedEvery: number },
): void {
  const head = npyHead("<f4", [rows, cols]);
  using file = Deno.openSync(path, { write: true, createNew: true });
  file.writeSync(head);
  file.truncateSync(head.length + 4 * rows * cols);
  for (let row = 0; row < rows; row += markedEvery) {
    file.seekSync(head.length + 4 * row * cols, Deno.SeekMode.Start);
    file.writeSync(fileBytes(new Float32Array(cols).fill(row + 1)));
  }
}
