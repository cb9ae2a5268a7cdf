/**
 * Writes the vectors as `data/acts.npy`, rows as `deno task train` and `audit` take them, and the words, a line
 * each, as `data/words.txt`. The 2000 words of the test come last, where these commands hold them out.
 *
 * In this folder: `deno task prepare`.
 */
import { makeFolder, writeAtomic } from "../../lib/atomic_file.ts";
import { writeNpy } from "../../lib/matrix_file.ts";
import { testLast, wordSets } from "./sets.ts";
import { DIMENSIONS, readWords, WORDS } from "./words.ts";

const { train, heldOut } = wordSets("test"), { words } = readWords();
makeFolder("data");
const data = new Float32Array(WORDS * DIMENSIONS);
data.set(train.data);
data.set(heldOut.data, train.data.length);
writeNpy("data/acts.npy", { rows: WORDS, cols: DIMENSIONS, data });
writeAtomic("data/words.txt", testLast().map((i) => `${words[i]}\n`).join(""));
console.log("data/acts.npy: 20,000 × 100; data/words.txt");
