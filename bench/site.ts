/**
 * `deno task bench:site`: what a reader of the built site waits for, in headless Chromium: the first
 * paint, the Lab's first result, the turns of the page's main thread while autoencoders train, and what
 * the Lab loads at first.
 *
 * Permissions: read the checkout; run of chromium, and the net of this machine for it.
 */
import { join } from "node:path";
import { type BrowserPage, withPage } from "../tests/fixtures/devtools.ts";
import { serveFolder } from "../tests/fixtures/serve_folder.ts";
import { printable } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { FlagValues } from "../lib/sweep/flags.ts";
import { folder, integer } from "../lib/sweep/kinds.ts";
import { atPlace } from "../lib/sweep/places.ts";

const FLAGS = {
  site: {
    about: "folder of the site, as `deno task site` built it",
    kind: folder,
    default: "site",
  },
  repeats: {
    about: "loads of each page, of which the fastest counts: other load only ever adds to a time",
    kind: integer({ min: 1 }),
    default: 5,
  },
  seconds: {
    about: "longest that the training with 300 latents is watched",
    kind: integer({ min: 1 }),
    default: 60,
  },
  json: { about: "print JSON, with every time measured, instead of the table" },
} as const;

/** The command, for its usage and for the completion of a shell. */
export const command: Command<typeof FLAGS> = {
  task: "bench:site",
  action: "measure the site",
  about:
    `Measures in headless Chromium, with empty caches, what a reader of the site waits for. A block is what
keeps the page from its next turn. Takes two minutes; on a busy machine the times are longer.`,
  flags: FLAGS,
  closing: "Exit code: 0 measured, 2 bad usage, or no site in the folder.",
};

/** What was measured. */
interface SiteTimes {
  /** Browser and its version. */
  browser: string;
  /** Milliseconds from the request of a page to its first paint with content, by page. */
  firstPaint: Record<string, number[]>;
  /** Milliseconds from the request of the Lab to the first drawn codes, by latents. */
  firstResult: Record<string, number[]>;
  /** The training with 300 latents. */
  training: {
    /** Seconds that it was watched. */
    seconds: number;
    /** Milliseconds that a timer of the main thread came too late, at most. */
    longest: number;
    /** Milliseconds of the turns that the browser itself calls long, those of 50 and more. */
    blocks: number[];
  };
  /** Bytes of the Lab's first load, as they are and by gzip, with a request for each file. */
  load: { files: number; bytes: number; gzip: number };
}

if (import.meta.main) await runCommand(command, measure);

async function measure(
  { site, repeats, seconds, json }: FlagValues<typeof FLAGS>,
): Promise<void> {
  atPlace("--site must be a folder with a built site", site, () => {
    Deno.statSync(join(site, "lab/index.html"));
  });
  const { server, address } = serveFolder(site, { fresh: true });
  const profile = join(Deno.cwd(), `.tmp/profile-${Deno.pid}`);
  const times = await withPage({ profile }, (page) => timesOf(page, { address, repeats, seconds }));
  await server.shutdown();
  const files = await Promise.all(times.loaded.map((path) => Deno.readFile(join(site, path))));
  const packed = await Promise.all(files.map(gzipped));
  const result: SiteTimes = {
    ...times.measured,
    load: { files: files.length, bytes: sum(files.map(({ length }) => length)), gzip: sum(packed) },
  };
  console.log(json ? JSON.stringify(result, null, 2) : tableOf(result).map(printable).join("\n"));
}

/** What the browser tells; `loaded` are the files that the Lab has loaded when it shows its first codes. */
async function timesOf(
  page: BrowserPage,
  { address, repeats, seconds }: { address: string; repeats: number; seconds: number },
): Promise<{ measured: Omit<SiteTimes, "load">; loaded: string[] }> {
  const { product } = await page.send("Browser.getVersion");
  const size = { width: 1400, height: 900, deviceScaleFactor: 1, mobile: false };
  await page.send("Emulation.setDeviceMetricsOverride", size);
  await page.send("Page.addScriptToEvaluateOnNewDocument", { source: `(${watch})()` });
  const paths = { Home: "index.html", Lab: "lab/index.html", Gallery: "gallery/index.html" };
  const firstPaint: Record<string, number[]> = {}, firstResult: Record<string, number[]> = {};
  const keep = (all: Record<string, number[]>, name: string, value: number) =>
    (all[name] ??= []).push(Math.round(value));
  let loaded: string[] = [];
  for (let run = 0; run < repeats; run++) {
    for (const [name, path] of Object.entries(paths)) {
      await page.open(address + path);
      keep(firstPaint, name, await page.evaluate(paint));
    }
    for (const n of [100, 1000]) {
      page.requested.length = 0;
      await page.open(`${address}lab/index.html?n=${n}`);
      keep(firstResult, `n = ${n}`, await page.evaluate(codes));
      const own = page.requested.filter((url) => url.startsWith(address));
      loaded = [...new Set(own.map((url) => new URL(url).pathname.slice(1)))];
    }
  }
  // no sooner is one page's training over than the next begins
  await page.open(`${address}lab/index.html?n=300`);
  await page.evaluate(codes);
  const training = await page.evaluate(blocks, 1000 * seconds);
  return { measured: { browser: product, firstPaint, firstResult, training }, loaded };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

async function gzipped(file: Uint8Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([file]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

function tableOf({ browser, firstPaint, firstResult, training, load }: SiteTimes): string[] {
  const fastest = (times: Record<string, number[]>) =>
    Object.entries(times).map(([name, all]) => `${name} ${Math.min(...all)} ms`).join(", ");
  const { seconds, longest, blocks } = training,
    megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
  return [
    `${browser}, ${navigator.hardwareConcurrency} cores`,
    `first paint: ${fastest(firstPaint)}`,
    `the Lab's first codes: ${fastest(firstResult)}`,
    `training with n = 300, watched for ${seconds} s: longest block ${longest} ms, ` +
    `${blocks.length} of 50 ms and more`,
    `the Lab's first load: ${load.files} files, ${megabytes(load.bytes)}, ` +
    `by gzip ${megabytes(load.gzip)}`,
  ];
}

/* ---- these run in the page ---- */

// deno-lint-ignore no-explicit-any -- the DOM is the browser's, not Deno's
type Scope = any;

/** Before the page's own scripts: looks for the first codes, and for what keeps the thread busy. */
function watch(): void {
  const scope = globalThis as Scope;
  const seen = { first: 0, longest: 0, blocks: [] as number[] };
  scope.seen = seen;
  new scope.PerformanceObserver((list: Scope) => {
    for (const { duration } of list.getEntries()) seen.blocks.push(duration);
  }).observe({ type: "longtask", buffered: true });
  // a figure that is drawn is painted with the next frame
  const look = () => {
    const words = scope.document.getElementById("codes-reading")?.textContent;
    if (/ \d+ of \d+/.test(words ?? "")) {
      scope.requestAnimationFrame(() => setTimeout(() => seen.first = performance.now()));
    } else scope.requestAnimationFrame(look);
  };
  look();
  // how late a timer is, is how long something else had the thread
  const wait = 5;
  let due = performance.now() + wait;
  setInterval(() => {
    const now = performance.now();
    seen.longest = Math.max(seen.longest, now - due);
    due = now + wait;
  }, wait);
}

async function paint(): Promise<number> {
  for (;;) {
    const [entry] = performance.getEntriesByName("first-contentful-paint");
    if (entry) return entry.startTime;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function codes(): Promise<number> {
  const { seen } = globalThis as Scope;
  while (seen.first === 0) {
    if (performance.now() > 60_000) {
      throw new Error("The Lab must show codes, got none in a minute");
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return seen.first;
}

/** Watches from the first codes on until all is learned, or for so many milliseconds. */
async function blocks(most: number): Promise<SiteTimes["training"]> {
  const { seen, document } = globalThis as Scope, start = performance.now();
  Object.assign(seen, { longest: 0, blocks: [] });
  const isDone = () => document.getElementById("status").textContent === "Done";
  while (!isDone() && performance.now() - start < most) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return {
    seconds: Math.round((performance.now() - start) / 1000),
    longest: Math.round(seen.longest),
    blocks: seen.blocks.map(Math.round),
  };
}
