/**
 * Shows the model cache, or shrinks it.
 *
 * `deno task cache --help`
 */
import { parseArgs } from "node:util";
import { formatBytes } from "../lib/machine_memory.ts";
import { CACHE_LIMIT, listModels, pruneModels } from "../lib/model_cache.ts";
import { alignColumns } from "../lib/summary.ts";

const USAGE = `Usage: deno task cache [flags]

Lists the trained models that all experiments share, the most recently used first. Each is named by
its type, n latents, k active, m observed dimensions, N samples, seed s, epochs e and a digest of all
else that determines its weights. Runs keep at most ${formatBytes(CACHE_LIMIT)}.

  --cache DIR    folder of the models (default: .cache)
  --prune MIB    remove the models not used for longest, until at most so many MiB are left
  --help         print this text

Exit code: 0 done, 2 bad usage.`;

const refuse = (message: string): never => {
  console.error(`Cannot run cache: ${message}`);
  Deno.exit(2);
};

function flags(): { cache: string; prune?: number; help: boolean } {
  try {
    const { values: { cache, prune, help } } = parseArgs({
      args: Deno.args,
      options: {
        cache: { type: "string", default: ".cache" },
        prune: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (prune !== undefined && !/^\d+(\.\d+)?$/.test(prune)) {
      return refuse(`--prune must be a number of MiB of at least 0, got "${prune}"`);
    }
    return { cache, prune: prune === undefined ? undefined : Number(prune), help };
  } catch (error) {
    return refuse((error as Error).message);
  }
}

const { cache, prune, help } = flags();
if (help) {
  console.log(USAGE);
} else {
  const removed = prune === undefined ? [] : pruneModels(cache, prune * 2 ** 20);
  const files = listModels(cache);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (prune === undefined && files.length > 0) {
    console.log(alignColumns([
      ["model", "size", "last used"],
      ...files.map(({ name, size, used }) => [name, formatBytes(size), used.toISOString()]),
    ]));
  }
  if (prune !== undefined) console.log(`Removed ${removed.length} models`);
  console.log(`${files.length} models in ${cache}, ${formatBytes(total)}`);
}
