/**
 * The files of a learned dictionary in the folder of `--out`: what writes them, and what removes those of an earlier one.
 * @module
 */
import { basename, join } from "node:path";
import { kindOfPath, writeAtomic } from "../lib/atomic_file.ts";
import type { Matrix32 } from "../lib/matrix.ts";
import { writeNpy, writeSafetensors } from "../lib/matrix_file.ts";
import { oneOf } from "../lib/sweep/kinds.ts";

/** The flag of their format. */
export const FORMAT_FLAG = {
  format: {
    about: "whether dictionary and mean are two .npy files or one of safetensors",
    kind: oneOf(["npy", "safetensors"]),
    default: "npy",
  },
} as const;

/** File that tells of a learning, and which files it has left. */
const SUMMARY = "summary.json";

/** What writes the files of a learning, by their names. */
export type Writers = Record<string, (path: string) => void>;

/** Writes a dictionary, and the mean that was taken from the rows. */
export function dictionaryWriters(
  format: "npy" | "safetensors",
  { dictionary, mean }: { dictionary: Matrix32; mean?: Float32Array },
): Writers {
  const { rows, cols, data } = dictionary;
  if (format === "safetensors") {
    const tensors = {
      dictionary: { shape: [rows, cols], data },
      ...mean && { mean: { shape: [rows], data: mean } },
    };
    return {
      "dictionary.safetensors": (path) => writeSafetensors(path, { tensors, metadata: {} }),
    };
  }
  return {
    "dictionary.npy": (path) => writeNpy(path, dictionary),
    ...mean && {
      "mean.npy": (path) => writeNpy(path, { rows: 1, cols: mean.length, data: mean }),
    },
  };
}

/** Paths of the files that a learning leaves: the summary last. */
export function writtenBy(writers: Writers, out: string): string[] {
  return [...Object.keys(writers), SUMMARY].map((name) => join(out, name));
}

/**
 * Writes the files of a learning, and its summary when they are all there; what an earlier one has left goes first.
 *
 * @param files.read What the learning reads.
 */
export function writeFiles(
  out: string,
  { writers, summary, read }: { writers: Writers; summary: object; read: string[] },
): void {
  removeEarlier(out, { but: [...Object.keys(writers), SUMMARY], read });
  for (const [name, write] of Object.entries(writers)) write(join(out, name));
  writeAtomic(join(out, SUMMARY), JSON.stringify(summary, null, 2) + "\n");
}

/**
 * Removes the files of an earlier learning, as its summary tells, which would be taken for those of this one: all but
 * those that this one writes anyway, and what it reads, which it needs again to go on.
 */
function removeEarlier(out: string, { but, read }: { but: string[]; read: string[] }): void {
  const there = read.filter((path) => kindOfPath(path) !== undefined);
  const needed = new Set(there.map((path) => Deno.realPathSync(path)));
  for (const name of writtenEarlier(join(out, SUMMARY))) {
    const path = join(out, name);
    if (but.includes(name) || kindOfPath(path) !== "file") continue;
    if (!needed.has(Deno.realPathSync(path))) Deno.removeSync(path);
  }
}

/** Names of the files that a summary tells of: none where there is no such summary. */
function writtenEarlier(summary: string): string[] {
  if (kindOfPath(summary) !== "file") return [];
  try {
    const { written } = JSON.parse(Deno.readTextFileSync(summary));
    return written.map((path: string) => basename(path));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return [];
    throw error;
  }
}
