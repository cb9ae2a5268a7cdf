/**
 * The one registry of methods: how each method id of a result row is named and drawn, everywhere.
 *
 * Families differ by colour *and* dash, methods within a family by shade *and* marker, so that a
 * reader who sees no colour can still tell the curves apart.
 * @module
 */
import { requireArray, requireOptions } from "./checks.ts";
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
  batchtopk: "BatchTopK",
  matryoshka: "Matryoshka",
  gated: "Gated",
  pursuit: "Pursuit",
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

/** Markers of methods by the place of their SAE type, or of one's own; more begin again. */
const markers: Marker[] = [
  ...["circle", "square", "triangle", "diamond"] as const,
  ...["star", "cross", "wye", "hexagon"] as const,
];

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
  dl_path: style("sparse coding", "path dictionary", "#0b56c4", "hexagon"),
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
      style(bare.family, label, shade(bare.family, i), markers[i % markers.length]),
    );
    parts.set(id, { base, saeType });
  });
}

const ids = [...registry.keys()];

/**
 * Every registered method id, in the order of legends and tables; methods of one's own come last, in
 * the order in which they were registered.
 */
export const methodIds: readonly string[] = ids;

/** Colours of methods of one's own: none that a family has. */
const ownColours = ["#7a5230", "#b01e78", "#00808c", "#6f6d00", "#c41a2e", "#d94f93"];

/** The style in one of the places of the palette; those of neighbouring places have nothing in common. */
function ownStyle(family: Family, label: string, place: number): MethodStyle {
  const of = <T>(list: readonly T[]) => list[place % list.length];
  return style(family, label, of(ownColours), of(markers));
}

/** How many methods of one's own are registered. */
let ownCount = 0;

/** A method of one's own, for {@linkcode registerMethod}. */
export interface OwnMethod {
  /** Its id in result rows. */
  id: string;
  /** Its name in legends and tables. Default: the id. */
  label?: string;
  /** Its family, which sets the dash. Default `other`, whose lines are solid. */
  family?: Family;
}

/**
 * Gives a method of one's own a name and a place in legends and tables, after the paper's. Colour and
 * marker come from a palette, so that the first six registered methods have six colours, none of them
 * the paper's.
 *
 * @param method Id, label and family.
 * @returns How it is drawn from now on. Registering the same method again changes nothing.
 * @throws {TypeError} Where id or label is not a non-empty string.
 * @throws {RangeError} Where the family is none, or the id is registered otherwise.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { methodStyle, registerMethod } from "./methods.ts";
 *
 * registerMethod({ id: "omp", label: "Matching pursuit", family: "sparse coding" });
 * assert.equal(methodStyle("omp").label, "Matching pursuit");
 * assert.notEqual(registerMethod({ id: "iht" }).colour, methodStyle("omp").colour);
 * ```
 */
export function registerMethod(method: OwnMethod): MethodStyle {
  requireOptions("method", method, ["id", "label", "family"]);
  const { id, label = id, family = "other" } = method;
  for (const [name, text] of [["id", id], ["label", label]]) {
    if (typeof text !== "string" || text === "") {
      throw new TypeError(
        `Cannot register a method: ${name} must be a non-empty string, got ${String(text)}`,
      );
    }
  }
  if (!Object.hasOwn(dashes, family)) {
    throw new RangeError(
      `Cannot register ${id}: family must be one of ${
        Object.keys(dashes).join(", ")
      }, got ${family}`,
    );
  }
  const known = registry.get(id);
  if (known) {
    if (known.label === label && known.family === family) return known;
    throw new RangeError(
      `Cannot register ${id}: it must not be registered yet, got "${known.label}" (${known.family})`,
    );
  }
  const added = ownStyle(family, label, ownCount++);
  registry.set(id, added);
  ids.push(id);
  return added;
}

/**
 * Compares two method ids by the order of legends and tables: registered ones in that of
 * {@linkcode methodIds}, then the others by name.
 *
 * @returns Below 0 where `a` comes first, above 0 where `b` does, 0 where they are equal.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareMethodIds } from "./methods.ts";
 *
 * assert.deepEqual(["b", "a", "sae_relu", "fista_oracle"].sort(compareMethodIds), [
 *   "fista_oracle",
 *   "sae_relu",
 *   "a",
 *   "b",
 * ]);
 * ```
 */
export function compareMethodIds(a: string, b: string): number {
  const rank = (id: string) => registry.has(id) ? ids.indexOf(id) : ids.length;
  return rank(a) - rank(b) || (a < b ? -1 : Number(a > b));
}

/** A place in the palette that depends on the id alone. */
function placeOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (31 * sum + character.codePointAt(0)!) % 1_000_003;
  return sum % (ownColours.length * markers.length);
}

/**
 * Styles of unregistered methods that meet in one figure: each has that of {@linkcode methodStyle}
 * unless another one, or something else in the figure, has its colour; then the next free colour of the
 * palette. With more methods than colours, markers tell them apart.
 *
 * @param unregistered Their ids, in any order.
 * @param taken Colours of everything else in the figure.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { distinctStyles } from "./methods.ts";
 *
 * const styles = distinctStyles(["a", "b", "c", "d", "e", "f"]);
 * assert.equal(new Set([...styles.values()].map(({ colour }) => colour)).size, 6);
 * ```
 */
export function distinctStyles(
  unregistered: readonly string[],
  taken: readonly string[] = [],
): Map<string, MethodStyle> {
  requireArray("unregistered", unregistered);
  requireArray("taken", taken);
  const colours = new Set(taken);
  const looks = new Set<string>();
  const styles = new Map<string, MethodStyle>();
  for (const id of [...unregistered].sort()) {
    const places = Array.from(
      { length: ownColours.length * markers.length },
      (_, i) => ownStyle("other", id, placeOf(id) + i),
    );
    const own = places.find(({ colour }) => !colours.has(colour)) ??
      places.find(({ colour, marker }) => !looks.has(colour + marker)) ?? places[0];
    colours.add(own.colour);
    looks.add(own.colour + own.marker);
    styles.set(id, own);
  }
  return styles;
}

/**
 * The style of a method. An unregistered id (a method of one's own) is drawn too: a solid line, with
 * its id as the label, colour and marker chosen from the id. {@linkcode registerMethod} gives it a name.
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
 * assert.deepEqual([label, colour], ["SAE TopK", "#b83c06"]);
 * assert.equal(methodStyle("my_method").label, "my_method");
 * ```
 */
export function methodStyle(id: string): MethodStyle {
  if (typeof id !== "string" || id === "") {
    throw new TypeError(`Cannot style a method: id must be a non-empty string, got ${String(id)}`);
  }
  const known = registry.get(id);
  if (known) return known;
  return ownStyle("other", id, placeOf(id));
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
  if (typeof id !== "string") throw new TypeError(`id must be a string, got ${typeof id}`);
  return parts.get(id) ?? { base: id };
}
