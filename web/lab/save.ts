/**
 * Figures, rows and scripts as files.
 * @module
 */

/** What of the style sheet a drawing needs, so that it looks the same without it. */
const STYLE = [
  ...["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap"],
  ...["stroke-linejoin", "stroke-opacity", "font-family", "font-size", "font-weight", "opacity"],
  "image-rendering",
];

/**
 * The document of a drawing, with its colours as the page shows them.
 *
 * @param picture What the page shows above it.
 */
export function standalone(drawing: SVGSVGElement, picture?: SVGImageElement): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const originals = [drawing, ...drawing.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  originals.forEach((original, i) => {
    const style = getComputedStyle(original);
    for (const name of STYLE) copies[i].setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "style", "tabindex"]) copies[i].removeAttribute(name);
  });
  const { width, height } = drawing.viewBox.baseVal;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const colour = getComputedStyle(drawing).getPropertyValue("background-color");
  for (const [name, value] of Object.entries({ width, height, fill: colour })) {
    ground.setAttribute(name, String(value));
  }
  copy.prepend(ground);
  if (picture) copy.append(picture);
  return new XMLSerializer().serializeToString(copy);
}

/** Hands the reader a file. */
export function save(name: string, content: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
