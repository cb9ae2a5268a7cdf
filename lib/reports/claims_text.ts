/**
 * Claims with their verdicts in words: for the terminal, as a table in Markdown, and as a part of the
 * report.
 * @module
 */
import { inHours, printable } from "../results.ts";
import type { JudgedClaim, JudgedCondition, Judgement } from "./claims.ts";
import { type Html, markup } from "./html.ts";
import { markdownTable } from "./marked_table.ts";

/** What a doubting reader asks of every number and threshold. */
const BASIS =
  "Every case is a mean over seeds 0, 1 and 2, of rows made with the paper's options.\n" +
  "Thresholds were set, with their reasons, before there were rows beyond 100 latents.";

/**
 * The text that `deno task claims` prints: every claim with its verdict, the conditions, the cases that
 * do not bear it out, and the commands that make what is missing.
 *
 * @param claims The claims.
 * @param hours Hours of one core that commands take, as far as they are known.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { claimsText } from "./claims_text.ts";
 *
 * assert.equal(claimsText([]), "0 claims: none");
 * ```
 */
export function claimsText(
  claims: readonly JudgedClaim[],
  hours: ReadonlyMap<string, number> = new Map(),
): string {
  const parts = claims.map((claim) =>
    [
      `${claim.verdict.toUpperCase()}  ${claim.id}: ${claim.says}`,
      `  claimed in: ${claim.source}; figure: ${claim.figure}`,
      ...judgementLines(claim, hours),
      `  all rows of it: ${claim.commands.join("; ")}`,
      ...claim.asides.flatMap((aside) =>
        [`  beside it: ${aside.says}: ${aside.verdict}`]
          .concat(judgementLines(aside, hours).map((line) => `  ${line}`))
      ),
    ].map((line) => printable(line)).join("\n")
  );
  const total = `${claims.length} claims: ${countsText(claims)}`;
  return (claims.length > 0 ? [...parts, BASIS, total] : [total]).join("\n\n");
}

/**
 * The table of the README: a claim, its verdict, the numbers, the figure.
 *
 * @param claims The claims.
 * @param figures Folder of the figures, as links of the file name it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { claimsTable } from "./claims_text.ts";
 *
 * assert(claimsTable([], "figures").startsWith("| the paper says | verdict "));
 * ```
 */
export function claimsTable(claims: readonly JudgedClaim[], figures: string): string {
  const all = (conditions: readonly JudgedCondition[]) =>
    conditions.map((condition) => numbers(condition)).join("; ");
  const lines = claims.map(({ says, verdict, conditions, figure, commands, asides }) => [
    says,
    `**${verdict}**`,
    all(conditions) +
    asides.map((aside) => `<br>_${aside.says}_: **${aside.verdict}** (${all(aside.conditions)})`)
      .join(""),
    `[figure](${figures}/${figure}.svg), ` +
    commands.map((command) => `\`${command.split(" ")[2]}\``).join(", "),
  ]);
  const header = [
    "the paper says",
    "verdict",
    "our rows (cases that bear it out)",
    "shown, made by",
  ];
  return markdownTable(header, lines);
}

/**
 * The claims as a part of the report: a table, and under it what was required and why.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { claimsHtml } from "./claims_text.ts";
 *
 * assert.match(String(claimsHtml([])), /<caption>Verdicts<\/caption>/);
 * ```
 */
export function claimsHtml(claims: readonly JudgedClaim[]): Html {
  const shown = (judgement: Judgement) =>
    markup`<ul>${
      judgement.conditions.map((condition) =>
        markup`<li>${numbers(condition, 6)}: ${condition.why}.</li>`
      )
    }${judgement.missing.map((command) => markup`<li>missing: <code>${command}</code></li>`)}</ul>`;
  return markup`<div class="table claims" role="region" tabindex="0" aria-label="Verdicts"><table>
<caption>Verdicts</caption><thead><tr><th scope="col">claim</th><th scope="col">verdict</th>
<th scope="col">what rows show, and why the threshold is there</th></tr></thead><tbody>
${
    claims.map((claim) =>
      markup`<tr><th scope="row">${claim.says}<br><small>${claim.source}</small></th>
<td>${claim.verdict}</td><td>${shown(claim)}${
        claim.asides.map((aside) => markup`<p>${aside.says}: ${aside.verdict}.</p>${shown(aside)}`)
      }</td></tr>
`
    )
  }</tbody></table></div>
`;
}

/** How many claims have each verdict. */
function countsText(claims: readonly JudgedClaim[]): string {
  const counts = Map.groupBy(claims, ({ verdict }) => verdict);
  return [...counts].map(([verdict, group]) => `${group.length} ${verdict}`).join(", ") || "none";
}

function judgementLines(
  { verdict, conditions, missing }: Judgement,
  hours: ReadonlyMap<string, number>,
): string[] {
  const cases = conditions.flatMap(({ cases }) => cases);
  const known = cases.filter(({ holds }) => holds !== undefined);
  const ofIt = known.filter(({ holds }) => holds).length;
  return [
    ...verdict === "not decided"
      ? [
        `  not decided: ${cases.length - known.length} of ${cases.length} cases have no rows yet` +
        (known.length > 0
          ? `; of the others ${ofIt} bear it out, ${known.length - ofIt} do not`
          : ""),
      ]
      : [],
    ...conditions.flatMap((condition) => [
      `  ${numbers(condition, Infinity)}`,
      `    why ${threshold(condition)}: ${condition.why}`,
    ]),
    ...missing.map((command) => {
      const taken = hours.get(command);
      const about = taken === undefined ? "" : ` (about ${inHours(taken)} hours of one core)`;
      return `  missing rows: ${command}${about}`;
    }),
  ];
}

const threshold = ({ is, threshold }: JudgedCondition) =>
  `${is === "at least" ? "≥" : "≤"} ${threshold}`;

/** A condition with its range and so many of the cases that do not bear it out. */
function numbers(condition: JudgedCondition, most = 0): string {
  const { says, cases } = condition;
  const short = (value: number) => told(value, condition.threshold);
  const known = cases.filter(({ value }) => value !== undefined);
  const against = known.filter(({ holds }) => !holds);
  const open = cases.length - known.length;
  const parts = [
    known.length > 0 ? `${known.length - against.length} of ${known.length}` : "",
    open > 0 ? `${open} without rows` : "",
  ].filter((part) => part !== "");
  const values = known.map(({ value }) => value!);
  const range = values.length > 0
    ? ` ${short(Math.min(...values))}${
      values.length > 1 ? ` to ${short(Math.max(...values))}` : ""
    }`
    : "";
  const named = against.slice(0, most).map(({ at, value }) => `${at}: ${short(value!)}`);
  const more = against.length > most ? `; and ${against.length - most} more` : "";
  return `${says} ${threshold(condition)}:${range} (${parts.join(", ")}` +
    `${named.length > 0 ? `; not ${named.join(", ")}${more}` : ""})`;
}

/** A value with three digits, and more where it would read as the threshold that it is not. */
function told(value: number, threshold: number): string {
  // nearer than that is what a mean rounds by
  const digits = [3, 4, 5, 6, 7, 8].find((count) => Number(value.toFixed(count)) !== threshold);
  const text = value.toFixed(digits ?? 3);
  // nothing is below zero that reads as zero
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}
