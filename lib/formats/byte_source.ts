/**
 * Bytes that are read where they lie: of a file, of memory, or of a part of either. Every reader of a
 * format stands on it, so that a file of many gigabytes is never held whole.
 * @module
 */

/** Bytes at random places. */
export interface ByteSource {
  /** Number of bytes. */
  readonly size: number;
  /**
   * Fills `into` with the bytes from `offset` on.
   *
   * @throws {Error} As {@linkcode ByteSource.refused} makes it, when there are fewer.
   */
  read(offset: number, into: Uint8Array): void;
  /** The same, while other work goes on; the bytes of memory are there at once. */
  readAhead(offset: number, into: Uint8Array): Promise<void>;
  /** The error that tells why these bytes cannot be read: one line that names them. */
  refused(reason: string): Error;
}

/**
 * Bytes in memory.
 *
 * @param refused Makes the errors of the readers.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readBytes, sourceOfBytes } from "./byte_source.ts";
 *
 * const source = sourceOfBytes(Uint8Array.of(1, 2, 3), (reason) => new Error(`No: ${reason}`));
 * assert.deepEqual(readBytes(source, 1, 2), Uint8Array.of(2, 3));
 * assert.throws(() => readBytes(source, 2, 2), /No: it must have 4 bytes, it has 3/);
 * ```
 */
export function sourceOfBytes(
  bytes: Uint8Array,
  refused: (reason: string) => Error,
): ByteSource {
  return atOnce({
    size: bytes.length,
    refused,
    read(offset, into) {
      requireBytes(this, offset, into.length);
      into.set(bytes.subarray(offset, offset + into.length));
    },
  });
}

/** A source that is read at once: while it is read ahead, other work has a turn now and then. */
export function atOnce(source: Omit<ByteSource, "readAhead">): ByteSource {
  return {
    ...source,
    async readAhead(offset, into) {
      await turn();
      source.read(offset, into);
    },
  };
}

/** Milliseconds after which what waits for its turn gets it. */
const TURN = 20;
let lastTurn = -Infinity;

/**
 * Lets timers, signals and messages have their turn, if they have had none for a while: whoever reads on and
 * on from memory would leave them waiting to the end.
 */
export async function turn(): Promise<void> {
  if (performance.now() - lastTurn < TURN) return;
  await new Promise((resolve) => setTimeout(resolve));
  lastTurn = performance.now();
}

/** Refuses a read beyond the end. */
export function requireBytes(
  source: Pick<ByteSource, "size" | "refused">,
  offset: number,
  count: number,
): void {
  if (offset + count > source.size) {
    throw source.refused(`it must have ${offset + count} bytes, it has ${source.size}`);
  }
}

/** A copy of `count` bytes from `offset` on; what is not there is refused before memory is taken. */
export function readBytes(
  source: ByteSource,
  offset = 0,
  count = source.size - offset,
): Uint8Array<ArrayBuffer> {
  requireBytes(source, offset, count);
  const bytes = new Uint8Array(count);
  source.read(offset, bytes);
  return bytes;
}

/**
 * A part of a source.
 *
 * @param name What messages add to the name of the whole.
 */
export function section(
  whole: ByteSource,
  offset: number,
  size: number,
  name: string,
): ByteSource {
  return {
    size,
    refused: (reason) => whole.refused(`${name}: ${reason}`),
    read(at, into) {
      requireBytes(this, at, into.length);
      whole.read(offset + at, into);
    },
    async readAhead(at, into) {
      requireBytes(this, at, into.length);
      await whole.readAhead(offset + at, into);
    },
  };
}
