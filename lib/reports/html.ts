/**
 * HTML by template literals: whatever is put into `markup` is escaped, unless `markup` made it.
 * (Not `markup`: formatters indent what stands in templates of that name, and white space shows.)
 * @module
 */
import { escapeXml } from "../figures.ts";

/** Markup that needs no escaping. */
export class Html {
  /** Well-formed HTML. */
  readonly text: string;

  /**
   * Marks text as markup.
   *
   * @param text Well-formed HTML.
   */
  constructor(text: string) {
    this.text = text;
  }

  /** The markup. */
  toString(): string {
    return this.text;
  }
}

/** What a template takes: text is escaped, lists are joined, `undefined` is empty. */
export type HtmlContent = string | number | Html | undefined | readonly HtmlContent[];

/**
 * Makes HTML. Values are escaped for element content and for attributes in double quotes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { markup } from "./html.ts";
 *
 * const items = ["a < b", "c"].map((item) => markup`<li>${item}</li>`);
 * assert.equal(String(markup`<ul>${items}</ul>`), "<ul><li>a &lt; b</li><li>c</li></ul>");
 * ```
 */
export function markup(strings: TemplateStringsArray, ...values: readonly HtmlContent[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(render)));
}

function render(value: HtmlContent): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(render).join("");
  return escapeXml(String(value));
}

/**
 * A page by itself: nothing of it comes from elsewhere.
 *
 * @param options `title`, text; `style`, a style sheet; `policy`, what a browser may load for it; `body`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { htmlPage, markup } from "./html.ts";
 *
 * const policy = "default-src 'none'; style-src 'unsafe-inline'";
 * const page = htmlPage({ title: "a < b", style: "p > b {}", policy, body: markup`<p>a</p>\n` });
 * assert.match(page, /<title>a &lt; b<.title>\n<style>p > b {}<.style>\n<.head>\n<body>\n<p>a<.p>\n<.body>/);
 * ```
 */
export function htmlPage(
  { title, style, policy, body }: { title: string; style: string; policy: string; body: Html },
): string {
  return String(markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
${body}</body>
</html>
`);
}
