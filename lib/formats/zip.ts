/**
 * ZIP archives, as far as NumPy and PyTorch use them: members that are stored or deflated, also beyond
 * 4 GiB (ZIP64). The directory at the end is read, and then the members that are asked for.
 *
 * Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
 * @module
 */
import { crc32 } from "node:zlib";
import { atOnce, type ByteSource, readBytes, requireBytes, section } from "./byte_source.ts";
import { InflatedSource } from "./inflated_source.ts";

/** What the directory says of a member. */
interface Entry {
  method: number;
  crc: number;
  compressed: number;
  size: number;
  /** Where its local header begins. */
  offset: number;
}

/** An archive that can be read. */
export interface Zip {
  /** Names of the members, in the directory's order. */
  readonly names: readonly string[];
  /**
   * The content of a member. A stored one is read where it lies; a deflated one of up to 128 MiB is held in
   * memory from its first read on, a larger one is inflated as far as it is read. The sum of a content that
   * was read from its beginning to its end in order has been checked.
   *
   * @throws {Error} As the archive's source makes it, when there is none of this name, or it is damaged.
   */
  member(name: string): ByteSource;
}

/** Marks that the records of an archive begin with. */
export const SIGNATURE = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator: 0x07064b50,
};
const STORED = 0, DEFLATED = 8;
/** Bytes of the record at the end without its comment, and the most that a comment has. */
const END = 22, MOST_COMMENT = 0xffff;
/** A field that says that the number stands in the ZIP64 one instead. */
const ELSEWHERE = 0xffffffff;
/** Deflate makes of a byte no more than this many. */
const MOST_INFLATED = 1032;
/** Bytes of a deflated member that are kept once they are inflated: others are inflated anew when they are read. */
const MOST_KEPT = 2 ** 27;
/** Mark of the extra field with the numbers of 64 bits. */
export const ZIP64 = 1;
/** Flag: the content is encrypted. */
const ENCRYPTED = 1;

/** An integer of 64 bits; beyond 2⁵³ it is beyond every file, and stays so when it is rounded. */
const uint64 = (view: DataView, at: number) => Number(view.getBigUint64(at, true));

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** Whether bytes begin as an archive does that has a member. */
export function isZip(head: Uint8Array): boolean {
  return head.length >= 4 && viewOf(head).getUint32(0, true) === SIGNATURE.local;
}

/**
 * Reads the directory of an archive.
 *
 * @throws {Error} As the source makes it, when it is no archive, damaged, encrypted or in parts.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readBytes, sourceOfBytes } from "./byte_source.ts";
 * import { openZip } from "./zip.ts";
 *
 * // an archive of nothing is its end alone
 * const bytes = new Uint8Array(22);
 * bytes.set([0x50, 0x4b, 5, 6]);
 * assert.deepEqual(openZip(sourceOfBytes(bytes, Error)).names, []);
 * ```
 */
export function openZip(source: ByteSource): Zip {
  const entries = readDirectory(source);
  return {
    names: [...entries.keys()],
    member(name) {
      const entry = entries.get(name);
      if (!entry) {
        throw source.refused(`it has no member ${name}: it has ${[...entries.keys()].join(", ")}`);
      }
      return memberOf(source, name, entry);
    },
  };
}

/** Where the directory is, from the record at the end. */
function findDirectory(source: ByteSource): { offset: number; size: number; count: number } {
  const tail = readBytes(source, Math.max(0, source.size - END - MOST_COMMENT));
  const view = viewOf(tail), start = source.size - tail.length;
  let at = tail.length - END;
  // its comment, which may hold anything, ends the file
  while (
    at >= 0 && !(view.getUint32(at, true) === SIGNATURE.end &&
      at + END + view.getUint16(at + 20, true) === tail.length)
  ) at--;
  if (at < 0) throw source.refused("it must end with the directory of a ZIP archive");
  let found = {
    disks: view.getUint16(at + 4, true) + view.getUint16(at + 6, true),
    count: view.getUint16(at + 10, true),
    size: view.getUint32(at + 12, true),
    offset: view.getUint32(at + 16, true),
  };
  let end = start + at;
  if (at >= 20 && view.getUint32(at - 20, true) === SIGNATURE.locator) {
    const where = uint64(view, at - 12);
    if (where + 56 > end) throw source.refused("its ZIP64 directory must lie within the file");
    const record = viewOf(readBytes(source, where, 56));
    if (record.getUint32(0, true) !== SIGNATURE.end64) {
      throw source.refused("its ZIP64 directory must begin with its mark");
    }
    found = {
      disks: record.getUint32(16, true) + record.getUint32(20, true),
      count: uint64(record, 32),
      size: uint64(record, 40),
      offset: uint64(record, 48),
    };
    end = where;
  }
  if (found.disks !== 0) throw source.refused("it must be one file, not a part of an archive");
  if (found.offset + found.size !== end) {
    throw source.refused(
      `its directory must end at byte ${end}, it is said to end at ${found.offset + found.size}`,
    );
  }
  return found;
}

function readDirectory(source: ByteSource): Map<string, Entry> {
  const { offset, size, count } = findDirectory(source);
  const bytes = readBytes(source, offset, size), view = viewOf(bytes);
  const damaged = () => source.refused("the directory of the archive is damaged");
  const entries = new Map<string, Entry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > size || view.getUint32(at, true) !== SIGNATURE.central) throw damaged();
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > size) throw damaged();
    const name = textOf(bytes.subarray(at + 46, nameEnd));
    if (entries.has(name)) throw source.refused(`it must have one member ${name}, it has two`);
    if (view.getUint16(at + 8, true) & ENCRYPTED) {
      throw source.refused(`member ${name} must not be encrypted`);
    }
    const numbers = [24, 20, 42].map((field) => view.getUint32(at + field, true));
    const long = longNumbers(view, nameEnd, extraEnd);
    const [length, compressed, local] = numbers.map((number) =>
      number === ELSEWHERE ? long.shift() : number
    );
    if (length === undefined || compressed === undefined || local === undefined) throw damaged();
    entries.set(name, {
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      size: length,
      compressed,
      offset: local,
    });
    at = next;
  }
  if (at !== size) throw damaged();
  return entries;
}

/** The numbers of the extra field of ZIP64: of those that the plain fields have no room for, in order. */
function longNumbers(view: DataView, from: number, to: number): number[] {
  for (let at = from; at + 4 <= to;) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === ZIP64 && end <= to) {
      return Array.from(
        { length: Math.floor((end - at - 4) / 8) },
        (_, i) => uint64(view, at + 4 + 8 * i),
      );
    }
    at = end;
  }
  return [];
}

/** A name: UTF-8 where it can be, as everyone writes it, whatever the flags say. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

function memberOf(source: ByteSource, name: string, entry: Entry): ByteSource {
  const { method, crc, compressed, size, offset } = entry, what = `member ${name}`;
  const refused = (reason: string) => source.refused(`${what} ${reason}`);
  if (method !== STORED && method !== DEFLATED) {
    throw refused(`must be stored or deflated, got method ${method}`);
  }
  const header = viewOf(readBytes(source, offset, 30));
  const start = offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const local = textOf(readBytes(source, offset + 30, header.getUint16(26, true)));
  if (header.getUint32(0, true) !== SIGNATURE.local || local !== name) {
    throw refused(`must begin where the directory says, at byte ${offset}`);
  }
  requireBytes(source, start, compressed);
  const packed = section(source, start, compressed, what);
  if (method === STORED) {
    if (size !== compressed) {
      throw refused(`must be as long as what is stored, ${compressed} bytes`);
    }
    return checked(packed, crc);
  }
  if (size > compressed * MOST_INFLATED) {
    throw refused(`cannot hold ${size} bytes, deflated to ${compressed}`);
  }
  const inflated = new InflatedSource(packed, { size, crc });
  if (size > MOST_KEPT) return inflated;
  let content: Uint8Array | undefined;
  return atOnce({
    size,
    refused: packed.refused,
    read(at, into) {
      requireBytes(this, at, into.length);
      content ??= readBytes(inflated);
      into.set(content.subarray(at, at + into.length));
    },
  });
}

/** The same bytes; where they are read in order, from the first to the last, their sum is compared. */
function checked(source: ByteSource, expected: number): ByteSource {
  let next = 0, sum = 0;
  const add = (at: number, bytes: Uint8Array) => {
    if (at !== next) return;
    sum = crc32(bytes, sum);
    next += bytes.length;
    if (next === source.size && sum !== expected) {
      throw source.refused("its checksum must be that of its content");
    }
  };
  return {
    size: source.size,
    refused: source.refused,
    read(at, into) {
      source.read(at, into);
      add(at, into);
    },
    async readAhead(at, into) {
      await source.readAhead(at, into);
      add(at, into);
    },
  };
}
