/**
 * Panels in a grid: shared axis ranges, aligned plot areas, labels drawn once where they are the same.
 * @module
 */
import { type DrawnAxis, fraction } from "./axes.ts";
import type { Panel } from "./panels.ts";
import { drawPanel } from "./plot.ts";
import { groupAxis, valueAxis, xAxis } from "./shared_axes.ts";
import { EDGE, LABEL_SIZE, round, textElement, textWidth, TICK_SIZE } from "./svg.ts";

/** Least room between panels and at the right edge. */
const GAP = 22;

/** Least room between the last tick label of a panel and the first of the one beside it. */
const LABEL_GAP = 10;

/** Room for the label of an axis. */
const LABEL_ROOM = LABEL_SIZE + 6;

/** Size of every plot area in pixels. */
export interface PanelSize {
  /** From left to right. */
  width: number;
  /** From top to bottom. */
  height: number;
}

/** A panel in its place, with its axes. */
interface Cell {
  panel: Panel;
  row: number;
  column: number;
  x: DrawnAxis;
  y: DrawnAxis;
  /** Whether the tick labels are drawn: not where the neighbour shows the same ones. */
  xLabelled: boolean;
  yLabelled: boolean;
}

/** Labels that all panels have in common, which are drawn once; undefined where they differ. */
interface CommonLabels {
  x: string | undefined;
  y: string | undefined;
}

/** Pixels beside the plot areas, for ticks, axis labels and headings. */
interface Rooms {
  /** Per column, for what belongs to its vertical axis. */
  left: number[];
  /** Per column: up to what belongs to the next column, or to the figure's edge. */
  right: number[];
  /** Per row. */
  above: number[];
  /** Per row. */
  below: number[];
}

/** A grid of panels, measured but not drawn yet. */
export interface Grid {
  /** Width from the figure's left edge. */
  width: number;
  /** Height with axis labels. */
  height: number;
  /** Draws the grid below `top`. */
  draw(top: number): string[];
}

/**
 * Measures a grid of panels, filled row by row.
 *
 * @param panels The panels, at least one; `undefined` leaves a place free.
 * @param columns Panels side by side.
 * @param size Size of every plot area.
 */
export function layOut(
  panels: readonly (Panel | undefined)[],
  columns: number,
  size: PanelSize,
): Grid {
  const cells = placeCells(panels, columns, size);
  const rows = Math.ceil(panels.length / columns);
  const common: CommonLabels = {
    x: commonLabel(cells.map(({ x }) => x)),
    y: commonLabel(cells.map(({ y }) => y)),
  };
  const rooms = measureRooms(cells, rows, columns, common, size.width);
  const { left, right: gaps, above, below } = rooms;
  const start = EDGE + (common.y === undefined ? 0 : LABEL_ROOM);
  const xs = left.map((_, c) =>
    start + sum(left.slice(0, c + 1)) + sum(gaps.slice(0, c)) + c * size.width
  );
  const ys = above.map((_, r) =>
    sum(above.slice(0, r + 1)) + sum(below.slice(0, r)) + r * size.height
  );
  const right = xs[columns - 1] + size.width;
  const lowest = ys[rows - 1] + size.height;
  const bottom = lowest + below[rows - 1];
  return {
    width: right + gaps[columns - 1],
    height: bottom + (common.x ? LABEL_ROOM : 0),
    draw: (top) => {
      const slots = slotsOf(cells);
      const parts = cells.flatMap((cell) =>
        drawCell(cell, { x: xs[cell.column], y: top + ys[cell.row] }, {
          size,
          slots,
          rooms,
          common,
        })
      );
      if (common.x) parts.push(middleText(common.x, (xs[0] + right) / 2, top + bottom + 12));
      if (common.y !== undefined) {
        parts.push(verticalText(common.y, EDGE + LABEL_SIZE, top + (ys[0] + lowest) / 2));
      }
      return parts;
    },
  };
}

/** Puts the panels in their places, on axes shared over the figure. */
function placeCells(
  panels: readonly (Panel | undefined)[],
  columns: number,
  { width, height }: PanelSize,
): Cell[] {
  const present = panels.filter((panel) => panel !== undefined);
  const groups = [...new Set(present.flatMap((p) => p.kind === "bars" ? p.groups : []))];
  const xAxes = present.flatMap((p) => p.kind === "bars" ? [] : [p.x]);
  const yAxes = present.map(({ y }) => y);
  const horizontal = (panel: Panel): DrawnAxis => {
    if (panel.kind === "bars") return groupAxis(groups);
    return panel.kind === "lines" ? xAxis(panel.x, xAxes, width) : valueAxis(panel.x, xAxes, width);
  };
  const places = panels.map((panel, i): Cell | undefined =>
    panel && {
      panel,
      row: Math.floor(i / columns),
      column: i % columns,
      x: horizontal(panel),
      y: valueAxis(panel.y, yAxes, height),
      xLabelled: true,
      yLabelled: true,
    }
  );
  places.forEach((cell, i) => {
    if (!cell) return;
    const below = places[i + columns];
    const left = cell.column > 0 ? places[i - 1] : undefined;
    cell.xLabelled = !(below && sameAxis(below.x, cell.x));
    cell.yLabelled = !(left && sameAxis(left.y, cell.y));
  });
  return places.filter((cell) => cell !== undefined);
}

/**
 * Labels of all series that stand side by side: bars, and curves where the figure has one position, at
 * which their markers would lie on each other.
 */
function slotsOf(cells: readonly Cell[]): string[] {
  const curves = cells.flatMap(({ panel }) => panel.kind === "lines" ? panel.curves : []);
  const positions = new Set(curves.flatMap(({ points }) => points.map(({ x }) => x)));
  const bars = cells.flatMap(({ panel }) => panel.kind === "bars" ? panel.bars : []);
  const series = positions.size === 1 ? [...bars, ...curves] : bars;
  return [...new Set(series.map(({ style }) => style.label))];
}

function measureRooms(
  cells: readonly Cell[],
  rows: number,
  columns: number,
  common: CommonLabels,
  width: number,
): Rooms {
  const left = sizes(columns, cells, "column", ({ y, yLabelled }) => {
    if (!yLabelled) return 0;
    return Math.max(...y.names.map((name) => textWidth(name, TICK_SIZE))) + 8 +
      (common.y === undefined ? LABEL_ROOM : 0);
  });
  const overhang = (end: "before" | "after") =>
    sizes(
      columns,
      cells,
      "column",
      ({ x, xLabelled }) => xLabelled ? overhangOf(x, width)[end] : 0,
    );
  const [before, after] = [overhang("before"), overhang("after")];
  return {
    left,
    right: after.map((over, c) =>
      Math.max(
        GAP,
        c + 1 < columns ? over + LABEL_GAP + before[c + 1] - left[c + 1] : over + EDGE,
      )
    ),
    above: sizes(rows, cells, "row", ({ panel }) => panel.title === "" ? 6 : LABEL_SIZE + 9),
    below: sizes(rows, cells, "row", ({ x, xLabelled }) => {
      if (!xLabelled) return 4;
      const deep = Math.max(...x.names.map((name) => name.split("\n").length));
      return 8 + deep * (TICK_SIZE + 2) +
        (common.x === undefined && x.label !== "" ? LABEL_ROOM : 0);
    }),
  };
}

/** How far the tick labels of a horizontal axis reach over the ends of a plot area of this width. */
function overhangOf(axis: DrawnAxis, width: number): { before: number; after: number } {
  const inner = width - 2 * axis.inset;
  const ends = axis.ticks.map((tick, i) => {
    const at = axis.inset + fraction(tick, axis.domain, axis.scale) * inner;
    const half = Math.max(...axis.names[i].split("\n").map((line) => textWidth(line, TICK_SIZE))) /
      2;
    return { before: half - at, after: at + half - width };
  });
  return {
    before: Math.max(0, ...ends.map(({ before }) => before)),
    after: Math.max(0, ...ends.map(({ after }) => after)),
  };
}

/** Draws a panel, its heading and those of its axis labels that it has for itself. */
function drawCell(
  { panel, x: xAxis, y: yAxis, xLabelled, yLabelled, row, column }: Cell,
  { x, y }: { x: number; y: number },
  { size: { width, height }, slots, rooms, common }: {
    size: PanelSize;
    slots: string[];
    rooms: Rooms;
    common: CommonLabels;
  },
): string[] {
  const area = { left: x, top: y, width, height };
  const drawn = [drawPanel({ panel, x: xAxis, y: yAxis, xLabelled, yLabelled, slots, ...area })];
  const middle = x + width / 2;
  if (panel.title !== "") {
    drawn.push(middleText(panel.title, middle, y - 7, { "font-weight": "bold" }));
  }
  if (common.x === undefined && xLabelled && xAxis.label !== "") {
    drawn.push(middleText(xAxis.label, middle, y + height + rooms.below[row] - 6));
  }
  if (common.y === undefined && yLabelled) {
    drawn.push(verticalText(yAxis.label, x - rooms.left[column] + LABEL_SIZE, y + height / 2));
  }
  return drawn;
}

function commonLabel(axes: readonly DrawnAxis[]): string | undefined {
  return axes.every(({ label }) => label === axes[0].label) ? axes[0].label : undefined;
}

/** The room that each column or row needs: the most that any of its cells needs. */
function sizes(
  count: number,
  cells: readonly Cell[],
  along: "row" | "column",
  size: (cell: Cell) => number,
): number[] {
  return Array.from(
    { length: count },
    (_, i) => Math.max(0, ...cells.filter((cell) => cell[along] === i).map(size)),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function sameAxis(a: DrawnAxis, b: DrawnAxis): boolean {
  return a.label === b.label && a.names.join() === b.names.join();
}

function middleText(
  text: string,
  x: number,
  y: number,
  attributes: Readonly<Record<string, string>> = {},
): string {
  return textElement(text, x, y, {
    "font-size": LABEL_SIZE,
    "text-anchor": "middle",
    ...attributes,
  });
}

function verticalText(text: string, x: number, y: number): string {
  return middleText(text, 0, 0, { transform: `translate(${round(x)},${round(y)}) rotate(-90)` });
}
