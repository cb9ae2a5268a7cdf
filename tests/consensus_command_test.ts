/** `deno task consensus`: the library's consensus of dictionaries in files, refined on files of one's own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { consensusDictionary } from "../lib/consensus_dictionary.ts";
import { generateDatasets } from "../lib/data.ts";
import { type Matrix, type Matrix32, toFloat32, transpose } from "../lib/matrix.ts";
import { readMatrix, writeNpy } from "../lib/matrix_file.ts";
import { matchColumns } from "../lib/metrics.ts";
import { pathDictionary } from "../lib/path_dictionary.ts";
import { refineDictionary } from "../lib/refine_dictionary.ts";
import { decodeSafetensors } from "../lib/safetensors.ts";
import { freshFolder, runDeno } from "./result_files.ts";

const folder = freshFolder("consensus-");
const at = (name: string) => join(folder, name);
// 2.25 samples for each of 60 latents: a start makes a third of its atoms up
const { val, A } = generateDatasets({ seed: 0, numLatents: 60, k: 6, nSamples: 270 });
const X = toFloat32(val.Y), DATA = ["--data", at("x.npy"), "--center", "none"];
writeNpy(at("x.npy"), X);
const starts = [0, 1, 2].map((seed) => pathDictionary(X, { numLatents: 60, seed }).dictionary);
starts.forEach((D, seed) => writeNpy(at(`${seed}.npy`), D));
const THREE = ["--dictionaries", [0, 1, 2].map((seed) => at(`${seed}.npy`)).join()];

const LINE = [
  ...["run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read=.", "--allow-write=.tmp"],
  "commands/consensus.ts",
];
const consensus = (...args: string[]) => runDeno(...LINE, ...args, "--quiet");

Deno.test("without data it is the library's consensus, with data refined, and more of its atoms are true than of a start's", async () => {
  const expected = consensusDictionary(starts, { atMost: 60 });
  const plain = await consensus(...THREE, "--at-most", "60", "--out", at("plain"), "--json");
  assert.deepEqual([plain.code, plain.stderr], [0, ""]);
  assert.deepEqual(readMatrix(join(at("plain"), "dictionary.npy")), expected.dictionary);
  const table = JSON.parse(Deno.readTextFileSync(join(at("plain"), "atoms.json")));
  assert.deepEqual(
    table,
    [...expected.counts].map((dictionaries, atom) => (
      { atom, dictionaries, agreement: expected.agreement[atom] }
    )),
  );
  const summary = JSON.parse(plain.stdout);
  const inAll = expected.counts.filter((count) => count === 3).length;
  assert.deepEqual(summary.inDictionaries, [table.length, table.length, inAll]);
  assert.deepEqual([summary.refinedOn, summary.rounds], [0, 0]);

  const line = [...THREE, ...DATA, "--at-most", "60", "--rounds", "3", "--out", at("refined")];
  const { code, stdout, stderr } = await consensus(...line);
  assert.deepEqual([code, stderr], [0, ""]);
  const refined = readMatrix(join(at("refined"), "dictionary.npy"));
  assert.deepEqual(refined, refineDictionary(X, expected.dictionary, { rounds: 3 }));
  assert.match(
    stdout,
    new RegExp(`^${table.length} atoms of 28 numbers that 3 dict.*, refined on 135 rows in `),
  );
  const trueShare = (D: Matrix) =>
    matchColumns(D, A).cosines.filter((cosine) => cosine > 0.9).length / D.cols;
  assert(starts.every((D) => trueShare(refined) > trueShare(D)));
});

Deno.test("folders of deno task learn stand for their dictionaries, in either format", async () => {
  const names = ["first", "second"];
  for (const [seed, name] of names.entries()) {
    const { code, stderr } = await runDeno(
      ...LINE.with(-1, "commands/learn.ts"),
      ...["--data", at("x.npy"), "--latents", "60", "--rounds", "40", "--quiet"],
      ...["--seed", `${seed}`, "--format", seed ? "npy" : "safetensors", "--out", at(name)],
    );
    assert.deepEqual([code, stderr], [0, ""]);
  }
  const path = join(at("first"), "dictionary.safetensors");
  const { tensors: { dictionary, mean } } = decodeSafetensors(Deno.readFileSync(path), path);
  const expected = consensusDictionary([
    { rows: dictionary.shape[0], cols: dictionary.shape[1], data: dictionary.data as Float32Array },
    readMatrix(join(at("second"), "dictionary.npy")),
  ]);
  const line = ["--dictionaries", names.map(at).join(), "--format", "safetensors"];
  const { code, stderr } = await consensus(
    ...[...line, "--data", at("x.npy"), "--rounds", "1", "--out", at("both")],
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const out = join(at("both"), "dictionary.safetensors");
  const { tensors } = decodeSafetensors(Deno.readFileSync(out), out);
  // the same rows, without their mean
  assert.deepEqual(tensors.mean, mean);
  const centred = X.data.map((value, p) => value - Number(mean.data[p % X.cols]));
  assert.deepEqual(
    tensors.dictionary.data,
    refineDictionary({ ...X, data: centred }, expected.dictionary, { rounds: 1 }).data,
  );
});

Deno.test("atoms as rows, and of either sign", async () => {
  const flipped = starts.map(({ data, ...sizes }, i) =>
    transpose({ ...sizes, data: data.map((value) => i === 1 ? -value : value) })
  );
  flipped.forEach((M, i) => writeNpy(at(`rows${i}.npy`), M));
  const { code, stderr } = await consensus(
    ...["--dictionaries", [0, 1, 2].map((i) => at(`rows${i}.npy`)).join(), "--atoms", "rows"],
    ...["--signed", "--least", "3", "--cosine", "0.9", "--out", at("signed")],
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const options = { signed: true, least: 3, cosine: 0.9 };
  const expected = consensusDictionary(flipped.map((M) => transpose(M)), options);
  assert.deepEqual(readMatrix(join(at("signed"), "dictionary.npy")), expected.dictionary);
});

Deno.test("after --max-seconds and Ctrl-C the dictionary is saved as it was refined until then", async () => {
  const line = [...THREE, ...DATA, "--rounds", "100000", "--out", at("ended"), "--json"];
  const timed = await consensus(...line, "--max-seconds", "0.5");
  assert.equal(timed.code, 3, timed.stderr);
  assert.match(
    timed.stderr,
    /^Ended early: --max-seconds 0\.5 are over\. The dictionary is saved after \d+ rounds of refining$/m,
  );
  const { rounds } = JSON.parse(timed.stdout);
  const { dictionary } = consensusDictionary(starts);
  assert.deepEqual(
    readMatrix(join(at("ended"), "dictionary.npy")),
    refineDictionary(X, dictionary, { rounds }),
  );

  using watcher = Deno.watchFs(folder);
  const child = new Deno.Command("deno", {
    args: [...LINE, ...line.map((word) => word === at("ended") ? at("stopped") : word)],
    ...{ stdout: "piped", stderr: "piped" },
  }).spawn();
  for await (const { paths } of watcher) if (paths.some((path) => /stopped/.test(path))) break;
  // the handler stands before the refining begins; until it does, the lock is there
  await new Promise((resolve) => setTimeout(resolve, 500));
  child.kill("SIGINT");
  const { code, stderr } = await child.output();
  assert.equal(code, 1, new TextDecoder().decode(stderr));
  assert.match(new TextDecoder().decode(stderr), /Ended early: interrupted by SIGINT\./);
});

Deno.test("bad input is refused in one line that names it, and nothing is written", async () => {
  const ones = (rows: number, cols: number, change?: [number, number]): Matrix32 => ({
    ...{ rows, cols },
    data: new Float32Array(rows * cols).fill(1).map((one, p) =>
      p === change?.[0] ? change[1] : one
    ),
  });
  writeNpy(at("short.npy"), ones(5, 4));
  Deno.writeTextFileSync(at("infinite.csv"), "1,2\n3,inf\n");
  writeNpy(at("narrow.npy"), ones(30, 4));
  const zero = starts[0].data.map((value, p) => p % 60 === 7 ? 0 : value);
  writeNpy(at("zero.npy"), { ...starts[0], data: zero });
  writeNpy(at("up.npy"), { rows: 2, cols: 1, data: Float32Array.of(1, 0) });
  writeNpy(at("across.npy"), { rows: 2, cols: 1, data: Float32Array.of(0, 1) });
  writeNpy(at("zeros.npy"), { rows: 9, cols: 28, data: new Float32Array(9 * 28) });
  Deno.mkdirSync(at("empty"));
  const two = (one: string, other = "0.npy") => ["--dictionaries", `${at(one)},${at(other)}`];
  const cases: [args: string[], message: RegExp][] = [
    [["--dictionaries", at("0.npy")], /--dictionaries must be at least two files, got ".*" alone$/],
    [two("0.npy"), /--dictionaries must be .* (twice|none twice)/],
    [two("short.npy"), /--dictionaries must have atoms of one length, got 5 numbers in ".*short/],
    [two("none.npy"), /--dictionaries must be readable, got .*none\.npy/],
    [two("empty"), /--dictionaries must be readable, got .*there is no dictionary\.npy or/],
    [two("infinite.csv"), /--dictionaries must .*infinite\.csv/],
    [two("zero.npy"), /--dictionaries must have no zero columns, got one at 7 in ".*zero\.npy"$/],
    [two("up.npy", "across.npy"), /--dictionaries must have atoms in common, got none in 2 files/],
    [[...THREE, "--least", "4"], /--least must be an integer from 1 to 3, got 4$/],
    [[...THREE, "--cosine", "1.1"], /--cosine must be a number from 0 to 1/],
    [[...THREE, "--rounds", "2"], /--rounds must .*--data/],
    [
      [...THREE, "--data", at("narrow.npy")],
      /--data must have a column for each of the 28 num.* 4$/,
    ],
    [
      [...THREE, "--data", at("zeros.npy"), ...DATA.slice(2)],
      /--data must have an entry that is not/,
    ],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await consensus(...args, "--out", at("refused"));
    assert.deepEqual([code, stdout, stderr.split("\n").length], [2, "", 1], `${args}: ${stderr}`);
    assert.match(stderr, message);
    assert.throws(() => Deno.statSync(at("refused")), Deno.errors.NotFound);
  }
  const own = ["--dictionaries", `${at("plain")},${at("refined")}`, "--out", at("plain")];
  const before = Deno.readFileSync(join(at("plain"), "dictionary.npy"));
  const { code, stderr } = await consensus(...own);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /--out must be another folder than those of --dictionaries, got ".*plain"$/m,
  );
  assert.deepEqual(Deno.readFileSync(join(at("plain"), "dictionary.npy")), before);
});
