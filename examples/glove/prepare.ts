/**
 * Writes the vectors as `acts.npy`, rows as `deno task train`, `encode` and `audit` take them, and the words, a
 * line each, as `words.txt`.
 *
 * In this folder: `deno task prepare`.
 */
import { makeFolder, writeAtomic } from "../../lib/atomic_file.ts";
import { writeNpy } from "../../lib/matrix_file.ts";
import { standardized } from "./sets.ts";
import { readWords } from "./words.ts";

makeFolder("data");
writeNpy("data/acts.npy", standardized());
writeAtomic("data/words.txt", readWords().words.map((word) => `${word}\n`).join(""));
console.log("data/acts.npy: 20,000 × 100; data/words.txt");
