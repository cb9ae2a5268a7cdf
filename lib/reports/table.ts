/**
 * The tables of a report.
 * @module
 */
import type { Value } from "../results.ts";
import { type Html, markup } from "./html.ts";
import { measure } from "../results/measures.ts";
import { methodStyle } from "../methods.ts";
import type { SeedTable } from "../results/seed_table.ts";
import type { MeanAndSd } from "../results/statistics.ts";

/**
 * A table over seeds in HTML. Every column head is a button, for the page's script to sort by.
 *
 * @param table From `seedTable`, with at least one line.
 * @param caption What is in it.
 *
 * @example
 * ```ts
 * import { tableHtml } from "./table.ts";
 * import { seedTable } from "../results/seed_table.ts";
 *
 * const table = seedTable([{ method: "fista_oracle", seed: 0, mcc_iid: 0.9 }]);
 * console.log(tableHtml(table, "Scores").text.includes("FISTA, oracle dictionary")); // true
 * ```
 */
export function tableHtml({ settings, scores, lines }: SeedTable, caption: string): Html {
  const heads = [...settings, ...scores].map((column) =>
    markup`<th scope="col"><button type="button">${measure(column).label}</button></th>`
  );
  const body = lines.map((line) => {
    const cells = line.settings.map((value, i) =>
      settings[i] === "method"
        ? methodCell(String(value))
        : markup`<td>${formatSetting(value)}</td>`
    );
    return markup`<tr>${cells}${
      line.scores.map((score) => markup`<td>${formatScore(score)}</td>`)
    }</tr>\n`;
  });
  return markup`<div class="table" role="region" tabindex="0" aria-label="${caption}"><table>
<caption>${caption}</caption><thead><tr>${heads}</tr></thead><tbody>
${body}</tbody></table></div>
`;
}

function methodCell(id: string): Html {
  return markup`<th scope="row">${methodStyle(id).label} <code>${id}</code></th>`;
}

function formatSetting(value: Value | undefined): string {
  return value === undefined || value === null ? "–" : String(value);
}

/** `0.520 ± 0.008`; without a spread for one seed. */
function formatScore(score: MeanAndSd | undefined): string {
  if (!score) return "–";
  const { mean, sd, count } = score;
  // three decimals, or two digits of an error that those cannot show
  const digits = (value: number) =>
    mean !== 0 && Math.abs(mean) < 0.001 ? value.toExponential(1) : value.toFixed(3);
  return count === 1 ? digits(mean) : `${digits(mean)} ± ${digits(sd)}`;
}
