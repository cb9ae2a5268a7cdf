/**
 * Panels in a grid: shared axis ranges, aligned plot areas, labels drawn once where they are the same.
 * @module
 */
import type { DrawnAxis } from "./axes.ts";
import type { Panel } from "./panels.ts";
import { drawPanel } from "./plot.ts";
import { groupAxis, xAxis, yAxis } from "./shared_axes.ts";
import { EDGE, LABEL_SIZE, round, textElement, textWidth, TICK_SIZE } from "./svg.ts";

/** Room between panels and at the right edge, where the last tick label reaches over. */
const GAP = 22;

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
 * @param width Width of every plot area in pixels.
 * @param height Height of every plot area in pixels.
 */
export function layOut(
  panels: readonly (Panel | undefined)[],
  columns: number,
  width: number,
  height: number,
): Grid {
  const present = panels.filter((panel) => panel !== undefined);
  const groups = [...new Set(present.flatMap((p) => p.kind === "bars" ? p.groups : []))];
  const bars = present.flatMap((p) => p.kind === "bars" ? p.bars : []);
  const slots = [...new Set(bars.map(({ style }) => style.label))];
  const yAxes = present.map(({ y }) => y);
  const xAxes = present.flatMap((p) => p.kind === "lines" ? [p.x] : []);
  const places = panels.map((panel, i): Cell | undefined =>
    panel && {
      panel,
      row: Math.floor(i / columns),
      column: i % columns,
      x: panel.kind === "lines" ? xAxis(panel.x, xAxes, width) : groupAxis(groups),
      y: yAxis(panel.y, yAxes, height),
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
  const cells = places.filter((cell) => cell !== undefined);

  const oneX = cells.every(({ x }) => x.label === cells[0].x.label);
  const oneY = cells.every(({ y }) => y.label === cells[0].y.label);
  const rows = Math.ceil(panels.length / columns);
  const labelRoom = LABEL_SIZE + 6;
  const left = sizes(columns, cells, "column", (cell) => {
    if (!cell.yLabelled) return 0;
    return Math.max(...cell.y.names.map((name) => textWidth(name, TICK_SIZE))) + 8 +
      (oneY ? 0 : labelRoom);
  });
  const above = sizes(rows, cells, "row", ({ panel }) => panel.title === "" ? 6 : LABEL_SIZE + 9);
  const below = sizes(rows, cells, "row", ({ x, xLabelled }) => {
    if (!xLabelled) return 4;
    const deep = Math.max(...x.names.map((name) => name.split("\n").length));
    return 8 + deep * (TICK_SIZE + 2) + (oneX || x.label === "" ? 0 : labelRoom);
  });
  const start = EDGE + (oneY ? labelRoom : 0);
  const xs = left.map((_, c) => start + sum(left.slice(0, c + 1)) + c * (width + GAP));
  const ys = above.map((_, r) => sum(above.slice(0, r + 1)) + sum(below.slice(0, r)) + r * height);
  const bottom = ys[rows - 1] + height + below[rows - 1];
  const commonX = oneX && cells[0].x.label !== "";
  const right = xs[columns - 1] + width;

  return {
    width: right + GAP,
    height: bottom + (commonX ? labelRoom : 0),
    draw: (top) => {
      const parts = cells.flatMap((cell) => {
        const [x, y] = [xs[cell.column], top + ys[cell.row]];
        const label = { "font-size": LABEL_SIZE, "text-anchor": "middle" };
        const middle = x + width / 2;
        const drawn = [drawPanel({ ...cell, slots, left: x, top: y, width, height })];
        if (cell.panel.title !== "") {
          drawn.push(
            textElement(cell.panel.title, middle, y - 7, { ...label, "font-weight": "bold" }),
          );
        }
        if (!oneX && cell.xLabelled && cell.x.label !== "") {
          const at = y + height + below[cell.row] - 6;
          drawn.push(textElement(cell.x.label, middle, at, label));
        }
        if (!oneY && cell.yLabelled) {
          drawn.push(
            verticalText(cell.y.label, x - left[cell.column] + LABEL_SIZE, y + height / 2),
          );
        }
        return drawn;
      });
      const label = { "font-size": LABEL_SIZE, "text-anchor": "middle" };
      if (commonX) {
        parts.push(textElement(cells[0].x.label, (xs[0] + right) / 2, top + bottom + 12, label));
      }
      if (oneY) {
        const middle = top + (ys[0] + ys[rows - 1] + height) / 2;
        parts.push(verticalText(cells[0].y.label, EDGE + LABEL_SIZE, middle));
      }
      return parts;
    },
  };
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

function verticalText(text: string, x: number, y: number): string {
  return textElement(text, 0, 0, {
    "font-size": LABEL_SIZE,
    "text-anchor": "middle",
    transform: `translate(${round(x)},${round(y)}) rotate(-90)`,
  });
}
