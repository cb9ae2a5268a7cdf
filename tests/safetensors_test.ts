import assert from "node:assert/strict";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../lib/safetensors.ts";

/** A file made by hand as the format's description says: length, header, data. */
function file(header: string, data: Uint8Array, length = new TextEncoder().encode(header).length) {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data.length);
  for (let p = 0, rest = length; p < 8; p++, rest = Math.floor(rest / 256)) bytes[p] = rest % 256;
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const entry = (fields: object) => JSON.stringify({ a: { dtype: "F32", ...fields } });

Deno.test("tensors are written as the format describes: length, padded JSON, little-endian data", () => {
  const tensors: Record<string, Tensor> = {
    weight: { shape: [2, 1], data: Float32Array.of(1, -2) },
    steps: { shape: [], data: Int32Array.of(258) },
  };
  const bytes = encodeSafetensors({ tensors, metadata: { é: "ü" } });
  const length = bytes[0] + 256 * bytes[1];
  assert.deepEqual([...bytes.subarray(2, 8)], [0, 0, 0, 0, 0, 0]);
  assert.equal(length % 8, 0);
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  assert(text.startsWith("{"));
  assert.deepEqual(JSON.parse(text), {
    __metadata__: { é: "ü" },
    weight: { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] },
    steps: { dtype: "I32", shape: [], data_offsets: [8, 12] },
  });
  // 1 = 0x3f800000, −2 = 0xc0000000, 258 = 0x102
  assert.deepEqual([...bytes.subarray(8 + length)], [0, 0, 128, 63, 0, 0, 0, 192, 2, 1, 0, 0]);
});

Deno.test("what is written is read back: every type, empty tensors, views into larger buffers", () => {
  const tensors: Record<string, Tensor> = {
    f32: { shape: [3], data: new Float32Array([9, 0.1, NaN, -Infinity]).subarray(1) },
    f64: { shape: [1, 2], data: Float64Array.of(Math.PI, -0) },
    u8: { shape: [3], data: Uint8Array.of(1, 2, 255) },
    i32: { shape: [2], data: Int32Array.of(-1, 2 ** 31 - 1) },
    none: { shape: [0, 4], data: new Float32Array(0) },
  };
  const metadata = { config: JSON.stringify({ a: [1] }) };
  const bytes = encodeSafetensors({ tensors, metadata });
  assert.deepEqual(decodeSafetensors(bytes, "x"), { tensors, metadata });
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assert.deepEqual(decodeSafetensors(shifted.subarray(3), "x"), { tensors, metadata });
});

Deno.test("a file whose tensors stand in another order than their data is read", () => {
  const header = JSON.stringify({
    b: { dtype: "U8", shape: [1], data_offsets: [2, 3] },
    a: { dtype: "U8", shape: [2], data_offsets: [0, 2] },
  }) + "   ";
  const { tensors } = decodeSafetensors(file(header, Uint8Array.of(1, 2, 3)), "x");
  assert.deepEqual(tensors, {
    b: { shape: [1], data: Uint8Array.of(3) },
    a: { shape: [2], data: Uint8Array.of(1, 2) },
  });
});

const four = new Uint8Array(4), eight = new Uint8Array(8);
const two = (first: number[], second: number[]) =>
  JSON.stringify({
    a: { dtype: "U8", shape: [first[1] - first[0]], data_offsets: first },
    b: { dtype: "U8", shape: [second[1] - second[0]], data_offsets: second },
  });
const damaged: [what: string, bytes: Uint8Array, message: RegExp][] = [
  ["shorter than its length field", new Uint8Array(7), /8-byte header length, it has 7 bytes/],
  [
    "with a header beyond the end",
    file("{}", four, 99),
    /header of 99 bytes must end within .* 14/,
  ],
  ["with a header of 2^56 bytes", file("{}", four, 2 ** 56), /header of 72057594037927936 bytes/],
  ["whose header is no JSON", file("{oops", four), /header must be JSON/],
  ["whose header is no UTF-8", file("{}", Uint8Array.of(0xff), 3), /header must be JSON/],
  ["whose header is a list", file("[]", four), /header must be a JSON object/],
  ["with numbers as metadata", file(`{"__metadata__":{"a":1}}`, four), /__metadata__ must map/],
  ["with an entry that is no object", file(`{"a":1}`, four), /tensor a: .* must be an object/],
  [
    "of an unknown type",
    file(`{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}`, four),
    /tensor a: its dtype must be one of F64, F32, F16, BF16, I64, .*, BOOL, got F8_E4M3/,
  ],
  [
    "with a type named like an object's method",
    file(`{"a":{"dtype":"toString","shape":[2],"data_offsets":[0,4]}}`, four),
    /tensor a: its dtype must be one of/,
  ],
  [
    "with a negative size",
    file(entry({ shape: [-1], data_offsets: [0, 4] }), four),
    /tensor a: its shape must be a list of sizes, got \[-1\]/,
  ],
  [
    "with one offset",
    file(entry({ shape: [1], data_offsets: [4] }), four),
    /tensor a: its data_offsets must be two offsets/,
  ],
  [
    "with offsets beyond the data",
    file(entry({ shape: [2], data_offsets: [0, 8] }), four),
    /tensor a: its data_offsets must lie in order within the 4 bytes of data, got \[0,8\]/,
  ],
  [
    "with offsets in the wrong order",
    file(entry({ shape: [1], data_offsets: [4, 0] }), four),
    /tensor a: its data_offsets must lie in order/,
  ],
  [
    "whose shape does not fit its offsets",
    file(entry({ shape: [3], data_offsets: [0, 8] }), eight),
    /tensor a: F32 of shape \[3\] needs 12 bytes, its data_offsets span 8/,
  ],
  ["with overlapping tensors", file(two([0, 3], [2, 4]), four), /tensor b: it overlaps/],
  ["with a gap", file(two([0, 1], [2, 4]), four), /tensor b: it leaves a gap/],
  ["with data left over", file(two([0, 1], [1, 2]), four), /2 bytes are left over/],
];

for (const [what, bytes, message] of damaged) {
  Deno.test(`a safetensors file ${what} is refused by name and reason`, () => {
    assert.throws(() => decodeSafetensors(bytes, "model.st"), (error: Error) => {
      assert(error.message.startsWith("Cannot read model.st as safetensors: "), error.message);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("a file that is cut anywhere is refused", () => {
  const tensors = { a: { shape: [3], data: Float32Array.of(1, 2, 3) } };
  const bytes = encodeSafetensors({ tensors, metadata: { b: "c" } });
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeSafetensors(bytes.subarray(0, length), "x"), /^Error: Cannot read x/);
  }
});

Deno.test("a tensor that does not fit its shape, or takes the metadata's name, is not written", () => {
  const data = Float32Array.of(1, 2);
  const encode = (name: string, shape: number[]) =>
    encodeSafetensors({ tensors: { [name]: { shape, data } }, metadata: {} });
  assert.throws(() => encode("a", [3]), /^RangeError: Cannot write a: the shape \[3\] needs 3/);
  assert.throws(() => encode("__metadata__", [2]), /^RangeError: .* reserves the name/);
});
