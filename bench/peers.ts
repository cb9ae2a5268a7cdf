/**
 * `deno task bench:peers`: certified Lasso codes of ours beside those of Python's libraries, in turn, in one
 * run; with `--learners` dictionaries instead, see peers_learners.ts. `--help` says more.
 *
 * Non-negative codes, λ = 0.1, one thread on both sides, CPU time, the least of the runs. Every solver is asked
 * for a gap of 1e-4 over ½‖x‖² (lasso_lars follows the whole path, the pursuits take 10 atoms), and the gaps
 * of all codes are computed by `lassoGap`, in float64. Our times include everything that a call does; the Gram
 * matrices of the libraries are made before their clock starts.
 *
 * Permissions: run Python, read the checkout, write `.tmp`.
 */
import process from "node:process";
import { type CsrMatrix, isCsrMatrix, toDense } from "../lib/csr_matrix.ts";
import { generateDatasets } from "../lib/data.ts";
import { lasso } from "../lib/lasso.ts";
import { lassoGap } from "../lib/lasso_gap.ts";
import { firstRows, type Matrix, normalizeColumns } from "../lib/matrix.ts";
import { omp } from "../lib/omp.ts";
import { RandomState } from "../lib/random.ts";
import { fista } from "../lib/sparse_coding.ts";
import { commandUsage } from "../lib/sweep/command.ts";
import { UsageError } from "../lib/sweep/flags.ts";
import {
  chooseCases,
  chooseLearnerCases,
  command,
  type Dictionary,
  parse,
  type PeerCase,
} from "./peers_flags.ts";
import { compareLearners, learnerRows } from "./peers_learners.ts";
import { runDriver } from "./peers_process.ts";
import { writeArrays } from "./reference_process.ts";

const LAMBDA = 0.1, TOL = 1e-4, K = 10;

/** The paper's data with n latents, and a dictionary for them. */
export function peerProblem(
  n: number,
  dictionary: Dictionary,
  samples: number,
): { X: Matrix; D: Matrix } {
  const { val, A } = generateDatasets({ seed: 0, numLatents: n, k: K, nSamples: 2 * samples });
  const noise = normalizeColumns({
    ...A,
    data: new RandomState(5).normal(0, 1, A.data.length),
  });
  const half = { ...A, data: A.data.map((value, p) => value + noise.data[p]) };
  return { X: val.Y, D: { true: A, half: normalizeColumns(half), random: noise }[dictionary] };
}

/** What one solver did. */
interface Result {
  /** CPU µs per sample, the least of the runs. */
  micros: number;
  /** Largest gap over ½‖x‖²; of pursuits, the mean of ‖r‖²/‖x‖². */
  quality: number;
  /** Samples above the tolerance. */
  missed?: number;
  error?: string;
}

function squares(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}

/** Gaps over ½‖x‖², from the codes alone. */
function gapsOf(X: Matrix, D: Matrix, Z: Matrix): number[] {
  const gaps = lassoGap(X, D, Z, { lambda: LAMBDA, nonneg: true });
  return Array.from(gaps, (gap, i) => {
    const x = X.data.subarray(i * X.cols, (i + 1) * X.cols);
    return 2 * gap / squares(x);
  });
}

/** The mean of ‖x − Dz‖²/‖x‖². */
function meanShare(X: Matrix, D: Matrix, Z: Matrix): number {
  let mean = 0;
  for (let i = 0; i < X.rows; i++) {
    const r = X.data.slice(i * X.cols, (i + 1) * X.cols);
    const all = squares(r);
    for (let j = 0; j < Z.cols; j++) {
      const z = Z.data[i * Z.cols + j];
      if (z !== 0) { for (let k = 0; k < r.length; k++) r[k] -= z * D.data[k * D.cols + j]; }
    }
    mean += squares(r) / all / X.rows;
  }
  return mean;
}

/** How good codes are. */
type Judge = (X: Matrix, D: Matrix, Z: Matrix) => Omit<Result, "micros">;

const judgeGap: Judge = (X, D, Z) => {
  const gaps = gapsOf(X, D, Z);
  return { quality: Math.max(...gaps), missed: gaps.filter((gap) => gap > TOL).length };
};

const judgeShare: Judge = (X, D, Z) => ({ quality: meanShare(X, D, Z) });

/** Solvers of ours: how they code, and by what they are judged. */
const OURS: Record<
  string,
  { samples: "ours" | "fista"; code: (X: Matrix, D: Matrix) => CsrMatrix | Matrix; judge: Judge }
> = {
  "lasso": {
    samples: "ours",
    code: (X, D) => lasso(X, D, { lambda: LAMBDA, nonneg: true, tol: TOL }).codes,
    judge: judgeGap,
  },
  "lasso 1e-6": {
    samples: "ours",
    code: (X, D) => lasso(X, D, { lambda: LAMBDA, nonneg: true, tol: 1e-6 }).codes,
    judge: judgeGap,
  },
  "omp": { samples: "ours", code: (X, D) => omp(X, D, { k: K }).codes, judge: judgeShare },
  "fista": {
    samples: "fista",
    code: (X, D) => fista(X, D, { lambda: LAMBDA, nonneg: true, tol: TOL, nIter: 20_000 }),
    judge: judgeGap,
  },
};

/** Runs one of ours, and keeps the least CPU time. */
function runOurs(results: Map<string, Result>, name: string, X: Matrix, D: Matrix): void {
  const { code, judge } = OURS[name], before = process.cpuUsage();
  const codes = code(X, D);
  const { user, system } = process.cpuUsage(before);
  keep(
    results,
    name,
    (user + system) / X.rows,
    () => judge(X, D, isCsrMatrix(codes) ? toDense(codes) : codes),
  );
}

function keep(
  results: Map<string, Result>,
  name: string,
  micros: number,
  judge: () => Omit<Result, "micros">,
): void {
  const known = results.get(name);
  if (known) known.micros = Math.min(known.micros, micros);
  else results.set(name, { micros, ...judge() });
}

/** Codes of Python's libraries for X; throws when Python cannot be run. */
async function runPeers(
  python: string,
  results: Map<string, Result>,
  X: Matrix,
  D: Matrix,
): Promise<void> {
  type Reply = Record<string, { seconds: number; codes: string; error?: string }>;
  await runDriver<Reply, void>(
    python,
    "./peers_driver.py",
    (folder) => ({
      ...writeArrays(folder, { x: X, d: D }),
      ...{ lambda: LAMBDA, tol: TOL, k: K, out: folder },
    }),
    (replies) => {
      for (const [name, { seconds, codes, error }] of Object.entries(replies)) {
        if (error) {
          results.set(name, { micros: NaN, quality: NaN, error });
          continue;
        }
        keep(results, name, 1e6 * seconds / X.rows, () => {
          const data = new Float64Array(Deno.readFileSync(codes).buffer);
          const judge = name === "orthogonal_mp_gram" ? judgeShare : judgeGap;
          // rounding of a path can leave codes just below 0
          const clamped = judge === judgeGap ? data.map((value) => Math.max(value, 0)) : data;
          return judge(X, D, { rows: X.rows, cols: D.cols, data: clamped });
        });
      }
    },
  );
}

async function compareCase(
  { n, dictionary, ...rows }: PeerCase,
  python: string,
  repeats: number,
): Promise<Map<string, Result>> {
  const { X, D } = peerProblem(n, dictionary, rows.ours);
  const results = new Map<string, Result>();
  for (let turn = 0; turn < repeats; turn++) {
    for (const [name, { samples }] of Object.entries(OURS)) {
      runOurs(results, name, firstRows(X, rows[samples]), D);
    }
    await runPeers(python, results, firstRows(X, rows.peers), D);
  }
  return results;
}

/** One line per solver: its time, how many times as long as ours that is, and how good its codes are. */
function tableRows(results: Map<string, Result>): Record<string, Record<string, string>> {
  return Object.fromEntries([...results].map(([name, { micros, quality, missed, error }]) => {
    const ours = results.get(/mp/.test(name) ? "omp" : "lasso")!.micros;
    const row: Record<string, string> = error ? { "µs": error } : {
      "µs": micros.toPrecision(3),
      "times ours": (micros / ours).toPrecision(3),
      "max gap": missed === undefined ? "" : quality.toExponential(1),
      "above 1e-4": missed === undefined ? "" : String(missed),
      "left of ‖x‖²": missed === undefined ? quality.toExponential(1) : "",
    };
    return [name, row];
  }));
}

if (import.meta.main) {
  try {
    Deno.exitCode = await compare(Deno.args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    Deno.exitCode = 2;
  }
}

/** Runs the command; returns its exit code. */
async function compare(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(commandUsage(command));
    return 0;
  }
  const { python, repeats, json, case: names, learners, ...flags } = parse(args);
  if (learners) {
    const all: Record<string, Awaited<ReturnType<typeof compareLearners>>> = {};
    for (const one of chooseLearnerCases(names)) {
      console.error(`${one.id} …`);
      all[one.id] = await compareLearners(one, { python, ...flags });
      if (json) continue;
      console.log(one.id);
      console.table(learnerRows(all[one.id]));
    }
    if (json) {
      const plain = Object.entries(all).map(([id, one]) => [id, Object.fromEntries(one)]);
      console.log(JSON.stringify(Object.fromEntries(plain), null, 2));
    }
    return 0;
  }
  const cases = chooseCases(names);
  let failed = false;
  const all: Record<string, Record<string, Result>> = {};
  for (const one of cases) {
    console.error(`${one.id} …`);
    const results = await compareCase(one, python, repeats);
    all[one.id] = Object.fromEntries(results);
    failed ||= results.get("lasso")!.missed !== 0;
    if (json) continue;
    console.log(one.id);
    console.table(tableRows(results));
  }
  if (json) console.log(JSON.stringify(all, null, 2));
  return failed ? 1 : 0;
}
