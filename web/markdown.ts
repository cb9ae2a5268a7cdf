/**
 * Markdown of the checkout as HTML of a page.
 * @module
 */
import { Marked, type Tokens } from "npm:marked@18.2.1";
import { escapeXml } from "../lib/figures/svg.ts";

/** Characters up to which code, or a cell of a table, is not broken into lines. */
const SHORT = 20;
/** Characters from which on a cell is a sentence, which a narrow column would break after every word. */
const LONG = 40;
/** Characters from which on the last cell of a row is a paragraph, which a narrow window shows below the row. */
const PARAGRAPH = 120;

/** Where the addresses of a text lead in the site. */
export interface Addresses {
  /** Address in the site of one in the text; undefined where the site has nothing there. */
  link(address: string): string | undefined;
  /** The same of an image as a narrow window shows it; undefined where that is no other one. */
  narrow(address: string): string | undefined;
}

/** HTML made of Markdown. */
export interface Article {
  /** Text of the first heading. */
  title: string;
  /** Text of the first paragraph after it. */
  summary: string;
  /** The HTML, headings with ids. */
  html: string;
}

/**
 * Turns Markdown into HTML. What may be wider than the window scrolls by itself, and can be reached by
 * keyboard.
 *
 * @param text Markdown, whose first line is its only heading of the first level.
 * @param addresses Where its addresses lead.
 */
export function articleOf(text: string, { link, narrow }: Addresses): Article {
  const ids = new Map<string, number>();
  let section = "", tables = 0;
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading) {
        const inner = this.parser.parseInline(tokens);
        section = plain(text);
        return `<h${depth} id="${headingId(plain(text), ids)}">${inner}</h${depth}>\n`;
      },
      table({ header, align, rows }: Tokens.Table) {
        const cells = (line: Tokens.TableCell[], tag: string) =>
          line.map(({ tokens, text }, column) => {
            // an empty head is no head
            const name = tag === "th" && tokens.length === 0 ? "td" : tag;
            const scope = name === "th" ? ' scope="col"' : "";
            const length = plain(text).length;
            const kinds = [
              ...(align[column] === "right" ? ["number"] : []),
              ...(tag === "td" && length <= SHORT ? ["short"] : []),
              ...(tag === "td" && length >= LONG ? ["long"] : []),
            ];
            const classes = kinds.length > 0 ? ` class="${kinds.join(" ")}"` : "";
            const inner = this.parser.parseInline(tokens);
            // the name of a file may be broken between its words
            const words = /^\w+(\.\w+)?$/.test(text) ? inner.replaceAll("_", "_<wbr>") : inner;
            return `<${name}${scope}${classes}>${words}</${name}>`;
          }).join("");
        const body = rows.map((line) => `<tr>${cells(line, "td")}</tr>`).join("\n");
        const paragraphs = rows.some((line) => plain(line.at(-1)!.text).length >= PARAGRAPH)
          ? ` class="paragraphs" style="--columns: ${header.length - 1}"`
          : "";
        // each has a name of its own
        const label = escapeXml(`Table ${++tables}, ${section}`);
        return `<div class="scroll" role="region" tabindex="0" aria-label="${label}"><table${paragraphs}>
<thead><tr>${cells(header, "th")}</tr></thead>
<tbody>${body}</tbody></table></div>\n`;
      },
      code({ text }: Tokens.Code) {
        return `<pre tabindex="0"><code>${escapeXml(text)}</code></pre>\n`;
      },
      codespan({ text }: Tokens.Codespan) {
        // the dashes of a flag are no places to break a line at
        const inner = escapeXml(text).replace(/(?<!\S)-[\w-]+/g, '<span class="short">$&</span>');
        return `<code${text.length <= SHORT ? ' class="short"' : ""}>${inner}</code>`;
      },
      paragraph({ tokens }: Tokens.Paragraph) {
        const inner = this.parser.parseInline(tokens);
        const only = tokens.length === 1 && tokens[0].type === "image";
        return only ? `<figure>${inner}</figure>\n` : `<p>${inner}</p>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const inner = this.parser.parseInline(tokens), to = link(href);
        return to === undefined ? inner : `<a href="${escapeXml(to)}">${inner}</a>`;
      },
      image({ href, text }: Tokens.Image) {
        const to = escapeXml(link(href) ?? href);
        const image = `<img src="${to}" alt="${escapeXml(text)}" loading="lazy">`,
          other = narrow(href);
        const source = other &&
          `<source media="(max-width: 36rem)" srcset="${escapeXml(other)}">`;
        return `<a href="${to}">${source ? `<picture>${source}${image}</picture>` : image}</a>`;
      },
      // comments are for who edits the text
      html: ({ text }: Tokens.HTML | Tokens.Tag) => /^\s*<!--/.test(text) ? "" : text,
    },
  });
  const tokens = marked.lexer(text);
  const first = (type: string) => plain(tokens.find((token) => token.type === type)?.raw ?? "");
  return {
    title: first("heading").replace(/^#+ /, ""),
    summary: first("paragraph"),
    html: marked.parser(tokens),
  };
}

/** The part of a text from a heading of the second level to the next, without the heading. */
export function sectionOf(text: string, heading: string): string {
  const [, rest] = text.split(`\n## ${heading}\n`);
  if (rest === undefined) throw new Error(`There is no "## ${heading}" in the text`);
  return rest.split(/\n## /)[0];
}

/** A text without marks of Markdown. */
function plain(text: string): string {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[*_`]/g, "").replace(/\s+/g, " ")
    .trim();
}

/** As code hosts make them: words joined by hyphens, numbered where they come again. */
function headingId(text: string, ids: Map<string, number>): string {
  const id = text.toLowerCase().replace(/[^\p{L}\p{N} -]/gu, "").replaceAll(" ", "-");
  const count = ids.get(id) ?? 0;
  ids.set(id, count + 1);
  return count === 0 ? id : `${id}-${count}`;
}
