/**
 * Shows the model cache, or shrinks it.
 *
 * `deno task cache --help`
 */
import { formatBytes } from "../lib/sweep/machine_memory.ts";
import { CACHE_LIMIT, listModels, pruneModels } from "../lib/paper/model_cache.ts";
import { atPlace, parseFlags, runPlainCommand } from "../lib/sweep/command.ts";
import { alignColumns } from "../lib/results.ts";

const USAGE = `Usage: deno task cache [flags]

Lists the trained models that all experiments share, the most recently used first. Each is named by
its type, n latents, k active, m observed dimensions, N samples, seed s, epochs e and a digest of all
else that determines its weights. Runs keep at most ${formatBytes(CACHE_LIMIT)}.

  --cache DIR    folder of the models (default: .cache)
  --prune MIB    remove the models not used for longest, until at most so many MiB are left
  --help         print this text

Exit code: 0 done, 2 bad usage.`;

const FLAGS = {
  cache: { default: ".cache" },
  prune: { pattern: /^\d+(\.\d+)?$/, rule: "a number of MiB of at least 0" },
};

if (import.meta.main) await runPlainCommand("look after the cache", USAGE, showOrPrune);

function showOrPrune(): void {
  const { cache, prune } = parseFlags(FLAGS, Deno.args);
  if (prune !== undefined) {
    const removed = atPlace(
      "--cache must be a folder to remove models from",
      cache,
      () => pruneModels(cache, Number(prune) * 2 ** 20),
    );
    console.log(`Removed ${removed.length} models`);
  }
  const files = atPlace("--cache must be a readable folder", cache, () => listModels(cache));
  if (prune === undefined && files.length > 0) {
    console.log(alignColumns([
      ["model", "size", "last used"],
      ...files.map(({ name, size, used }) => [name, formatBytes(size), used.toISOString()]),
    ]));
  }
  const total = files.reduce((sum, { size }) => sum + size, 0);
  console.log(`${files.length} models in ${cache}, ${formatBytes(total)}`);
}
