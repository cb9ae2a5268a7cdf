/**
 * `deno task claims`: the paper's claims, one by one, held against result rows.
 *
 * Permissions: read on the folder of result files; write on the README for `--readme`.
 * @module
 */
import { dirname, resolve } from "node:path";
import { claimRows, judgeClaims } from "../lib/reports/claims.ts";
import { claimsTable, claimsText } from "../lib/reports/claims_text.ts";
import { paperClaims } from "../lib/reports/paper_claims.ts";
import { readRowFiles } from "../lib/reports/row_files.ts";
import { withTable } from "../lib/reports/marked_table.ts";
import { writeAtomic } from "../lib/atomic_file.ts";
import { changedRows, defaultResultFolder, printable, SHIPPED_RESULTS } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import { parseCommandLine } from "../lib/sweep/run_flags.ts";
import { experimentNamed } from "../lib/sweep/tasks.ts";
import { type FlagValues, UsageError } from "../lib/sweep/flags.ts";
import { file, folder, oneOf } from "../lib/sweep/kinds.ts";
import { atPlace, requireWritableFile } from "../lib/sweep/places.ts";

const FLAGS = {
  results: {
    about: "folder of the result files (default: results; before any run of your own, the rows " +
      "that ship with the toolkit)",
    kind: folder,
  },
  only: { about: "one claim alone", kind: oneOf(paperClaims.map(({ id }) => id)) },
  readme: {
    about: "also write the table between the marks of this file, such as README.md",
    kind: file,
  },
  json: { about: "print the claims as JSON" },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "claims",
  action: "judge the claims",
  about:
    `Holds the paper's claims against result rows made with the paper's options: verdict, numbers, the
threshold with its reason, the figure, and the commands that make missing rows. What methods that are
not the paper's change is said beside a claim and decides nothing of it.`,
  flags: FLAGS,
  // the table is of all claims
  exclusive: [["only", "readme"]],
  closing: "Exit code: 0 judged, 2 bad usage or unusable files.",
};

if (import.meta.main) await runCommand(command, tellClaims);

async function tellClaims(
  { results = defaultResultFolder(), only, readme, json }: FlagValues<typeof FLAGS>,
): Promise<void> {
  const { files, experiments } = atPlace(
    "--results must be a readable folder",
    results,
    () => readRowFiles(results),
  );
  if (files.length === 0) {
    throw new UsageError(`--results must hold files named exp_*.json, got none in "${results}"`);
  }
  for (const sentence of changedRows(results, files, experiments)) {
    console.error(printable(sentence));
  }
  const chosen = paperClaims.filter(({ id }) => only === undefined || id === only);
  const claims = judgeClaims(chosen, claimRows(files));
  if (readme !== undefined) {
    requireWritableFile("--readme", readme);
    const old = atPlace("--readme must be readable", readme, () => Deno.readTextFileSync(readme));
    const text = withTable(readme, old, "claims", claimsTable(claims, "figures/shipped"));
    // README.md stands in a folder on which the command has no permission
    const own = dirname(readme);
    const { state } = Deno.permissions.querySync({ name: "write", path: own });
    const through = state === "granted" ? own : "results";
    atPlace("--readme must be writable", readme, () => writeAtomic(readme, text, { through }));
  }
  const open = claims.filter(({ missing }) => missing.length > 0).length;
  if (open > claims.length / 2 && resolve(results) !== resolve(SHIPPED_RESULTS)) {
    console.error(`Most claims lack rows here; the toolkit's own: --results ${SHIPPED_RESULTS}`);
  }
  if (json) return console.log(JSON.stringify(claims, null, 2));
  const hours = new Map<string, number>();
  const judgements = claims.flatMap((claim) => [claim, ...claim.asides]);
  for (const command of new Set(judgements.flatMap(({ missing }) => missing))) {
    const taken = await hoursOf(command);
    if (taken !== undefined) hours.set(command, taken);
  }
  console.log(claimsText(claims, hours));
}

/** Estimated hours of a run, `deno task exp:… …`, of all its cells; undefined where it is not known. */
async function hoursOf(command: string): Promise<number | undefined> {
  const [, , task, ...args] = command.split(" ");
  const experiment = await experimentNamed(task.replace(":", "_").replaceAll("-", "_"));
  if (!experiment) return undefined;
  const cells = experiment.cells(parseCommandLine(experiment, args).options);
  return cells.reduce((sum, { cost }) => sum + cost, 0) / 3600;
}
