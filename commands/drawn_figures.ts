/**
 * The figures of result files, whoever made them: the paper's sets, an experiment's own, or a generic
 * one.
 * @module
 */
import { figureSets, figuresOf } from "../lib/paper/figure_sets.ts";
import { genericFigure } from "../lib/reports/generic_figure.ts";
import type { ExperimentRows } from "../lib/results.ts";
import { experimentNamed } from "../lib/sweep/tasks.ts";

/** A figure under the name of its file. */
export interface DrawnFigure {
  /** File name without folder and extension; ends in the suffix of the rows. */
  name: string;
  /** The figure; what is read of it is drawn then. */
  figure: {
    /** `paper`, `appendix` or `controlled`; `own` for an experiment that the paper does not have. */
    readonly set: string;
    readonly title: string;
    readonly caption: string;
    /** The whole figure, as an SVG document. */
    readonly svg: string;
    /** The same without title and caption. */
    readonly bareSvg: string;
    /** That for a narrow window, where it is another one. */
    readonly narrowSvg?: string;
  };
}

/**
 * Draws all figures of one experiment: those of the paper, else those that the experiment of a task in
 * `deno.json` draws itself, else one of all its scores.
 *
 * @throws {RangeError} Where the rows cannot be drawn; the message names their files.
 */
export async function drawnFigures(rows: ExperimentRows): Promise<DrawnFigure[]> {
  const { experiment, suffix, files } = rows;
  if (Object.hasOwn(figureSets, experiment)) return figuresOf(rows);
  try {
    const own = await (await experimentNamed(experiment))?.figures?.(rows.rows, rows.diagnostics);
    if (own) {
      return own.map((drawn) => {
        const { name, svg, title = name.replaceAll("_", " "), caption = "" } = drawn;
        const { bareSvg = svg, narrowSvg } = drawn;
        return {
          name: name + suffix,
          figure: { set: "own", title, caption, svg, bareSvg, narrowSvg },
        };
      });
    }
    const figure = genericFigure(rows);
    const name = experiment.replace(/^exp_/, "") + suffix;
    return figure ? [{ name, figure: { set: "own", ...figure } }] : [];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`Cannot use ${files.join(", ")}: ${error.message}`, { cause: error });
  }
}
