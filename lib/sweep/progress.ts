/**
 * Progress of a run on stderr: a bar on a terminal, lines elsewhere.
 * @module
 */
import type { Cell } from "./experiment.ts";
import { keyInWords, printable } from "../results.ts";

/** Outside a terminal, partial progress is told at most so often. */
const LINE_INTERVAL_MS = 10_000;

/** Where a bar is drawn. */
export interface Terminal {
  /** Writes text as it is. */
  write(text: string): void;
  /** Its width in characters, which may change. */
  columns(): number;
}

/** Draws the progress of a run. */
export interface Progress {
  /** A cell is done to this share, from 0 to 1. */
  update(cell: Cell, fraction: number): void;
  /** A cell ended, with what to say about it. */
  end(cell: Cell, note: string): void;
  /** Removes the bar; nothing may be drawn afterwards. */
  stop(): void;
}

/**
 * Starts drawing.
 *
 * @param cells The cells that will run; their costs weigh the progress.
 * @param options `quiet` draws nothing; on a `terminal` there is a bar instead of lines. Default:
 * stderr, where that is one.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createProgress } from "./progress.ts";
 * let drawn = "";
 * const terminal = { write: (text: string) => void (drawn += text), columns: () => 80 };
 * const cells = [{ key: { seed: 0 }, cost: 1 }];
 * const progress = createProgress(cells, { terminal });
 * progress.end(cells[0], "1 s");
 * progress.stop();
 * assert.match(drawn, /1\/1 cells/);
 * ```
 */
export function createProgress(
  cells: readonly Cell[],
  { quiet = false, terminal = stderrTerminal() }: { quiet?: boolean; terminal?: Terminal } = {},
): Progress {
  if (quiet) return { update() {}, end() {}, stop() {} };
  const started = performance.now();
  const total = cells.reduce((sum, { cost }) => sum + cost, 0);
  const varying = Object.keys(cells[0]?.key ?? {}).filter((column) =>
    column === "seed" || cells.some(({ key }) => key[column] !== cells[0].key[column])
  );
  const shares = new Map<Cell, number>();
  let ended = 0;

  function state(): State {
    let done = 0;
    for (const [cell, share] of shares) done += cell.cost * share;
    const fraction = total > 0 ? done / total : 0;
    const elapsed = (performance.now() - started) / 1000;
    return {
      percent: Math.floor(100 * fraction),
      left: fraction > 0 ? `${duration(elapsed * (1 - fraction) / fraction)} left` : "starting",
      count: `${ended}/${cells.length} cells`,
    };
  }
  const draw = terminal ? barDrawing(state(), terminal) : lineDrawing();
  return {
    update(cell, fraction) {
      shares.set(cell, Math.min(Math.max(fraction, 0), 1));
      draw.update(state());
    },
    end(cell, note) {
      shares.set(cell, 1);
      ended++;
      draw.end(state(), printable(`${keyInWords(cell.key, varying)}: ${note}`));
    },
    stop: draw.stop,
  };
}

/** Tells how far one piece of work is. */
export interface Meter {
  /** So much is done, from 0 to 1, with words for it: `step 3 of 10`. */
  tell(share: number, words: string): void;
  /** Removes the bar; nothing may be told afterwards. */
  stop(): void;
}

/**
 * Starts telling of one piece of work, as {@linkcode createProgress} does of cells. What is left is
 * estimated from what has been done since the first call: work that goes on where an earlier run stopped
 * begins in the middle.
 *
 * @param options As for {@linkcode createProgress}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createMeter } from "./progress.ts";
 * let drawn = "";
 * const terminal = { write: (text: string) => void (drawn += text), columns: () => 80 };
 * const meter = createMeter({ terminal });
 * meter.tell(0.5, "step 5 of 10");
 * meter.stop();
 * assert.match(drawn, /50 % · step 5 of 10 · starting/);
 * ```
 */
export function createMeter(
  { quiet = false, terminal = stderrTerminal() }: { quiet?: boolean; terminal?: Terminal } = {},
): Meter {
  if (quiet) return { tell() {}, stop() {} };
  let first: { share: number; time: number } | undefined, draw: Drawing | undefined;
  return {
    tell(share, words) {
      const now = performance.now();
      first ??= { share, time: now };
      const done = share - first.share, elapsed = (now - first.time) / 1000;
      const state = {
        percent: Math.floor(100 * share),
        left: done > 0 ? `${duration(elapsed * (1 - share) / done)} left` : "starting",
        count: words,
      };
      if (!draw) draw = terminal ? barDrawing(state, terminal) : lineDrawing();
      else draw.update(state);
    },
    stop: () => draw?.stop(),
  };
}

/**
 * Seconds in words, at a precision that suits an estimate: `8 s`, `3 min 20 s`, `2 h 5 min`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { duration } from "./progress.ts";
 *
 * assert.equal(duration(200), "3 min 20 s");
 * ```
 */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
}

/** Share of the whole that is done, in percent, and the words for it. */
type State = { percent: number; left: string; count: string };

/** One way to draw. */
interface Drawing {
  update(state: State): void;
  end(state: State, note: string): void;
  stop(): void;
}

function lineDrawing(): Drawing {
  let told = performance.now();
  const tell = ({ percent, left, count }: State, note = "") => {
    told = performance.now();
    console.error(`${count}, ${percent} %, ${left}${note && `; ${note}`}`);
  };
  return {
    update(state) {
      if (performance.now() - told >= LINE_INTERVAL_MS) tell(state);
    },
    end: tell,
    stop() {},
  };
}

/** Characters of a full bar. */
const BAR = 30;
/** Erases from the cursor to the end of the line. */
const CLEAR = "\x1b[K";

function barDrawing(initial: State, { write, columns }: Terminal): Drawing {
  let note = "", shown = "";
  const draw = ({ percent, count, left }: State) => {
    const full = Math.round(percent / 100 * BAR);
    const bar = "█".repeat(full) + "░".repeat(BAR - full);
    // a line that is as wide as the terminal would wrap, and could not be drawn over
    const line = `${bar} ${percent} % · ${count} · ${left}${note}`.slice(0, columns() - 1);
    if (line !== shown) write(`\r${shown = line}${CLEAR}`);
  };
  draw(initial);
  return {
    update: draw,
    end(state, text) {
      note = ` · ${text}`;
      draw(state);
    },
    stop: () => write(`\r${CLEAR}`),
  };
}

/** The terminal that stderr is, if it is one. */
function stderrTerminal(): Terminal | undefined {
  if (!Deno.stderr.isTerminal()) return undefined;
  const encoder = new TextEncoder();
  return {
    write: (text) => void Deno.stderr.writeSync(encoder.encode(text)),
    columns: () => Deno.consoleSize().columns,
  };
}

/**
 * Splits a progress report among parts that come one after another.
 *
 * @param progress Takes the share of the whole that is done, from 0 to 1.
 * @param costs Estimated cost of every part.
 * @returns Per part, a function that takes the share of that part that is done.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inShares } from "./progress.ts";
 *
 * const told: number[] = [];
 * const [first, second] = inShares((share) => told.push(share), [1, 3]);
 * first(1);
 * second(0.5);
 * assert.deepEqual(told, [0.25, 0.625]);
 * ```
 */
export function inShares(
  progress: (share: number) => void,
  costs: readonly number[],
): ((share: number) => void)[] {
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  let before = 0;
  return costs.map((cost) => {
    const start = before;
    before += cost;
    return (share) => progress((start + share * cost) / total);
  });
}
