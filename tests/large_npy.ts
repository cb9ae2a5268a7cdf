/**
 * Files of activations that are larger than what reading them may take: of zeros, which take no place on the disk.
 * @module
 */
import { constants, crc32, deflateRawSync } from "node:zlib";
import { fileBytes, joined } from "../lib/formats/byte_parts.ts";
import { npyHead } from "../lib/formats/npy_parts.ts";
import { SIGNATURE, ZIP64 } from "../lib/formats/zip.ts";

/** What {@linkcode writeLargeNpy} and {@linkcode writeLargeNpz} write. */
interface Large {
  rows: number;
  cols: number;
  /** Every so many rows, from the first on, is one whose every number is its own, counted from 1. */
  markedEvery: number;
}

/** Writes a float32 `.npy` file of zeros, where there must be none yet. */
export function writeLargeNpy(path: string, { rows, cols, markedEvery }: Large): void {
  const head = npyHead("<f4", [rows, cols]);
  using file = Deno.openSync(path, { write: true, createNew: true });
  file.writeSync(head);
  file.truncateSync(head.length + 4 * rows * cols);
  for (let row = 0; row < rows; row += markedEvery) {
    file.seekSync(head.length + 4 * row * cols, Deno.SeekMode.Start);
    file.writeSync(fileBytes(new Float32Array(cols).fill(row + 1)));
  }
}

/** The same numbers as the only member of a `.npz` archive, acts, deflated, with the sizes of ZIP64. */
export function writeLargeNpz(path: string, { rows, cols, markedEvery }: Large): void {
  const name = new TextEncoder().encode("acts.npy");
  const uint16 = (...values: number[]) => fileBytes(Uint16Array.from(values));
  const uint32 = (...values: number[]) => fileBytes(Uint32Array.from(values));
  const uint64 = (...values: number[]) => fileBytes(BigUint64Array.from(values, BigInt));
  using file = Deno.openSync(path, { write: true, createNew: true });
  const write = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    return bytes.length;
  };
  const header = (crc: number, size: number, packed: number) =>
    joined([
      ...[uint32(SIGNATURE.local), uint16(45, 0, 8, 0, 33), uint32(crc, 2 ** 32 - 1, 2 ** 32 - 1)],
      ...[uint16(name.length, 20), name, uint16(ZIP64, 16), uint64(size, packed)],
    ]);
  const start = write(header(0, 0, 0));
  let crc = 0, size = 0, packed = 0;
  /** The next bytes of the content: pieces that end at whole bytes are one after another one content. */
  const add = (bytes: Uint8Array, finishFlush = constants.Z_FULL_FLUSH) => {
    crc = crc32(bytes, crc);
    size += bytes.length;
    packed += write(deflateRawSync(bytes, { level: 1, finishFlush }));
  };
  add(npyHead("<f4", [rows, cols]));
  const block = new Float32Array(markedEvery * cols);
  for (let row = 0; row < rows; row += markedEvery) {
    block.fill(row + 1, 0, cols);
    add(fileBytes(block.subarray(0, Math.min(markedEvery, rows - row) * cols)));
  }
  add(new Uint8Array(0), constants.Z_FINISH);
  const end = start + packed, all = 2 ** 32 - 1;
  const central = joined([
    ...[uint32(SIGNATURE.central), uint16(45, 45, 0, 8, 0, 33), uint32(crc, all, all)],
    ...[uint16(name.length, 28, 0, 0, 0), uint32(0, all), name, uint16(ZIP64, 24)],
    uint64(size, packed, 0),
  ]);
  write(central);
  write(joined([
    ...[uint32(SIGNATURE.end), uint16(0, 0, 1, 1), uint32(central.length, end), uint16(0)],
  ]));
  file.seekSync(0, Deno.SeekMode.Start);
  write(header(crc, size, packed));
}
