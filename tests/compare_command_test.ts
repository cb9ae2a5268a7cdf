import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { formatRows } from "../lib/results.ts";

const ROW = { mcc_iid: 0.5, method: "sae_relu", num_latents: 50, seed: 0 };

/** A folder with made-up published rows and rows of ours, and the command run on them. */
function setUp({ ours = 0.501 } = {}) {
  Deno.mkdirSync(".tmp", { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: ".tmp", prefix: "compare-" });
  for (const name of ["published", "results"]) Deno.mkdirSync(`${folder}/${name}`);
  Deno.writeTextFileSync(`${folder}/published/README.md`, "not rows");
  Deno.writeTextFileSync(`${folder}/published/exp_dict_quality_n50.json`, formatRows([ROW]));
  const file = `${folder}/results/exp_dict_quality.json`;
  Deno.writeTextFileSync(file, formatRows([{ ...ROW, mcc_iid: ours }]));
  const outputs = [
    `${folder}/out/compare.json`,
    `${folder}/figures/compare.svg`,
    `${folder}/PARITY.md`,
  ];

  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: [
        "run",
        // a first run on a machine would tell of its downloads on stderr
        "--quiet",
        "--no-prompt",
        "--ignore-env",
        `--allow-read=${folder}`,
        `--allow-write=${folder}/out,${folder}/figures,${folder}/PARITY.md`,
        "commands/compare.ts",
        ...args,
      ],
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { code, stdout: text(stdout), stderr: text(stderr) };
  };
  const flags = [
    "--results",
    `${folder}/results`,
    "--out",
    `${folder}/out`,
    "--figures",
    `${folder}/figures`,
    "--parity",
    `${folder}/PARITY.md`,
  ];
  return {
    folder,
    outputs,
    run,
    compare: (...more: string[]) => run("--published", `${folder}/published`, ...flags, ...more),
  };
}

Deno.test("compare writes JSON, a figure and PARITY.md, the same on every run", async () => {
  const { outputs, compare } = setUp();
  const first = await compare();
  assert.deepEqual([first.code, first.stderr], [0, ""]);
  assert.match(first.stdout, /exp_dict_quality_n50\.json: 1 rows compared/);
  const read = () => outputs.map((path) => Deno.readTextFileSync(path));
  const written = read();
  const [{ file, methods }] = JSON.parse(written[0]);
  assert.equal(file, "exp_dict_quality_n50.json");
  assert.equal(methods[0].metrics[0].ours, 0.501);
  assert(written[1].startsWith("<svg") && written[2].startsWith("# Parity"));

  assert.deepEqual(await compare(), first);
  assert.deepEqual(read(), written);
});

Deno.test("compare exits with 1 on a value outside its tolerance only when strict", async () => {
  const { compare } = setUp({ ours: 0.6 });
  assert.equal((await compare()).code, 0);
  const strict = await compare("--strict");
  assert.equal(strict.code, 1);
  assert.match(strict.stdout, /!1/);
  assert.equal((await setUp().compare("--strict")).code, 0);
});

Deno.test("compare answers bad usage with one line that names the flag, and exit code 2", async () => {
  const { folder, outputs, run, compare } = setUp();
  const onPublished = (...args: string[]) => run("--published", `${folder}/published`, ...args);
  const cases: [Promise<{ code: number; stderr: string }>, RegExp][] = [
    [run(), /--published must be the folder of the paper's result files, got nothing/],
    [run("--published"), /--published must be the folder of the paper's result files, got nothing/],
    [compare("--publish", "x"), /it has no flag --publish/],
    [compare("extra"), /it takes flags only, got "extra"/],
    [compare("--strict=no"), /--strict takes no value/],
    [compare("--results", "x"), /--results must be given once, got it twice/],
    [
      onPublished("--results", `${folder}/none`),
      /--results must be a readable folder, got ".*none"/,
    ],
    [onPublished("--results", folder), /--results must hold files named exp_\*\.json, got none/],
    [
      onPublished("--results", `${folder}/results`, "--out", `${folder}/published/README.md/x`),
      /--out must be a folder to write to, got/,
    ],
  ];
  for (const [result, message] of cases) {
    const { code, stderr } = await result;
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
    assert.equal(stderr.split("\n").length, 1, stderr);
  }
  assert.deepEqual(outputs.filter((path) => existsSync(path)), []);
});

Deno.test("compare refuses a damaged or foreign file by name and writes nothing", async () => {
  const { folder, outputs, compare } = setUp();
  const foreign = `${folder}/published/exp_vary_latents.json`;
  for (const text of ['[{"method": "sae_relu", ', '{"rows": []}', '[{"mcc_iid": 1}]']) {
    Deno.writeTextFileSync(foreign, text);
    const { code, stderr } = await compare();
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^Cannot (use|compare) .*exp_vary_latents\.json: .+$/);
    assert.deepEqual(outputs.filter((path) => existsSync(path)), []);
  }
});

Deno.test("compare replaces nothing outside its folders unless told, and checks all before it writes one", async () => {
  const { folder, run } = setUp();
  const flags = ["--published", `${folder}/published`, "--results", `${folder}/results`];
  Deno.writeTextFileSync(`${folder}/PARITY.md`, "kept");
  const usual = await run(...flags, "--out", `${folder}/out`, "--figures", `${folder}/figures`);
  assert.equal(usual.code, 0, usual.stderr);
  assert(Deno.readTextFileSync(`${folder}/out/PARITY.md`).startsWith("# Parity"));
  assert.equal(Deno.readTextFileSync(`${folder}/PARITY.md`), "kept");

  const other = setUp();
  Deno.mkdirSync(`${other.folder}/PARITY.md`);
  const refused = await other.compare();
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--parity must be writable, got ".*PARITY\.md" \(it is a folder\)$/);
  assert.equal(existsSync(`${other.folder}/out/compare.json`), false);
});

Deno.test("compare tells where rows are not those that their run left, and prints JSON when asked", async () => {
  const { folder, compare } = setUp();
  Deno.writeTextFileSync(`${folder}/results/exp_dict_quality.meta.json`, "{}");
  const { code, stdout, stderr } = await compare("--json");
  assert.equal(code, 0);
  assert.match(stderr, /^Cannot tell whether .*exp_dict_quality\.json changed: .*meta\.json/);
  const { files, outside, written } = JSON.parse(stdout);
  assert.deepEqual([files.length, outside, written.length], [1, 0, 3]);
});

Deno.test("compare --help lists the flags", async () => {
  const { code, stdout } = await setUp().run("--help");
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: deno task compare --published DIR/);
});
