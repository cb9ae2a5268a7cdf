/**
 * Text from outside, such as file names, flags and messages, made safe to print.
 * @module
 */

/** Controls, C1 controls, separators of lines, and marks that turn the direction of text. */
// deno-lint-ignore no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * A text with every character escaped that would move a terminal's cursor, change its colours, begin
 * a line, or turn the direction of the text around it. All else stays as it is.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { printable } from "./printable.ts";
 *
 * assert.equal(printable("λ = 0.1\x1b[2J\n"), "λ = 0.1\\x1b[2J\\n");
 * ```
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}
