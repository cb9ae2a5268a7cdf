/**
 * The figures that an experiment draws when it ends.
 * @module
 */
import type { Row } from "../results.ts";
import type { NamedFigure } from "../sweep/experiment.ts";

/** Draws all figures from all rows of the result files of an experiment, which has the given name. */
export type DrawRows = (
  rows: Row[],
  diagnostics: Row[],
  name: string,
) => NamedFigure[] | Promise<NamedFigure[]>;

/**
 * Draws the figures that the paper has of an experiment.
 *
 * @throws {RangeError} Where the paper has no experiment of that name, or the rows cannot be drawn.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { paperFigures } from "./paper_figures.ts";
 *
 * const rows = [{ method: "frozen_relu", num_latents: 50, seed: 0, mcc_iid: 0.5 }];
 * const figures = await paperFigures(rows, [], "exp_dict_quality");
 * assert.equal(figures[0].name, "dict_quality_n50");
 * ```
 */
export async function paperFigures(
  rows: Row[],
  diagnostics: Row[],
  name: string,
): Promise<NamedFigure[]> {
  // not imported above: workers compute without the plotting library
  const { figureSets } = await import("./figure_sets.ts");
  if (!Object.hasOwn(figureSets, name)) {
    throw new RangeError(
      `Cannot draw ${name}: it must be one of ${
        Object.keys(figureSets).join(", ")
      }; an experiment ` +
        "of one's own draws its rows itself",
    );
  }
  return figureSets[name](rows, diagnostics);
}
