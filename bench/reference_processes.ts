/**
 * The whole of dict-quality at n = 100, three seeds, as processes: from start to exit, with what a
 * user waits for around the numbers.
 * @module
 */
import { readRows } from "../lib/results.ts";
import { BLAS_PATHS, systemBlas } from "../lib/system_blas.ts";
import { toleranceOf } from "../lib/tolerances.ts";
import type { Agreement } from "./reference_report.ts";
import { type PythonCommand, pythonCommand } from "./reference_process.ts";

const N = 100, SEEDS = [0, 1, 2];

/** Scores of a row; the accuracies depend on where the installed solver stops. */
const SCORES = ["mcc_iid", "mcc_ood", "auc_iid", "auc_ood"];

/** What is compared. */
export const DICT_QUALITY = {
  id: `dict-quality-${N}`,
  n: N,
  unit: "seeds",
  whole: SEEDS.length,
} as const;

async function seconds(command: Deno.Command): Promise<number> {
  const start = performance.now();
  const { success, code } = await command.output();
  if (!success) throw new Error(`Cannot compare ${DICT_QUALITY.id}: a process ended with ${code}`);
  return (performance.now() - start) / 1000;
}

/** Seconds of the reference's experiment for the first `seeds` seeds; its rows go below `folder`. */
export function referenceSeconds(
  python: PythonCommand,
  folder: string,
  seeds: number,
  epochs: number,
): Promise<number> {
  const chosen = SEEDS.slice(0, seeds).join(",");
  const args = ["dict-quality", folder, String(N), chosen, String(epochs)];
  return seconds(pythonCommand(python, args, { stdin: "null", stdout: "null" }));
}

/** Seconds of our experiment for the first `seeds` seeds, its model cache empty at the start. */
export function ourSeconds(folder: string, seeds: number, epochs: number): Promise<number> {
  const experiment = new URL("../experiments/dict_quality.ts", import.meta.url).pathname;
  return seconds(
    new Deno.Command("deno", {
      args: [
        ...["run", "--no-prompt", "--ignore-env", "--allow-read=.", "--allow-write=.tmp"],
        ...(systemBlas() === undefined ? [] : [`--allow-ffi=${BLAS_PATHS.join(",")}`]),
        experiment,
        ...["--n", String(N), "--seeds", SEEDS.slice(0, seeds).join(",")],
        ...[
          "--epochs",
          String(epochs),
          "--out",
          folder,
          "--cache",
          Deno.makeTempDirSync({ dir: folder }),
        ],
        ...["--no-figures", "--fresh", "--quiet"],
      ],
      stdout: "null",
      stderr: "null",
    }),
  );
}

/** Compares the rows that both have, each by what its method can reproduce. */
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
