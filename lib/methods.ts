/**
 * The one registry of methods: how each method id of a result row is named and drawn, everywhere.
 *
 * Families differ by colour *and* dash, methods within a family by shade *and* marker, so that a
 * reader who sees no colour can still tell the curves apart.
 * @module
 */

/** A family of methods: one hue and one dash. */
export type Family = "sparse coding" | "SAE" | "frozen" | "refined" | "baseline" | "other";

/** Marker shapes: the filled symbols of Observable Plot. */
export type Marker =
  | "circle"
  | "square"
  | "triangle"
  | "diamond"
  | "star"
  | "cross"
  | "wye"
  | "hexagon";

/** How a method is named and drawn. */
export interface MethodStyle {
  /** The family, which sets the hue and the dash. */
  readonly family: Family;
  /** The name in legends and tables. */
  readonly label: string;
  /** `#rrggbb`, at least 3:1 against white (WCAG 2.1, 1.4.11). */
  readonly colour: string;
  /** SVG `stroke-dasharray`, in pixels; `none` is a solid line. */
  readonly dash: string;
  /** Width of the line in pixels. */
  readonly width: number;
  /** Shape of the points. */
  readonly marker: Marker;
}

/**
 * The SAE types in the order of panels, legends and tables, with the names that figures show. A type
 * gets its markers and shades by its place here; without a line here its methods are drawn like
 * methods of one's own.
 */
export const saeTypeLabels: Readonly<Record<string, string>> = {
  relu: "ReLU",
  topk: "TopK",
  jumprelu: "JumpReLU",
  MP: "MP",
  abstopk: "AbsTopK",
};

const dashes: Record<Family, string> = {
  "sparse coding": "none",
  SAE: "7 4",
  frozen: "9 6 2 6",
  refined: "9 3 2 3",
  baseline: "2 3",
  other: "none",
};

/**
 * FISTA on an SAE's decoder mostly ends at the same codes, wherever it starts: the line from zero
 * lies under that from the SAE's codes, and shows on both sides of it.
 */
const widths: Partial<Record<Family, number>> = { frozen: 3.5 };

/** Markers of methods by the place of their SAE type; more types begin again. */
const typeMarkers: Marker[] = [
  ...["circle", "square", "triangle", "diamond"] as const,
  ...["star", "cross", "wye", "hexagon"] as const,
];

/** Markers of methods of one's own. */
const otherMarkers = typeMarkers.slice(0, 4);

/**
 * Shades per SAE type, dark to light, for the families that have methods built on an SAE. Types after
 * the fourth get what lies between two of them, see {@linkcode shade}.
 */
const typeShades: Partial<Record<Family, string[]>> = {
  SAE: ["#7f2704", "#b83c06", "#d9600f", "#e3741b"],
  frozen: ["#3b1a6b", "#62389c", "#8457bd", "#a07ad0"],
  refined: ["#00441b", "#17682f", "#218a45", "#3a9f62"],
  "sparse coding": ["#08306b", "#14549c", "#2171b5", "#4a90d0"],
};

function style(family: Family, label: string, colour: string, marker: Marker): MethodStyle {
  return { family, label, colour, dash: dashes[family], width: widths[family] ?? 1.75, marker };
}

/**
 * The shade of a family's type. Those after the fourth lie halfway between two neighbours, first of
 * the four, then of the seven, and so on: distinct, and as far from white as the lighter neighbour.
 */
function shade(family: Family, type: number): string {
  const shades = typeShades[family]!;
  let place = type;
  if (type >= shades.length) {
    let nth = type - shades.length, gaps = shades.length - 1;
    for (; nth >= gaps; gaps *= 2) nth -= gaps;
    place = (nth + 0.5) * (shades.length - 1) / gaps;
  }
  const [a, b] = [Math.floor(place), Math.ceil(place)].map((i) => shades[i]);
  const mixed = [1, 3, 5].map((at) => {
    const [x, y] = [a, b].map((colour) => parseInt(colour.slice(at, at + 2), 16));
    return Math.round(x + (y - x) * (place % 1)).toString(16).padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}

/**
 * Methods with ids of their own. The order here, then that of `saeMethods`, is the order of
 * legends, tables and drawing.
 */
const plainMethods: Record<string, MethodStyle> = {
  fista_oracle: style("sparse coding", "FISTA, oracle dictionary", "#08306b", "star"),
  dl_fista: style("sparse coding", "DL-FISTA", "#2171b5", "cross"),
  dl_ista: style("sparse coding", "DL-ISTA", "#4a90d0", "square"),
  softplus_adam: style("sparse coding", "Softplus-Adam", "#3f8fd2", "wye"),
  fista: style("sparse coding", "FISTA", "#14549c", "circle"),
  ista: style("sparse coding", "ISTA", "#2f7ec4", "triangle"),
  lista: style("sparse coding", "LISTA", "#4a90d0", "diamond"),
  linear_probe: style("baseline", "linear probe", "#4d4d4d", "hexagon"),
  pca: style("baseline", "PCA", "#6b6b6b", "square"),
  raw: style("baseline", "raw observations", "#858585", "circle"),
};

/**
 * Methods built on an SAE. Their ids in rows are the key, `_` (none after a `+`) and the SAE type;
 * the key alone, `sae` or `fista+`, is the method with the type left open, as in a panel per type.
 */
const saeMethods: Record<string, MethodStyle> = {
  sae: style("SAE", "SAE encoder", "#c84a07", "circle"),
  frozen: style("frozen", "FISTA, SAE decoder", "#a07ad0", "square"),
  renormed: style("frozen", "FISTA, unit-norm columns", "#7344ad", "triangle"),
  oracle_norms: style("frozen", "FISTA, oracle column norms", "#3b1a6b", "diamond"),
  support_lstsq: style("refined", "least squares on SAE support", "#218a45", "triangle"),
  "fista+": style("frozen", "FISTA on SAE decoder", "#62389c", "square"),
  refined: style("refined", "FISTA from SAE codes", "#218a45", "diamond"),
  cold: style("frozen", "FISTA from zero", "#62389c", "square"),
  warm: style("refined", "FISTA from SAE codes", "#218a45", "diamond"),
  cold_dl: style("sparse coding", "DL-FISTA from random", "#2171b5", "square"),
  warm_dl: style("refined", "DL-FISTA from SAE decoder", "#218a45", "diamond"),
};

/** A method id taken apart by {@linkcode splitMethod}. */
export interface MethodParts {
  /** The method with the SAE type left open (`frozen`, `fista+`), or the whole id. */
  readonly base: string;
  /** The SAE type where the method is built on one. */
  readonly saeType?: string;
}

const parts = new Map<string, MethodParts>();
const registry = new Map(Object.entries(plainMethods));
for (const [base, bare] of Object.entries(saeMethods)) {
  registry.set(base, bare);
  Object.entries(saeTypeLabels).forEach(([saeType, typeLabel], i) => {
    const id = base + (base.endsWith("+") ? "" : "_") + saeType;
    // the encoder is what people mean by "the SAE": "SAE ReLU", not "SAE encoder, ReLU"
    const label = base === "sae" ? `SAE ${typeLabel}` : `${bare.label} (${typeLabel})`;
    registry.set(
      id,
      style(bare.family, label, shade(bare.family, i), typeMarkers[i % typeMarkers.length]),
    );
    parts.set(id, { base, saeType });
  });
}

/** Every registered method id, in the order of legends and tables. */
export const methodIds: readonly string[] = [...registry.keys()];

/**
 * The style of a method. An unregistered id (a method of one's own) is drawn too: solid brown, with
 * its id as the label and a marker chosen from the id.
 *
 * @param id Method id as result rows have it, such as `sae_relu`, `fista+MP` or `dl_fista`.
 * @throws {TypeError} Where `id` is not a non-empty string.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { methodStyle } from "./methods.ts";
 *
 * const { label, colour } = methodStyle("sae_topk");
 * assert.equal(label, "SAE TopK");
 * assert.equal(colour, "#b83c06");
 * assert.equal(methodStyle("my_method").label, "my_method");
 * ```
 */
export function methodStyle(id: string): MethodStyle {
  if (typeof id !== "string" || id === "") {
    throw new TypeError(`Cannot style a method: id must be a non-empty string, got ${String(id)}`);
  }
  const known = registry.get(id);
  if (known) return known;
  let sum = 0;
  for (const character of id) sum += character.codePointAt(0)!;
  return style("other", id, "#7a5230", otherMarkers[sum % otherMarkers.length]);
}

/**
 * Takes a method id apart into the method and the SAE type that it is built on.
 *
 * @param id Method id as result rows have it.
 * @returns `{ base, saeType }` for SAE-based methods, `{ base: id }` for all others.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { splitMethod } from "./methods.ts";
 *
 * assert.deepEqual(splitMethod("warm_dl_relu"), { base: "warm_dl", saeType: "relu" });
 * assert.deepEqual(splitMethod("fista_oracle"), { base: "fista_oracle" });
 * ```
 */
export function splitMethod(id: string): MethodParts {
  return parts.get(id) ?? { base: id };
}
