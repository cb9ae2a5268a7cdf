/**
 * The figure of a comparison: published values against ours, one panel per metric. Thousands of
 * points of few shapes, hence drawn as one SVG path per family.
 * @module
 */
import type { ComparedValue } from "./parity.ts";
import { measure } from "../results/measures.ts";
import { type Family, methodStyle } from "../methods.ts";
import {
  EDGE,
  escapeXml,
  FONT,
  INK,
  LABEL_SIZE,
  round,
  textElement,
  textWidth,
  TICK_SIZE,
  wrapText,
} from "../figures/svg.ts";

const METRICS = ["mcc_iid", "auc_iid", "acc_iid", "mcc_ood", "auc_ood", "acc_ood"];
const COLUMNS = 3;
const ROWS = METRICS.length / COLUMNS;
const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1];
/** All metrics lie in [0, 1]; the room keeps points at its ends off the frame. */
const DOMAIN = [-0.05, 1.05];
const SIZE = 220;
const STEP_X = SIZE + 20;
const STEP_Y = SIZE + 28;
const LEFT = 62;
const TOP = 58;
const WIDTH = LEFT + COLUMNS * STEP_X;
const BOTTOM = TOP + (ROWS - 1) * STEP_Y + SIZE;
const TITLE = "Our rows against the published ones";
const CAPTION =
  "Each point is a row, or a mean over seeds where the start is random. On the line " +
  "both are equal; large points with a dark edge lie outside the tolerance of their method's class.";

/**
 * Per family, in the order of drawing, a method that lends its colour, and a shape around the origin
 * for a size r, as a relative path.
 */
const FAMILIES: readonly { family: Family; method: string; shape: (r: number) => string }[] = [
  { family: "SAE", method: "sae", shape: (r) => `m${-r},${-r}h${2 * r}v${2 * r}h${-2 * r}z` },
  {
    family: "frozen",
    method: "fista+",
    shape: (r) => `m0,${-1.25 * r}l${1.25 * r},${2.25 * r}h${-2.5 * r}z`,
  },
  {
    family: "refined",
    method: "refined",
    shape: (r) =>
      `m0,${-1.4 * r}l${1.4 * r},${1.4 * r}l${-1.4 * r},${1.4 * r}l${-1.4 * r},${-1.4 * r}z`,
  },
  {
    family: "baseline",
    method: "linear_probe",
    shape: (r) => `m${-r},${-r}l${2 * r},0l${-r},${2 * r}z`,
  },
  {
    family: "sparse coding",
    method: "fista_oracle",
    shape: (r) => `m${-r},0a${r},${r},0,1,1,${2 * r},0a${r},${r},0,1,1,${-2 * r},0z`,
  },
  { family: "other", method: "other", shape: (r) => `m${-r},0h${2 * r}v${r / 2}h${-2 * r}z` },
];

/**
 * Draws compared values of MCC, AUC and accuracy as points: published across, ours up, with the
 * line on which they are equal. Points of one family that fall on the same half pixel are drawn
 * once. Other metrics do not show.
 *
 * @param values From `compareResults`, in any order.
 * @returns A self-contained SVG document, the same for the same values.
 *
 * @example
 * ```ts
 * import { comparisonFigure } from "./parity_figure.ts";
 * const svg = comparisonFigure([
 *   { method: "sae_relu", metric: "mcc_iid", published: 0.5, ours: 0.501, outside: false },
 * ]);
 * svg.startsWith("<svg xmlns"); // true
 * ```
 */
export function comparisonFigure(values: readonly ComparedValue[]): string {
  const shown = values.filter(({ metric }) => METRICS.includes(metric));
  const panels = METRICS.map((metric, i) => {
    const column = i % COLUMNS;
    const row = Math.floor(i / COLUMNS);
    const [x, y] = [LEFT + column * STEP_X, TOP + row * STEP_Y];
    return `<g transform="translate(${x},${y})">` +
      axes(measure(metric).label, { labelX: row === ROWS - 1, labelY: column === 0 }) +
      points(shown.filter((value) => value.metric === metric)) + "</g>";
  });
  const label = { "font-size": LABEL_SIZE, "text-anchor": "middle" };
  const middle = (TOP + BOTTOM) / 2;
  const caption = wrapText(CAPTION, TICK_SIZE, WIDTH - 2 * EDGE);
  const height = BOTTOM + 72 + caption.length * 16 + EDGE;
  const outside = shown.filter((value) => value.outside).length;
  const description = `${METRICS.length} scatter plots of ${shown.length} values: published ` +
    `across, ours up. ${outside} of them lie outside their tolerance.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" font-family="${FONT}" color="${INK}" fill="${INK}">` +
    `<title>${escapeXml(TITLE)}</title><desc>${escapeXml(description)}</desc>` +
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>` +
    textElement(TITLE, EDGE, EDGE + 16, { "font-size": 15, "font-weight": "bold" }) +
    panels.join("") +
    textElement("published", LEFT + (COLUMNS - 1) / 2 * STEP_X + SIZE / 2, BOTTOM + 36, label) +
    textElement("ours", 0, 0, { ...label, transform: `translate(20,${middle}) rotate(-90)` }) +
    legend(shown, BOTTOM + 58) +
    caption.map((line, i) =>
      textElement(line, EDGE, BOTTOM + 84 + i * 16, { "font-size": TICK_SIZE, fill: "#555555" })
    ).join("") + "</svg>\n";
}

/** Position in a panel, in pixels from its left (or, for `up`, from its top). */
const across = (value: number) => (value - DOMAIN[0]) / (DOMAIN[1] - DOMAIN[0]) * SIZE;
const up = (value: number) => SIZE - across(value);

function axes(heading: string, { labelX, labelY }: { labelX: boolean; labelY: boolean }): string {
  const grid = TICKS.map((tick) => `M${round(across(tick))},0V${SIZE}M0,${round(up(tick))}H${SIZE}`)
    .join("");
  const size = { "font-size": TICK_SIZE };
  const names = TICKS.flatMap((tick) => [
    ...(labelX
      ? [textElement(String(tick), across(tick), SIZE + 16, { ...size, "text-anchor": "middle" })]
      : []),
    ...(labelY
      ? [textElement(String(tick), -6, up(tick) + 4, { ...size, "text-anchor": "end" })]
      : []),
  ]);
  return `<path d="${grid}" stroke="#dddddd"/>` +
    `<rect width="${SIZE}" height="${SIZE}" fill="none" stroke="#999999"/>` +
    `<path d="M0,${SIZE}L${SIZE},0" stroke="#777777"/>` + names.join("") +
    textElement(heading, SIZE / 2, -7, {
      "font-size": LABEL_SIZE,
      "font-weight": "bold",
      "text-anchor": "middle",
    });
}

/** The points of a panel: those outside their tolerance over the others. */
function points(values: readonly ComparedValue[]): string {
  const halfPixel = (pixels: number) => Math.round(pixels * 2) / 2;
  return [false, true].flatMap((outside) =>
    FAMILIES.map(({ family, method, shape }) => {
      const places = new Set(
        values.filter((value) =>
          value.outside === outside && methodStyle(value.method).family === family
        ).map(({ published, ours }) => `M${halfPixel(across(published))},${halfPixel(up(ours))}`),
      );
      if (places.size === 0) return "";
      const mark = shape(outside ? 3.5 : 2);
      // sorted, so that the order of the values does not show
      const d = [...places].sort().map((place) => place + mark).join("");
      return `<path d="${d}" fill="${methodStyle(method).colour}"` +
        (outside ? ` stroke="${INK}"/>` : ' fill-opacity="0.7"/>');
    })
  ).join("");
}

function legend(values: readonly ComparedValue[], y: number): string {
  const present = new Set(values.map(({ method }) => methodStyle(method).family));
  let x = LEFT;
  return FAMILIES.filter(({ family }) => present.has(family)).map(({ family, method, shape }) => {
    const mark = `<path d="M${round(x)},${y - 4}${shape(4)}" fill="${
      methodStyle(method).colour
    }"/>`;
    const entry = mark + textElement(family, x + 10, y, { "font-size": TICK_SIZE });
    x += textWidth(family, TICK_SIZE) + 36;
    return entry;
  }).join("");
}
