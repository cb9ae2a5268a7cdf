/**
 * Runs the campaign of wrong arguments and collects what was mishandled. As a script it tries
 * everything: `deno run --allow-read tests/campaign/run_misuse.ts`.
 * @module
 */
import type { Verdict } from "./misuse.ts";

/** Milliseconds after which a call on eight samples counts as hanging. */
const HANGS = 5_000;

/** What a campaign found. */
export interface Findings {
  /** Number of bad calls. */
  tried: number;
  /** The mishandled ones, in words. */
  faults: string[];
}

/** Tries one bad call in `share`. */
export async function misuse(share: number): Promise<Findings> {
  const findings: Findings = { tried: 0, faults: [] };
  for (let from: number | undefined = 0; from !== undefined;) {
    from = await misuseFrom(from, share, findings);
  }
  return findings;
}

/** Tries the calls after the first `from`; returns the number of one that hangs. */
function misuseFrom(
  from: number,
  share: number,
  findings: Findings,
): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const worker = new Worker(new URL("./misuse.ts", import.meta.url), { type: "module" });
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  const end = (hung?: number) => {
    clearTimeout(watchdog);
    worker.terminate();
    resolve(hung);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    worker.terminate();
    reject(new Error(event.message));
  };
  worker.onmessage = ({ data }: MessageEvent<Verdict & { ended?: boolean } | undefined>) => {
    clearTimeout(watchdog);
    if (!data) return end();
    if (data.ended) {
      findings.tried++;
      if (data.fault) findings.faults.push(`${data.name}: ${data.fault}`);
    } else {
      watchdog = setTimeout(() => {
        findings.tried++;
        findings.faults.push(`${data.name}: hangs`);
        end(data.count);
      }, HANGS);
    }
  };
  worker.postMessage({ share, from });
  return promise;
}

if (import.meta.main) {
  const { tried, faults } = await misuse(1);
  for (const fault of faults) console.log(fault);
  console.log(`${tried} tried, ${faults.length} mishandled`);
  // a worker that hangs would keep the process
  Deno.exit(faults.length > 0 ? 1 : 0);
}
