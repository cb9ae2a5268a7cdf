/**
 * Our rows beside the published ones.
 * @module
 */
import { articleOf } from "./markdown.ts";
import { PAGES } from "./guides.ts";
import { addressesIn, placeOf } from "./places.ts";
import type { SiteFiles } from "./shell.ts";

/** The page. */
export function parityPage(): SiteFiles {
  const files: Record<string, string | Uint8Array> = {};
  const source = "PARITY.md", path = placeOf(source)!;
  const { title, html } = articleOf(
    Deno.readTextFileSync(source),
    addressesIn(source, path, files),
  );
  return {
    pages: [{
      path,
      title,
      description: "Our rows beside those that the paper's authors published, file by file.",
      nav: { label: "Parity", order: 6 },
      body: html,
      assets: PAGES,
      wide: true,
    }],
    files,
  };
}
