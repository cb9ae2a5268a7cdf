/**
 * Elements of HTML and SVG in one line.
 * @module
 */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const SVG = "http://www.w3.org/2000/svg";

function fill<E extends Element>(element: E, attributes: Attributes, children: (Node | string)[]) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** An element of HTML. */
export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  return fill(document.createElement(name), attributes, children);
}

/** An element of SVG. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[Name] {
  return fill(
    document.createElementNS(SVG, name) as SVGElementTagNameMap[Name],
    attributes,
    children,
  );
}

/** The element with an id, which the page has. */
export function byId<E extends Element = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page must have #${id}`);
  return element as unknown as E;
}

/** A number in few digits. */
export function short(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  // the engine's own formats of numbers take milliseconds to load
  if (size >= 1000) return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
  if (size >= 100) return value.toFixed(0);
  if (size < 0.001) return value.toExponential(0);
  return String(Number(value.toPrecision(2)));
}
