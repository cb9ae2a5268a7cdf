/**
 * Panels of figures as plain data: curves, bars and points, as `from_rows.ts` makes them out of rows
 * and `plot.ts` draws them.
 * @module
 */
import type { MethodStyle } from "../methods.ts";
import type { ScaleType } from "./axes.ts";

export type { ScaleType } from "./axes.ts";

/** A mean with its standard deviation over seeds, at one position. */
export interface Estimate {
  /** Mean over the rows at this position. */
  readonly mean: number;
  /** Standard deviation over them. */
  readonly sd: number;
}

/** One axis of a panel. Panels with the same label share their range. */
export interface Axis {
  /** Name of the axis. */
  readonly label: string;
  /** How values become lengths. */
  readonly scale: ScaleType;
  /** Smallest and largest value to show. */
  readonly extent: readonly [number, number];
  /** Whether the extent is given: then it gets no further room, and bands are cut off at its ends. */
  readonly fixed: boolean;
  /** The values in the data, which make good ticks where they are few. */
  readonly values: readonly number[];
}

/** A curve over x. */
export interface Curve {
  /** How it is named and drawn. */
  readonly style: MethodStyle;
  /** In ascending order of x. */
  readonly points: readonly (Estimate & { readonly x: number })[];
}

/** A level over the whole width of a panel of curves, or of one group of bars. */
export interface Level extends Estimate {
  /** How it is named and drawn. */
  readonly style: MethodStyle;
  /** The group that it spans, in a panel of bars. */
  readonly group?: string;
}

/** One bar. */
export interface Bar extends Estimate {
  /** How it is named and drawn. */
  readonly style: MethodStyle;
  /** The group that it stands in. */
  readonly group: string;
}

/** A panel of curves with bands. */
export interface LinePanel {
  /** Tells the kinds of panels apart. */
  readonly kind: "lines";
  /** Heading; empty for none. */
  readonly title: string;
  /** Axis of the positions. */
  readonly x: Axis;
  /** Axis of the values. */
  readonly y: Axis;
  /** In the order of the legend. */
  readonly curves: readonly Curve[];
  /** Reference levels. */
  readonly levels: readonly Level[];
}

/** A panel of grouped bars with error bars. */
export interface BarPanel {
  /** Tells the kinds of panels apart. */
  readonly kind: "bars";
  /** Heading; empty for none. */
  readonly title: string;
  /** Axis of the values. */
  readonly y: Axis;
  /** Names under the groups, in order. */
  readonly groups: readonly string[];
  /** In the order of the legend. */
  readonly bars: readonly Bar[];
  /** Reference levels, one per group. */
  readonly levels: readonly Level[];
}

/** The points of one series. */
export interface Cloud {
  /** How it is named and drawn. */
  readonly style: MethodStyle;
  /** Its points, in any order. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Points that stand out: large, with a dark edge, over all others. */
  readonly marked: readonly { readonly x: number; readonly y: number }[];
}

/** A panel of points, thousands of them if need be, and the line on which x and y are equal. */
export interface PointPanel {
  /** Tells the kinds of panels apart. */
  readonly kind: "points";
  /** Heading; empty for none. */
  readonly title: string;
  /** Axis of the positions. */
  readonly x: Axis;
  /** Axis of the values. */
  readonly y: Axis;
  /** In the order of drawing. */
  readonly clouds: readonly Cloud[];
  /** Reference levels: none. */
  readonly levels: readonly Level[];
}

/** What `figure` draws. */
export type Panel = LinePanel | BarPanel | PointPanel;
