/**
 * The guides: the Markdown of `docs/`, and a page that lists them.
 * @module
 */
import { markup } from "../lib/reports/html.ts";
import { articleOf } from "./markdown.ts";
import { addressesIn, placeOf } from "./places.ts";
import type { Page, SiteFiles } from "./shell.ts";

/** The files of `docs/`, in the order in which one reads them. */
export const GUIDES = [
  ...["start", "solver", "activations", "experiment", "cluster", "python", "kernels", "dictionary"],
];

/** The pages. */
export function guidesPages(): SiteFiles {
  const files: Record<string, string | Uint8Array> = {};
  const guides = GUIDES.map((name): Page => {
    const source = `docs/${name}.md`, path = placeOf(source)!;
    const { title, summary, html } = articleOf(
      Deno.readTextFileSync(source),
      addressesIn(source, path, files),
    );
    return { path, title, description: summary, body: html, assets: PAGES };
  });
  const list = guides.map(({ path, title, description }) =>
    markup`<li><a href="${path.split("/")[1]}">${title}</a><br>${firstSentence(description)}</li>\n`
  );
  return {
    pages: [{
      path: "guides/index.html",
      title: "Guides",
      description: "From two commands to experiments of your own.",
      nav: { label: "Guides", order: 4 },
      body: String(markup`<h1>Guides</h1>\n<ul class="cards">\n${list}</ul>`),
      assets: PAGES,
    }, ...guides],
    files,
  };
}

/** The sheet of all pages that are read. */
export const PAGES = { styles: ["pages.css"] };

function firstSentence(text: string): string {
  return text.match(/^.*?[.!?](?= |$)/)?.[0] ?? text;
}
