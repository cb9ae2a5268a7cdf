/** Our inflating beside zlib's: the same content, wherever it is read, and no other of damaged bytes. */
import assert from "node:assert/strict";
import { constants, crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { readBytes, sourceOfBytes } from "../lib/formats/byte_source.ts";
import { InflatedSource } from "../lib/formats/inflated_source.ts";
import { RandomState } from "../lib/random.ts";
import { damagedBytes } from "./campaign/mutations.ts";

class Refused extends Error {}
const sourceOf = (bytes: Uint8Array) => sourceOfBytes(bytes, (reason) => new Refused(reason));

/** The content as a source, with places to begin at every so many bytes. */
function inflated(packed: Uint8Array, content: Uint8Array, spacing = 50_000): InflatedSource {
  return new InflatedSource(sourceOf(packed), {
    ...{ size: content.length, crc: crc32(content), spacing },
  });
}

/** Contents with matches of all kinds and without. */
function contents(): [name: string, content: Uint8Array][] {
  const random = new RandomState(0), bytesOf = ({ buffer }: Float32Array) => new Uint8Array(buffer);
  const normal = Float32Array.from(random.normal(0, 1, 60_000));
  const text = Array.from({ length: 30_000 }, (_, i) => `${(i * 7919) % 10_007}`).join(" and ");
  // bytes of very different frequencies have codes of up to 15 bits
  const skewed = Uint8Array.from(random.random(400_000), (u) => -Math.log(u) * 8);
  return [
    ["nothing", new Uint8Array(0)],
    ["a byte", Uint8Array.of(7)],
    ["zeros", new Uint8Array(700_001)],
    ["noise", Uint8Array.from(random.random(200_000), (u) => 256 * u)],
    ["numbers", bytesOf(normal)],
    ["codes", bytesOf(normal.map((value) => Math.max(0, value)))],
    ["text", new TextEncoder().encode(text)],
    ["skewed bytes", skewed],
    ["far matches", new Uint8Array(300_000).map((_, i) => skewed[i % 32_000])],
  ];
}

/** Ways to deflate: stored blocks, codes of their own and the fixed ones, with and without matches. */
const WAYS = [
  { level: 0 },
  { level: 1 },
  { level: 9 },
  { level: 9, memLevel: 1 },
  { strategy: constants.Z_FIXED },
  { strategy: constants.Z_HUFFMAN_ONLY },
  { strategy: constants.Z_RLE },
];

Deno.test("what zlib has deflated is what it was, whole and in any order of reads", async () => {
  for (const [name, content] of contents()) {
    for (const way of WAYS) {
      const packed = deflateRawSync(content, way), what = `${name}, ${JSON.stringify(way)}`;
      const source = inflated(packed, content);
      assert.deepEqual(readBytes(source), content, what);
      const ahead = new Uint8Array(content.length);
      await source.readAhead(0, ahead);
      assert.deepEqual(ahead, content, what);
      const random = new RandomState(1).random(60), anew = inflated(packed, content);
      for (let i = 0; i < random.length; i += 2) {
        const at = Math.floor(random[i] * content.length);
        // a byte, some, and many
        const count = Math.floor(random[i + 1] ** 8 * (content.length - at));
        assert.deepEqual(readBytes(anew, at, count), content.slice(at, at + count), what);
      }
    }
  }
});

Deno.test("bytes that are read once more are not inflated from the beginning", () => {
  const content = Uint8Array.from(new RandomState(2).random(2_000_000), (u) => 4 * u);
  const packed = deflateRawSync(content), whole = sourceOf(packed);
  let read = 0;
  const counted = {
    ...whole,
    read(at: number, into: Uint8Array) {
      read += into.length;
      whole.read(at, into);
    },
  };
  const options = { size: content.length, crc: crc32(content), spacing: 100_000 };
  const source = new InflatedSource(counted, options);
  readBytes(source);
  assert.equal(read, packed.length);
  read = 0;
  assert.deepEqual(readBytes(source, 1_900_000, 9), content.slice(1_900_000, 1_900_009));
  // one piece of the input, or two where the place lies near its end
  assert(read > 0 && read <= 2 * 2 ** 16, `${read} of ${packed.length}`);
});

/** What zlib makes of bytes, or nothing. */
function oracle(packed: Uint8Array, most: number): Uint8Array | undefined {
  try {
    return new Uint8Array(inflateRawSync(packed, { maxOutputLength: Math.max(1, most) }));
  } catch {
    return undefined;
  }
}

Deno.test("damaged bytes are refused, unless they hold the same content", () => {
  let refused = 0, right = 0;
  for (const [name, content] of contents()) {
    const some = content.subarray(0, 3000);
    for (const way of WAYS) {
      for (const { what, bytes } of damagedBytes(deflateRawSync(some, way), 100)) {
        const where = `${name}, ${JSON.stringify(way)}: ${what}`, source = inflated(bytes, some);
        let found: Uint8Array;
        try {
          found = readBytes(source);
        } catch (error) {
          assert(error instanceof Refused, `${where}: ${error}`);
          assert.match(
            error.message,
            /^it (cannot be inflated \(it |must hold |cannot be )|^its check/,
          );
          // and once more: nothing is taken for read
          assert.throws(() => readBytes(source), Refused);
          assert.notDeepEqual(oracle(bytes, some.length), some, where);
          refused++;
          continue;
        }
        assert.deepEqual(found, some, where);
        right++;
      }
    }
  }
  assert(refused > 3000 && right > 100, `${refused} refused, ${right} right`);
});

Deno.test("a content of another size or sum is refused where the read comes to its end", () => {
  const content = new TextEncoder().encode("sparse codes, sparse codes"), crc = crc32(content);
  const packed = sourceOf(deflateRawSync(content)), { length } = content;
  const read = (size: number, sum = crc) =>
    readBytes(new InflatedSource(packed, { size, crc: sum }));
  assert.throws(() => read(length + 1), { message: "it must hold 27 bytes, it holds 26" });
  assert.throws(() => read(length - 1), { message: "it must hold 25 bytes, it holds more" });
  assert.throws(() => read(length, crc ^ 1), {
    message: "its checksum must be that of its content",
  });
  // the rows before are read
  const source = new InflatedSource(packed, { size: length, crc: crc ^ 1 });
  assert.deepEqual(readBytes(source, 0, 6), content.slice(0, 6));
  assert.throws(() => readBytes(source, length, 1), {
    message: "it must have 27 bytes, it has 26",
  });
});
