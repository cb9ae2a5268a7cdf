import assert from "node:assert/strict";
import { decodeNpy, encodeNpy, readNpyHeader } from "../lib/npy.ts";
import { fromRows, type Matrix, toFloat32 } from "../lib/matrix.ts";
import { RandomState } from "../lib/random.ts";

const FOLDER = "tests/fixtures/npy";

interface Expected {
  shape: number[];
  values: unknown;
}
const expected: Record<string, Expected> = JSON.parse(
  Deno.readTextFileSync(`${FOLDER}/expected.json`),
);

for (const [name, { shape, values }] of Object.entries(expected)) {
  Deno.test(`${name}, as NumPy wrote it, is read to the bit`, () => {
    const bytes = Deno.readFileSync(`${FOLDER}/${name}`);
    assert.deepEqual(readNpyHeader(bytes).shape, shape);
    const M = decodeNpy(bytes);
    assert.deepEqual([M.rows, M.cols], [
      shape.slice(0, -1).reduce((a, b) => a * b, 1),
      shape.at(-1),
    ]);
    assert.deepEqual(Array.from(M.data), (values as number[][]).flat(Infinity));
  });
}

Deno.test("matrices come back to the bit in their own precision", () => {
  const M = { rows: 5, cols: 3, data: new RandomState(0).normal(0, 1, 15) };
  for (
    const each of [M, toFloat32(M), fromRows([]), { rows: 0, cols: 7, data: new Float32Array(0) }]
  ) {
    assert.deepEqual(decodeNpy(encodeNpy(each)), each);
  }
});

/** A file of version 1 with this header and these bytes. */
function file(header: string, body: Uint8Array = new Uint8Array(0), version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const size = version === 1
    ? [text.length & 255, text.length >> 8]
    : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.of(
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    version,
    0,
    ...size,
    ...text,
    ...body,
  );
}

const header = (descr: string, shape: string, order = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

Deno.test("all kinds of numbers and both orders of bytes are read", () => {
  const kinds: [string, Uint8Array, number][] = [
    ["<i2", Uint8Array.of(0xfe, 0xff), -2],
    [">i2", Uint8Array.of(0xff, 0xfe), -2],
    ["<u2", Uint8Array.of(0xfe, 0xff), 65534],
    [">u4", Uint8Array.of(0xff, 0xff, 0xff, 0xfe), 2 ** 32 - 2],
    ["<i4", Uint8Array.of(0xfe, 0xff, 0xff, 0xff), -2],
    ["<u8", Uint8Array.of(0, 0, 0, 0, 0, 0, 16, 0), 2 ** 52],
    ["|i1", Uint8Array.of(0xfe), -2],
    ["|b1", Uint8Array.of(1), 1],
    [">f2", Uint8Array.of(0x3c, 0), 1],
    ["<f2", Uint8Array.of(1, 0), 2 ** -24],
  ];
  for (const [descr, bytes, value] of kinds) {
    for (const version of [1, 2, 3]) {
      const M = decodeNpy(file(header(descr, "(1, 1)"), bytes, version));
      assert.deepEqual([M.rows, M.cols, M.data[0]], [1, 1, value], descr);
    }
  }
});

Deno.test("one dimension is a column, none is a number, and Fortran's order of three is turned", () => {
  assert.deepEqual(decodeNpy(file(header("|u1", "(3,)"), Uint8Array.of(1, 2, 3))), {
    rows: 3,
    cols: 1,
    data: Float32Array.of(1, 2, 3),
  });
  assert.equal(decodeNpy(file(header("|u1", "()"), Uint8Array.of(7))).data[0], 7);
  // element (i, j, l) of a 2 × 3 × 2 array, whose first index runs fastest, is 100i + 10j + l
  const values = Uint8Array.from({ length: 12 }, (_, p) => {
    const [i, j, l] = [p % 2, Math.floor(p / 2) % 3, Math.floor(p / 6)];
    return 100 * i + 10 * j + l;
  });
  const M = decodeNpy(file(header("|u1", "(2, 3, 2)", "True"), values));
  assert.deepEqual([M.rows, M.cols], [6, 2]);
  assert.deepEqual(Array.from(M.data), [0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121]);
});

Deno.test("what is no array of plain numbers is refused by name", () => {
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(3), /must begin with the letters NUMPY/],
    [file("", new Uint8Array(0), 9), /version must be 1, 2 or 3, got "9.0"/],
    [
      file(header("|O", "(1,)")),
      /not objects of Python: save array\.astype\("float32"\), got "\|O"/,
    ],
    [file(header("<c8", "(1,)")), /kind in/],
    [file(header("<U3", "(1,)")), /kind in/],
    [file(header("|V2", "(1,)")), /bfloat16/],
    [file(header("<f4", "(2, 2)"), new Uint8Array(15)), /shape \(2, 2\) needs 16 bytes.*, got 15/],
    [file(header("<f4", "(99999999999999999999,)")), /sizes must be integers/],
    [file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"), /must say descr/],
    [file(header("<f4", "(1,)")).subarray(0, 30), /whole header/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(() => decodeNpy(bytes), { name: "RangeError", message });
  }
});

Deno.test("files with changed bytes are refused, or read as what they then say", () => {
  const random = new RandomState(1);
  const original = encodeNpy({ rows: 4, cols: 3, data: random.normal(0, 1, 12) });
  let refused = 0;
  for (let trial = 0; trial < 500; trial++) {
    const [at, byte, cut] = random.random(3);
    const bytes = original.slice(0, cut < 0.3 ? Math.floor(at * original.length) : undefined);
    // most of the bytes of such a small file are its header's padding: aim at what says something
    bytes[Math.floor(at * Math.min(bytes.length, 80))] = Math.floor(byte * 256);
    let M: Matrix;
    try {
      M = decodeNpy(bytes);
    } catch (error) {
      assert(error instanceof RangeError, `${error}`);
      assert.match(error.message, /^Cannot read a \.npy file: /);
      refused++;
      continue;
    }
    assert.equal(M.data.length, M.rows * M.cols);
  }
  assert(refused > 250, `${refused} of 500 refused`);
});
