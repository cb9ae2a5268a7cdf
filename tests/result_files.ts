/**
 * Folders of made-up result files, and commands run on them: for the tests of the commands.
 * @module
 */
import type { Row } from "../lib/results.ts";
import { formatRows } from "../lib/results.ts";
import { madeUpRows } from "./made_up_rows.ts";

/** A fresh folder below .tmp. */
export function freshFolder(prefix: string): string {
  Deno.mkdirSync(".tmp", { recursive: true });
  return Deno.makeTempDirSync({ dir: ".tmp", prefix });
}

/** Writes the made-up rows of experiments (default: all twelve) to a folder. */
export function writeMadeUpRows(folder: string, names = Object.keys(madeUpRows)): void {
  Deno.mkdirSync(folder, { recursive: true });
  for (const name of names) {
    const { rows, diagnostics } = madeUpRows[name];
    writeRows(`${folder}/${name}.json`, rows as Row[]);
    if (diagnostics) writeRows(`${folder}/${name}_diagnostics.json`, diagnostics as Row[]);
  }
}

/** Writes one file of rows. */
export function writeRows(path: string, rows: readonly Row[]): void {
  Deno.writeTextFileSync(path, formatRows(rows));
}

/** Runs Deno with the given arguments, and nothing from the environment. */
export async function runDeno(...args: string[]): Promise<{
  code: number;
  stdout: string;
  stderr: string;
}> {
  const output = await new Deno.Command("deno", { args }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
}

/** Links a path to another, as this test's own permissions do not allow; what was there is replaced. */
export async function link(target: string, path: string): Promise<void> {
  const words = [Deno.realPathSync(target), path].map((word) => JSON.stringify(word)).join();
  const { code, stderr } = await runDeno(
    "eval",
    `await Deno.remove(${JSON.stringify(path)}).catch(() => {}); Deno.symlinkSync(${words})`,
  );
  if (code !== 0) throw new Error(stderr);
}

/** Whether there is a program of this name that some tests need; says so where there is none. */
export async function hasProgram(name: string): Promise<boolean> {
  const { code } = await runDeno(
    "eval",
    `await new Deno.Command("${name}", { args: ["--version"], stdout: "null" }).output()`,
  );
  if (code !== 0) console.log(`skipped: there is no ${name}`);
  return code === 0;
}

/**
 * Runs Deno until so many events were seen in a folder, and kills it then.
 *
 * @returns Whether it was killed; it may have ended by itself before.
 */
export async function killAfterEvents(
  folder: string,
  events: number,
  args: readonly string[],
): Promise<boolean> {
  using watcher = Deno.watchFs(folder);
  const child = new Deno.Command("deno", { args: [...args], stdout: "null", stderr: "null" })
    .spawn();
  let left = events;
  const seen = (async () => {
    for await (const { paths } of watcher) if ((left -= paths.length) <= 0) return;
  })();
  await Promise.race([seen, child.status]);
  try {
    child.kill("SIGKILL");
    return true;
  } catch {
    return false;
  } finally {
    await child.status;
  }
}

/** The published rows lie beside the checkout on some machines only, and are not to be copied. */
export const PUBLISHED = "../shared/published";

/** Whether the published rows are there; says so where they are not. */
export async function hasPublishedRows(): Promise<boolean> {
  const { code } = await runDeno("eval", `Deno.readDirSync(${JSON.stringify(PUBLISHED)})`);
  if (code !== 0) console.log(`skipped: there are no published rows in ${PUBLISHED}`);
  return code === 0;
}
