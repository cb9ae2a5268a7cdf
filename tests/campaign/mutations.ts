/**
 * Damages of a file: of any bytes, and of JSON by its structure.
 * @module
 */
import { RandomState } from "../../lib/random.ts";

/** A damaged content, and what was done to it. */
export interface Mutation {
  what: string;
  bytes: Uint8Array;
}

/** Bytes that mean something in one of the formats. */
const TELLING = [..."\"{}[],:0123456789.e-\\'()<>|\0\n nNtf", "\x7f", "\xff"]
  .map((character) => character.charCodeAt(0));

function joined(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/**
 * Damages of bytes: what disks, transfers and careless editors do, at places drawn by a seed.
 *
 * @param original The whole file.
 * @param count How many.
 */
export function* damagedBytes(original: Uint8Array, count: number, seed = 0): Generator<Mutation> {
  const random = new RandomState(seed), { length } = original;
  const below = (limit: number) => Math.floor(random.random(1)[0] * limit);
  yield { what: "nothing left", bytes: new Uint8Array(0) };
  yield { what: "zeros", bytes: new Uint8Array(length) };
  yield {
    what: "a mark of order before it",
    bytes: joined(Uint8Array.of(0xef, 0xbb, 0xbf), original),
  };
  yield { what: "the file twice", bytes: joined(original, original) };
  for (let i = 0; i < count; i++) {
    const at = below(length), size = 1 + below(Math.min(64, length - at));
    const [before, block, after] = [
      original.subarray(0, at),
      original.subarray(at, at + size),
      original.subarray(at + size),
    ];
    const kinds: [string, () => Uint8Array][] = [
      ["cut", () => before.slice()],
      [
        "a bit turned",
        () =>
          joined(before, Uint8Array.of(original[at] ^ (1 << below(8))), original.subarray(at + 1)),
      ],
      [
        "another byte",
        () =>
          joined(before, Uint8Array.of(TELLING[below(TELLING.length)]), original.subarray(at + 1)),
      ],
      ["bytes gone", () => joined(before, after)],
      ["bytes twice", () => joined(before, block, block, after)],
      ["bytes zeroed", () => joined(before, new Uint8Array(size), after)],
      [
        "a byte more",
        () => joined(before, Uint8Array.of(TELLING[below(TELLING.length)]), original.subarray(at)),
      ],
      ["the head gone", () => original.slice(at)],
    ];
    const [what, change] = kinds[below(kinds.length)];
    yield { what: `${what} at byte ${at} of ${length}`, bytes: change() };
  }
}

/** What may stand in the place of a value of JSON. */
const STRANGE: unknown[] = [
  ...[null, true, "", "NaN", "x", -1, 0, 0.5, 1e308, 5e-324, 2 ** 53, [], {}, [[1]], { a: 1 }],
  "<script>alert(1)</script>",
  "\x1b[2J\n\u2028",
];

/**
 * Damages of JSON that leave it JSON: every value (or a sample of them) replaced, removed, doubled or
 * exchanged with its neighbour.
 *
 * @param text The whole file.
 * @param count How many.
 */
export function* damagedJson(text: string, count: number, seed = 1): Generator<Mutation> {
  const random = new RandomState(seed), encoder = new TextEncoder();
  const below = (limit: number) => Math.floor(random.random(1)[0] * limit);
  for (let i = 0; i < count; i++) {
    const content = { top: JSON.parse(text) };
    // walk down to some depth
    let holder: Record<string, unknown> | unknown[] = content, key = "top";
    const path: string[] = [];
    for (;;) {
      const value: unknown = (holder as Record<string, unknown>)[key];
      const isHolder = typeof value === "object" && value !== null && Object.keys(value).length > 0;
      if (!isHolder || path.length > 0 && below(4) === 0) break;
      holder = value as Record<string, unknown>;
      const keys = Object.keys(holder);
      key = keys[below(keys.length)];
      path.push(key);
    }
    const at = holder as Record<string, unknown>, value = at[key];
    const kind = below(8), strange = STRANGE[below(STRANGE.length)];
    let what = `${JSON.stringify(strange)} in its place`;
    if (kind === 0) {
      what = "gone";
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete at[key];
    } else if (kind === 1 && Array.isArray(holder)) {
      what = "twice";
      holder.splice(Number(key), 0, value);
    } else if (kind === 2 && Array.isArray(holder) && holder.length > 1) {
      what = "exchanged with the first";
      [holder[0], at[key]] = [value, holder[0]];
    } else if (kind === 3 && !Array.isArray(holder)) {
      what = "under another name";
      delete at[key];
      at[`${key}_`] = value;
    } else if (kind === 4 && typeof value === "number") {
      what = "a little more";
      at[key] = value === 0 ? 1e-9 : value * (1 + 1e-12) + (Number.isInteger(value) ? 1 : 0);
    } else at[key] = strange;
    yield {
      what: `${path.join(".") || "the top"}: ${what}`,
      bytes: encoder.encode(JSON.stringify(content.top, null, 2) + "\n"),
    };
  }
}
