/**
 * Legends: swatches and names in aligned columns.
 * @module
 */
import type { MethodStyle } from "../methods.ts";
import type { Panel } from "./panels.ts";
import { drawSwatches, type Swatch } from "./plot.ts";
import { textElement, textWidth, TICK_SIZE } from "./svg.ts";

const SWATCH_LENGTH = 34;
const LINE_HEIGHT = TICK_SIZE + 7;
const COLUMN_GAP = 14;

/** Every series once, in the order in which the panels have them; curves and bars before levels. */
export function legendEntries(panels: readonly Panel[]): Swatch[] {
  const entries = new Map<string, Swatch>();
  const add = (style: MethodStyle, kind: Swatch["kind"]) => {
    const key = [style.label, style.colour, style.dash, style.marker, kind].join();
    if (!entries.has(key)) entries.set(key, { style, kind });
  };
  for (const panel of panels) {
    if (panel.kind === "lines") { for (const { style } of panel.curves) add(style, "line"); }
    if (panel.kind === "bars") { for (const { style } of panel.bars) add(style, "bar"); }
    if (panel.kind === "points") { for (const { style } of panel.clouds) add(style, "points"); }
  }
  for (const { levels } of panels) for (const { style } of levels) add(style, "level");
  return [...entries.values()];
}

/** Estimated width of one entry in pixels. */
export function entryWidth({ style }: Swatch): number {
  return SWATCH_LENGTH + 6 + textWidth(style.label, TICK_SIZE);
}

/** Draws entries, read row by row, in as few rows as fit into `width`. */
export function drawLegend(
  entries: readonly Swatch[],
  left: number,
  top: number,
  width: number,
): { svg: string; height: number } {
  const pitch = Math.max(...entries.map(entryWidth)) + COLUMN_GAP;
  const fitting = Math.max(1, Math.floor((width + COLUMN_GAP) / pitch));
  const rows = Math.ceil(entries.length / fitting);
  // as many columns as those rows need: 2 + 2 entries rather than 3 + 1
  const columns = Math.ceil(entries.length / rows);
  const placed = entries.map((entry, i) => ({
    ...entry,
    x: (i % columns) * pitch,
    y: (Math.floor(i / columns) + 0.5) * LINE_HEIGHT,
  }));
  const names = placed.map(({ style, x, y }) =>
    textElement(style.label, left + x + SWATCH_LENGTH + 6, top + y + 4, { "font-size": TICK_SIZE })
  );
  return {
    svg: drawSwatches(placed, SWATCH_LENGTH, left, top) + names.join(""),
    height: rows * LINE_HEIGHT,
  };
}
