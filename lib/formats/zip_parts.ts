/**
 * The parts of a ZIP archive whose members are stored as they are, also beyond 4 GiB (ZIP64).
 *
 * Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
 * @module
 */
import { crc32 } from "node:zlib";
import { fileBytes, joined, sizeOf } from "./byte_parts.ts";
import { SIGNATURE, ZIP64 } from "./zip.ts";

/** A member: its name, and the parts of its content. */
export interface ZipMember {
  /** Name, in ASCII. */
  name: string;
  /** Parts of the content; gone through twice. */
  parts: Iterable<Uint8Array>;
}

/** Plain fields hold less than these; what needs more stands in the fields of ZIP64. */
const ALL_ONES = 0xffffffff, MOST_ENTRIES = 0xffff;
/** Versions of the format: with ZIP64, and without. */
const WITH_ZIP64 = 45, PLAIN = 20;
/** 1 January 1980, the first day that there is: the same content gives the same bytes. */
const DATE = 1 << 5 | 1;

const uint16 = (...values: number[]) => fileBytes(Uint16Array.from(values));
const uint32 = (...values: number[]) => fileBytes(Uint32Array.from(values));
const uint64 = (...values: number[]) => fileBytes(BigUint64Array.from(values, BigInt));

/**
 * The parts of an archive.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { joined } from "./byte_parts.ts";
 * import { readBytes, sourceOfBytes } from "./byte_source.ts";
 * import { openZip } from "./zip.ts";
 * import { zipParts } from "./zip_parts.ts";
 *
 * const bytes = joined(zipParts([{ name: "a", parts: [Uint8Array.of(1), Uint8Array.of(2)] }]));
 * const zip = openZip(sourceOfBytes(bytes, Error));
 * assert.deepEqual(readBytes(zip.member("a")), Uint8Array.of(1, 2));
 * ```
 */
export function zipParts(members: readonly ZipMember[]): Uint8Array[] {
  return [...zipStream(members)];
}

/**
 * The parts of an archive one after another, so that contents need not be in memory.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { zipParts, zipStream } from "./zip_parts.ts";
 *
 * const parts = { *[Symbol.iterator]() { for (let i = 0; i < 3; i++) yield Uint8Array.of(i); } };
 * assert.deepEqual([...zipStream([{ name: "a", parts }])], zipParts([{ name: "a", parts }]));
 * ```
 */
export function* zipStream(members: readonly ZipMember[]): Generator<Uint8Array, void, void> {
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const { name, parts } of members) {
    let size = 0, crc = 0;
    for (const part of parts) {
      size += part.length;
      crc = crc32(part, crc);
    }
    const text = new TextEncoder().encode(name);
    const isLong = size >= ALL_ONES || offset >= ALL_ONES;
    const version = isLong ? WITH_ZIP64 : PLAIN, short = isLong ? ALL_ONES : size;
    /** Version, flags, method, time and date; sum and sizes. */
    const common = [uint16(version, 0, 0, 0, DATE), uint32(crc, short, short)];
    // both sizes in a local header, the place too in the directory
    const [own, all] = [[size, size], [size, size, offset]].map((numbers) =>
      isLong ? joined([uint16(ZIP64, 8 * numbers.length), uint64(...numbers)]) : new Uint8Array(0)
    );
    const head = [uint32(SIGNATURE.local), ...common, uint16(text.length, own.length), text, own];
    yield* head;
    yield* parts;
    central.push(
      ...[
        uint32(SIGNATURE.central),
        uint16(version),
        ...common,
        uint16(text.length, all.length, 0, 0, 0),
      ],
      ...[uint32(0, isLong ? ALL_ONES : offset), text, all],
    );
    offset += sizeOf(head) + size;
  }
  const size = sizeOf(central), count = members.length, end = offset + size;
  const isLong = end >= ALL_ONES || count >= MOST_ENTRIES;
  const end64 = [
    ...[uint32(SIGNATURE.end64), uint64(44), uint16(WITH_ZIP64, WITH_ZIP64), uint32(0, 0)],
    ...[uint64(count, count, size, offset), uint32(SIGNATURE.locator, 0), uint64(end), uint32(1)],
  ];
  yield* [
    ...central,
    ...(isLong ? end64 : []),
    ...(isLong
      ? [
        uint32(SIGNATURE.end),
        uint16(0, 0, MOST_ENTRIES, MOST_ENTRIES),
        uint32(ALL_ONES, ALL_ONES),
      ]
      : [uint32(SIGNATURE.end), uint16(0, 0, count, count), uint32(size, offset)]),
    uint16(0),
  ];
}
