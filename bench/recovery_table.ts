/**
 * What the path learner found in a case, seed by seed and over the seeds, and which aims that misses.
 * @module
 */
import { markdownTable } from "../lib/reports/marked_table.ts";
import { type Aim, type Case, type CaseName, CASES, type Measure } from "./recovery_cases.ts";

/** MCC in distribution and out of it, by the paper's coding and by a finer one. */
export interface Scores {
  paper: { id: number; ood: number };
  finer: { id: number; ood: number };
}

/** What one learning led to. */
export interface Judged {
  case: CaseName;
  seed: number;
  /** Atoms of the start, where the learner was not told n. */
  atMost?: number;
  atoms: number;
  /** Of the dictionary's values; some older numbers have none. */
  digest?: string;
  /** Latents with an atom of |cosine| above 0.9. */
  found: number;
  scores: Scores;
  /** Those of the true dictionary, up to 1000 latents. */
  oracle?: Scores;
  /** The least of all times that were measured. */
  seconds: number;
  /** Of all threads, the least too. */
  cpuSeconds: number;
  /** The processor that took so long. */
  cpu: string;
  /** Smallest and median margin, where atoms were pruned. */
  margins?: { least: number; median: number };
  /** Whether the learner, not told n, says that its start was too wide. */
  tooWide?: boolean;
  /** Share of the atoms that stand for one sample at the end of the search, and for few. */
  single: number;
  few: number;
}

const MEASURES: Record<Measure, (judged: Judged) => number> = {
  "ID": ({ scores }) => scores.paper.id,
  "OOD": ({ scores }) => scores.paper.ood,
  "ID, finer": ({ scores }) => scores.finer.id,
  "OOD, finer": ({ scores }) => scores.finer.ood,
  "ID below the true dictionary's": ({ scores, oracle }) => oracle!.paper.id - scores.paper.id,
  "OOD below the true dictionary's": ({ scores, oracle }) => oracle!.paper.ood - scores.paper.ood,
  "seconds": ({ seconds }) => seconds,
  "CPU seconds": ({ cpuSeconds }) => cpuSeconds,
};
/** Of these more is better, of the others less. */
const GAINS: ReadonlySet<Measure> = new Set(["ID", "OOD", "ID, finer", "OOD, finer"]);

/** These are told as they are, the others as scores. */
const COUNTED: ReadonlySet<Measure> = new Set(["seconds", "CPU seconds"]);

/** A score without its zero: .9876. */
const score = (value: number) => value.toFixed(4).replace(/^0/, "");
const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** One seed in a line. */
export function lineOf(judged: Judged): string {
  const pairs = ({ paper, finer }: Scores) =>
    [paper, finer].map(({ id, ood }) => `${score(id)}; ${score(ood)}`).join(" | ");
  const { atoms, found, scores, oracle, seconds, cpuSeconds, margins } = judged;
  return [
    `${judged.case}, seed ${judged.seed}: ${atoms} atoms, ${found} found`,
    pairs(scores) + (oracle ? ` (true dictionary ${pairs(oracle)})` : ""),
    `${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} CPU s`,
    `single ${score(judged.single)}, few ${score(judged.few)}`,
    ...judged.tooWide ? ["too wide"] : [],
    ...margins ? [`margins ${margins.least.toFixed(2)}, ${margins.median.toFixed(2)}`] : [],
  ].join("; ");
}

/** Mean and worst of a measure over the seeds. */
function over(judged: readonly Judged[], of: Measure): { mean: number; worst: number } {
  const values = judged.map(MEASURES[of]);
  return {
    mean: mean(values),
    worst: GAINS.has(of) ? Math.min(...values) : Math.max(...values),
  };
}

/** What a case's aims are, each with whether it is reached. */
function verdicts(name: CaseName, judged: readonly Judged[]): string[] {
  const { aims, atoms, n }: Case = CASES[name];
  const told = (value: number, of: Measure) => COUNTED.has(of) ? `${value}` : score(value);
  const list = aims.map(({ of, ...limits }: Aim) => {
    const measured = over(judged, of), gain = GAINS.has(of);
    const reached = (["mean", "worst"] as const).every((key) => {
      const limit = limits[key];
      return limit === undefined || (gain ? measured[key] >= limit : measured[key] <= limit);
    });
    const worst = limits.worst === undefined ? "" : ` (${told(limits.worst, of)})`;
    const limit = limits.mean === undefined ? "" : ` ${told(limits.mean, of)}`;
    return `${of} ${gain ? "≥" : "≤"}${limit}${worst}: ${reached ? "yes" : "**no**"}`;
  });
  if (atoms) {
    const near = judged.filter((one) => Math.abs(one.atoms - n) <= atoms.off).length;
    const off = atoms.off > 0 ? `within ${atoms.off}` : "exact";
    const often = atoms.share < 1 ? ` on ${100 * atoms.share} %` : "";
    list.push(
      `atoms ${off}${often}: ${
        near / judged.length >= atoms.share ? "yes" : "**no**"
      } (${near} of ${judged.length})`,
    );
  }
  return list;
}

/** Mean (worst) over the seeds of every case, as a table of Markdown; then the aims, reached or not. */
export function tableOf(judged: readonly Judged[]): string {
  const columns: Measure[] = ["ID", "OOD", "ID, finer", "OOD, finer"];
  const cases = (Object.keys(CASES) as CaseName[]).flatMap((name) => {
    const own = judged.filter((one) => one.case === name);
    return own.length > 0 ? [{ name, own }] : [];
  });
  const rows = cases.map(({ name, own }) => {
    const atoms = own.map((one) => one.atoms),
      [least, most] = [Math.min(...atoms), Math.max(...atoms)];
    const cells = columns.map((of) => {
      const { mean, worst } = over(own, of);
      return `${score(mean)} (${score(worst)})`;
    });
    const found = `${Math.min(...own.map((one) => one.found))}`;
    const seconds = over(own, "CPU seconds").mean.toFixed(1);
    return [
      ...[name, `${own.length}`, least === most ? `${least}` : `${least} to ${most}`, found],
      ...[...cells, seconds],
    ];
  });
  const head = ["case", "seeds", "atoms", "found, least", ...columns, "CPU s"];
  return [
    markdownTable(head, rows),
    "",
    markdownTable(
      ["case", "aims"],
      cases.map(({ name, own }) => [name, verdicts(name, own).join("; ")]),
    ),
  ].join("\n");
}
