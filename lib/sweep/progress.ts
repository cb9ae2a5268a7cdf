/**
 * Progress of a run on stderr: a bar on a terminal, lines elsewhere.
 * @module
 */
import cliProgress from "npm:cli-progress@3.12.0";
import type { Cell } from "./experiment.ts";
import { keyInWords } from "../results.ts";

/** Outside a terminal, partial progress is told at most so often. */
const LINE_INTERVAL_MS = 10_000;

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
 * @param options `quiet` draws nothing; `terminal` draws a bar instead of lines.
 *
 * @example
 * ```ts
 * import { createProgress } from "./progress.ts";
 * const progress = createProgress([{ key: { seed: 0 }, cost: 1 }], { quiet: true });
 * progress.stop();
 * ```
 */
export function createProgress(
  cells: readonly Cell[],
  { quiet = false, terminal = Deno.stderr.isTerminal() }: { quiet?: boolean; terminal?: boolean } =
    {},
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
  const draw = terminal ? barDrawing(state()) : lineDrawing();
  return {
    update(cell, fraction) {
      shares.set(cell, Math.min(Math.max(fraction, 0), 1));
      draw.update(state());
    },
    end(cell, note) {
      shares.set(cell, 1);
      ended++;
      draw.end(state(), `${keyInWords(cell.key, varying)}: ${note}`);
    },
    stop: draw.stop,
  };
}

/**
 * Seconds in words, at a precision that suits an estimate: `8 s`, `3 min 20 s`, `2 h 5 min`.
 *
 * @example
 * ```ts
 * import { duration } from "./progress.ts";
 * duration(200); // "3 min 20 s"
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

/** What is used of the package's bar; it has no types of its own. */
interface Bar {
  start(total: number, value: number, words: State & { note: string }): void;
  update(value: number, words: State & { note: string }): void;
  stop(): void;
}

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

function barDrawing(initial: State): Drawing {
  const bar: Bar = new cliProgress.SingleBar({
    format: "{bar} {percent} % · {count} · {left}{note}",
    // the run has its own handlers for signals
    gracefulExit: false,
    hideCursor: true,
    clearOnComplete: true,
  }, cliProgress.Presets.shades_classic);
  let note = "";
  const draw = (state: State) => bar.update(state.percent, { ...state, note });
  bar.start(100, 0, { ...initial, note });
  return {
    update: draw,
    end(state, text) {
      note = ` · ${text}`;
      draw(state);
    },
    stop: () => bar.stop(),
  };
}
