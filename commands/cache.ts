/**
 * Shows the model cache, or shrinks it.
 *
 * `deno task cache --help`
 */
import { CACHE_LIMIT, listModels, pruneModels } from "../lib/paper/model_cache.ts";
import { alignColumns, printable } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { FlagValues } from "../lib/sweep/flags.ts";
import { decimal, folder } from "../lib/sweep/kinds.ts";
import { atPlace } from "../lib/sweep/places.ts";
import { formatBytes } from "../lib/sweep/machine_memory.ts";

const FLAGS = {
  cache: { about: "folder of the models", kind: folder, default: ".cache" },
  prune: {
    about: "remove the models not used for longest, until at most so many MiB are left",
    kind: { ...decimal({ min: 0 }), placeholder: "MIB", rule: "a number of MiB of at least 0" },
  },
  json: { about: "print JSON" },
};

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "cache",
  action: "look after the cache",
  about:
    `Lists the trained models that all experiments share, the most recently used first. Each is named by
its type, n latents, k active, m observed dimensions, N samples, seed s, epochs e and a digest of all
else that determines its weights. Runs keep at most ${formatBytes(CACHE_LIMIT)}.`,
  flags: FLAGS,
  closing: "Exit code: 0 done, 2 bad usage.",
};

if (import.meta.main) await runCommand(command, showOrPrune);

function showOrPrune({ cache, prune, json }: FlagValues<typeof FLAGS>): void {
  const removed = prune === undefined ? [] : atPlace(
    "--cache must be a folder to remove models from",
    cache,
    () => pruneModels(cache, prune * 2 ** 20),
  );
  const models = atPlace("--cache must be a readable folder", cache, () => listModels(cache));
  const total = models.reduce((sum, { size }) => sum + size, 0);
  if (json) {
    return console.log(
      JSON.stringify({ cache, bytes: total, removed: removed.length, models }, null, 2),
    );
  }
  if (prune !== undefined) console.log(`Removed ${removed.length} models`);
  else if (models.length > 0) {
    console.log(alignColumns([
      ["model", "size", "last used"],
      ...models.map(({ name, size, used }) => [
        name,
        formatBytes(size),
        used.toISOString(),
      ]),
    ]));
  }
  console.log(`${models.length} models in ${printable(cache)}, ${formatBytes(total)}`);
}
