/**
 * Figures: a heading, a grid of panels, one legend and small print, as one SVG document.
 * @module
 */
import { layOut } from "./layout.ts";
import { drawLegend, entryWidth, legendEntries } from "./legend.ts";
import type { MethodStyle } from "../methods.ts";
import { figureNotes } from "./notes.ts";
import type { Panel } from "./panels.ts";
import { withDistinctStyles } from "./styles.ts";
import type { Swatch } from "./plot.ts";
import { EDGE, svgDocument, textElement, TICK_SIZE, wrapText } from "./svg.ts";

/** Options of {@linkcode figure}. */
export interface FigureOptions {
  /** Heading, and the accessible name of the figure. */
  title: string;
  /** What is to be seen, for readers who cannot: default, a list of panels, axes and series. */
  description?: string;
  /**
   * Small print under the legend, before what {@linkcode figureNotes} has to tell. Default: only
   * that.
   */
  caption?: string;
  /** Panels side by side. Default: 1, 2 or 3, by their number. */
  columns?: number;
  /** Whether to leave out title and caption, for a page that sets them as text. Default false. */
  bare?: boolean;
  /** Whether to draw the legend. Default true. */
  legend?: boolean;
  /** Width of one panel's plot area in pixels. Default: by the number of columns. */
  panelWidth?: number;
  /** Height of one panel's plot area in pixels. Default: by the number of columns. */
  panelHeight?: number;
}

const TITLE_SIZE = 16;

/**
 * Draws panels as one SVG document. Panels with the same axis label share that axis' range; axis
 * labels that all panels have in common are drawn once.
 *
 * @param panels Made by `lines`, `groupedBars`, `points` or `facets`, from left to right and top to bottom;
 * `undefined` leaves a place free.
 * @param options Title, layout and small print.
 * @returns The document: `<svg xmlns="http://www.w3.org/2000/svg" …>`, without fonts, scripts, ids
 * or references to anything outside itself.
 * @throws {RangeError} Where there is no panel, or `columns` is not a positive integer.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { figure, lines } from "../figures.ts";
 *
 * const rows = [0, 1, 2].map((seed) => ({ method: "my_solver", n_iter: 10, mcc_iid: 0.7, seed }));
 * const svg = figure([lines(rows, { x: "n_iter", y: "mcc_iid", xScale: "symlog" })], {
 *   title: "My solver",
 *   caption: "Mean over three seeds, band ± one standard deviation.",
 * });
 * assert(svg.startsWith("<svg xmlns"));
 * ```
 */
export function figure(
  panels: readonly (Panel | undefined)[],
  options: FigureOptions,
): string {
  const distinct = withDistinctStyles(panels);
  const present = distinct.filter((panel) => panel !== undefined);
  if (present.length === 0) {
    throw new RangeError(`Cannot draw "${options.title}": at least one panel is required, got 0`);
  }
  const columns = Math.min(options.columns ?? defaultColumns(panels.length), panels.length);
  if (!Number.isInteger(columns) || columns < 1) {
    throw new RangeError(
      `Cannot draw "${options.title}": columns must be a positive integer, got ${options.columns}`,
    );
  }
  const width = options.panelWidth ?? [360, 212, 190][Math.min(columns, 3) - 1];
  const height = options.panelHeight ?? [210, 150, 140][Math.min(columns, 3) - 1];

  const grid = layOut(distinct, columns, { width, height });
  const entries = options.legend === false ? [] : legendEntries(present);
  const total = Math.max(grid.width, ...entries.map((entry) => entryWidth(entry) + 2 * EDGE));
  const text = total - 2 * EDGE;

  const body: string[] = [];
  let y = EDGE;
  const words = [options.caption ?? "", ...figureNotes(present)].join(" ").trim();
  const [title, caption] = options.bare ? ["", ""] : [options.title, words];
  for (const line of wrapText(title, TITLE_SIZE, text)) {
    y += TITLE_SIZE + 4;
    body.push(textElement(line, EDGE, y - 4, { "font-size": TITLE_SIZE, "font-weight": "bold" }));
  }
  y += 4;
  body.push(...grid.draw(y));
  y += grid.height;
  if (entries.length > 0) {
    const { svg, height } = drawLegend(entries, EDGE, y + 4, text);
    body.push(svg);
    y += height + 4;
  }
  for (const line of wrapText(caption, TICK_SIZE, text)) {
    y += TICK_SIZE + 4;
    body.push(textElement(line, EDGE, y, { "font-size": TICK_SIZE, fill: "#555555" }));
  }
  const description = options.description ?? describe(present, entries);
  return svgDocument([total, y + EDGE], { title: options.title, description }, body);
}

/**
 * A legend alone, for figures that are drawn without one.
 *
 * @param styles The series, in order.
 * @param options Title (also the accessible name) and width in pixels.
 * @throws {RangeError} Where `styles` is empty.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { legend } from "../figures.ts";
 * import { methodStyle } from "../methods.ts";
 *
 * const svg = legend(["fista_oracle", "sae_relu"].map(methodStyle), { title: "Methods" });
 * assert(svg.includes("SAE ReLU"));
 * ```
 */
export function legend(
  styles: readonly MethodStyle[],
  options: { title: string; width?: number },
): string {
  const { title, width = 540 } = options;
  if (styles.length === 0) {
    throw new RangeError(`Cannot draw "${title}": at least one style is required, got 0`);
  }
  const entries = styles.map((style) => ({ style, kind: "line" as const }));
  const { svg, height } = drawLegend(entries, EDGE, EDGE, width - 2 * EDGE);
  const names = styles.map(({ label }) => label).join(", ");
  const description = `Legend: ${names}.`;
  return svgDocument([width, height + 2 * EDGE], { title, description }, [svg]);
}

function defaultColumns(panels: number): number {
  if (panels === 1) return 1;
  return panels <= 4 ? 2 : 3;
}

function describe(panels: readonly Panel[], entries: readonly Swatch[]): string {
  const titles = panels.map(({ title }) => title).filter((title) => title !== "");
  const yLabels = [...new Set(panels.map(({ y }) => y.label))];
  const xLabels = [
    ...new Set(
      panels.map((panel) =>
        panel.kind === "bars" ? panel.groups.join(", ").replaceAll("\n", " ") : panel.x.label
      ),
    ),
  ];
  const series = entries.map(({ style }) => style.label);
  return [
    `${yLabels.join("; ")} against ${xLabels.join("; ")}.`,
    titles.length > 0 ? `Panels: ${titles.join("; ")}.` : "",
    series.length > 0 ? `Series: ${series.join("; ")}.` : "",
    "Values are means over seeds, bands and error bars ± one standard deviation.",
  ].filter((sentence) => sentence !== "").join(" ");
}
