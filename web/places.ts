/**
 * Where the site has what the checkout's texts link to.
 * @module
 */
import { dirname, join, normalize, relative } from "node:path/posix";
import { statSync } from "node:fs";
import type { Addresses } from "./markdown.ts";

/**
 * Path in the site of a file of the checkout.
 *
 * @param path From the checkout's root: `docs/python.md`.
 * @returns Undefined for what is neither a page nor a file.
 */
export function placeOf(path: string): string | undefined {
  for (const [pattern, place] of PLACES) {
    if (pattern.test(path)) return path.replace(pattern, place);
  }
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? `source/${path}.txt` : undefined;
}

const PLACES: readonly (readonly [RegExp, string])[] = [
  [/^README\.md$/, "index.html"],
  [/^PARITY\.md$/, "parity/index.html"],
  [/^docs\/(\w+)\.md$/, "guides/$1.html"],
  [/^figures\/shipped\/(\w+\.svg)$/, "gallery/figures/$1"],
  [/^results\/shipped\/(.+\.json)$/, "gallery/rows/$1"],
  [/^bench\/(.+\.(?:json|svg))$/, "benchmarks/$1"],
  [/^mod\.ts$/, "api/index.html"],
  [/^lib\/(\w+)\.ts$/, "api/$1.html"],
];

/** Figures whose drawings for narrow windows the site has, beside the others. */
const NARROW = /^(?:figures\/shipped\/\w+|bench\/growth)(?=\.svg$)/;

/** The address of one path of the site in a page at another. */
export function addressIn(page: string, path: string): string {
  return relative(dirname(page), path);
}

/**
 * Makes what {@linkcode articleOf} asks for addresses, and notes the sources that it leads to.
 *
 * @param source Path of the text in the checkout.
 * @param page Path of its page in the site.
 * @param files Gets the sources, by path in the site.
 */
export function addressesIn(
  source: string,
  page: string,
  files: Record<string, string | Uint8Array>,
): Addresses {
  const targetOf = (path: string) => normalize(join(dirname(source), path));
  const link = (address: string) => {
    if (/^(\w+:|#)/.test(address)) return address;
    const [path, part] = address.split("#");
    const target = targetOf(path), place = placeOf(target);
    if (place === undefined) return undefined;
    if (place.startsWith("source/")) files[place] = Deno.readTextFileSync(target);
    return addressIn(page, place) + (part ? `#${part}` : "");
  };
  const narrow = (address: string) =>
    NARROW.test(targetOf(address)) ? link(address)?.replace(/svg$/, "narrow.svg") : undefined;
  return { link, narrow };
}
