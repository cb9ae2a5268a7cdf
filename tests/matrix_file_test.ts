/** Matrices from files and into files. */
import assert from "node:assert/strict";
import { type CsrMatrix, fromDense } from "../lib/csr_matrix.ts";
import { fileBytes, joined } from "../lib/formats/byte_parts.ts";
import { npyHead } from "../lib/formats/npy_parts.ts";
import { zipParts } from "../lib/formats/zip_parts.ts";
import { fromRows, toFloat32 } from "../lib/matrix.ts";
import { readCsr, readMatrix, writeCsr, writeNpy, writeSafetensors } from "../lib/matrix_file.ts";
import { openMatrix } from "../lib/matrix_stream.ts";
import { RandomState } from "../lib/random.ts";
import { freshFolder } from "./result_files.ts";

const folder = freshFolder("matrix-file-");
const ACTIVATIONS = "tests/fixtures/activations", NPY = "tests/fixtures/npy";
const expected = JSON.parse(Deno.readTextFileSync(`${ACTIVATIONS}/expected.json`));
const npys: Record<string, { shape: number[]; values: unknown[]; dtype: string }> = JSON.parse(
  Deno.readTextFileSync(`${NPY}/expected.json`),
);

/** Nested lists as rows of the last axis. */
const flat = (values: unknown) => [values].flat(Infinity) as number[];

/** A matrix is as expected, whole and in every range of its rows. */
function check(path: string, key: string | undefined, shape: number[], values: number[]): void {
  const cols = shape.length < 2 ? 1 : shape.at(-1)!;
  const rows = shape.length < 2 ? values.length : shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const M = readMatrix(path, { key });
  assert.deepEqual([M.rows, M.cols, Array.from(M.data)], [rows, cols, values], path);
  for (let start = 0; start <= rows; start++) {
    for (let end = start; end <= rows; end++) {
      const part = readMatrix(path, { key, rows: [start, end] });
      assert.deepEqual([part.rows, part.cols], [end - start, cols]);
      assert.deepEqual(Array.from(part.data), values.slice(start * cols, end * cols));
    }
    assert.deepEqual(
      Array.from(readMatrix(path, { key, rows: start }).data),
      values.slice(0, start * cols),
    );
  }
}

Deno.test("every sample of NumPy's is read to the bit, whole and by rows", () => {
  for (const [name, { shape, values, dtype }] of Object.entries(npys)) {
    check(`${NPY}/${name}`, undefined, shape, flat(values));
    const { data } = readMatrix(`${NPY}/${name}`);
    // float64 where float32 does not hold every value of the kind
    assert.equal(data instanceof Float64Array, ["<f8", "<i8"].includes(dtype), name);
  }
});

Deno.test("every sample of the other formats is read to the bit, whole and by rows", () => {
  for (const name of ["stored.npz", "deflated.npz"]) {
    check(`${ACTIVATIONS}/${name}`, "acts", [7, 5], flat(expected[name].acts));
    check(`${ACTIVATIONS}/${name}`, "tokens", [7], [0, 1, 2, 3, 4, 5, 6]);
  }
  for (const [key, value] of Object.entries(expected["mixed.safetensors"])) {
    const { shape, values } = value as { shape: number[]; values: unknown };
    check(`${ACTIVATIONS}/mixed.safetensors`, key, shape, flat(values));
  }
  const values = flat(expected["tensor.pt"].values);
  check(`${ACTIVATIONS}/tensor.pt`, undefined, [7, 5], values);
  check(`${ACTIVATIONS}/list.pt`, "0", [7, 5], values);
  check(`${ACTIVATIONS}/list.pt`, "1", [7, 5], Array.from(Float16Array.from(values)));
});

Deno.test("texts of numbers are read with any separator, names and line ends", () => {
  const path = `${folder}/x.csv`;
  const rows = fromRows([[1, -2.5], [3e-4, 0.1], [0, 7]]);
  const texts = [
    "1,-2.5\n3e-4,0.1\n0,7\n",
    "a,b\r\n1,-2.5\r\n3e-4,.1\r\n0,7.",
    "# made by hand\n1;-2.5\n\n+3E-4;0.10\n0;7\n\n",
    "1\t-2.5\n0.0003\t0.1\n0\t7\n",
    "  1  -2.5\n 3e-4 0.1\n0 7\n",
    '\ufeff"first","second, in quotes"\n"1","-2.5"\n3e-4, 0.1\n0,7\n'.replace(", in", " in"),
    "1,-2.5\r3e-4,0.1\r0,7\r",
  ];
  for (const text of texts) {
    Deno.writeTextFileSync(path, text);
    assert.deepEqual(readMatrix(path), rows, JSON.stringify(text));
  }
  assert.deepEqual(readMatrix(path, { rows: [1, 2] }), fromRows([[3e-4, 0.1]]));
  // numbers that begin anywhere in the pieces that are read, and the decimals of every float64
  const numbers = new RandomState(2).normal(0, 1e3, 90_000);
  Deno.writeTextFileSync(
    path,
    Array.from({ length: 30_000 }, (_, i) => numbers.slice(3 * i, 3 * i + 3).join(",")).join("\n"),
  );
  assert.deepEqual(readMatrix(path), { rows: 30_000, cols: 3, data: numbers });
});

Deno.test("a first line that counts the columns is pandas' names of them, from three columns on", () => {
  const path = `${folder}/numbered.csv`, rows = fromRows([[4, 5, 6], [7, 8, 9]]);
  for (const text of ["0,1,2\n4,5,6\n7,8,9\n", '"0"\t"1"\t"2"\n4\t5\t6\n7\t8\t9\n']) {
    Deno.writeTextFileSync(path, text);
    assert.deepEqual(readMatrix(path), rows, text);
    using file = openMatrix(path);
    assert.deepEqual(file.numberedNames, [path]);
  }
  // numbers otherwise, names before it, a later line, and what labels begin with
  const data: Record<string, number[]> = {
    "0,1,3\n4,5,6": [0, 1, 3],
    "0.0,1.0,2.0\n4,5,6": [0, 1, 2],
    "1,2,3\n4,5,6": [1, 2, 3],
    "a,b,c\n0,1,2\n4,5,6": [0, 1, 2],
    "4,5,6\n0,1,2": [4, 5, 6],
    "0,1\n1,1": [0, 1],
    "0\n1": [0],
  };
  for (const [text, first] of Object.entries(data)) {
    Deno.writeTextFileSync(path, text);
    const read = readMatrix(path);
    assert.deepEqual([read.rows, [...read.data.slice(0, read.cols)]], [2, first], text);
    using file = openMatrix(path);
    assert.deepEqual(file.numberedNames, [], text);
  }
});

/** A file of these bytes or this text. */
function file(name: string, content: string | Uint8Array): string {
  const path = `${folder}/${name}`;
  if (typeof content === "string") Deno.writeTextFileSync(path, content);
  else Deno.writeFileSync(path, content);
  return path;
}

Deno.test("what cannot be read is refused by name, rule and place", () => {
  const nan = Float64Array.of(1, 2, 3, 4, NaN, 6);
  const cases: [string, Parameters<typeof readMatrix>[1], RegExp][] = [
    [file("a.csv", "1,2\n3\n"), {}, /its lines must have 2 numbers each, line 2 has 1/],
    [file("b.csv", "1,2\n3,x\n"), {}, /it must hold numbers, got "x" in line 2, column 1/],
    [file("c.csv", "1,2\n3,\n"), {}, /it must hold numbers, got "" in line 2, column 1/],
    [file("d.csv", "1,2\n3,0x1\n"), {}, /got "0x1"/],
    [file("nan.csv", "1,nan\n3,4\n"), {}, /got "nan" in line 1, column 1/],
    [file("inf.csv", "-Inf,2\n3,4\n"), {}, /got "-Inf" in line 1, column 0/],
    [file("nans.csv", "NaN NaN\n3 4\n"), {}, /got "NaN" in line 1, column 0/],
    [file("mixed.csv", "id,0\n3,4\n"), {}, /got "id" in line 1, column 0/],
    [file("gap.csv", "1,,2\n3,4,5\n"), {}, /got "" in line 1, column 1/],
    [file("index.csv", ",0,1\n0,3,4\n"), {}, /first column must have a name.*index=False/],
    [file("rownames.csv", '"","a"\n"1",3\n'), {}, /first column must have a name.*index=False/],
    [file("e.csv", "a,b\n"), {}, /it must have a line of numbers after its names/],
    [file("numbers.csv", "0,1,2\n"), {}, /it must have a line of numbers after its names/],
    [file("f.csv", ""), {}, /it must have a line of numbers, it is empty$/],
    [file("g.csv", "1,2\n3,1e999\n"), {}, /it must be finite, got Infinity at row 1, column 1/],
    [file("h.csv", "1,2\n"), { key: "a" }, /a text has no names, got key a/],
    [file("i.bin", Uint8Array.of(7, 0, 1)), {}, /must be .npy, .npz, safetensors, of torch.save/],
    [file("j.pkl", Uint8Array.of(0x80, 4, 0x4e, 0x2e)), {}, /it is a pickle/],
    [`${ACTIVATIONS}/stored.npz`, {}, /key must name one of its arrays: acts, tokens/],
    [`${ACTIVATIONS}/stored.npz`, { key: "act" }, /no array act: it has acts, tokens/],
    [`${ACTIVATIONS}/list.pt`, { key: "2" }, /no array 2: it has 0, 1/],
    [`${NPY}/x_f4_C.npy`, { key: "acts" }, /one array, which has no name, got key acts/],
    [folder, {}, /it must be a file, not a folder/],
  ];
  writeSafetensors(`${folder}/nan.safetensors`, {
    tensors: { a: { shape: [3, 2], data: nan } },
    metadata: {},
  });
  const message = /it must be finite, got NaN at row 2, column 0$/;
  cases.push([`${folder}/nan.safetensors`, {}, message]);
  cases.push([`${folder}/nan.safetensors`, { rows: [1, 3] }, message]);
  for (const [path, options, message] of cases) {
    assert.throws(() => readMatrix(path, options), (error: Error) => {
      assert.equal(error.name, "FileError");
      assert(error.message.startsWith(`Cannot read ${path}: `), error.message);
      assert.match(error.message, message);
      return true;
    });
  }
  // rows without it are read
  assert.deepEqual(
    readMatrix(`${folder}/nan.safetensors`, { rows: 2 }),
    fromRows([[1, 2], [3, 4]]),
  );
  assert.throws(() => readMatrix(`${folder}/none.npy`), Deno.errors.NotFound);
});

Deno.test("wrong arguments are refused by name, rule and value", () => {
  const path = `${NPY}/x_f4_C.npy`;
  const cases: [unknown[], string, RegExp][] = [
    [[7], "TypeError", /path must be a text, got number/],
    [[path, null], "TypeError", /options must be an object, got null/],
    [[path, { row: 3 }], "TypeError", /options has no "row"; did you mean "rows"\?/],
    [[path, { key: 3 }], "TypeError", /key must be a text, got number/],
    [[path, { rows: "3" }], "TypeError", /rows must be a number, got string/],
    [[path, { rows: -1 }], "RangeError", /rows must be an integer of at least 0, got -1/],
    [[path, { rows: 8 }], "RangeError", /rows must be at most the 7 rows of .*, got 8/],
    [[path, { rows: [3, 2] }], "RangeError", /rows\[1\] must be an integer of at least 3, got 2/],
    [[path, { rows: [1] }], "RangeError", /rows must be a count, or a start and an end, got \[1\]/],
    [[path, { rows: [0, 8] }], "RangeError", /rows must be at most the 7 rows/],
  ];
  for (const [args, name, message] of cases) {
    assert.throws(() => readMatrix(...args as Parameters<typeof readMatrix>), { name, message });
  }
  assert.throws(() => writeNpy(1 as never, fromRows([[1]])), /path must be a text, got number/);
  assert.throws(() => writeNpy(`${folder}/x.npy`, fromRows([[NaN]])), /M must be finite, got NaN/);
  assert.throws(() => writeNpy(`${folder}/none/x.npy`, fromRows([[1]])), { name: "FileError" });
  const noTensors = () => writeSafetensors(`${folder}/x`, {} as never);
  assert.throws(noTensors, /tensors must be an object, got undefined/);
  assert.throws(() => writeCsr(`${folder}/x`, fromRows([[1]]) as never), /M must be a sparse/);
});

Deno.test("a file that needs a class of Python is refused and nothing is run", () => {
  // torch.save of an object whose pickle calls os.system, and of a module, as PyTorch would write them
  const text = new TextEncoder();
  const pickles = [
    "\x80\x02cposix\nsystem\nq\0X\x04\0\0\0trueq\x01\x85q\x02Rq\x03.",
    "\x80\x02c__main__\nModel\nq\0)\x81q\x01}q\x02b.",
    "\x80\x02cbuiltins\neval\n.",
    "\x80\x04\x8c\x02os\x8c\x06system\x93.",
  ];
  for (const pickle of pickles) {
    const bytes = Uint8Array.from(pickle, (character) => character.charCodeAt(0));
    const path = file(
      "code.pt",
      archive({ "code/data.pkl": bytes, "code/version": text.encode("3\n") }),
    );
    assert.throws(
      () => readMatrix(path),
      /code\.pt: member code\/data\.pkl: it needs Python's (posix\.system|__main__\.Model|builtins\.eval|os\.system), which is not read/,
    );
  }
});

Deno.test("matrices are written and read back to the bit, replacing what was there", () => {
  const path = `${folder}/back.npy`;
  const M = { rows: 50, cols: 3, data: new RandomState(0).normal(0, 1, 150) };
  for (const each of [M, toFloat32(M), { rows: 0, cols: 7, data: new Float32Array(0) }]) {
    writeNpy(path, each);
    assert.deepEqual(readMatrix(path), each);
  }
  const tensors = {
    half: { shape: [2, 2], data: Float16Array.of(1, -0.5, 65504, 2 ** -24) },
    int: { shape: [1, 3], data: Int16Array.of(-3, 0, 32767) },
  };
  writeSafetensors(`${folder}/back.safetensors`, { tensors, metadata: { a: "b" } });
  const half = readMatrix(`${folder}/back.safetensors`, { key: "half" });
  assert.deepEqual(half.data, Float32Array.of(1, -0.5, 65504, 2 ** -24));
  const int = readMatrix(`${folder}/back.safetensors`, { key: "int" });
  assert.deepEqual(int.data, Float32Array.of(-3, 0, 32767));
});

/** A random sparse matrix, some of whose rows are empty. */
function randomCsr(rows: number, cols: number, seed: number): CsrMatrix {
  const random = new RandomState(seed);
  const values = random.normal(0, 1, rows * cols), kept = random.random(rows * cols);
  return fromDense({ rows, cols, data: values.map((value, p) => kept[p] < 0.2 ? value : 0) });
}

Deno.test("sparse matrices are written and read back to the bit", () => {
  const path = `${folder}/codes.npz`;
  for (const [rows, cols] of [[20, 7], [0, 5], [3, 0], [1, 1]]) {
    const M = randomCsr(rows, cols, rows);
    writeCsr(path, M);
    assert.deepEqual(readCsr(path), M);
  }
  // indices without a sign, one of them too large for one with it, become integers of 64 bits
  const wide: CsrMatrix = {
    rows: 1,
    cols: 2 ** 31 + 5,
    indptr: Uint32Array.of(0, 1),
    indices: Uint32Array.of(2 ** 31 + 4),
    data: Float32Array.of(2),
  };
  writeCsr(path, wide);
  assert.deepEqual(readCsr(path), { ...wide, indptr: Int32Array.of(0, 1) });
});

Deno.test("an archive that is no sparse matrix in compressed rows is refused by name", () => {
  assert.throws(
    () => readCsr(`${ACTIVATIONS}/stored.npz`),
    /stored\.npz: it must be of scipy\.sparse\.save_npz, it has no array format/,
  );
  const path = `${folder}/bad.npz`;
  const M = fromDense(fromRows([[0, 1, 2], [3, 0, 0]]));
  const text = (
    descr: string,
    value: string,
  ) => [npyHead(descr, []), new TextEncoder().encode(value)];
  const good: Record<string, Uint8Array[]> = {
    format: text("|S3", "csr"),
    shape: [npyHead("<i4", [2]), fileBytes(Int32Array.of(2, 3))],
    indices: [npyHead("<i4", [3]), fileBytes(M.indices)],
    indptr: [npyHead("<i4", [3]), fileBytes(M.indptr)],
    data: [npyHead("<f8", [3]), fileBytes(Float64Array.of(1, 2, 3))],
  };
  const written = (parts: Record<string, Uint8Array[]>) => {
    const members = Object.entries(parts).map(([name, parts]) => ({ name: `${name}.npy`, parts }));
    Deno.writeFileSync(path, joined(zipParts(members)));
    return path;
  };
  assert.deepEqual(readCsr(written(good)), M);
  // as SciPy below 1.0 wrote it, from Python 3
  const wide = fileBytes(Uint32Array.from("csr", (character) => character.charCodeAt(0)));
  assert.deepEqual(readCsr(written({ ...good, format: [npyHead("<U3", []), wide] })), M);
  const sizes = (
    ...values: number[]
  ) => [npyHead("<i4", [values.length]), fileBytes(Int32Array.from(values))];
  const cases: [Record<string, Uint8Array[]>, RegExp][] = [
    [{ format: text("|S3", "csc") }, /must be in compressed rows, got csc: save M\.tocsr\(\)/],
    [{ format: text("|O", "\x80\x04N.") }, /member format\.npy: it must hold one text, got "\|O"/],
    [{ shape: sizes(2, 3, 1) }, /member shape\.npy: it must hold 2 sizes, it holds 3/],
    [{ shape: sizes(2, -3) }, /member shape\.npy: it must hold sizes below 2³², got -3/],
    [{ shape: sizes(3, 3) }, /M\.indptr must hold rows \+ 1 = 4 positions/],
    [{ indices: sizes(2, 1, 0) }, /M\.indices must ascend within a row/],
    [{ indices: sizes(1, 3, 0) }, /M\.indices must ascend within a row, .* got 3/],
    [{ indptr: sizes(0, 2, 9) }, /M\.indptr must end at the number of entries, got 9/],
    [{ data: [npyHead("<f8", [3]), fileBytes(Float64Array.of(1, 1e39, 3))] }, /M must be finite/],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => readCsr(written({ ...good, ...change })), (error: Error) => {
      assert(error.message.startsWith(`Cannot read ${path}: `), error.message);
      assert.match(error.message, message);
      return true;
    });
  }
});

/** An archive of stored members. */
function archive(members: Record<string, Uint8Array>): Uint8Array {
  return joined(zipParts(Object.entries(members).map(([name, part]) => ({ name, parts: [part] }))));
}
