/**
 * The figure of a comparison: published values against ours, one panel per metric.
 * @module
 */
import { figure, points } from "../figures.ts";
import { type Family, type Marker, methodStyle } from "../methods.ts";
import { codeScoresBySplit, columnOf } from "../results.ts";
import type { ComparedValue } from "./parity.ts";

/** Per family, in the order of drawing, a method that lends its colour, and a marker. */
const FAMILIES: Readonly<Record<Family, { method: string; marker: Marker }>> = {
  SAE: { method: "sae", marker: "square" },
  frozen: { method: "fista+", marker: "triangle" },
  refined: { method: "refined", marker: "diamond" },
  baseline: { method: "linear_probe", marker: "hexagon" },
  "sparse coding": { method: "fista_oracle", marker: "circle" },
  other: { method: "other", marker: "cross" },
};

/** Square panels: the line on which both are equal is their diagonal. */
const SIZE = 220;

/** All shown metrics lie in [0, 1]; the room keeps points at its ends off the frame. */
const DOMAIN = [-0.05, 1.05] as const;

/**
 * Draws compared values of MCC, AUC and accuracy as points: published across, ours up, with the
 * line on which they are equal. Points of one family that fall on the same half pixel are drawn
 * once. Other metrics do not show.
 *
 * @param values From `compareResults`, in any order.
 * @returns A self-contained SVG document, the same for the same values.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { comparisonFigure } from "./parity_figure.ts";
 *
 * const svg = comparisonFigure([
 *   { method: "sae_relu", metric: "mcc_iid", published: 0.5, ours: 0.501, outside: false },
 * ]);
 * assert.match(svg, /^<svg xmlns.*<desc>6 scatter plots of 1 values/);
 * ```
 */
export function comparisonFigure(values: readonly ComparedValue[]): string {
  const shown = values.filter(({ metric }) => codeScoresBySplit.includes(metric))
    .map((value) => ({ ...value, family: methodStyle(value.method).family }));
  const panels = codeScoresBySplit.map((metric) =>
    points(shown.filter((value) => value.metric === metric), {
      title: columnOf(metric).label,
      x: "published",
      y: "ours",
      domain: DOMAIN,
      series: "family",
      order: Object.keys(FAMILIES),
      marked: ({ outside }) => outside === true,
      style: (family) => {
        const { method, marker } = FAMILIES[family as Family];
        return { ...methodStyle(method), label: family, marker };
      },
    })
  );
  const outside = shown.filter((value) => value.outside).length;
  return figure(panels, {
    title: "Our rows against the published ones",
    description:
      `${panels.length} scatter plots of ${shown.length} values: published across, ours ` +
      `up. ${outside} of them lie outside their tolerance.`,
    caption:
      "Each point is a row, or a mean over seeds where the start is random. On the line both " +
      "are equal; large points with a dark edge lie outside the tolerance of their method's class.",
    columns: 3,
    panelWidth: SIZE,
    panelHeight: SIZE,
  });
}
