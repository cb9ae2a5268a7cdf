/** Files of named arrays: NumPy's archives, safetensors and PyTorch's, as their makers wrote them. */
import assert from "node:assert/strict";
import { sourceOfBytes } from "../lib/formats/byte_source.ts";
import { StoredArray } from "../lib/formats/stored_array.ts";
import { openTensorFile, readIndex } from "../lib/formats/tensor_file.ts";
import { RandomState } from "../lib/random.ts";
import { freshFolder } from "./result_files.ts";

const FOLDER = "tests/fixtures/activations";
const expected = JSON.parse(Deno.readTextFileSync(`${FOLDER}/expected.json`));

const numbers = (array: StoredArray) => Array.from(array.values());
/** Nested lists as one. */
const flat = (values: unknown) => [values].flat(Infinity);

for (const name of ["stored.npz", "deflated.npz"]) {
  Deno.test(`${name}, as NumPy wrote it, is read to the bit`, () => {
    using file = openTensorFile(`${FOLDER}/${name}`);
    const { members, acts, tall_shape, tall_sum } = expected[name];
    assert.equal(file.format, "npz");
    assert.deepEqual(file.names, members);
    assert.deepEqual(file.array("acts").shape, [7, 5]);
    assert.deepEqual(numbers(file.array("acts")), flat(acts));
    assert.deepEqual(numbers(file.array("tokens")), [0, 1, 2, 3, 4, 5, 6]);
    if (!tall_shape) return;
    const tall = file.array("tall");
    assert.deepEqual(tall.shape, tall_shape);
    const sum = numbers(tall).reduce((a, b) => a + b, 0);
    // both are sums in float64 of 1750 values of about 1, in different orders
    assert(Math.abs(sum - tall_sum) < 1750 * 2 ** -52 * 1000, `${sum}`);
  });
}

Deno.test("every kind of number in a safetensors file is read to the bit", () => {
  using file = openTensorFile(`${FOLDER}/mixed.safetensors`);
  const tensors: Record<string, { shape: number[]; values: unknown }> =
    expected["mixed.safetensors"];
  assert.deepEqual([...file.names].sort(), Object.keys(tensors).sort());
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    assert.deepEqual(file.array(name).shape, shape, name);
    assert.deepEqual(numbers(file.array(name)), flat(values), name);
  }
});

Deno.test("a tensor and a list of tensors of PyTorch's are read to the bit", () => {
  using file = openTensorFile(`${FOLDER}/tensor.pt`);
  assert.deepEqual(file.names, [""]);
  assert.deepEqual(file.array("").shape, [7, 5]);
  assert.deepEqual(numbers(file.array("")), flat(expected["tensor.pt"].values));

  using list = openTensorFile(`${FOLDER}/list.pt`);
  assert.deepEqual(list.names, ["0", "1"]);
  assert.deepEqual(numbers(list.array("0")), flat(expected["tensor.pt"].values));
  // the second is the first in half precision
  assert.deepEqual(
    numbers(list.array("1")),
    Array.from(Float16Array.from(numbers(list.array("0")))),
  );
  assert(Array.isArray(list.value) && list.value.length === 2);
});

Deno.test("rows of an array in any order of its axes are those of all its values", () => {
  const random = new RandomState(3), below = (n: number) => Math.floor(random.random(1)[0] * n);
  for (let trial = 0; trial < 300; trial++) {
    const shape = Array.from({ length: below(4) }, () => 1 + below(5));
    // axes in a random order, some with room between their numbers
    const strides = shape.map(() => 0);
    let span = 1 + below(2);
    for (const axis of random.permutation(shape.length)) {
      strides[axis] = span;
      span *= shape[axis] + below(2);
    }
    const offset = below(7), count = shape.reduce((a, b) => a * b, 1);
    const bytes = Uint8Array.from({ length: offset + span + 3 }, () => below(256));
    const source = sourceOfBytes(bytes, (reason) => new Error(reason));
    const array = new StoredArray({ source, dtype: "u1", shape, strides, offset });
    // the oracle: every index by itself
    const all = Array.from({ length: count }, (_, p) => {
      let rest = p, at = offset;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        at += strides[axis] * (rest % shape[axis]);
        rest = Math.floor(rest / shape[axis]);
      }
      return bytes[at];
    });
    assert.deepEqual(numbers(array), all);
    const { rows, cols } = array, start = below(rows), rowCount = below(rows - start + 1);
    assert.deepEqual(
      Array.from(array.readRows(start, rowCount)),
      all.slice(start * cols, (start + rowCount) * cols),
    );
  }
});

Deno.test("what holds no arrays is refused by name, with what to do", () => {
  const bytes = (text: string) => Uint8Array.from([...text].map((c) => c.charCodeAt(0)));
  const cases: [Uint8Array, RegExp][] = [
    [bytes("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."), /of PyTorch before 1.6/],
    [bytes("\x80\x04\x95\x05\0\0\0\0\0\0\0]."), /it is a pickle: save/],
    [bytes("\x89HDF\r\n\x1a\n"), /it is HDF5/],
    [bytes("a,b\n1,2\n"), /it must be .npy, .npz, safetensors or of torch.save/],
    [new Uint8Array(0), /it must be .npy, .npz, safetensors or of torch.save/],
  ];
  for (const [content, message] of cases) {
    const source = sourceOfBytes(content, (reason) => new Error(`Cannot read x: ${reason}`));
    assert.throws(() => readIndex(source), (error: Error) => {
      assert(error.message.startsWith("Cannot read x: "), error.message);
      assert.match(error.message, message);
      return true;
    });
  }
  const folder = freshFolder("tensors-");
  assert.throws(() => openTensorFile(folder), { name: "FileError", message: /it must be a file/ });
  assert.throws(() => openTensorFile(`${folder}/none.npy`), Deno.errors.NotFound);
});
