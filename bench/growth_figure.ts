/**
 * The figure of how times grow with one size at a time: of a run, and of one that is stored.
 * @module
 */
import { lines } from "../lib/figures.ts";
import { type MethodStyle, methodStyle } from "../lib/methods.ts";
import {
  AXES,
  type Axis,
  exponent,
  geometricMean,
  type Operation,
  OPERATIONS,
  type Size,
} from "./growth_fit.ts";

/** One measured time. */
export interface Point extends Size {
  operation: Operation;
  axis: Axis;
  /** The size along the axis. */
  value: number;
  seconds: number;
}

/** What the operations are called. */
export const OPERATION_NAMES: Record<Operation, string> = {
  fista: "FISTA",
  sae_step: "ReLU SAE step",
  dictionary_round: "DL-FISTA round",
  evaluate: "evaluate",
};
const AXIS_LABELS: Record<Axis, string> = {
  n: "latents n",
  m: "dimensions m",
  samples: "samples",
};
const STYLES: Record<string, MethodStyle> = {
  measured: { ...methodStyle("fista_oracle"), label: "measured" },
  dense: { ...methodStyle("linear_probe"), label: "dense arithmetic, scaled to the same mean" },
};

function formatExponent(value: number): string {
  return value.toFixed(2).replace("-", "−");
}

/** An operation along an axis: its times, and dense arithmetic at the same mean on the log axis. */
function panelOf(points: readonly Point[], operation: Operation, axis: Axis) {
  const own = points.filter((p) => p.axis === axis && p.operation === operation);
  const values = own.map(({ value }) => value);
  const seconds = own.map((point) => point.seconds), counts = own.map(OPERATIONS[operation]);
  const [fitted, arithmetic] = [exponent(values, seconds), exponent(values, counts)];
  const level = geometricMean(seconds) / geometricMean(counts);
  const rows = own.flatMap(({ value }, i) => [
    { series: "dense", value, seconds: level * counts[i] },
    { series: "measured", value, seconds: seconds[i] },
  ]);
  const panel = lines(rows, {
    x: "value",
    y: "seconds",
    series: "series",
    style: (series) => STYLES[series],
    xScale: "log",
    yScale: "log",
    xLabel: AXIS_LABELS[axis],
    yLabel: "seconds",
    title: `${OPERATION_NAMES[operation]}: ${formatExponent(fitted)} (${
      formatExponent(arithmetic)
    })`,
  });
  return { panel, exponents: { operation, axis, fitted, arithmetic } };
}

/** A panel for each operation and axis, and the exponents that they name. */
export function growthPanels(points: readonly Point[]) {
  const operations = new Set(points.map(({ operation }) => operation));
  const entries = [...operations].flatMap((name) =>
    AXES.map((axis) => panelOf(points, name, axis))
  );
  return {
    panels: entries.map(({ panel }) => panel),
    exponents: entries.map(({ exponents }) => exponents),
  };
}

/** Words and arrangement of the figure, as `figure` takes them. */
export function growthOptions({ n, m, samples }: Size) {
  return {
    title: "Growth of the times on one core",
    columns: AXES.length,
    panelHeight: 110,
    description: `Seconds against ${Object.values(AXIS_LABELS).join(", ")}, on log axes, beside ` +
      "what dense arithmetic grows by.",
    caption: `One size grows, the others stay at n = ${n}, m = ${m} and ` +
      `${samples} samples. Over each panel the exponent that fits the times and, in ` +
      "parentheses, that of dense arithmetic. FISTA and evaluate take both splits; a step takes all " +
      "samples as one batch.",
  };
}
