/**
 * The drawings of one figure that files and pages need.
 * @module
 */
import { figure } from "./figure.ts";
import { figureNotes } from "./notes.ts";
import type { Panel } from "./panels.ts";

/** A figure as a file has it and as a page has it; each is drawn when it is asked for. */
export interface Drawings {
  /** Heading. */
  readonly title: string;
  /** Small print, with what {@linkcode figureNotes} has to tell. */
  readonly caption: string;
  /** The whole figure, as an SVG document. */
  readonly svg: string;
  /** The same without title and caption, for a page that sets them as text. */
  readonly bareSvg: string;
  /** The same with one panel below the other, for a narrow page; undefined for a single panel. */
  readonly narrowSvg: string | undefined;
}

/** Size of a panel that, with its ticks, is read without shrinking on a page of 390 pixels. */
const NARROW = { panelWidth: 245, panelHeight: 170 };

/**
 * The drawings of a figure.
 *
 * @param panels As `figure` takes them.
 * @param options Heading, small print and panels side by side, as `figure` takes them.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { drawings, lines } from "../figures.ts";
 *
 * const rows = [1, 2].map((x) => ({ method: "dl_fista", x, mcc_iid: 0.5, auc_iid: 0.8 }));
 * const panels = ["mcc_iid", "auc_iid"].map((y) => lines(rows, { x: "x", y }));
 * const { bareSvg, narrowSvg } = drawings(panels, { title: "Two panels" });
 * const width = (svg: string) => Number(/ width="(\d+)"/.exec(svg)![1]);
 * assert(width(narrowSvg!) < 390 && 390 < width(bareSvg));
 * ```
 */
export function drawings(
  panels: readonly (Panel | undefined)[],
  options: { title: string; caption?: string; columns?: number },
): Drawings {
  const { title, caption = "", columns } = options, shown = { title, caption, columns };
  return {
    title,
    caption: [caption, ...figureNotes(panels)].join(" ").trim(),
    get svg() {
      return figure(panels, shown);
    },
    get bareSvg() {
      return figure(panels, { ...shown, bare: true });
    },
    get narrowSvg() {
      const present = panels.filter((panel) => panel !== undefined);
      if (present.length < 2) return undefined;
      return figure(present, { ...shown, ...NARROW, columns: 1, bare: true });
    },
  };
}
