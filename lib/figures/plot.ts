/**
 * The one file that draws with Observable Plot: panels and legend swatches, as SVG groups.
 * @module
 */
import * as Plot from "npm:@observablehq/plot@0.6.17";
import { parseHTML } from "npm:linkedom@0.18.13";
import { type DrawnAxis, fraction } from "./axes.ts";
import type { Marker, MethodStyle } from "../methods.ts";
import { shortPath } from "./paths.ts";
import type { BarPanel, Cloud, Estimate, LinePanel, Panel, PointPanel } from "./panels.ts";
import { INK, round, TICK_SIZE } from "./svg.ts";

const MARKER_RADIUS = 3.4;

/** A panel with everything that is needed to draw it. */
export interface PanelDrawing {
  /** The data. */
  panel: Panel;
  /** Horizontal axis. */
  x: DrawnAxis;
  /** Vertical axis. */
  y: DrawnAxis;
  /** Whether the ticks of x and their labels are drawn. */
  xLabelled: boolean;
  /** Whether the ticks of y and their labels are drawn. */
  yLabelled: boolean;
  /**
   * Labels of all series of the figure that stand side by side, so that a missing one leaves its
   * place free; empty where curves run over positions.
   */
  slots: readonly string[];
  /** Left edge of the plot area in pixels; tick labels lie outside it. */
  left: number;
  /** Its upper edge. */
  top: number;
  /** Its width. */
  width: number;
  /** Its height. */
  height: number;
}

const GRID = { stroke: "#dddddd", strokeOpacity: 1 };

/** Draws a panel without its heading and axis labels. */
export function drawPanel(drawing: PanelDrawing): string {
  const { panel, x, y, xLabelled, yLabelled, slots, left, top, width, height } = drawing;
  const isPoints = panel.kind === "points";
  const marks = isPoints
    ? pointMarks(panel, x, y)
    : panel.kind === "lines"
    ? lineMarks(panel, x, y, { slots, width })
    : barMarks(panel, x.names, slots, y);
  const axis = { tickSize: 4, tickPadding: 3, label: null, fontSize: TICK_SIZE, color: INK };
  const axes = [
    ...(xLabelled ? [Plot.axisX({ ...axis, ticks: x.ticks, text: x.names })] : []),
    ...(yLabelled ? [Plot.axisY({ ...axis, ticks: y.ticks, text: y.names })] : []),
  ];
  const drawn = plotGroup(
    {
      width,
      height,
      margin: 0,
      axis: null,
      x: { type: x.scale, domain: x.domain, inset: x.inset },
      y: { type: y.scale, domain: y.domain },
      marks: [
        ...(isPoints ? [Plot.gridX(x.ticks, GRID)] : []),
        Plot.gridY(y.ticks, GRID),
        ...marks,
        Plot.frame({ stroke: "#999999" }),
        ...axes,
      ],
    },
    left,
    top,
  );
  // curves and bands have many coordinates, and a tenth of a pixel is enough for them
  return drawn.replace(
    / d="([MLZ0-9.,-]*)"/g,
    (_, path: string) => ` d="${shortPath(path, 1)}"`,
  );
}

/** Mean ± sd, cut off at the ends of the axis. */
function interval({ mean, sd }: Estimate, [low, high]: readonly [number, number]) {
  return { y1: Math.max(low, mean - sd), y2: Math.min(high, mean + sd) };
}

function lineMarks(
  { curves, levels }: LinePanel,
  x: DrawnAxis,
  y: DrawnAxis,
  { slots, width }: Pick<PanelDrawing, "slots" | "width">,
): Plot.Markish[] {
  const band = { y1: "y1", y2: "y2", fillOpacity: 0.16 };
  const at = { x: "x", y: "mean" };
  const pitch = Math.min(MOST_PITCH, (width - 2 * x.inset) / Math.max(slots.length, 1));
  return [
    ...levels.map((level) =>
      Plot.rect([interval(level, y.domain)], { ...band, fill: level.style.colour })
    ),
    ...curves.map(({ style, points }) => {
      const ends = points.map((point) => ({ x: point.x, ...interval(point, y.domain) }));
      if (ends.length > 1) return Plot.areaY(ends, { ...band, x: "x", fill: style.colour });
      const stroke = { stroke: style.colour, ...besides(style, slots, pitch) };
      return Plot.ruleX(ends, { x: "x", y1: "y1", y2: "y2", ...stroke });
    }),
    ...levels.map(({ mean, style }) => Plot.ruleY([mean], strokeOptions(style))),
    // side by side there is one point each, and a line of no length would stay at the position
    ...(slots.length > 0 ? [] : curves).map(({ style, points }) =>
      Plot.line(points, { ...at, ...strokeOptions(style) })
    ),
    ...curves.map(({ style, points }, i) => {
      const marked = markedPoints(points, i, x, width).map(({ x, mean }) => ({ x, y: mean }));
      const { dx } = besides(style, slots, pitch);
      const { stroke, strokeWidth } = MARKER_EDGE;
      const attributes = { stroke, "stroke-width": `${strokeWidth}` };
      return pointsMark(marked, style, { r: MARKER_RADIUS, pixel: 10, dx, attributes });
    }),
  ];
}

/** Pixels between markers that stand side by side, where there is room enough. */
const MOST_PITCH = 28;

/** Moves a series to its place among those that stand side by side, around their position. */
function besides({ label }: MethodStyle, slots: readonly string[], pitch: number): { dx?: number } {
  const slot = slots.indexOf(label);
  return slot < 0 ? {} : { dx: round((slot - (slots.length - 1) / 2) * pitch) };
}

function strokeOptions({ colour, dash, width }: MethodStyle) {
  return { stroke: colour, strokeDasharray: dash, strokeWidth: width };
}

/** The edge that keeps a marker apart from lines of its colour. */
const MARKER_EDGE = { stroke: "#ffffff", strokeWidth: 0.75 };

/** A marker of the legend, like those of the curves. */
function markerOptions({ colour, marker }: MethodStyle): Plot.DotOptions {
  return { symbol: marker, r: MARKER_RADIUS, fill: colour, ...MARKER_EDGE };
}

/** Points far enough apart for a marker each; on dense curves every curve starts elsewhere. */
function markedPoints<P extends { x: number }>(
  points: readonly P[],
  curve: number,
  x: DrawnAxis,
  width: number,
): P[] {
  const dense = points.length > 12;
  let next = dense ? 7 * (curve % 5) : -Infinity;
  return points.filter((point) => {
    const pixel = fraction(point.x, x.domain, x.scale) * width;
    if (pixel < next) return false;
    next = pixel + (dense ? 35 : 0);
    return true;
  });
}

/** The share of a group's width that its bars fill. */
const FILLED = 0.8;

function barMarks(
  { bars, levels }: BarPanel,
  groups: readonly string[],
  slots: readonly string[],
  y: DrawnAxis,
): Plot.Markish[] {
  const slotWidth = FILLED / slots.length;
  const base = y.scale === "log" ? y.domain[0] : Math.max(0, y.domain[0]);
  const placed = bars.map((bar) => {
    const x1 = groups.indexOf(bar.group) - FILLED / 2 + slots.indexOf(bar.style.label) * slotWidth;
    const x2 = x1 + slotWidth;
    return { ...bar, x1, x2, x: (x1 + x2) / 2, base, ...interval(bar, y.domain) };
  });
  const spans = levels.map((level) => {
    const middle = groups.indexOf(level.group!);
    return { ...level, x1: middle - 0.46, x2: middle + 0.46, ...interval(level, y.domain) };
  });
  const cap = slotWidth / 5;
  const ends = placed.filter(({ sd }) => sd > 0).flatMap(({ x, y1, y2 }) =>
    [y1, y2].map((y) => ({ y, x1: x - cap, x2: x + cap }))
  );
  return [
    Plot.rect(placed, {
      x1: "x1",
      x2: "x2",
      y1: "base",
      y2: "mean",
      fill: (bar) => bar.style.colour,
      insetLeft: 0.5,
      insetRight: 0.5,
    }),
    Plot.rect(spans, {
      x1: "x1",
      x2: "x2",
      y1: "y1",
      y2: "y2",
      fill: (level) => level.style.colour,
      fillOpacity: 0.16,
    }),
    ...spans.flatMap((level) => {
      const across = { y: "mean", x1: "x1", x2: "x2" };
      const line = Plot.ruleY([level], { ...across, ...strokeOptions(level.style) });
      if (level.sd > 0) return [line];
      // without a band it shows on bars of any colour by a white edge
      const strokeWidth = level.style.width + 1.5;
      return [Plot.ruleY([level], { ...across, stroke: "#ffffff", strokeWidth }), line];
    }),
    Plot.ruleX(placed, { x: "x", y1: "y1", y2: "y2", stroke: INK, strokeWidth: 1.25 }),
    Plot.ruleY(ends, { y: "y", x1: "x1", x2: "x2", stroke: INK, strokeWidth: 1.25 }),
    ...placed.map((bar) => Plot.dot([bar], { x: "x", y: "mean", ...barMarkerOptions(bar.style) })),
    Plot.ruleY([base], { stroke: "#777777" }),
  ];
}

function barMarkerOptions({ colour, marker }: MethodStyle): Plot.DotOptions {
  return { symbol: marker, r: 2.8, fill: "#ffffff", stroke: colour, strokeWidth: 1.25 };
}

/** Points of all series, then those that stand out, over the line on which x and y are equal. */
function pointMarks({ clouds }: PointPanel, x: DrawnAxis, y: DrawnAxis): Plot.Markish[] {
  const [low, high] = [Math.max(x.domain[0], y.domain[0]), Math.min(x.domain[1], y.domain[1])];
  const ends = [{ at: low }, { at: high }];
  return [
    Plot.line(ends, { x: "at", y: "at", stroke: "#777777" }),
    ...clouds.map(({ style, points }) =>
      pointsMark(points, style, { r: 2, pixel: 2, attributes: { "fill-opacity": "0.7" } })
    ),
    ...clouds.map(({ style, marked }) =>
      pointsMark(marked, style, { r: 3.5, pixel: 2, attributes: { stroke: INK } })
    ),
  ];
}

/** How the points of a series are marked. */
interface PointsOptions {
  /** Radius of the markers in pixels. */
  r: number;
  /** Places that a pixel is divided into: points on the same place are drawn once. */
  pixel: number;
  /** Pixels by which all points move to the right. */
  dx?: number;
  /** Attributes of the path. */
  attributes: Readonly<Record<string, string>>;
}

/**
 * A mark of one path for all points of a series, since an element for each would make files of
 * megabytes, in an order that does not depend on theirs.
 */
function pointsMark(
  points: Cloud["points"],
  { colour, marker }: MethodStyle,
  { r, pixel, dx = 0, attributes }: PointsOptions,
): Plot.Markish {
  if (points.length === 0) return null;
  const shape = relativeOutline(marker, r);
  return (_index, scales, _values, _dimensions, context) => {
    const rounded = (pixels: number) => Math.round(pixels * pixel) / pixel;
    const places = new Set(
      points.map((point) => `M${rounded(scales.x!(point.x) + dx)} ${rounded(scales.y!(point.y))}`),
    );
    const path = context.document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", [...places].sort().map((place) => place + shape).join(""));
    path.setAttribute("fill", colour);
    for (const [name, value] of Object.entries(attributes)) path.setAttribute(name, value);
    return path;
  };
}

/** The outline of a marker around the current point, as Plot draws it, by relative commands. */
function relativeOutline(symbol: Marker, r: number): string {
  if (symbol === "circle") {
    return `m${-r} 0a${r} ${r} 0 1 1 ${2 * r} 0a${r} ${r} 0 1 1${-2 * r} 0z`;
  }
  const identity = { type: "identity" } as const;
  const dot = Plot.dot([0], { x: [0], y: [0], symbol, r });
  const drawn = plotGroup({ margin: 0, axis: null, x: identity, y: identity, marks: [dot] }, 0, 0);
  return shortPath(/ d="([^"]+)"/.exec(drawn)![1], 2);
}

/** How a series shows in the legend. */
export interface Swatch {
  /** The series. */
  style: MethodStyle;
  /** Whether the series is a curve, bars, points or a reference level. */
  kind: "line" | "bar" | "points" | "level";
}

/** Draws the swatches of a legend, each `length` pixels long, centred at its own height. */
export function drawSwatches(
  swatches: readonly (Swatch & { x: number; y: number })[],
  length: number,
  left: number,
  top: number,
): string {
  const marks = swatches.map(({ style, kind, x, y }) => {
    const middle = x + length / 2;
    if (kind === "bar") {
      const box = { x1: [middle - 9], x2: [middle + 9], y1: [y - 6], y2: [y + 6] };
      return [
        Plot.rect([0], { ...box, fill: style.colour }),
        Plot.dot([0], { x: [middle], y: [y], ...barMarkerOptions(style) }),
      ];
    }
    if (kind === "points") {
      return [Plot.dot([0], { x: [middle], y: [y], ...markerOptions(style) })];
    }
    const line = Plot.ruleY([0], { y: [y], x1: [x], x2: [x + length], ...strokeOptions(style) });
    if (kind === "level") return [line];
    return [line, Plot.dot([0], { x: [middle], y: [y], ...markerOptions(style) })];
  });
  return plotGroup(
    {
      margin: 0,
      x: { type: "identity" },
      y: { type: "identity" },
      axis: null,
      marks,
    },
    left,
    top,
  );
}

/**
 * What Plot draws, as a group moved to (x, y): without Plot's style sheet and class, which would
 * restyle a page that shows the figure inline, without labels of its parts, since the document is
 * one image to those who do not see it, and with rounded coordinates.
 */
function plotGroup(options: Plot.PlotOptions, x: number, y: number): string {
  const { document } = parseHTML("<html></html>") as unknown as Pick<Plot.PlotOptions, "document">;
  const outerHTML: string = Plot.plot({ ...options, document }).outerHTML;
  const body = outerHTML.slice(outerHTML.indexOf(">") + 1, outerHTML.lastIndexOf("</svg>"))
    .replace(/<style>[^]*?<\/style>/, "")
    .replace(/ aria-[a-z]+="[^"]*"/g, "")
    .replace(
      /<[^>]+>/g,
      (tag) => tag.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) => String(round(Number(number)))),
    );
  return `<g transform="translate(${round(x)},${round(y)})" text-anchor="middle">${body}</g>`;
}
