/**
 * Deflate's inverse, a part of the content at a time and from any place where it has stopped: the system's
 * takes a content whole, or leaves it to callbacks, and neither reads rows of a file larger than memory.
 *
 * Source: RFC 1951.
 * @module
 */
import type { ByteSource } from "./byte_source.ts";

/** How far back a match may begin. */
const WINDOW = 2 ** 15;
/** Bytes that are made at once, beside those that may be looked back at; the longest match. */
const OUTPUT = 2 ** 18, LONGEST = 258;
/** Bytes that are read at once; before them what may be given back, behind them what may be read too much. */
const INPUT = 2 ** 16, MARGIN = 16;
/** Bits of a code that a table is first asked with; the longest code. */
const ROOT = 10, MOST_BITS = 15;
/** Kinds of blocks. */
const STORED = 0, FIXED = 1;
/** The symbol at the end of a block; those above it are lengths. */
const END_OF_BLOCK = 256;
const LENGTHS = 286, DISTANCES = 30;
/** The order in which a block tells the lengths of the codes for lengths of codes. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** The first value of each symbol, whose extra bits are added to it. */
function bases(first: number, extra: Uint8Array): Uint16Array {
  let next = first;
  return Uint16Array.from(extra, (bits) => {
    const base = next;
    next += 2 ** bits;
    return base;
  });
}
const LENGTH_EXTRA = Uint8Array.from({ length: 29 }, (_, i) => i < 8 ? 0 : (i >> 2) - 1);
const LENGTH_BASE = bases(3, LENGTH_EXTRA);
// the longest has a symbol of its own
[LENGTH_EXTRA[28], LENGTH_BASE[28]] = [0, LONGEST];
const DISTANCE_EXTRA = Uint8Array.from({ length: DISTANCES }, (_, i) => i < 4 ? 0 : (i >> 1) - 1);
const DISTANCE_BASE = bases(1, DISTANCE_EXTRA);

/** Lengths of the codes of blocks that bring none. */
const FIXED_LENGTHS = Uint8Array.from(
  { length: 288 },
  (_, symbol) => symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
);
const FIXED_DISTANCES = new Uint8Array(32).fill(5);

/**
 * A table of codes: by the next bits, a symbol · 16 + its code's length; or, of longer codes, the place of
 * a further table · 256 + its bits · 16; or NONE where no code begins so.
 */
type Codes = Int32Array;
/** Entries from the first length on are no literals, from the first further table on no symbols. */
const FIRST_LENGTH = END_OF_BLOCK << 4, LINK = 288 << 4, NONE = 2 ** 30;

/** What can be made of the lengths of 288 codes. */
const newCodes = (): Codes => new Int32Array(2 ** ROOT + 288 * 2 ** (MOST_BITS - ROOT));

/**
 * Makes the table of the codes that have these lengths; 0 is none.
 *
 * @returns How many codes of the longest length could be added: below 0 there are too many, and no table.
 */
function makeTable(lengths: Uint8Array, table: Codes): number {
  const counts = new Uint16Array(MOST_BITS + 1), next = new Uint16Array(MOST_BITS + 2);
  for (let symbol = 0; symbol < lengths.length; symbol++) counts[lengths[symbol]]++;
  counts[0] = 0;
  let left = 1, most = 0;
  for (let length = 1; length <= MOST_BITS; length++) {
    left = 2 * left - counts[length];
    if (left < 0) return left;
    if (counts[length] > 0) most = length;
    next[length + 1] = (next[length] + counts[length]) << 1;
  }
  const root = 2 ** ROOT, codes = new Uint16Array(lengths.length);
  table.fill(0, 0, root);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol];
    if (length === 0) continue;
    const code = codes[symbol] = REVERSED[next[length]++] >> (MOST_BITS - length);
    if (length <= ROOT) {
      for (let at = code; at < root; at += 1 << length) table[at] = symbol << 4 | length;
    } else {
      // how many bits more the codes have that begin like this one
      const at = code & (root - 1);
      table[at] = Math.max(table[at], (length - ROOT) << 4);
    }
  }
  let end = root;
  for (let at = 0; most > ROOT && at < root; at++) {
    if ((table[at] & 15) > 0 || table[at] === 0) continue;
    const size = 1 << (table[at] >> 4);
    table.fill(0, end, end + size);
    table[at] |= end << 8;
    end += size;
  }
  for (let symbol = 0; most > ROOT && symbol < lengths.length; symbol++) {
    const length = lengths[symbol];
    if (length <= ROOT) continue;
    const link = table[codes[symbol] & (root - 1)], first = link >> 8;
    const last = first + (1 << (link >> 4 & 15));
    for (let at = first + (codes[symbol] >> ROOT); at < last; at += 1 << (length - ROOT)) {
      table[at] = symbol << 4 | length;
    }
  }
  if (left > 0) { for (let at = 0; at < end; at++) table[at] ||= NONE; }
  return left;
}

/** Codes stand in the file with their first bit first, where numbers have it last: 15 bits the other way round. */
const REVERSED = new Uint16Array(2 ** MOST_BITS);
for (let code = 1; code < REVERSED.length; code++) {
  REVERSED[code] = REVERSED[code >> 1] >> 1 | (code & 1) << (MOST_BITS - 1);
}

/** Where an {@linkcode Inflater} can go on: between two blocks. */
export interface InflatePoint {
  /** Bytes of content before it. */
  position: number;
  /** Packed bytes before it. */
  packed: number;
  /** Bits that are left of the last of them, the next one last. */
  hold: number;
  /** How many. */
  bits: number;
  /** What may be looked back at. */
  window: Uint8Array;
}

/** Before the first block. */
export const BEGINNING: InflatePoint = {
  ...{ position: 0, packed: 0, hold: 0, bits: 0 },
  window: new Uint8Array(0),
};

/**
 * Makes content from deflated bytes, part after part.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sourceOfBytes } from "./byte_source.ts";
 * import { Inflater } from "./inflate.ts";
 *
 * // one block that is stored as it is: its mark, 2 and its complement, and two bytes
 * const inflater = new Inflater(sourceOfBytes(Uint8Array.of(1, 2, 0, 253, 255, 7, 9), Error));
 * inflater.next();
 * assert.deepEqual(inflater.content, Uint8Array.of(7, 9));
 * assert.equal(inflater.next(), false);
 * ```
 */
export class Inflater {
  readonly #source: ByteSource;
  readonly #input = new Uint8Array(MARGIN + INPUT + 2 * MARGIN);
  readonly #view = new DataView(this.#input.buffer);
  /** Bytes of the source up to the end of the input; the input's next byte and its end. */
  #packed = 0;
  #from = MARGIN;
  #end = MARGIN;
  /** Bits that were taken from the input, the next one last. */
  #hold = 0;
  #bits = 0;
  readonly #out = new Uint8Array(WINDOW + OUTPUT);
  /** Content before the output, and in it. */
  #before = 0;
  #made = 0;
  #stage: "block" | "stored" | "codes" | "end" = "block";
  #isLast = false;
  /** What is left of a stored block. */
  #stored = 0;
  readonly #lengths = newCodes();
  readonly #distances = newCodes();

  /**
   * Nothing is read yet.
   *
   * @param source The deflated bytes.
   */
  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Bytes of content that have been made. */
  get position(): number {
    return this.#before + this.#made;
  }

  /** The last of them: what is made anew stands at the end. A view, until more is made. */
  get content(): Uint8Array {
    return this.#out.subarray(0, this.#made);
  }

  /** Where it can go on from later, if it stands between two blocks. */
  get point(): InflatePoint | undefined {
    if (this.#stage !== "block") return undefined;
    const bits = this.#bits & 7;
    return {
      position: this.position,
      packed: this.#packed - (this.#end - this.#from) - (this.#bits >> 3),
      hold: this.#hold & ((1 << bits) - 1),
      bits,
      window: this.#out.slice(Math.max(0, this.#made - WINDOW), this.#made),
    };
  }

  /** Goes on from a point of the same source. */
  goTo({ position, packed, hold, bits, window }: InflatePoint): void {
    this.#out.set(window);
    this.#made = window.length;
    this.#before = position - window.length;
    this.#packed = packed;
    this.#from = this.#end = MARGIN;
    [this.#hold, this.#bits, this.#stage] = [hold, bits, "block"];
  }

  /**
   * Makes more content.
   *
   * @param stop Content from which on to pause where a block ends.
   * @returns Whether there is any.
   * @throws {Error} As the source makes it, where the bytes are damaged or cut short.
   */
  next(stop = Infinity): boolean {
    if (this.#made > WINDOW) {
      this.#out.copyWithin(0, this.#made - WINDOW, this.#made);
      this.#before += this.#made - WINDOW;
      this.#made = WINDOW;
    }
    const start = this.position, limit = this.#out.length - LONGEST;
    while (this.#stage !== "end" && this.#made <= limit) {
      if (this.#stage === "block") this.#beginBlock();
      if (this.#stage === "stored") this.#copyStored();
      else this.#decode(limit);
      if (this.#stage === "block" && this.#isLast) this.#stage = "end";
      if (this.#stage === "block" && this.position >= stop && this.position > start) break;
    }
    return this.position > start;
  }

  #damaged(what: string): Error {
    return this.#source.refused(`it cannot be inflated (${what})`);
  }

  /** Makes the next bytes of the input be there: {@linkcode MARGIN} of them, or zeros behind the last. */
  #refill(): void {
    const { size } = this.#source;
    if (this.#packed < size) {
      // what was read already may be given back
      this.#input.copyWithin(0, this.#from - MARGIN, this.#end);
      this.#end -= this.#from - MARGIN;
      this.#from = MARGIN;
      const count = Math.min(MARGIN + INPUT - this.#end, size - this.#packed);
      this.#source.read(this.#packed, this.#input.subarray(this.#end, this.#end + count));
      this.#packed += count;
      this.#end += count;
    }
    if (this.#packed === size) this.#input.fill(0, this.#end, this.#end + 2 * MARGIN);
    if (8 * (this.#from - this.#end) > this.#bits) throw this.#damaged("it is cut short");
  }

  /** Takes up to 16 bits. */
  #take(count: number): number {
    if (this.#from > this.#end - MARGIN) this.#refill();
    while (this.#bits < count) {
      this.#hold |= this.#input[this.#from++] << this.#bits;
      this.#bits += 8;
    }
    const value = this.#hold & ((1 << count) - 1);
    this.#hold >>>= count;
    this.#bits -= count;
    return value;
  }

  #beginBlock(): void {
    this.#isLast = this.#take(1) === 1;
    const kind = this.#take(2);
    if (kind === STORED) {
      // whole bytes are given back, and the rest of one is dropped
      this.#from -= this.#bits >> 3;
      this.#hold = this.#bits = 0;
      this.#stored = this.#take(16);
      if (this.#take(16) !== (this.#stored ^ 0xffff)) throw this.#damaged("a length is damaged");
      this.#stage = "stored";
    } else {
      if (kind === FIXED) {
        this.#setCodes(FIXED_LENGTHS, this.#lengths, false);
        this.#setCodes(FIXED_DISTANCES, this.#distances, false);
      } else if (kind === 2) this.#readCodes();
      else throw this.#damaged("a block is of no kind");
      this.#stage = "codes";
    }
  }

  /** Makes a table; `mayBeOne` allows a single code of one bit, which leaves the other one out, and none. */
  #setCodes(lengths: Uint8Array, table: Codes, mayBeOne: boolean): void {
    const left = makeTable(lengths, table);
    if (left === 0 || left > 0 && mayBeOne && lengths.every((length) => length <= 1)) return;
    throw this.#damaged("its codes do not fit together");
  }

  /** Reads the lengths of a block's codes, which are coded themselves. */
  #readCodes(): void {
    const lengths = this.#take(5) + 257, distances = this.#take(5) + 1, count = this.#take(4) + 4;
    if (lengths > LENGTHS || distances > DISTANCES) throw this.#damaged("it has too many codes");
    const own = new Uint8Array(ORDER.length);
    for (const symbol of ORDER.slice(0, count)) own[symbol] = this.#take(3);
    this.#setCodes(own, this.#lengths, false);
    const all = new Uint8Array(lengths + distances);
    for (let at = 0; at < all.length;) {
      const symbol = this.#symbol();
      if (symbol < 16) {
        all[at++] = symbol;
        continue;
      }
      if (symbol === 16 && at === 0) throw this.#damaged("it repeats a length before the first");
      const times = symbol === 16
        ? 3 + this.#take(2)
        : symbol === 17
        ? 3 + this.#take(3)
        : 11 + this.#take(7);
      if (at + times > all.length) throw this.#damaged("it repeats a length beyond the last");
      all.fill(symbol === 16 ? all[at - 1] : 0, at, at += times);
    }
    if (all[END_OF_BLOCK] === 0) throw this.#damaged("a block has no end");
    this.#setCodes(all.subarray(0, lengths), this.#lengths, true);
    this.#setCodes(all.subarray(lengths), this.#distances, true);
  }

  /** A symbol of the first table, whose codes have 7 bits at most. */
  #symbol(): number {
    if (this.#from > this.#end - MARGIN) this.#refill();
    while (this.#bits < 7) {
      this.#hold |= this.#input[this.#from++] << this.#bits;
      this.#bits += 8;
    }
    const entry = this.#lengths[this.#hold & (2 ** ROOT - 1)], length = entry & 15;
    if (entry === NONE) throw this.#damaged("it has a code of no symbol");
    this.#hold >>>= length;
    this.#bits -= length;
    return entry >> 4;
  }

  /** Content of a stored block, as far as input and output go. */
  #copyStored(): void {
    while (this.#stored > 0 && this.#made < this.#out.length) {
      if (this.#from >= this.#end) {
        if (this.#packed === this.#source.size) throw this.#damaged("it is cut short");
        this.#refill();
      }
      const count = Math.min(
        ...[this.#stored, this.#end - this.#from, this.#out.length - this.#made],
      );
      this.#out.set(this.#input.subarray(this.#from, this.#from + count), this.#made);
      this.#from += count;
      this.#made += count;
      this.#stored -= count;
    }
    if (this.#stored === 0) this.#stage = "block";
  }

  /** Content of a block of codes, up to its end or until the output has no room for a match. */
  #decode(limit: number): void {
    const input = this.#view, out = this.#out, root = 2 ** ROOT - 1;
    const lengths = this.#lengths, distances = this.#distances;
    let hold = this.#hold, bits = this.#bits, from = this.#from, made = this.#made;
    let safe = this.#end - MARGIN;
    while (made <= limit) {
      if (from > safe) {
        [this.#from, this.#bits] = [from, bits];
        this.#refill();
        from = this.#from;
        safe = this.#end - MARGIN;
      }
      // 24 bits at least, without a branch that nobody can foretell: bits that are there come again
      hold |= input.getInt32(from, true) << bits;
      from += (31 - bits) >> 3;
      bits |= 24;
      let entry = lengths[hold & root];
      if (entry < FIRST_LENGTH) {
        out[made++] = entry >> 4;
        hold >>>= entry & 15;
        bits -= entry & 15;
        // there are bits for a second one
        entry = lengths[hold & root];
        if (entry < FIRST_LENGTH) {
          out[made++] = entry >> 4;
          hold >>>= entry & 15;
          bits -= entry & 15;
          continue;
        }
        hold |= input.getInt32(from, true) << bits;
        from += (31 - bits) >> 3;
        bits |= 24;
      }
      if (entry >= LINK) {
        entry = lengths[(entry >> 8) + (hold >>> ROOT & ((1 << (entry >> 4 & 15)) - 1))];
        if (entry >= LINK) throw this.#damaged("it has a code of no symbol");
      }
      hold >>>= entry & 15;
      bits -= entry & 15;
      const symbol = entry >> 4;
      if (symbol < END_OF_BLOCK) {
        out[made++] = symbol;
        continue;
      }
      if (symbol === END_OF_BLOCK) {
        this.#stage = "block";
        break;
      }
      const place = symbol - END_OF_BLOCK - 1;
      if (place >= LENGTH_BASE.length) throw this.#damaged("it has a length of no symbol");
      let extra = LENGTH_EXTRA[place];
      const length = LENGTH_BASE[place] + (hold & ((1 << extra) - 1));
      hold >>>= extra;
      bits -= extra;
      hold |= input.getInt32(from, true) << bits;
      from += (31 - bits) >> 3;
      bits |= 24;
      entry = distances[hold & root];
      if (entry >= LINK) {
        entry = distances[(entry >> 8) + (hold >>> ROOT & ((1 << (entry >> 4 & 15)) - 1))];
      }
      const far = entry >> 4;
      if (far >= DISTANCES) throw this.#damaged("it has no such distance");
      hold >>>= entry & 15;
      bits -= entry & 15;
      hold |= input.getInt32(from, true) << bits;
      from += (31 - bits) >> 3;
      bits |= 24;
      extra = DISTANCE_EXTRA[far];
      const distance = DISTANCE_BASE[far] + (hold & ((1 << extra) - 1));
      hold >>>= extra;
      bits -= extra;
      if (distance > made) throw this.#damaged("it looks back before its beginning");
      const end = made + length;
      if (distance === 1) out.fill(out[made - 1], made, end);
      else if (distance >= length && length > 32) {
        out.copyWithin(made, made - distance, end - distance);
      } else for (let at = made; at < end; at++) out[at] = out[at - distance];
      made = end;
    }
    [this.#hold, this.#bits, this.#from, this.#made] = [hold | 0, bits, from, made];
    if (8 * (from - this.#end) > bits) throw this.#damaged("it is cut short");
  }
}
