/**
 * SVG: the document of a figure, and its text: escaping, estimated widths (there is no font engine
 * here) and wrapping.
 * @module
 */

/**
 * Font stack of all figures: fonts that systems have, none that must be loaded. The first four have
 * the same widths, so that a figure looks the same with each; PNG files are drawn with the last.
 */
export const FONT = "Helvetica, Arial, 'Liberation Sans', Arimo, sans-serif";

/** Font size of tick labels, legends and captions, in pixels. */
export const TICK_SIZE = 13;

/** Font size of axis labels and panel headings, in pixels. */
export const LABEL_SIZE = 14;

/** Margin around a figure, in pixels. */
export const EDGE = 8;

/** Colour of text and axes. */
export const INK = "#222222";

/**
 * Escapes text for element content and double-quoted attributes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { escapeXml } from "./svg.ts";
 * assert.equal(escapeXml("k < n"), "k &lt; n");
 * ```
 */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/**
 * Estimated width of a text in pixels: the widths of Helvetica by class of character, and a tenth
 * more because the font that is found may be wider.
 */
export function textWidth(text: string, fontSize: number): number {
  let em = 0;
  for (const character of text) {
    if (/[iljtfrI.,:;'|()[\] \-]/.test(character)) em += 0.3;
    else if (/[mwMW@%]/.test(character)) em += 0.87;
    else if (/[A-Z&=+±−<>→]/.test(character)) em += 0.68;
    else em += 0.55;
  }
  return em * fontSize * 1.1;
}

/** Breaks a text at plain spaces into lines of at most `width` estimated pixels. */
export function wrapText(text: string, fontSize: number, width: number): string[] {
  const broken: string[] = [];
  for (const word of text.split(/ +/).filter((word) => word !== "")) {
    const longer = broken.length > 0 ? `${broken.at(-1)} ${word}` : word;
    if (broken.length > 0 && textWidth(longer, fontSize) <= width) {
      broken[broken.length - 1] = longer;
    } else broken.push(word);
  }
  return broken;
}

/** A text element; `attributes` are written as they are. */
export function textElement(
  text: string,
  x: number,
  y: number,
  attributes: Readonly<Record<string, string | number>>,
): string {
  const list = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`).join("");
  return `<text x="${round(x)}" y="${round(y)}"${list}>${escapeXml(text)}</text>`;
}

/** Rounds pixels to so many decimals: a hundredth is invisible, and shorter files differ less. */
export function round(value: number, digits = 2): number {
  const parts = 10 ** digits;
  return Math.round(value * parts) / parts + 0;
}

/**
 * A figure as a document: white paper and dark ink, so that it reads the same on a dark page.
 *
 * @param size Width and height in pixels, rounded up.
 * @param words Title, which is also the accessible name, and description; as text.
 * @param body Elements, as markup.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { svgDocument } from "./svg.ts";
 *
 * const svg = svgDocument([9.5, 4], { title: "a < b", description: "" }, ["<g/>"]);
 * assert.match(svg, /^<svg .* width="10" height="4" .*<title>a &lt; b<.*<g\/><\/svg>\n$/);
 * ```
 */
export function svgDocument(
  size: readonly [width: number, height: number],
  { title, description }: { title: string; description: string },
  body: readonly string[],
): string {
  const [w, h] = size.map(Math.ceil);
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${w}" height="${h}" ` +
    `viewBox="0 0 ${w} ${h}" font-family="${FONT}" color="${INK}" fill="${INK}">` +
    `<title>${escapeXml(title)}</title><desc>${escapeXml(description)}</desc>` +
    `<rect width="${w}" height="${h}" fill="#ffffff"/>${body.join("")}</svg>\n`;
}
