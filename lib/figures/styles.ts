/**
 * Styles of methods that meet in one figure.
 * @module
 */
import { distinctStyles, methodIds, type MethodStyle, methodStyle } from "../methods.ts";
import type { Panel } from "./panels.ts";

/**
 * Gives methods that are not registered, whose styles come from their names alone, different colours
 * where they meet in one figure. All other styles stay.
 *
 * @param panels The panels of one figure.
 */
export function withDistinctStyles(
  panels: readonly (Panel | undefined)[],
): (Panel | undefined)[] {
  const styles = panels.flatMap((panel) => panel ? stylesOf(panel) : []);
  const unregistered = new Set(styles.filter(isUnregistered).map(({ label }) => label));
  if (unregistered.size < 2) return [...panels];
  const others = styles.filter((style) => !isUnregistered(style)).map(({ colour }) => colour);
  const distinct = distinctStyles([...unregistered], others);
  const restyle = <T extends { style: MethodStyle }>(series: readonly T[]): T[] =>
    series.map((one) => {
      const own = isUnregistered(one.style) ? distinct.get(one.style.label)! : one.style;
      // a level is dashed in its method's colour
      return { ...one, style: { ...one.style, colour: own.colour, marker: own.marker } };
    });
  return panels.map((panel): Panel | undefined => {
    if (!panel) return undefined;
    const levels = restyle(panel.levels);
    if (panel.kind === "lines") return { ...panel, levels, curves: restyle(panel.curves) };
    if (panel.kind === "bars") return { ...panel, levels, bars: restyle(panel.bars) };
    return { ...panel, levels, clouds: restyle(panel.clouds) };
  });
}

function stylesOf(panel: Panel): MethodStyle[] {
  const series = panel.kind === "lines"
    ? panel.curves
    : panel.kind === "bars"
    ? panel.bars
    : panel.clouds;
  return [...series, ...panel.levels].map(({ style }) => style);
}

/** Whether a style is what an unregistered name gets, and not one that a caller chose. */
function isUnregistered({ family, label, colour }: MethodStyle): boolean {
  return family === "other" && label !== "" && !methodIds.includes(label) &&
    methodStyle(label).colour === colour;
}
