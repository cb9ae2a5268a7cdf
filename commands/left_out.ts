/**
 * What published rows have no counterpart, why, and how long the runs take that make it.
 * @module
 */
import type { MissingRow } from "../lib/reports/parity.ts";
import type { LeftOut } from "../lib/reports/parity_text.ts";
import { type Row, taskName } from "../lib/results.ts";
import { parseCommandLine } from "../lib/sweep/run_flags.ts";
import { LONG_HOURS } from "../lib/sweep/listing.ts";
import type { Cell, Experiment, OptionSpec } from "../lib/sweep/experiment.ts";
import { experimentNamed } from "../lib/sweep/tasks.ts";

/**
 * Groups published rows without a counterpart by file and reason.
 *
 * @param missing From `compareResults`.
 */
export async function leftOut(missing: readonly MissingRow[]): Promise<LeftOut[]> {
  const byFile = Map.groupBy(
    missing,
    ({ file, row, instead }) => JSON.stringify([file, instead, isOlder(row)]),
  );
  const entries: LeftOut[] = [];
  for (const group of byFile.values()) {
    const [{ file, instead, row }] = group;
    const name = file.replace(/(_diagnostics)?(_n\d+|_\d+k)?\.json$/, "");
    const experiment = await known(name), older = isOlder(row);
    const parts = partsOf(group.map(({ row }) => row), experiment, older);
    for (
      const [reason, part] of Map.groupBy(parts, ({ long }) => instead ?? reasonFor(long, older))
    ) {
      const rows = part.flatMap(({ rows }) => rows);
      const flags = flagsFor(rows, older);
      entries.push({
        file,
        rows: rows.length,
        methods: [...new Set(rows.map((row) => String(row.method ?? row.sae_type)))],
        reason,
        hours: experiment && part.reduce((sum, { hours }) => sum + hours, 0),
        command: `deno task ${taskName(name)} ${flags.join(" ")}`,
      });
    }
  }
  return entries;
}

function reasonFor(long: boolean, older: boolean): string {
  return (long ? `cells over ${LONG_HOURS} hours on two cores: for a cluster` : "not run yet") +
    (older ? " (the older grid)" : "");
}

/** Rows that one part of the work makes, with its hours. */
interface Part {
  rows: Row[];
  hours: number;
  long: boolean;
}

/** A part per method and number of latents where methods can be run alone, else one per number. */
function partsOf(rows: readonly Row[], experiment: Experiment | undefined, older: boolean): Part[] {
  // where there is a list of all methods; that of learning-dynamics has its learners only
  const alone = Array.isArray(
    (experiment?.options as Record<string, OptionSpec<unknown>>)?.methods?.default,
  );
  const groups = Map.groupBy(
    rows,
    (row) => JSON.stringify([row.num_latents, alone ? row.method : ""]),
  );
  return [...groups.values()].map((rows) => {
    if (!experiment) return { rows, hours: 0, long: false };
    const flags = [...flagsFor(rows, older), ...alone ? ["--methods", String(rows[0].method)] : []];
    const { options } = parseCommandLine(experiment, flags);
    const cells = experiment.cells(options).filter(({ key }) =>
      rows.some((row) => belongs(row, key))
    );
    const seconds = cells.reduce((sum, { cost }) => sum + cost, 0);
    return {
      rows,
      hours: seconds / 3600,
      long: cells.some((cell) => hoursAlone(cell) > LONG_HOURS),
    };
  });
}

/** Hours of a cell on two cores, of which one that threads do not share uses one. */
function hoursAlone({ cost, threaded }: Cell): number {
  return cost / 3600 / (threaded ? 2 : 1);
}

/** Rows of the phase file under old names, whose autoencoders have 2n units. */
function isOlder({ eps, rho }: Row): boolean {
  return eps !== undefined && rho === undefined;
}

async function known(name: string): Promise<Experiment | undefined> {
  // the tests' command may read its own folder only
  const { state } = Deno.permissions.querySync({ name: "read", path: "deno.json" });
  return state === "granted" ? await experimentNamed(name) : undefined;
}

/** The flags of a run that makes rows, as far as grids have flags. */
function flagsFor(rows: readonly Row[], older: boolean): string[] {
  const latents = [...new Set(rows.map((row) => Number(row.num_latents)))].filter(Number.isFinite);
  const n = latents.toSorted((a, b) => a - b).join(",");
  // above 500 latents it takes fewer unless told
  const full = rows.some(({ method }) => method === "softplus_adam") && Math.max(...latents) > 500;
  return [
    "--paper",
    ...n === "" ? [] : ["--n", n],
    ...older ? ["--older"] : [],
    ...full ? ["--softplus-steps", "50000"] : [],
  ];
}

/** Whether a row agrees with a key in the columns that it has; eps, rho and δ are rounded. */
function belongs(row: Row, key: Cell["key"]): boolean {
  return Object.entries(key).every(([column, value]) =>
    ["eps", "rho", "delta"].includes(column) || row[column] === undefined || row[column] === value
  );
}
