/** The bar on a terminal, as the terminal shows it. */
import assert from "node:assert/strict";
import { createMeter, createProgress, duration } from "../lib/sweep/progress.ts";

/** A terminal of one line: what it shows, and whether anything ever wrapped. */
function fakeTerminal(width: number) {
  const screen = { line: "", wrapped: false, writes: 0 };
  let cursor = 0;
  return {
    screen,
    columns: () => width,
    write(text: string) {
      screen.writes++;
      // deno-lint-ignore no-control-regex
      for (const token of text.match(/\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]/gu) ?? []) {
        if (token === "\r") cursor = 0;
        else if (token === "\x1b[K") screen.line = screen.line.slice(0, cursor);
        else {
          assert(!token.startsWith("\x1b"), `unknown to this terminal: ${JSON.stringify(token)}`);
          assert.notEqual(token, "\n");
          screen.line = screen.line.slice(0, cursor) + token + screen.line.slice(cursor + 1);
          if (++cursor >= width) screen.wrapped = true;
        }
      }
    },
  };
}

const cells = [1, 3].map((cost, seed) => ({ key: { n: 50, seed }, cost }));

Deno.test("a bar shows the share of the cost, the cells and the last note, on one line", () => {
  const terminal = fakeTerminal(120), { screen } = terminal;
  const progress = createProgress(cells, { terminal });
  assert.match(screen.line, /^░{30} 0 % · 0\/2 cells · starting$/);
  progress.update(cells[1], 0.5);
  // 1.5 of 4
  assert.match(screen.line, /^█{11}░{19} 37 % · 0\/2 cells · \d+ s left$/);
  progress.end(cells[0], "0.1 s");
  assert.match(screen.line, /^█{19}░{11} 62 % · 1\/2 cells · .* left · seed 0: 0\.1 s$/);
  progress.end(cells[1], "failed: a\nb\x1b[2J");
  assert.match(
    screen.line,
    /^█{30} 100 % · 2\/2 cells · 0 s left · seed 1: failed: a\\nb\\x1b\[2J$/,
  );
  progress.stop();
  assert.equal(screen.line, "");
});

Deno.test("a bar never wraps, however narrow the terminal, and writes only what changed", () => {
  const terminal = fakeTerminal(20), { screen } = terminal;
  const progress = createProgress(cells, { terminal });
  progress.end(cells[0], "x".repeat(500));
  assert.equal(screen.wrapped, false);
  assert.equal(screen.line.length, 19);
  const { writes } = screen;
  for (let i = 0; i < 100; i++) progress.update(cells[1], 1e-6 * i);
  assert.equal(screen.writes, writes);
  progress.stop();
});

Deno.test("a quiet progress writes nothing", () => {
  const terminal = fakeTerminal(80);
  const progress = createProgress(cells, { quiet: true, terminal });
  progress.update(cells[0], 0.5);
  progress.end(cells[0], "done");
  progress.stop();
  assert.equal(terminal.screen.writes, 0);
});

Deno.test("an estimate is told in units that suit it", () => {
  assert.deepEqual([0.4, 59, 200, 7500].map(duration), ["0 s", "59 s", "3 min 20 s", "2 h 5 min"]);
});

Deno.test("a meter shows one piece of work, and estimates from where it began", () => {
  const terminal = fakeTerminal(120), { screen } = terminal;
  const meter = createMeter({ terminal });
  assert.equal(screen.writes, 0, "it waits for the first word");
  meter.tell(0.5, "step 5 of 10");
  assert.match(screen.line, /^█{15}░{15} 50 % · step 5 of 10 · starting$/);
  meter.tell(0.6, "step 6 of 10");
  // a tenth took less than a second: so do the four that are left
  assert.match(screen.line, /^█{18}░{12} 60 % · step 6 of 10 · \d s left$/);
  meter.stop();
  assert.equal(screen.line, "");
  createMeter({ quiet: true, terminal }).tell(0.7, "nothing");
  assert.equal(screen.line, "");
});
