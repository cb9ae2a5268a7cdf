/**
 * Figures as self-contained SVG documents: curves with bands, grouped bars with error bars, panels
 * with shared axes, one legend. Drawn with Observable Plot on a DOM without a browser; needs no
 * permission, and gives the same bytes for the same rows.
 *
 * `lines`, `groupedBars`, `points` and `facets` make panels out of rows, `figure` draws them.
 * @module
 */

export * from "./figures/drawings.ts";
export * from "./figures/figure.ts";
export * from "./figures/from_rows.ts";
export { figureNotes } from "./figures/notes.ts";
export * from "./figures/panels.ts";
export { escapeXml } from "./figures/svg.ts";
