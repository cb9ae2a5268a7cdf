/**
 * The figures that an experiment draws when it ends.
 * @module
 */
import type { MethodStyle } from "../methods.ts";
import type { Row } from "../results.ts";
import type { NamedFigure } from "../sweep/experiment.ts";

/** The experiment whose rows are drawn. */
export interface Drawn {
  /** Name of its result file without the extension. */
  name: string;
  /** How its methods are drawn. */
  style(method: string): MethodStyle;
}

/** Draws all figures from all rows of an experiment's result files. */
export type DrawRows = (
  rows: Row[],
  diagnostics: Row[],
  about: Drawn,
) => NamedFigure[] | Promise<NamedFigure[]>;

/**
 * Draws the figures that the paper has of an experiment.
 *
 * @throws {RangeError} Where the paper has no experiment of that name, or the rows cannot be drawn.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { methodStyle } from "../methods.ts";
 * import { paperFigures } from "./paper_figures.ts";
 *
 * const rows = [{ method: "frozen_relu", num_latents: 50, seed: 0, mcc_iid: 0.5 }];
 * const figures = await paperFigures(rows, [], { name: "exp_dict_quality", style: methodStyle });
 * assert.equal(figures[0].name, "dict_quality_n50");
 * ```
 */
export async function paperFigures(
  rows: Row[],
  diagnostics: Row[],
  { name }: Drawn,
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
