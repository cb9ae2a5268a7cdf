/**
 * The walls of the house that the README draws: who may import whom in `lib/`.
 */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path/posix";

type Wing = "science" | "study" | "paper";

/** The wing of each room. Files directly in `lib/` are science unless they are named here. */
const ROOMS: Record<string, Wing> = {
  wasm: "science",
  cores: "science",
  numeric: "science",
  metrics: "science",
  formats: "science",
  open_sae: "science",
  audit: "science",
  synth_bench: "science",
  results: "study",
  sweep: "study",
  figures: "study",
  reports: "study",
  paper: "paper",
};

/** The shelf's files of the study. */
const STUDY_SHELF = ["lib/results.ts", "lib/sweep.ts", "lib/figures.ts"];

/** What both wings stand on: plain data and the file system, no mathematics and no experiment. */
const GROUND = ["lib/matrix.ts", "lib/checks.ts", "lib/atomic_file.ts", "lib/methods.ts"];

/**
 * All are about the machine, not about mathematics: threads for a cell; the names of the BLAS and of the
 * kernels' build in the provenance.
 */
const EXCEPTIONS = [
  "lib/sweep/worker.ts -> lib/threads.ts",
  "lib/sweep.ts -> lib/system_blas.ts",
  "lib/sweep.ts -> lib/wasm/backends.ts",
];

/** Rooms that have a door: only it and the room itself reach inside from other rooms of the same wing. */
const DOORS = ["metrics", "results", "sweep", "figures", "synth_bench", "open_sae", "audit"];

const SPECIFIER = /^(?:import|export)\b[^;]*?from "(\.[^"]+)";|import\.source\("(\.[^"]+)"\)/gms;

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory
      ? filesIn(`${folder}/${name}`)
      : /(?<!\.d)\.ts$|\.js$/.test(name)
      ? [`${folder}/${name}`]
      : []
  );
}

/** The files that a source imports, relative to the checkout, types among them. */
export function importsOf(file: string, source: string): string[] {
  const code = source.replace(/\/\*\*.*?\*\//gs, "");
  return [...code.matchAll(SPECIFIER)].map(([, path, wasm]) =>
    normalize(join(dirname(file), path ?? wasm))
  );
}

function roomOf(file: string): string | undefined {
  return file.match(/^lib\/(\w+)\//)?.[1];
}

function wingOf(file: string): Wing {
  const room = roomOf(file);
  return room ? ROOMS[room] : STUDY_SHELF.includes(file) ? "study" : "science";
}

/** Whether `from` may import `to` by the rules of the wings. */
export function mayImport(from: string, to: string): boolean {
  if (GROUND.includes(to) || EXCEPTIONS.includes(`${from} -> ${to}`)) return true;
  const [mine, theirs] = [wingOf(from), wingOf(to)];
  return mine === "paper" || mine === theirs;
}

const graph = new Map(
  filesIn("lib").map((file) => [
    file,
    importsOf(file, Deno.readTextFileSync(file)).filter((to) => !to.endsWith(".wasm")),
  ]),
);
const arrows = [...graph].flatMap(([from, targets]) => targets.map((to) => [from, to]));

Deno.test("every folder of lib/ is a room of a wing", () => {
  const rooms = [...graph.keys()].map(roomOf).filter((room) => room !== undefined);
  assert.deepEqual([...new Set(rooms)].toSorted(), Object.keys(ROOMS).toSorted());
});

Deno.test("the reader of imports sees values, types, re-exports and compiled modules, and no examples", () => {
  const source = `/** import { no } from "./no.ts"; */
import a from "./a.ts";
import {
  type B,
} from "../b.ts";
export * from "./c.js";
const d = import.source("./d.wasm");`;
  assert.deepEqual(importsOf("lib/room/x.ts", source), [
    "lib/room/a.ts",
    "lib/b.ts",
    "lib/room/c.js",
    "lib/room/d.wasm",
  ]);
  assert(arrows.length > graph.size, "lib/ has more imports than files");
});

Deno.test("imports in lib/ make no circle", () => {
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const walk = (file: string, path: string[]) => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      circles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
      return;
    }
    state.set(file, "open");
    for (const to of graph.get(file) ?? []) walk(to, [...path, file]);
    state.set(file, "done");
  };
  for (const file of graph.keys()) walk(file, []);
  assert.deepEqual(circles, []);
});

Deno.test("science imports neither study nor paper, and study no mathematics and no paper", () => {
  const broken = arrows.filter(([from, to]) => !mayImport(from, to));
  assert.deepEqual(broken.map((arrow) => arrow.join(" -> ")), []);
});

Deno.test("the ground knows no room but the ground", () => {
  const broken = arrows.filter(([from, to]) => GROUND.includes(from) && !GROUND.includes(to));
  assert.deepEqual(broken, []);
});

Deno.test("rooms with a door are entered by it, but for the paper's room", () => {
  const broken = arrows.filter(([from, to]) => {
    const room = roomOf(to);
    return room && DOORS.includes(room) && roomOf(from) !== room && from !== `lib/${room}.ts` &&
      wingOf(from) !== "paper";
  });
  assert.deepEqual(broken.map((arrow) => arrow.join(" -> ")), []);
});

Deno.test("the solvers reach the kernels through wasm/memory.ts alone", () => {
  const inside = (file: string) => roomOf(file) === "wasm";
  const allowed = ["lib/wasm/memory.ts", "lib/wasm/backends.ts", "lib/wasm/instance.ts"];
  const broken = arrows.filter(([from, to]) =>
    inside(to) && !inside(from) && !allowed.includes(to)
  );
  assert.deepEqual(broken, []);
});
