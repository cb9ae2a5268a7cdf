/**
 * Puts something else in the place of every folder and file that a program reads or writes: a pipe, a
 * folder, a file, links that lead nowhere or to themselves, and disks that are full. It must be told in
 * one line, before any work where it can be known before; nothing may hang, and nothing else may change.
 * As a script it tries everything:
 * `deno run --allow-read --allow-write --allow-run=deno,mkfifo,mount,umount tests/campaign/places.ts`.
 * @module
 */
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { formatRows, type Row } from "../../lib/results.ts";
import { madeUpRows } from "../made_up_rows.ts";
import { contentsOf, type Ended, faultOfTelling, newFolder, run, system } from "./processes.ts";
import type { Findings } from "./run_misuse.ts";

const TOY = "tests/fixtures/toy_experiment.ts";

/** Lays something in the way; false where the system has no such thing. */
const TRAPS: Record<string, (path: string) => boolean | void> = {
  "a pipe": (path) => system("mkfifo", path),
  "a folder": (path) => Deno.mkdirSync(join(path, "full"), { recursive: true }),
  "a file": (path) => Deno.writeTextFileSync(path, "precious"),
  "a link to nowhere": (path) => Deno.symlinkSync("nowhere/at/all", path),
  "a link to itself": (path) => Deno.symlinkSync(path.slice(path.lastIndexOf("/") + 1), path),
};

type Trap = keyof typeof TRAPS;

/** One place of one program. */
interface Place {
  /** What is called, with `DIR` for the folder of the trial. */
  script: string;
  args: string[];
  /** The place of the trap, within the folder. */
  at: string;
  traps: readonly Trap[];
  /** What the one line must say. */
  names: RegExp;
  /** Exit codes that are right: 2 is "before any work". */
  codes: readonly number[];
  /** How many lines are told; 1 by default. */
  lines?: number;
  /** Makes the folder ready: what was there before. */
  prepare?(folder: string): void | Promise<unknown>;
  /** Where going on is right, too, as with a target that a rename replaces: its traps. */
  passes?: readonly Trap[];
}

const EVERY: Trap[] = Object.keys(TRAPS);
/** In the place of a folder. */
const NO_FOLDER: Trap[] = ["a pipe", "a file", "a link to nowhere", "a link to itself"];
/** In the place of a file. */
const NO_FILE: Trap[] = ["a pipe", "a folder", "a link to itself"];
/** Over these a rename puts the new file. */
const REPLACED: Trap[] = ["a pipe", "a file", "a link to nowhere", "a link to itself"];

const toy = (...args: string[]) => ({
  script: TOY,
  args: ["--out", "DIR/out", "--figures", "DIR/figures", "--quiet", ...args],
});

const rows = (name: string) => ({
  file: `${name}.json`,
  text: formatRows(madeUpRows[name].rows as Row[]),
});

/** Rows of two experiments, as if published. */
function writeRows(folder: string, ...into: string[]): void {
  for (const part of into) {
    Deno.mkdirSync(join(folder, part), { recursive: true });
    for (const { file, text } of ["exp_frozen_decoder", "exp_vary_sparsity"].map(rows)) {
      Deno.writeTextFileSync(join(folder, part, file), text);
    }
  }
}

const ranBefore = (...args: string[]) => async (folder: string) => {
  const { script, args: usual } = toy("--n", "20", "--no-figures", ...args);
  const ended = await run(script, ...inFolder(usual, folder));
  if (ended.code !== 0) throw new Error(`cannot prepare: ${ended.stderr}`);
};

const partOf = (file: string) => file.replace(/(\.meta)?\.json/, ".part1of2$1.json");

const inFolder = (args: readonly string[], folder: string) =>
  args.map((arg) => arg.replace("DIR", folder));

const PLACES: Place[] = [
  // a run
  { ...toy(), at: "out", traps: NO_FOLDER, names: /--out must be/, codes: [2] },
  { ...toy(), at: "figures", traps: NO_FOLDER, names: /--figures must be/, codes: [2] },
  ...["exp_toy.json", "exp_toy_diagnostics.json", "exp_toy.meta.json"].flatMap((file): Place[] => [
    { ...toy(), at: `out/${file}`, traps: NO_FILE, names: /exp_toy/, codes: [2] },
    {
      ...toy("--fresh"),
      at: `out/${file}`,
      traps: EVERY,
      names: new RegExp(file),
      codes: [2],
      passes: REPLACED,
    },
    {
      ...toy("--merge"),
      at: `out/${partOf(file)}`,
      traps: NO_FILE,
      names: /part1of2/,
      codes: [2],
      // one part is whole, the other one has its other files
      prepare: async (folder) => {
        await ranBefore("--shard", "0/2")(folder);
        await ranBefore("--shard", "1/2")(folder);
        Deno.removeSync(join(folder, `out/${partOf(file)}`));
      },
    },
    {
      ...toy("--list"),
      at: `out/${file}`,
      traps: NO_FILE,
      names: /exp_toy/,
      // the cells are listed all the same
      codes: [0],
    },
  ]),
  {
    ...toy(),
    at: "out/.exp_toy.lock",
    traps: ["a pipe", "a folder", "a link to nowhere", "a link to itself"],
    names: /exp_toy\.lock/,
    codes: [2],
  },
  {
    ...toy("--merge"),
    at: "out/.exp_toy.lock",
    traps: ["a pipe", "a folder", "a link to nowhere"],
    names: /exp_toy\.lock/,
    codes: [2],
    prepare: ranBefore("--shard", "0/2"),
  },
  {
    ...toy(),
    at: "figures/toy_mcc.svg",
    traps: ["a folder", ...REPLACED],
    names: /toy_mcc\.svg/,
    codes: [1, 2],
    passes: REPLACED,
  },
  // figures, the report and the comparison
  ...["commands/figures.ts", "commands/report.ts"].flatMap((script): Place[] => {
    const args = ["--results", "DIR/in", "--out", "DIR/drawn"];
    const prepare = (folder: string) => writeRows(folder, "in");
    const target = script.includes("report") ? "index.html" : "frozen_decoder_mcc_iid.svg";
    const isReport = target === "index.html";
    return [
      { script, args, at: "in", traps: NO_FOLDER, names: /--results must/, codes: [2] },
      { script, args, prepare, at: "drawn", traps: NO_FOLDER, names: /--out must be/, codes: [2] },
      {
        ...{ script, args, prepare, at: "in/exp_toy.json", traps: NO_FILE },
        names: /exp_toy\.json/,
        codes: [2],
      },
      {
        ...{ script, args, prepare, at: "in/exp_vary_sparsity.meta.json", traps: NO_FILE },
        names: /^Cannot tell whether .*exp_vary_sparsity\.meta\.json/,
        // figures are drawn all the same; a report that cannot tell where rows come from is none
        codes: [isReport ? 2 : 0],
        lines: isReport ? 2 : 1,
      },
      {
        ...{ script, args, prepare, at: `drawn/${target}`, traps: EVERY },
        names: new RegExp(target),
        codes: [2],
        passes: REPLACED,
      },
    ];
  }),
  ...["out", "figures"].map((flag): Place => ({
    ...compare(),
    at: flag,
    traps: NO_FOLDER,
    names: new RegExp(`--${flag} must be`),
    codes: [2],
  })),
  ...["published", "results"].flatMap((flag): Place[] => [
    {
      ...compare(),
      prepare: (folder) => writeRows(folder, flag === "results" ? "published" : "results"),
      at: flag,
      traps: NO_FOLDER,
      names: new RegExp(`--${flag} must`),
      codes: [2],
    },
    {
      ...compare(),
      at: `${flag}/exp_toy.json`,
      traps: NO_FILE,
      names: /exp_toy\.json/,
      codes: [2],
    },
  ]),
  ...["out/compare.json", "out/PARITY.md", "figures/compare.svg"].map((at): Place => ({
    ...compare(),
    at,
    traps: EVERY,
    names: new RegExp(at),
    codes: [2],
    passes: REPLACED,
  })),
  // the cache of models
  {
    ...toy("--cache", "DIR/models"),
    at: "models",
    traps: NO_FOLDER,
    names: /--cache must be/,
    codes: [2],
  },
  ...[[], ["--prune", "0"]].map((more): Place => ({
    script: "commands/cache.ts",
    args: ["--cache", "DIR/models", ...more],
    at: "models",
    traps: ["a pipe", "a file", "a link to itself"],
    names: /--cache must be/,
    codes: [2],
  })),
];

function compare(): Pick<Place, "script" | "args" | "prepare"> {
  const folders = ["published", "results", "out", "figures"];
  return {
    script: "commands/compare.ts",
    args: folders.flatMap((name) => [`--${name}`, `DIR/${name}`]),
    prepare: (folder) => writeRows(folder, "published", "results"),
  };
}

/** What is not there where the work was refused before it began. */
const LOCKS = /(^|\/)\.exp_toy[\w.]*\.lock$/;

async function tryPlace(place: Place, trap: Trap): Promise<string | undefined> {
  const folder = newFolder("place-");
  await place.prepare?.(folder);
  const path = join(folder, place.at);
  Deno.mkdirSync(dirname(path), { recursive: true });
  if (TRAPS[trap](path) === false) return undefined;
  const before = contentsOf(folder);
  const ended = await run(place.script, ...inFolder(place.args, folder));
  if (ended.code === 0 && place.passes?.includes(trap)) return undefined;
  const fault = faultOfTelling(ended, place);
  if (fault || ended.code !== 2) return fault;
  const after = contentsOf(folder);
  const differ = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => before[name] !== after[name] && !LOCKS.test(name))
    // a folder that is made to see whether it can be written holds nothing yet
    .filter((name) => !(before[name] === undefined && after[name] === "folder"));
  return differ.length > 0 ? `changed ${differ}` : undefined;
}

/** A full disk: what is called, and what it must name. */
interface Filling {
  name: string;
  script: string;
  args: string[];
  names: RegExp;
  codes: readonly number[];
  prepare?(folder: string): void | Promise<unknown>;
}

const FILLINGS: Filling[] = [
  { name: "a run", ...toy("--workers", "1"), names: /out/, codes: [1, 2] },
  {
    name: "a merge",
    ...toy("--merge", "--n", "20"),
    names: /out/,
    codes: [1, 2],
    prepare: ranBefore("--shard", "0/1"),
  },
  {
    name: "figures",
    script: "commands/figures.ts",
    args: ["--results", "DIR/in", "--out", "DIR/out"],
    names: /out\/\w+\.svg|--out/,
    codes: [2],
    prepare: (folder) => writeRows(folder, "in"),
  },
  {
    name: "the report",
    script: "commands/report.ts",
    args: ["--results", "DIR/in", "--out", "DIR/out"],
    names: /out\/index\.html|--out/,
    codes: [2],
    prepare: (folder) => writeRows(folder, "in"),
  },
  { name: "the comparison", ...compare(), names: /out\/|--out/, codes: [2] },
];

/** Mounts a small disk at `path`, runs, and takes it away; undefined where nothing can be mounted. */
async function onSmallDisk<T>(path: string, size: string, work: () => Promise<T>) {
  Deno.mkdirSync(path, { recursive: true });
  if (!system("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path)) return undefined;
  try {
    return await work();
  } finally {
    system("umount", path);
  }
}

/** Fills a disk up to so many bytes. */
function fill(folder: string, left: number): void {
  const path = join(folder, "ballast");
  using file = Deno.openSync(path, { write: true, create: true });
  const page = new Uint8Array(4096);
  let size = 0;
  try {
    for (;;) size += file.writeSync(page);
  } catch { /* it is full */ }
  file.truncateSync(Math.max(0, size - left));
}

async function tryFullDisk(filling: Filling, left: number): Promise<string | undefined> {
  const folder = newFolder("disk-"), disk = join(folder, "out");
  return await onSmallDisk(disk, "1m", async () => {
    await filling.prepare?.(folder);
    fill(disk, left);
    const before = contentsOf(folder);
    const ended = await run(filling.script, ...inFolder(filling.args, folder));
    if (ended.code === 0) return undefined;
    const fault = faultOfTelling(ended, filling);
    if (fault) return fault;
    const after = contentsOf(folder);
    const lost = Object.keys(before).find((name) =>
      after[name] === undefined || after[name] === "" && before[name] !== ""
    );
    const temporary = Object.keys(after).find((name) => name.endsWith(".tmp"));
    return lost ?? temporary ? `lost or left ${lost ?? temporary}` : undefined;
  });
}

/** Runs on models whose cache cannot be used: they end well, and say it once. */
const NO_CACHE: [name: string, lay: (cache: string, models: string[]) => boolean | void][] = [
  ...(["a pipe", "a folder", "a link to itself"] as const).flatMap((
    trap,
  ): typeof NO_CACHE => [
    [`${trap} in the place of a model`, (cache, [model]) => {
      Deno.removeSync(join(cache, model));
      return TRAPS[trap](join(cache, model));
    }],
    [`${trap} in the place of a model's lock`, (cache, [model]) => {
      Deno.removeSync(join(cache, model));
      return TRAPS[trap](join(cache, `${model}.lock`));
    }],
  ]),
];

const TRAINING = [
  ...["--n", "20", "--k", "3", "--seeds", "0,1", "--epochs", "2", "--samples", "40"],
  ...["--fista-iters", "2", "--workers", "2", "--no-figures", "--quiet"],
];

async function train(folder: string, out: string): Promise<Ended> {
  return await run(
    "experiments/dict_quality.ts",
    ...["--out", join(folder, out), "--cache", join(folder, "cache"), ...TRAINING],
  );
}

async function tryNoCache(
  lay: (cache: string, models: string[]) => boolean | void,
): Promise<string | undefined> {
  const folder = newFolder("cache-"), cache = join(folder, "cache");
  const first = await train(folder, "whole");
  if (first.code !== 0) throw new Error(`cannot train: ${first.stderr}`);
  const models = [...Deno.readDirSync(cache)].map(({ name }) => name).sort();
  if (lay(cache, models) === false) return undefined;
  return faultOfCacheless(await train(folder, "again"), folder);
}

/** What is wrong with a run without its cache, against one with it. */
function faultOfCacheless({ code, stderr }: Ended, folder: string): string | undefined {
  const lines = stderr.split("\n").filter(Boolean);
  if (code !== 0) return `exit code ${code}: ${stderr}`;
  // of a model that cannot be read it is told, too, that it is trained again
  const others = lines.filter((line) => !line.startsWith("Training a model again"));
  if (others.length > 1 || lines.length === 0 || lines.length > 2) {
    return `told ${lines.length} times instead of once: ${stderr}`;
  }
  if (!lines[0].includes("cache")) return `does not name the cache: ${stderr}`;
  const [whole, again] = ["whole", "again"].map((out) =>
    Deno.readTextFileSync(join(folder, out, "exp_dict_quality.json"))
  );
  return isDeepStrictEqual(whole, again) ? undefined : "other rows than with the cache";
}

async function tryFullCache(): Promise<string | undefined> {
  const folder = newFolder("cache-");
  if ((await train(folder, "whole")).code !== 0) throw new Error("cannot train");
  Deno.removeSync(join(folder, "cache"), { recursive: true });
  return await onSmallDisk(join(folder, "cache"), "64k", async () => {
    fill(join(folder, "cache"), 0);
    return faultOfCacheless(await train(folder, "again"), folder);
  });
}

/** Tries one trap in `share`. */
export async function tryPlaces(share: number): Promise<Findings> {
  const trials: [name: string, trial: () => Promise<string | undefined>][] = [
    ...PLACES.flatMap((place) =>
      place.traps.map((trap): typeof trials[number] => [
        `${place.script} ${place.args.slice(5).join(" ")}: ${trap} at ${place.at}`,
        () => tryPlace(place, trap),
      ])
    ),
    ...FILLINGS.flatMap((filling) =>
      [0, 4096, 8192, 12_288, 16_384, 24_576].map((left): typeof trials[number] => [
        `${filling.name} on a disk with ${left} bytes left`,
        () => tryFullDisk(filling, left),
      ])
    ),
    ...NO_CACHE.map(([name, lay]): typeof trials[number] => [name, () => tryNoCache(lay)]),
    ["a full cache", tryFullCache],
  ];
  const findings: Findings = { tried: 0, faults: [] };
  for (const [index, [name, trial]] of trials.entries()) {
    // an even sample that comes by every kind of program
    if (index % share !== share - 1) continue;
    findings.tried++;
    const fault = await trial();
    if (fault) findings.faults.push(`${name}: ${fault}`);
  }
  return findings;
}

if (import.meta.main) {
  const { tried, faults } = await tryPlaces(Number(Deno.args[0] ?? 1));
  console.log(JSON.stringify({ tried, faults }, null, 2));
  Deno.exit(faults.length > 0 ? 1 : 0);
}
