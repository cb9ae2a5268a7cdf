/**
 * Tables of Markdown, and those that commands write into files which people write: they stand between two marks.
 * @module
 */

/**
 * A table of Markdown.
 *
 * @param header Names of the columns.
 * @param lines Texts of the cells, as many in each line as there are columns.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { markdownTable } from "./marked_table.ts";
 *
 * assert.equal(markdownTable(["n", "MCC"], [["50", ".97"]]), "| n | MCC |\n| --- | --- |\n| 50 | .97 |");
 * ```
 */
export function markdownTable(
  header: readonly string[],
  lines: readonly (readonly string[])[],
): string {
  return [header, header.map(() => "---"), ...lines]
    .map((fields) => `| ${fields.join(" | ")} |`).join("\n");
}

/**
 * A text with another table between its marks, `<!-- NAME -->` and `<!-- /NAME -->`, each on a line of
 * its own. Formatters leave what stands between them alone.
 *
 * @param file Name of the file, for the error.
 * @param text Its text.
 * @param name Name of the marks.
 * @param table The new table.
 * @throws {RangeError} Where the marks are not there, each once and in order.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { withTable } from "./marked_table.ts";
 *
 * const text = withTable("a.md", "x\n<!-- t -->\nold\n<!-- /t -->\ny", "t", "new");
 * assert.match(text, /^x\n<!-- t -->\n[^]*\nnew\n[^]*<!-- \/t -->\ny$/);
 * assert.equal(withTable("a.md", text, "t", "new"), text);
 * ```
 */
export function withTable(file: string, text: string, name: string, table: string): string {
  const [first, last] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, ...rest] = text.split(`${first}\n`);
  const [inside, after, ...more] = rest.join("").split(last);
  if (rest.length !== 1 || inside === undefined || after === undefined || more.length > 0) {
    throw new RangeError(
      `Cannot use ${file}: it must have the marks ${first} and ${last} once each`,
    );
  }
  return `${before}${first}\n\n<!-- deno-fmt-ignore-start -->\n\n${table}\n\n` +
    `<!-- deno-fmt-ignore-end -->\n\n${last}${after}`;
}
