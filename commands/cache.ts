/**
 * Shows the cache, or shrinks it.
 *
 * `deno task cache --help`
 */
import { CACHE_LIMIT, listCache, pruneCache } from "../lib/paper/cache_folder.ts";
import { alignColumns, printable } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { FlagValues } from "../lib/sweep/flags.ts";
import { decimal, folder } from "../lib/sweep/kinds.ts";
import { atPlace } from "../lib/sweep/places.ts";
import { formatBytes } from "../lib/sweep/machine_memory.ts";

const FLAGS = {
  cache: { about: "folder of the cache", kind: folder, default: ".cache" },
  prune: {
    about: "remove the files not used for longest, until at most so many MiB are left",
    kind: { ...decimal({ min: 0 }), placeholder: "MIB", rule: "a number of MiB of at least 0" },
  },
  json: { about: "print JSON" },
};

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "cache",
  action: "look after the cache",
  about:
    `Lists the trained models that all experiments share, and the runs of DL-FISTA (dl_fista) that took over
a minute, the most recently used first. Each is named by its type, n latents, k active, m observed
dimensions, N samples, seed s, epochs e and a digest of all else that determines it. Runs keep at most
${formatBytes(CACHE_LIMIT)}.`,
  flags: FLAGS,
  closing: "Exit code: 0 done, 2 bad usage.",
};

if (import.meta.main) await runCommand(command, showOrPrune);

function showOrPrune({ cache, prune, json }: FlagValues<typeof FLAGS>): void {
  const removed = prune === undefined ? [] : atPlace(
    "--cache must be a folder to remove models from",
    cache,
    () => pruneCache(cache, prune * 2 ** 20),
  );
  const files = atPlace("--cache must be a readable folder", cache, () => listCache(cache));
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (json) {
    return console.log(
      JSON.stringify({ cache, bytes: total, removed: removed.length, files }, null, 2),
    );
  }
  if (prune !== undefined) console.log(`Removed ${removed.length} files`);
  else if (files.length > 0) {
    console.log(alignColumns([
      ["file", "size", "last used"],
      ...files.map(({ name, size, used }) => [
        name,
        formatBytes(size),
        used.toISOString(),
      ]),
    ]));
  }
  console.log(`${files.length} files in ${printable(cache)}, ${formatBytes(total)}`);
}
