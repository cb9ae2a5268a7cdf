/**
 * What a reader of a figure cannot see and is to be told in its caption.
 * @module
 */
import { fraction } from "./axes.ts";
import type { Axis, Curve, LinePanel, Panel } from "./panels.ts";
import { valueDomain } from "./shared_axes.ts";

/** Curves closer than this part of the axis lie on each other: less than a pixel of most panels. */
const SAME = 1 / 250;

/** The radius of a marker as a part of the axis, in panels of the size that most figures have. */
const MARKER = 1 / 60;

/** A range below this part of its values fills a panel with differences that hardly are any. */
const TINY = 0.02;

/**
 * Sentences for the caption of a figure: which curves lie under equal ones, which lone points under
 * markers, and which axes have a range that is small against their values.
 *
 * @param panels The panels of one figure.
 * @returns The sentences, none where there is nothing to tell.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { figureNotes, lines } from "../figures.ts";
 *
 * const rows = ["a", "b"].flatMap((method) => [1, 2].map((x) => ({ method, x, mcc_iid: 0.5 })));
 * const panel = lines(rows, { x: "x", y: "mcc_iid" });
 * assert.deepEqual(figureNotes([panel]), ["Under an equal curve: a (under b)."]);
 * ```
 */
export function figureNotes(panels: readonly (Panel | undefined)[]): string[] {
  const present = panels.filter((panel) => panel !== undefined);
  return [
    ...hiddenNotes(present, "Under an equal curve", covers),
    ...hiddenNotes(present, "Under a marker", coversPoint),
    ...rangeNotes(present),
  ];
}

/** Whether a curve, which is drawn later, hides another. Heights are parts of the axis. */
type Covers = (upper: Curve, lower: Curve, height: (value: number) => number) => boolean;

function hiddenNotes(panels: readonly Panel[], what: string, covers: Covers): string[] {
  const curved = panels.filter((panel) => panel.kind === "lines");
  // where the figure has one position, series stand side by side
  const positions = new Set(curved.flatMap(({ x }) => x.values));
  if (positions.size < 2) return [];
  const yAxes = panels.map(({ y }) => y);
  // lower curve, upper curve → where
  const places = new Map<string, Map<string, string[]>>();
  for (const panel of curved) {
    const domain = valueDomain(panel.y, yAxes);
    panel.curves.forEach((curve, i) => {
      const cover = panel.curves.slice(i + 1).findLast((other) =>
        covers(other, curve, (value) => fraction(value, domain, panel.y.scale))
      );
      if (!cover) return;
      const { label } = curve.style, upper = cover.style.label;
      const uppers = places.get(label) ?? new Map<string, string[]>();
      places.set(label, uppers.set(upper, [...(uppers.get(upper) ?? []), nameOf(panel)]));
    });
  }
  // curves that lie under the same one in the same places are told together
  const lowers = new Map<string, string[]>();
  for (const [label, uppers] of places) {
    for (const [upper, where] of uppers) {
      const place = where.length === curved.length ? "" : ` in ${where.join(", ")}`;
      const cover = `(under ${upper}${place})`;
      lowers.set(cover, [...(lowers.get(cover) ?? []), label]);
    }
  }
  if (lowers.size === 0) return [];
  const told = [...lowers].map(([cover, labels]) => `${listed(labels)} ${cover}`);
  return [`${what}: ${told.join("; ")}.`];
}

/** "a", "a and b", "a, b and c". */
function listed(labels: readonly string[]): string {
  const others = labels.slice(0, -1).join(", ");
  return others === "" ? labels[0] : `${others} and ${labels.at(-1)}`;
}

function nameOf({ title, y }: LinePanel): string {
  return title === "" ? y.label : title;
}

function covers(...[upper, lower, height]: Parameters<Covers>): boolean {
  // a wider line shows on both sides, and a solid one in the gaps of a dashed one
  if (upper.style.width < lower.style.width) return false;
  if (upper.style.dash !== "none" && lower.style.dash === "none") return false;
  return isWithin(SAME, upper, lower, height);
}

/** A lone point is no more than its marker. */
function coversPoint(...[upper, lower, height]: Parameters<Covers>): boolean {
  return lower.points.length === 1 && !covers(upper, lower, height) &&
    isWithin(MARKER, upper, lower, height);
}

/** Whether every point of `lower` has one of `upper` at its position, closer than a part of the axis. */
function isWithin(part: number, ...[upper, lower, height]: Parameters<Covers>): boolean {
  const means = new Map(upper.points.map(({ x, mean }) => [x, mean]));
  return lower.points.every(({ x, mean }) => {
    const other = means.get(x);
    return other !== undefined && Math.abs(height(other) - height(mean)) < part;
  });
}

function rangeNotes(panels: readonly Panel[]): string[] {
  const axes = new Map<string, Axis>();
  for (const { y } of panels) {
    const known = axes.get(y.label);
    const extent = known
      ? [Math.min(known.extent[0], y.extent[0]), Math.max(known.extent[1], y.extent[1])] as const
      : y.extent;
    axes.set(y.label, { ...y, extent, fixed: y.fixed || known?.fixed === true });
  }
  return [...axes.values()].flatMap(({ label, extent: [low, high], fixed }) => {
    const size = Math.max(Math.abs(low), Math.abs(high));
    if (fixed || high - low > TINY * size || high === low) return [];
    // two digits of the difference
    const digits = Math.min(15, 2 + Math.ceil(Math.log10(size / (high - low))));
    const [from, to] = [low, high].map((value) => String(Number(value.toPrecision(digits))));
    return [`A small range: ${label} is between ${from} and ${to}.`];
  });
}
