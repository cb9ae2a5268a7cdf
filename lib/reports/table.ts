/**
 * The tables of a report.
 * @module
 */
import { columnOf, formatScore, type SeedTable, type Value } from "../results.ts";
import { type Html, markup } from "./html.ts";
import { methodStyle } from "../methods.ts";

/**
 * A table over seeds in HTML. Every column head is a button, for the page's script to sort by.
 *
 * @param table From `seedTable`, with at least one line.
 * @param caption What is in it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableHtml } from "./table.ts";
 * import { seedTable } from "../results.ts";
 *
 * const table = seedTable([{ method: "fista_oracle", seed: 0, mcc_iid: 0.9 }]);
 * assert.match(tableHtml(table, "Scores").text, /FISTA, oracle dictionary.*<td>0.900<\/td>/);
 * ```
 */
export function tableHtml({ settings, scores, lines }: SeedTable, caption: string): Html {
  const heads = [...settings, ...scores].map((column) =>
    markup`<th scope="col"><button type="button">${columnOf(column).label}</button></th>`
  );
  const body = lines.map((line) => {
    const cells = line.settings.map((value, i) =>
      settings[i] === "method"
        ? methodCell(String(value))
        : markup`<td>${formatSetting(value)}</td>`
    );
    return markup`<tr>${cells}${
      line.scores.map((score) => markup`<td>${formatScore(score, "–")}</td>`)
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
