/**
 * Whole experiments at n = 100, three seeds, as processes: from start to exit, with what a user waits
 * for around the numbers.
 * @module
 */
import { readRows } from "../lib/results.ts";
import { BLAS_PATHS, systemBlas } from "../lib/system_blas.ts";
import { toleranceOf } from "../lib/reports/tolerances.ts";
import type { Agreement } from "./reference_report.ts";
import { type PythonCommand, pythonCommand } from "./reference_process.ts";

const N = 100, SEEDS = [0, 1, 2];

/** Scores of a row; the accuracies depend on where the installed solver stops. */
const SCORES = ["mcc_iid", "mcc_ood", "auc_iid", "auc_ood"];

/** Experiments that run one after another, each as a process. */
export interface ProcessCase {
  /** As `--case` names it. */
  id: string;
  /** n */
  n: number;
  /** What the work consists of. */
  unit: string;
  /** Seeds of the whole work. */
  whole: number;
  /** The experiments, as the files of both sides are named; dict_quality, whose rows are compared, first. */
  experiments: readonly string[];
  /** Whether it takes the reference so long that it is run only when it is named. */
  long?: boolean;
}

const common = { n: N, unit: "seeds", whole: SEEDS.length };

/** What is compared. */
export const PROCESS_CASES: readonly ProcessCase[] = [
  { ...common, id: `dict-quality-${N}`, experiments: ["dict_quality"] },
  {
    ...common,
    id: `controlled-suite-${N}`,
    experiments: [
      ...["dict_quality", "support_recovery", "warmstart_encoder", "lambda_sensitivity"],
      ...["learning_dynamics", "warmstart_decoder"],
    ],
    long: true,
  },
];

async function seconds(experiment: string, command: Deno.Command): Promise<number> {
  const start = performance.now();
  const { success, code } = await command.output();
  if (!success) throw new Error(`Cannot compare ${experiment}: a process ended with ${code}`);
  return (performance.now() - start) / 1000;
}

/** Seconds of the reference's experiments for the first `seeds` seeds; its rows go below `folder`. */
export async function referenceSeconds(
  experiments: readonly string[],
  python: PythonCommand,
  folder: string,
  seeds: number,
  epochs: number,
): Promise<number> {
  const chosen = SEEDS.slice(0, seeds).join(",");
  let total = 0;
  for (const experiment of experiments) {
    const args = [experiment, folder, String(N), chosen, String(epochs)];
    const command = pythonCommand(python, args, { stdin: "null", stdout: "null" });
    total += await seconds(experiment, command);
  }
  return total;
}

/** Seconds of our experiments for the first `seeds` seeds, their model cache empty at the start. */
export async function ourSeconds(
  experiments: readonly string[],
  folder: string,
  seeds: number,
  epochs: number,
): Promise<number> {
  const cache = Deno.makeTempDirSync({ dir: folder });
  let total = 0;
  for (const experiment of experiments) {
    const script = new URL(`../experiments/${experiment}.ts`, import.meta.url).pathname;
    const command = new Deno.Command("deno", {
      args: [
        ...["run", "--no-prompt", "--ignore-env", "--allow-read=.", "--allow-write=.tmp"],
        ...(systemBlas() === undefined ? [] : [`--allow-ffi=${BLAS_PATHS.join(",")}`]),
        script,
        ...["--paper", "--n", String(N), "--seeds", SEEDS.slice(0, seeds).join(",")],
        ...["--epochs", String(epochs), "--out", folder, "--cache", cache],
        ...["--no-figures", "--fresh", "--quiet"],
      ],
      stdout: "null",
      stderr: "null",
    });
    total += await seconds(experiment, command);
  }
  return total;
}

/** Compares the rows of dict_quality that both have, each by what its method can reproduce. */
export function rowAgreement(oursIn: string, referenceIn: string): Agreement {
  const keyed = (folder: string) =>
    new Map(
      readRows(`${folder}/exp_dict_quality.json`)!.map((row) => [`${row.method} ${row.seed}`, row]),
    );
  const ours = keyed(oursIn), reference = keyed(`${referenceIn}/results`);
  let worst: Agreement = { what: "rows", difference: 0, allowed: 1 };
  for (const [key, row] of reference) {
    const own = ours.get(key);
    if (!own) return { what: `row ${key}`, difference: Infinity, allowed: 0 };
    const { score: allowed } = toleranceOf(String(row.method))!;
    for (const metric of SCORES) {
      const difference = Math.abs(Number(own[metric]) - Number(row[metric]));
      if (!(difference / allowed <= worst.difference / worst.allowed)) {
        worst = { what: `${metric} of ${key}`, difference, allowed };
      }
    }
  }
  return worst;
}
