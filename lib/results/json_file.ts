/**
 * JSON files whose form is checked when they are read.
 * @module
 */

import { readPlainFile } from "../atomic_file.ts";
import { printable } from "./printable.ts";

/** The form of a file, such as a schema of zod. */
export interface Form<T> {
  /** Tells whether some content has the form, and if not, where and why. */
  safeParse(content: unknown): { success: true; data: T } | {
    success: false;
    error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] };
  };
}

/**
 * Reads a JSON file of a known form.
 *
 * @param path Path of the file.
 * @param schema The form.
 * @param what The form in words, for the message.
 * @returns The content, or undefined where there is no such file.
 * @throws {Deno.errors.NotCapable} Without the permission to read the file.
 * @throws {RangeError} Where the file cannot be read, is no JSON or has another form; the message
 * names the file and the rule.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as z from "npm:zod@4.6.7";
 * import { readJson } from "./json_file.ts";
 *
 * assert.equal(readJson("no/such/file.json", z.array(z.number()), "a list of numbers"), undefined);
 * ```
 */
export function readJson<T>(path: string, schema: Form<T>, what: string): T | undefined {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(readPlainFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.NotCapable) throw error;
    const [reason] = (error as Error).message.split("\n");
    throw new RangeError(
      reason.startsWith("Cannot read") ? reason : `Cannot read ${path}: ${reason}`,
      { cause: error },
    );
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new RangeError(
      `Cannot use ${path}: it must be ${what}, got text that is not JSON (${
        printable((error as Error).message)
      })`,
    );
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const { path: where, message } = parsed.error.issues[0];
  throw new RangeError(
    `Cannot use ${path}: it must be ${what}, at ${
      printable(where.join(".")) || "the top"
    }: ${message}`,
  );
}
