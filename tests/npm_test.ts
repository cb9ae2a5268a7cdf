/**
 * The package for npm, as its users have it: packed, installed and run under Node.
 */
import assert from "node:assert/strict";
import { freshFolder, runDeno } from "./result_files.ts";

const LOCK = ["--quiet", "--no-prompt", "--ignore-env", "--lock=web/deno.lock", "--allow-read=."];
const TEN_LINES = "tests/fixtures/ten_lines.js";

/** What an engine without relaxed SIMD says of the probe for it. */
const PLAIN = `const validate = WebAssembly.validate;
WebAssembly.validate = (bytes) => !String(bytes).includes("253,128,2") && validate(bytes);
await import("./script.js");
`;

Deno.test("the packed package computes under Node what Deno computes, to the bit", async () => {
  const folder = freshFolder("npm-"), here = `${Deno.cwd()}/${folder}`;
  const built = await runDeno(
    ...["run", ...LOCK, `--allow-write=${folder}`, "web/npm.ts", "--out", `${folder}/package`],
  );
  assert.deepEqual([built.code, built.stderr], [0, ""]);
  const manifest = JSON.parse(Deno.readTextFileSync(`${folder}/package/package.json`));
  assert.deepEqual(Object.keys(manifest.dependencies), ["ml-matrix"]);

  const script = Deno.readTextFileSync(TEN_LINES);
  Deno.mkdirSync(`${folder}/user`);
  Deno.writeTextFileSync(`${folder}/user/package.json`, '{ "private": true, "type": "module" }');
  Deno.writeTextFileSync(`${folder}/user/script.js`, script);
  const node = await runDeno(
    ...["run", "--quiet", "--no-prompt", "--allow-run=npm,node", "tests/fixtures/npm_package.ts"],
    ...[`${here}/package`, `${here}/user`, "script.js"],
  );
  assert.equal(node.code, 0, node.stderr);

  // Node 20 has no relaxed SIMD, later ones have; Deno computes with both builds
  const toolkit = new URL("../mod.ts", import.meta.url).href;
  Deno.mkdirSync(`${folder}/deno`);
  Deno.writeTextFileSync(
    `${folder}/deno/script.js`,
    script.replace("@startcoding/toolkit", toolkit).replaceAll(
      '"sae.safetensors"',
      `"${folder}/sae.safetensors"`,
    ),
  );
  Deno.writeTextFileSync(`${folder}/deno/plain.js`, PLAIN);
  // one after the other, since both save to one file
  const run = (name: string) =>
    runDeno(
      ...["run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read=."],
      ...[`--allow-write=${folder}`, `${folder}/deno/${name}`],
    );
  const relaxed = await run("script.js"), plain = await run("plain.js");
  assert.deepEqual([relaxed.stderr, plain.stderr], ["", ""]);
  assert.notEqual(relaxed.stdout, plain.stdout, "the two builds differ in their last bits");
  assert([relaxed.stdout, plain.stdout].includes(node.stdout), node.stdout);
});

Deno.test("every module of the package has its types beside it", async () => {
  const folder = freshFolder("npm-types-");
  await runDeno("run", ...LOCK, `--allow-write=${folder}`, "web/npm.ts", "--out", folder);
  const use = `${folder}/use.ts`;
  Deno.writeTextFileSync(
    use,
    `import { fista, type Matrix32 } from "./mod.js";
declare const X: Matrix32;
export const codes: Matrix32 = fista(X, X, { lambda: 0.1 });
// @ts-expect-error -- lambda is a number
fista(X, X, { lambda: "0.1" });
`,
  );
  const { code, stderr } = await runDeno("check", "--quiet", "--no-lock", use);
  assert.equal(code, 0, stderr);
});
