/**
 * Axes of figures: ranges, ticks and tick labels, without a drawing library.
 * @module
 */

/** How values become lengths: `symlog` is logarithmic but has a zero. */
export type ScaleType = "linear" | "log" | "symlog";

/** An axis as it is drawn: range and ticks with their labels. */
export interface DrawnAxis {
  /** Name of the axis. */
  label: string;
  /** How values become lengths. */
  scale: ScaleType;
  /** Values at the ends of the range. */
  domain: [number, number];
  /** Pixels between the ends of the range and those of the plot area. */
  inset: number;
  /** Values that get a tick. */
  ticks: number[];
  /** Tick labels, one per tick. */
  names: string[];
}

const transforms: Record<ScaleType, (value: number) => number> = {
  linear: (value) => value,
  log: Math.log,
  symlog: (value) => Math.sign(value) * Math.log1p(Math.abs(value)),
};

/** The share of the way from the low to the high end of `domain` at which `value` lies. */
export function fraction(
  value: number,
  [low, high]: readonly [number, number],
  scale: ScaleType,
): number {
  const t = transforms[scale];
  return (t(value) - t(low)) / (t(high) - t(low));
}

/**
 * `domain`, widened where it is a single point, on which no scale can be built. A millionth of its
 * size counts as a point: that is float32 noise around one value, and would give axes of ten digits.
 */
export function openDomain(
  [low, high]: readonly [number, number],
  scale: ScaleType,
): [number, number] {
  if (high - low > 1e-6 * Math.max(Math.abs(low), Math.abs(high))) return [low, high];
  if (scale === "log") return [low / 2, low * 2];
  const room = Math.abs(low) / 2 || 1;
  return [low - room, low + room];
}

/** A twentieth of the length more at both ends. */
export function padDomain(
  [low, high]: readonly [number, number],
  scale: ScaleType,
): [number, number] {
  if (scale === "log") {
    const factor = (high / low) ** 0.05;
    return [low / factor, high * factor];
  }
  const room = (high - low) * 0.05;
  return [low - room, high + room];
}

/**
 * Multiples of 1, 2 or 5 times a power of ten inside `domain`: at most `count` of them, at least
 * half as many for `count` ≥ 4.
 */
export function linearTicks([low, high]: readonly [number, number], count: number): number[] {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw)!;
  const ticks: number[] = [];
  // a multiple of the step, rounded to the step's digits: 3 × 0.1 is to read 0.3
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

/** The powers of ten inside `domain`, and 0 where a symlog axis has it. */
export function decades([low, high]: readonly [number, number]): number[] {
  const ticks: number[] = [];
  if (low <= 0 && high >= 0) ticks.push(0);
  const first = low > 0 ? Math.ceil(Math.log10(low) - 1e-9) : 0;
  for (let power = first; 10 ** power <= high * (1 + 1e-9); power++) {
    ticks.push(Number((10 ** power).toPrecision(12)));
  }
  return ticks;
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Longer tick labels than this make an axis write all of its labels as powers of ten. */
const LONGEST = 7;

/** So do smaller values than this: their zeros have to be counted. */
const SMALLEST = 1e-3;

/**
 * Tick labels in one notation: plain numbers (`0.001`, `50`, `10,000`) where all of them are short,
 * powers of ten (`5·10⁻⁶`, `10⁶`) otherwise.
 *
 * @param values Values of the ticks of one axis.
 * @returns The label of a value, in the notation of that axis.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tickFormat } from "./axes.ts";
 *
 * assert.deepEqual([50, 1000, 10_000].map(tickFormat([50, 10_000])), ["50", "1,000", "10,000"]);
 * assert.deepEqual([0, 10, 2e6].map(tickFormat([0, 10, 2e6])), ["0", "10¹", "2·10⁶"]);
 * ```
 */
export function tickFormat(values: readonly number[]): (value: number) => string {
  const isShort = (value: number) =>
    plain(value).length <= LONGEST && (value === 0 || Math.abs(value) >= SMALLEST);
  return values.every(isShort) ? plain : powerOfTen;
}

/** Enough digits for steps within one axis, no trailing zeros. */
function plain(value: number): string {
  return value.toLocaleString("en-US", { maximumSignificantDigits: 6 }).replace("-", "−");
}

function powerOfTen(value: number): string {
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
  const factor = plain(value / 10 ** power);
  const digits = [...String(Math.abs(power))].map((digit) => superscripts[Number(digit)]).join("");
  const ten = `10${power < 0 ? "⁻" : ""}${digits}`;
  return factor === "1" || factor === "−1" ? factor.replace("1", ten) : `${factor}·${ten}`;
}

/**
 * Which of `candidates` (first is most wanted) get a tick, so that no two labels come closer than
 * `gap` pixels on an axis of `length` pixels. Returned in ascending order.
 */
export function spacedTicks(
  candidates: readonly number[],
  width: (value: number) => number,
  domain: readonly [number, number],
  scale: ScaleType,
  length: number,
  gap = 6,
): number[] {
  const placed: { value: number; from: number; to: number }[] = [];
  for (const value of candidates) {
    const at = fraction(value, domain, scale) * length;
    const half = width(value) / 2;
    const [from, to] = [at - half, at + half];
    if (placed.every((other) => to + gap <= other.from || other.to + gap <= from)) {
      placed.push({ value, from, to });
    }
  }
  return placed.map(({ value }) => value).sort((a, b) => a - b);
}
