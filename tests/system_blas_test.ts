/**
 * The kernels with and without a BLAS of the system. Tests may not open libraries: those that need
 * one run in processes that may.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { BLAS_PATHS, openSystemBlas, systemBlas } from "../lib/system_blas.ts";
import { assertClose } from "./golden.ts";

Deno.mkdirSync(".tmp", { recursive: true });

const ALLOWED = `--allow-ffi=${BLAS_PATHS.join(",")}`;

/** What a script prints under these permissions. Lines on stderr are failures: prompts, warnings. */
async function printed(script: string, permissions: string[], ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-prompt", ...permissions, script, ...args],
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).trim();
}

/** What a script of this text, saved in a new folder, prints. */
function printedBy(text: string, ...permissions: string[]): Promise<string> {
  const path = join(Deno.makeTempDirSync({ dir: ".tmp" }), "script.ts");
  const library = new URL("../lib", import.meta.url).href;
  Deno.writeTextFileSync(path, text.replaceAll("LIB", library));
  return printed(path, permissions);
}

const NAME = `import { systemBlas } from "LIB/system_blas.ts"; console.log(systemBlas());`;
const installed = await printedBy(NAME, ALLOWED);
const ignore = installed === "undefined";
const needsBlas = (sentence: string) => ignore ? `${sentence} (no BLAS is installed)` : sentence;

interface Solved {
  blas?: string;
  results: Record<string, number[]>;
}

const solve = async (...permissions: string[]): Promise<Solved> =>
  JSON.parse(await printed("tests/fixtures/blas_solvers.ts", permissions));

Deno.test("without the permission no library is opened", () => {
  assert.equal(systemBlas(), undefined);
  assert.equal(openSystemBlas(BLAS_PATHS), undefined);
});

Deno.test("without foreign functions in the runtime there is no BLAS, and no error", async () => {
  const script = `Reflect.deleteProperty(Deno, "dlopen"); const { systemBlas } = await import(
    "LIB/system_blas.ts"); console.log(systemBlas());`;
  assert.equal(await printedBy(script, "--allow-ffi", "--allow-read=."), "undefined");
});

Deno.test("a permission for another path, and files that are no BLAS, are passed over quietly", async () => {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ dir: ".tmp" }));
  const text = join(folder, "libopenblas.so.0"), missing = join(folder, "missing.so");
  Deno.writeTextFileSync(text, "not a library");
  const script = `import { openSystemBlas } from "LIB/system_blas.ts"; console.log(
    openSystemBlas(${JSON.stringify([text, missing, folder])}));`;
  assert.equal(await printedBy(script, `--allow-ffi=${folder}`), "undefined");
  assert.equal(await printedBy(NAME, `--allow-ffi=${folder}`), "undefined");
  assert.equal(await printedBy(NAME, `--deny-ffi`), "undefined");
});

Deno.test({
  name: needsBlas("products of every kind and size are exact through the system's BLAS"),
  ignore,
  async fn() {
    const calls = Number(await printed("tests/fixtures/blas_products.ts", [ALLOWED]));
    // three memories, three of five shapes large enough, four kernels
    assert.equal(calls, 3 * 3 * 4);
  },
});

Deno.test({
  name: needsBlas("solvers agree with and without the system's BLAS, up to rounding"),
  ignore,
  async fn() {
    const without = await solve(), withBlas = await solve(ALLOWED);
    assert.equal(without.blas, undefined);
    assert.equal(withBlas.blas, installed);
    const { fista, ...rounded } = without.results;
    // its products stay with the kernels: codes must not depend on the samples around them
    assert.deepEqual(withBlas.results.fista, fista);
    let different = 0;
    for (const [name, values] of Object.entries(rounded)) {
      // Numbers around 1, rounded to 6e-8, in a few dozen sums one after the other. Ten steps of
      // Adam can stretch an error further: they divide gradients by their own size.
      assertClose(withBlas.results[name], values, 2e-5, name);
      different += values.filter((value, i) => value !== withBlas.results[name][i]).length;
    }
    // or the test compares the kernels with themselves: sums in another order differ somewhere
    assert(different > 0);
  },
});

Deno.test({
  name: needsBlas("models trained with the system's BLAS are kept apart from the others"),
  ignore,
  async fn() {
    const folder = Deno.makeTempDirSync({ dir: ".tmp" });
    const trained = async (...permissions: string[]) => {
      const all = ["--allow-read=.", `--allow-write=${folder}`, ...permissions];
      return JSON.parse(await printed("tests/fixtures/cache_client.ts", all, folder, "0")).trained;
    };
    assert.equal(await trained(), 1);
    assert.equal(await trained(ALLOWED), 1);
    assert.equal(await trained(), 0);
    assert.equal(await trained(ALLOWED), 0);
  },
});

Deno.test({
  name: needsBlas("the provenance of a run names the system's BLAS, and nothing where it has none"),
  ignore,
  async fn() {
    for (const permissions of [[], [ALLOWED]]) {
      const folder = Deno.makeTempDirSync({ dir: ".tmp" });
      await printed(
        "tests/fixtures/toy_experiment.ts",
        ["--allow-read=.", `--allow-write=${folder}`, ...permissions],
        ...["--out", folder, "--no-figures", "--quiet"],
      );
      const { runs } = JSON.parse(Deno.readTextFileSync(join(folder, "exp_toy.meta.json")));
      assert.equal(runs[0].machine.blas, permissions.length > 0 ? installed : undefined);
    }
  },
});
