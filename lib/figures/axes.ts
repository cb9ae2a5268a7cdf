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

/** A short tick label: `0.05`, `500`, `10k`, `2M`, `10⁻⁴`. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size >= 1e6) return `${sign}${trim(size / 1e6)}M`;
  if (size >= 1000) return `${sign}${trim(size / 1000)}k`;
  if (size >= 1e-3 || size === 0) return sign + trim(size);
  const power = Math.floor(Math.log10(size) + 1e-9);
  const digits = [...String(-power)].map((digit) => superscripts[Number(digit)]).join("");
  const factor = trim(size / 10 ** power);
  return `${sign}${factor === "1" ? "" : `${factor}·`}10⁻${digits}`;
}

/** Enough digits for steps within one axis, no trailing zeros. */
function trim(value: number): string {
  return String(Number(value.toPrecision(6)));
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
