/**
 * `deno task` downloads all that its lock names before it runs anything. So each lock names what its
 * readers need, and no more: deno.lock what experiments and commands do, tests/deno.lock also what
 * tests do in processes of their own (autodiff.ts), web/deno.lock also what builds the site and the
 * package for npm, kernels/deno.lock what builds the kernels. Where a list below differs from its lock,
 * run `deno task lock`.
 */
import assert from "node:assert/strict";

const SPECIFIER = /(?<=^(?:import|export)\b[^;]*?from ")npm:((?:@[^/"]+\/)?[^/"]+)/gms;

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory
      ? filesIn(`${folder}/${name}`)
      : /\.(ts|js)$/.test(name)
      ? [`${folder}/${name}`]
      : []
  );
}

function packagesIn(...folders: string[]): string[] {
  const sources = folders.flatMap(filesIn).map((file) => Deno.readTextFileSync(file));
  const names = sources.flatMap((source) => [...source.matchAll(SPECIFIER)].map(([name]) => name));
  return [...new Set(names)].toSorted();
}

function locked(file: string): string[] {
  return Object.keys(JSON.parse(Deno.readTextFileSync(file)).specifiers).toSorted();
}

const used = packagesIn("lib", "experiments", "commands");

Deno.test("every dependency is pinned to one version", () => {
  assert(used.length > 3, "the reader of imports finds none");
  for (const name of packagesIn("lib", "experiments", "commands", "bench", "tests", "web")) {
    assert.match(name, /@\d+\.\d+\.\d+$/);
  }
});

Deno.test("deno.lock names what experiments and commands import, and nothing else", () => {
  assert.deepEqual(locked("deno.lock"), used);
});

Deno.test("tests/deno.lock names what tests import besides", () => {
  assert.deepEqual(
    locked("tests/deno.lock"),
    packagesIn("lib", "experiments", "commands", "bench", "tests"),
  );
});

Deno.test("web/deno.lock names what the site and the package are built with besides", () => {
  assert.deepEqual(locked("web/deno.lock"), packagesIn("lib", "experiments", "commands", "web"));
});

Deno.test("kernels/deno.lock names the compiler that the task calls", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync("deno.json"));
  const [compiler] = tasks.kernels.command.match(/npm:assemblyscript@[\d.]+/);
  assert.deepEqual(locked("kernels/deno.lock"), [compiler]);
});

Deno.test("each example's lock names its own data besides what it uses of the toolkit", () => {
  for (const { name, isDirectory } of Deno.readDirSync("examples")) {
    if (!isDirectory) continue;
    const { imports } = JSON.parse(Deno.readTextFileSync(`examples/${name}/deno.json`));
    const besides = locked(`examples/${name}/deno.lock`).filter((found) => !used.includes(found));
    assert.deepEqual(besides, Object.values(imports), name);
  }
});
