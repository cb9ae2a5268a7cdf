/**
 * Kills runs at drawn moments of their work on files, and goes on: no finished cell may be lost, no file half
 * written, and the end must have the files of a run that nobody disturbed. As a script it kills some 300
 * times: `deno run --allow-read=. --allow-write=.tmp --allow-run=deno tests/campaign/kills.ts`.
 * @module
 */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { RandomState } from "../../lib/random.ts";
import { matchCells, readProvenance, readRows } from "../../lib/results.ts";
import { end, newFolder, run, start } from "./processes.ts";
import type { Findings } from "./run_misuse.ts";

/** One kind of run that is killed. */
interface Victim {
  name: string;
  script: string;
  /** Arguments of each process that runs at the same time. */
  processes: string[][];
  /** Arguments of the run that goes on to the end. */
  whole: string[];
  /** Files that must be those of an undisturbed run. */
  files: string[];
  /** Most events on files before a kill. */
  within: number;
}

const TOY = "tests/fixtures/toy_experiment.ts";
const TOY_FILES = ["exp_toy.json", "exp_toy_diagnostics.json"];
const seeds = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => from + i).join();
const usual = ["--no-figures", "--quiet", "--workers", "2"];
const toy = (from: number, to: number, ...more: string[]) => [
  ...["--n", "20,40", "--seeds", seeds(from, to), "--epochs", "4", ...usual, ...more],
];
const TRAINING = [
  ...["--n", "20", "--k", "3", "--seeds", seeds(0, 6), "--epochs", "2", "--samples", "40"],
  ...["--fista-iters", "2", ...usual],
];

const VICTIMS: Victim[] = [
  {
    name: "a run",
    script: TOY,
    processes: [toy(0, 24)],
    whole: toy(0, 24),
    files: TOY_FILES,
    within: 60,
  },
  {
    name: "two runs of the same files",
    script: TOY,
    processes: [toy(0, 16), toy(8, 24)],
    whole: toy(0, 24),
    files: TOY_FILES,
    within: 120,
  },
  {
    name: "a run that retries",
    script: TOY,
    processes: [toy(0, 24, "--retry-failed"), toy(0, 24, "--n", "13").slice(2)],
    whole: toy(0, 24),
    files: TOY_FILES,
    within: 60,
  },
  {
    name: "a run that trains models",
    script: "experiments/dict_quality.ts",
    processes: [TRAINING],
    whole: TRAINING,
    files: ["exp_dict_quality.json", "exp_dict_quality_diagnostics.json"],
    within: 60,
  },
];

/** Resolves after so many events on the files of a folder, or when the process has ended by itself. */
async function eventsIn(
  watcher: Deno.FsWatcher,
  count: number,
  ended: Promise<unknown>,
): Promise<void> {
  const seen = (async () => {
    let events = 0;
    for await (const { paths } of watcher) {
      events += paths.length;
      if (events >= count) return;
    }
  })();
  await Promise.race([seen, ended]);
}

const args = (folder: string, more: readonly string[]) => [
  ...["--out", join(folder, "out"), "--cache", join(folder, "cache"), ...more],
];

/** The finished cells, each as text with all its rows; a file that is not whole is said. */
function cellsIn(folder: string, { files }: Victim): Set<string> | string {
  const [rows, diagnostics] = files.map((file) => join(folder, "out", file));
  try {
    const provenance = readProvenance(rows.replace(".json", ".meta.json"));
    const { cells } = matchCells(
      provenance ?? { cells: [] },
      readRows(rows),
      readRows(diagnostics),
    );
    // a kill between two files leaves a cell whose rows are not all there: it is computed again
    const finished = cells.filter(({ intact }) => intact);
    return new Set(finished.map(({ rows, diagnostics }) => JSON.stringify([rows, diagnostics])));
  } catch (error) {
    return (error as Error).message;
  }
}

/** Kills one kind of run so many times, then lets it end; collects what went wrong. */
async function killAgainAndAgain(
  victim: Victim,
  { kills, random, faults }: { kills: number; random: RandomState; faults: string[] },
): Promise<number> {
  const { name, script, processes, whole, files, within } = victim;
  const folder = newFolder("kill-"), undisturbed = newFolder("whole-");
  for (const part of ["out", "cache"]) Deno.mkdirSync(join(folder, part));
  let before = new Set<string>(), killed = 0;
  for (let trial = 0; trial < kills; trial++) {
    using watcher = Deno.watchFs(folder);
    const children = processes.map((more) => start(script, args(folder, more)));
    const ends = children.map(end);
    const moment = 1 + Math.floor(random.random(1)[0] * within);
    await eventsIn(watcher, moment, Promise.all(ends));
    for (const child of children) {
      try {
        child.kill("SIGKILL");
        killed++;
      } catch { /* it has ended by itself */ }
    }
    await Promise.all(ends);
    const after = cellsIn(folder, victim);
    if (typeof after === "string") {
      faults.push(`${name}, killed at event ${moment}: ${after}`);
      break;
    }
    const lost = before.difference(after);
    if (lost.size > 0) faults.push(`${name}, killed at event ${moment}: lost ${lost.size} cells`);
    before = after;
    // all is done: from the beginning
    if (ends.length === 1 && (await ends[0]).code === 0) {
      before = new Set();
      Deno.removeSync(join(folder, "out"), { recursive: true });
      Deno.mkdirSync(join(folder, "out"));
    }
  }
  const alone = await run(script, ...args(undisturbed, whole));
  const last = await run(script, ...args(folder, [...whole, "--retry-failed"]));
  for (const { code, stderr } of [alone, last]) {
    if (code !== 0) faults.push(`${name}: exit code ${code} at the end: ${stderr}`);
  }
  const text = (where: string) =>
    files.map((file) => Deno.readTextFileSync(join(where, "out", file)));
  if (!isDeepStrictEqual(text(folder), text(undisturbed))) {
    faults.push(`${name}: other files than without kills`);
  }
  return killed;
}

/** Kills one kind of run in `share` so many times. */
export async function tryKills(
  kills: number,
  { share = 1, seed = 0 }: { share?: number; seed?: number } = {},
): Promise<Findings> {
  const random = new RandomState(seed);
  const findings: Findings = { tried: 0, faults: [] };
  for (const victim of VICTIMS.filter((_, index) => index % share === share - 1)) {
    const { faults } = findings;
    findings.tried += await killAgainAndAgain(victim, { kills, random, faults });
  }
  return findings;
}

if (import.meta.main) {
  const { tried, faults } = await tryKills(Number(Deno.args[0] ?? 60));
  console.log(JSON.stringify({ tried, faults }, null, 2));
  Deno.exit(faults.length > 0 ? 1 : 0);
}
