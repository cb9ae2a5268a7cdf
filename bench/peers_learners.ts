/**
 * `deno task bench:peers --learners`: dictionaries by `pathDictionary` beside those of Python's libraries and of
 * the reference's DL-FISTA, from the same samples and in the same time.
 *
 * One thread, CPU time. Ours runs first, with its number of atoms known; every other learner gets as long, and
 * ends with the pass over the samples, or the batch, in which that time is over. All dictionaries are judged alike: by
 * the cosines of their atoms with the true ones, and by the MCC of FISTA's codes for them, as in the paper.
 * @module
 */
import process from "node:process";
import { generateDatasets } from "../lib/data.ts";
import { type Matrix, normalizeColumns, toFloat32 } from "../lib/matrix.ts";
import { evaluate, matchColumns } from "../lib/metrics.ts";
import { infer } from "../lib/paper/instance.ts";
import { pathDictionary } from "../lib/path_dictionary.ts";
import type { LearnerCase } from "./peers_flags.ts";
import { runDriver } from "./peers_process.ts";
import { writeArrays } from "./reference_process.ts";

const K = 10, SEED = 0, SAMPLES = 2500;
/** FISTA as in the paper, for the codes that are scored; the penalty is the reference's in its rounds too. */
const FISTA = { lambda: 0.1, nIter: 100 };
/** Penalties of scikit-learn's learners: its own default, 1, leaves no code. */
const ALPHAS = [0.1, 0.2, 0.3];

/** What a learner did. */
export interface Learned {
  /** CPU seconds. */
  seconds: number;
  /** Passes over the samples. */
  passes: number;
  /** Mean |cosine| of the matched atoms with the true ones. */
  cosine: number;
  /** Share of the true ones that are found: |cosine| above 0.9. */
  found: number;
  /** Mean correlation with the true codes, in distribution and out of it. */
  mccId: number;
  mccOod: number;
}

/** Compares the learners on one problem; those that could not run come with the reason. */
export async function compareLearners(
  { n }: LearnerCase,
  { python, reference, times }: { python: string; reference?: string; times: number },
): Promise<Map<string, Learned | { error: string }>> {
  const { val, ood, A } = generateDatasets({
    ...{ seed: SEED, numLatents: n, k: K, nSamples: 2 * SAMPLES },
  });
  const scored = { id: toFloat32(val.Y), ood: toFloat32(ood.Y) };
  const results = new Map<string, Learned | { error: string }>();
  const judge = (name: string, dictionary: Matrix, seconds: number, passes: number) => {
    const { meanCosine, cosines } = matchColumns(dictionary, A);
    const { mcc_iid, mcc_ood } = evaluate({ ...infer(dictionary, scored, FISTA), val, ood }, {
      null: false,
    });
    results.set(name, {
      ...{ seconds, passes, cosine: meanCosine },
      found: cosines.filter((cosine) => cosine > 0.9).length / n,
      ...{ mccId: mcc_iid!, mccOod: mcc_ood },
    });
  };
  for (
    const [name, size] of [
      ["pathDictionary", { numLatents: n }],
      ['pathDictionary, "auto"', { numLatents: "auto", atMost: Math.ceil(1.2 * n) }],
    ] as const
  ) {
    const before = process.cpuUsage();
    const { dictionary, history } = pathDictionary(val.Y, { ...size, seed: SEED });
    const { user, system } = process.cpuUsage(before);
    judge(name, dictionary, (user + system) / 1e6, history.length);
  }
  const { seconds } = results.get("pathDictionary") as Learned;
  type Reply = Record<
    string,
    { seconds: number; passes: number; dictionary: string } | {
      error: string;
    }
  >;
  await runDriver<Reply, void>(
    python,
    "./peers_learners.py",
    (folder) => ({
      ...{ x: writeArrays(folder, { x: val.Y }).x, n, lambda: FISTA.lambda, alphas: ALPHAS },
      ...{ seed: SEED, seconds: times * seconds, reference: reference ?? null, out: folder },
    }),
    (replies) => {
      for (const [name, reply] of Object.entries(replies)) {
        if ("error" in reply) {
          results.set(name, reply);
          continue;
        }
        const data = new Float64Array(Deno.readFileSync(reply.dictionary).buffer);
        const dictionary = normalizeColumns({ rows: val.Y.cols, cols: n, data });
        judge(name, dictionary, reply.seconds, reply.passes);
      }
    },
  );
  return results;
}

/** One line per learner. */
export function learnerRows(
  results: Awaited<ReturnType<typeof compareLearners>>,
): Record<string, Record<string, string>> {
  return Object.fromEntries([...results].map(([name, result]) => {
    const row: Record<string, string> = "error" in result ? { "s": result.error } : {
      "s": result.seconds.toFixed(1),
      "passes": result.passes.toFixed(result.passes < 10 ? 1 : 0),
      "cosine": result.cosine.toFixed(3),
      "found": `${(100 * result.found).toFixed(1)} %`,
      "MCC (ID)": result.mccId.toFixed(3),
      "MCC (OOD)": result.mccOod.toFixed(3),
    };
    return [name, row];
  }));
}
