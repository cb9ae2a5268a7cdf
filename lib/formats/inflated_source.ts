/**
 * The content of deflated bytes, read at any place of it though it is never held whole.
 * @module
 */
import { crc32 } from "node:zlib";
import { type ByteSource, requireBytes, turn } from "./byte_source.ts";
import { BEGINNING, type InflatePoint, Inflater } from "./inflate.ts";

/** What is known of the content beforehand. */
export interface InflatedOptions {
  /** Its bytes. */
  size: number;
  /** Their sum. */
  crc: number;
  /**
   * Bytes of content between the places where inflating can begin, each of which takes 32 KiB of memory.
   * Default: 4 MiB, and more where there would be more than 1024 places.
   */
  spacing?: number;
}

/** Most places where inflating can begin, and the least space between them. */
const MOST_POINTS = 1024, LEAST_SPACING = 2 ** 22;

/**
 * The content. Reads in order go through it once; one that goes back begins at the nearest of some places
 * that were passed. Whenever a read comes to the end, what was inflated from the beginning on has had the
 * right sum and size, or is refused.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { crc32, deflateRawSync } from "node:zlib";
 * import { readBytes, sourceOfBytes } from "./byte_source.ts";
 * import { InflatedSource } from "./inflated_source.ts";
 *
 * const content = Uint8Array.of(1, 2, 3, 1, 2, 3), packed = deflateRawSync(content);
 * const source = new InflatedSource(sourceOfBytes(packed, Error), { size: 6, crc: crc32(content) });
 * assert.deepEqual(readBytes(source, 4, 2), Uint8Array.of(2, 3));
 * assert.deepEqual(readBytes(source), content);
 * ```
 */
export class InflatedSource implements ByteSource {
  /** Bytes of content. */
  readonly size: number;
  readonly #packed: ByteSource;
  readonly #inflater: Inflater;
  readonly #expected: number;
  readonly #spacing: number;
  /** Ascending, with the sum of what is before each. */
  readonly #points: { point: InflatePoint; crc: number }[] = [{ point: BEGINNING, crc: 0 }];
  /** The sum of what the inflater has made. */
  #crc = 0;

  /**
   * Nothing is read yet.
   *
   * @param packed The deflated bytes.
   */
  constructor(packed: ByteSource, options: InflatedOptions) {
    const { size, crc, spacing = Math.max(LEAST_SPACING, Math.ceil(size / MOST_POINTS)) } = options;
    this.size = size;
    this.#packed = packed;
    this.#inflater = new Inflater(packed);
    this.#expected = crc;
    this.#spacing = spacing;
  }

  /** As {@linkcode ByteSource.read}. */
  read(offset: number, into: Uint8Array): void {
    requireBytes(this, offset, into.length);
    const end = offset + into.length, inflater = this.#inflater;
    this.#goTo(offset);
    for (let at = offset; at < end;) {
      const { content, position } = inflater, before = position - content.length;
      if (at < position) {
        const part = content.subarray(at - before, end - before);
        into.set(part, at - offset);
        at += part.length;
      } else if (!this.#next()) {
        throw this.refused(`it must hold ${this.size} bytes, it holds ${position}`);
      }
    }
    if (end === this.size) this.#requireEnd();
  }

  /** As {@linkcode ByteSource.readAhead}. */
  async readAhead(offset: number, into: Uint8Array): Promise<void> {
    await turn();
    this.read(offset, into);
  }

  /** As {@linkcode ByteSource.refused}. */
  refused(reason: string): Error {
    return this.#packed.refused(reason);
  }

  /** Takes the nearest way to a place: from where it stands, or from a point. */
  #goTo(offset: number): void {
    const { content, position } = this.#inflater;
    const near = this.#points.findLast(({ point }) => point.position <= offset)!;
    if (offset >= position - content.length && near.point.position <= position) return;
    this.#inflater.goTo(near.point);
    this.#crc = near.crc;
  }

  /** Makes more content. */
  #next(): boolean {
    const inflater = this.#inflater, due = this.#points.at(-1)!.point.position + this.#spacing;
    const before = inflater.position;
    try {
      if (!inflater.next(due)) return false;
    } catch (error) {
      // a read that comes later begins anew
      inflater.goTo(BEGINNING);
      this.#crc = 0;
      throw error;
    }
    const { content, position } = inflater;
    this.#crc = crc32(content.subarray(content.length - (position - before)), this.#crc);
    if (position >= due && position < this.size) {
      const { point } = inflater;
      if (point) this.#points.push({ point, crc: this.#crc });
    }
    return true;
  }

  /** Requires that nothing follows the last byte, and that all have the sum. */
  #requireEnd(): void {
    while (this.#inflater.position <= this.size && this.#next());
    if (this.#inflater.position > this.size) {
      throw this.refused(`it must hold ${this.size} bytes, it holds more`);
    }
    if (this.#crc !== this.#expected) {
      throw this.refused("its checksum must be that of its content");
    }
  }
}
