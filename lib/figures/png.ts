/**
 * SVG to PNG without a browser, by resvg.
 *
 * Text is drawn with Arimo, which has the widths of Helvetica, Arial and Liberation Sans and comes
 * with an npm package. Needs read permission on the two font files in the package cache
 * (`--allow-read` covers them); nothing else.
 * @module
 */
import fontPackage from "npm:@expo-google-fonts/arimo@0.4.3/package.json" with { type: "json" };
import { loadResvg } from "./resvg.js";

const PACKAGE = `npm:${fontPackage.name}@${fontPackage.version}`;
const FILES = ["400Regular/Arimo_400Regular.ttf", "700Bold/Arimo_700Bold.ttf"];

let fonts: Uint8Array[] | undefined;

/** Options of {@linkcode svgToPng}. */
export interface PngOptions {
  /** Pixels of the picture per pixel of the SVG. Default 2: sharp at column width in print. */
  scale?: number;
}

/**
 * Renders an SVG document as a PNG file.
 *
 * @param svg A self-contained SVG document, such as `figure` makes.
 * @param options Resolution.
 * @returns The bytes of the PNG file; the same for the same document.
 * @throws {RangeError} Where `scale` is not a finite number above 0, or `svg` is no SVG document.
 * @throws {Deno.errors.NotCapable} Without read permission on the fonts.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { figure, lines } from "../figures.ts";
 * import { svgToPng } from "./png.ts";
 *
 * const rows = [1, 2].map((x) => ({ method: "dl_fista", x, mcc_iid: 0.5 }));
 * const svg = figure([lines(rows, { x: "x", y: "mcc_iid" })], { title: "Two points" });
 * assert((await svgToPng(svg)).length > 1000);
 * ```
 */
export async function svgToPng(
  svg: string,
  { scale = 2 }: PngOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  if (!(scale > 0 && Number.isFinite(scale))) {
    throw new RangeError(
      `Cannot draw a PNG: scale must be a finite number above 0, got ${scale}`,
    );
  }
  fonts ??= FILES.map((file) =>
    Deno.readFileSync(new URL(import.meta.resolve(`${PACKAGE}/${file}`)))
  );
  const parse = await loadResvg();
  let renderer;
  try {
    renderer = parse(svg, { scale, fonts, family: "Arimo" });
  } catch (error) {
    throw new RangeError(`Cannot draw a PNG: svg must be an SVG document (${error})`);
  }
  const image = renderer.render();
  try {
    return new Uint8Array(image.asPng());
  } finally {
    // both live in Wasm memory, which is not collected
    image.free();
    renderer.free();
  }
}
