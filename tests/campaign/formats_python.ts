/**
 * NumPy, SciPy and PyTorch write files that we read, and read what we write. Prints what came of it as
 * one line of JSON, `{"missing": …}` where no Python has all three:
 * `deno run --allow-read=. --allow-write=.tmp --allow-run=python3,/usr/bin/python3 tests/campaign/formats_python.ts`.
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { fromDense, toDense } from "../../lib/csr_matrix.ts";
import { readCsr, readMatrix, writeCsr, writeNpy } from "../../lib/matrix_file.ts";
import { openMatrix } from "../../lib/matrix_stream.ts";
import { toFloat32 } from "../../lib/matrix.ts";
import { RandomState } from "../../lib/random.ts";
import { saveSae } from "../../lib/sae_file.ts";
import { Sae } from "../../lib/saes.ts";

interface Expected {
  key: string | null;
  rows: number;
  cols: number;
  values: number[];
}

const PEER = "tests/fixtures/formats_peer.py";
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();

function run(python: string, ...args: string[]) {
  try {
    return new Deno.Command(python, { args }).outputSync();
  } catch {
    return undefined; // no such program
  }
}

const python = ["python3", "/usr/bin/python3"].find((python) =>
  run(python, "-c", "import numpy, scipy.sparse, torch")?.success
);
if (!python) {
  console.log(JSON.stringify({ missing: "no Python with NumPy, SciPy and PyTorch" }));
  Deno.exit(0);
}

function peer(command: string, folder: string): string {
  const { success, stdout, stderr } = run(python!, PEER, command, folder)!;
  if (!success) throw new Error(text(stderr));
  return text(stdout);
}

Deno.mkdirSync(".tmp", { recursive: true });
const folder = Deno.makeTempDirSync({ dir: ".tmp", prefix: "formats-python-" });
const faults: string[] = [];
let tried = 0;
function same(what: string, found: unknown, expected: unknown): void {
  tried++;
  if (!isDeepStrictEqual(found, expected)) {
    faults.push(
      `${what}: ${JSON.stringify(found)?.slice(0, 200)}, not ${
        JSON.stringify(expected)?.slice(0, 200)
      }`,
    );
  }
}

// what they write
peer("write", folder);
const { codes, ...files }: Record<string, Expected[]> & { codes: number[] } = JSON.parse(
  Deno.readTextFileSync(`${folder}/expected.json`),
);
for (const [name, arrays] of Object.entries(files as Record<string, Expected[]>)) {
  for (const { key, rows, cols, values } of arrays) {
    const path = `${folder}/${name}`, what = `${name} ${key ?? ""}`;
    try {
      const M = readMatrix(path, { key: key ?? undefined });
      same(what, [M.rows, M.cols, Array.from(M.data)], [rows, cols, values]);
      using file = openMatrix(path, { key: key ?? undefined });
      const streamed: number[] = [];
      for await (const { data } of file.blocks({ blockRows: 2 })) streamed.push(...data);
      same(`${what} in blocks`, streamed, values);
    } catch (error) {
      faults.push(`${what}: ${(error as Error).message}`);
    }
  }
}
for (const name of ["codes_deflated.npz", "codes_stored.npz"]) {
  const { rows, cols, data } = toDense(readCsr(`${folder}/${name}`));
  same(name, [rows, cols, Array.from(data)], [9, 7, codes]);
}
const refused: [name: string, message: RegExp][] = [
  ["refused_module.pt", /it needs Python's torch\.nn\.\S+, which is not read/],
  ["refused_old.pt", /it is of PyTorch before 1\.6/],
  ["refused_objects.npy", /not objects of Python: .*, got "\|O"/],
  ["refused_complex.npy", /kind in f2, .*, got "<c16"/],
];
const message = (work: () => unknown) => {
  try {
    return `read: ${work()}`;
  } catch (error) {
    return (error as Error).message;
  }
};
for (const [name, rule] of refused) {
  const found = message(() => readMatrix(`${folder}/${name}`));
  same(name, rule.test(found) || found, true);
}
same(
  "codes_csc.npz",
  message(() => readCsr(`${folder}/codes_csc.npz`)).includes("must be in compressed rows, got csc"),
  true,
);

// what we write
const X = { rows: 4, cols: 3, data: new RandomState(5).normal(0, 1, 12) };
const sparse = fromDense({ ...X, data: X.data.map((x) => Math.max(0, x)) });
writeNpy(`${folder}/our_f8.npy`, X);
writeNpy(`${folder}/our_f4.npy`, toFloat32(X));
writeCsr(`${folder}/our_codes.npz`, sparse);
const values = (data: ArrayLike<number>) => Array.from(data), shape = [4, 3];
same("what they read", JSON.parse(peer("read", folder)), {
  f4: { dtype: "float32", shape, values: values(toFloat32(X).data) },
  f8: { dtype: "float64", shape, values: values(X.data) },
  codes: {
    ...{ dtype: "float32", shape, values: values(toDense(sparse).data), format: "csr" },
    members: ["data", "format", "indices", "indptr", "shape"],
  },
});

// the guide's own encoder, of more codes than are positive
const sae = Sae.initialize({ type: "topk", inputDim: 8, width: 12, kval: 9, seed: 0 });
const samples = { rows: 4, cols: 8, data: new RandomState(3).normal(0, 1, 32) };
saveSae(`${folder}/topk.safetensors`, sae);
writeNpy(`${folder}/samples.npy`, toFloat32(samples));
const snippet = Deno.readTextFileSync("docs/python.md").split(/^```(?:python)?\n/m)
  .find((block) => block.includes("a TopK autoencoder"))!;
Deno.writeTextFileSync(
  `${folder}/guide.py`,
  `import os\nos.chdir(os.path.dirname(os.path.abspath(__file__)))\n` +
    snippet.replace(/^X = .*$/m, 'X = np.load("samples.npy")') +
    `\nnp.save("guide.npy", codes)\n`,
);
const guide = run(python, `${folder}/guide.py`)!;
if (!guide.success) faults.push(text(guide.stderr));
else {
  const theirs = readMatrix(`${folder}/guide.npy`), ours = sae.encode(samples);
  const off = ours.data.map((code, p) => Math.abs(code - theirs.data[p]));
  // sums of eight products in float32
  same("the guide's TopK", [theirs.rows, theirs.cols, Math.max(...off) < 1e-6], [4, 12, true]);
}
console.log(JSON.stringify({ tried, faults }));
