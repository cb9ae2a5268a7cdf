/**
 * The interfaces: what `deno doc --html` writes, one page a module, in the site's frame. Its own pages are one per
 * symbol and member, repeat every icon, and name paths of this machine.
 * @module
 */
import { join, normalize } from "node:path/posix";
import { parseHTML } from "npm:linkedom@0.18.13";
import { escapeXml } from "../lib/figures/svg.ts";
import { PAGES } from "./guides.ts";
import type { Page, SiteFiles } from "./shell.ts";

/** A module that is documented. */
interface Module {
  /** Its folder in what `deno doc` wrote: `lasso.ts`, or `figures` for one of `exports`. */
  folder: string;
  /** Its name in the site: `lasso`. */
  name: string;
  /** Its symbols in order of their kinds. */
  symbols: Symbol[];
  /** HTML of what the module says of itself. */
  about: string;
}

interface Symbol {
  name: string;
  /** In words: `function`, `interface`. */
  kind: string;
  html: string;
}

/** By the path of a page of `deno doc`, the id of what it tells in the page of its module; or none. */
type Known = Map<string, string | undefined>;

/** The frame of all pages has an id `main` itself. */
const idOf = (name: string) => name === "main" ? "main-function" : name;

/** Kinds in the order of a page. */
const KINDS = ["class", "function", "variable", "interface", "type alias"];

/**
 * The pages.
 *
 * @param folder What `deno doc --html --output=FOLDER lib/*.ts` wrote.
 */
export function apiPages(folder: string): SiteFiles {
  const folders = [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name).sort();
  const known: Known = new Map();
  for (const module of folders) {
    for (const { name } of Deno.readDirSync(join(folder, module, "~"))) {
      const path = `${module}/~/${name}`,
        [symbol, ...member] = name.slice(0, -".html".length).split(".");
      // a member that its class's list tells all of needs no part of its own; a prototype's page leads on
      const isPart = member.length === 0 ||
        /id="(parameters|throws|examples)"|_return">(?:(?!docEntry").)*class="markdown"/s.test(
          Deno.readTextFileSync(join(folder, path)),
        );
      known.set(path, isPart ? idOf([symbol, ...member].join(".")) : undefined);
    }
  }
  const modules = folders.map((module) => readModule(folder, module, known));
  const pages = modules.map((module): Page => {
    const file = `lib/${module.name}.ts`, about = plainText(module.about);
    return {
      path: `api/${module.name}.html`,
      title: file,
      description: about,
      body: `<h1>${file}</h1>\n<div class="api">${module.about}\n${contents(module)}
${module.symbols.map(({ html }) => html).join("\n")}</div>`,
      assets: PAGES,
    };
  });
  const list = modules.map(({ name, about, symbols }) =>
    `<li><a href="${name}.html">lib/${name}.ts</a> ${firstSentence(about)}
<span class="names">${
      symbols.filter(({ kind }) => !["interface", "type alias"].includes(kind))
        .map(({ name: symbol }) => `<a href="${name}.html#${idOf(symbol)}">${symbol}</a>`).join(" ")
    }</span></li>`
  );
  return {
    pages: [{
      path: "api/index.html",
      title: "API",
      description:
        "Every function, class and type of the shelf: shapes, units, errors, sources, examples.",
      nav: { label: "API", order: 5 },
      body: `<h1>API</h1>
<p class="lead">Every module directly in <code>lib/</code> is public and can be imported by itself;
<code>mod.ts</code> exports data, solvers, models and metrics together. Each function tells shapes, units, errors
and sources, with an example that asserts and is run with the tests. <code>deno doc mod.ts</code> prints the
same.</p>
<ul class="cards">\n${list.join("\n")}\n</ul>`,
      assets: PAGES,
    }, ...pages],
  };
}

function readModule(folder: string, module: string, known: Known): Module {
  const own = [...known.keys()].filter((path) => path.startsWith(`${module}/`))
    .map((path) => path.slice(`${module}/~/`.length, -".html".length));
  const symbols = own.filter((name) => !name.includes(".")).map((name): Symbol => {
    const root = parse(folder, `${module}/~/${name}.html`);
    const title = root.querySelector(".symbolTitle .text-2xl");
    const kind = title.textContent.replace(/\s+/g, " ").trim().split(" ").slice(0, -1).join(" ");
    title.remove();
    const members = own.filter((member) => member.startsWith(`${name}.`)).flatMap((member) => {
      if (known.get(`${module}/~/${member}.html`) === undefined) return [];
      const page = parse(folder, `${module}/~/${member}.html`);
      page.querySelector(".symbolTitle").remove();
      clean(page, module, known, 4);
      // addresses keep the word, what is read does not
      const read = page.innerHTML.replace(/\.prototype\.(?=\w+[(<])/g, ".");
      return [`<h3 id="${member}">${member.replace(".prototype", "")}</h3>${read}`];
    });
    clean(root, module, known, 3);
    const id = idOf(name);
    return {
      ...{ name, kind },
      html: `<section aria-labelledby="${id}"><h2 id="${id}"><small>${kind}</small> ${name}</h2>
${root.innerHTML}${members.join("\n")}</section>`,
    };
  });
  symbols.sort((a, b) =>
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.name.localeCompare(b.name)
  );
  const doc = readMain(Deno.readTextFileSync(join(folder, module, "index.html")));
  const about = doc.querySelector("#module_doc > .markdown");
  clean(about, module, known, 2);
  return { folder: module, name: nameOf(module), symbols, about: about.innerHTML };
}

const nameOf = (module: string) => module.replace(/\.ts$/, "");

// deno-lint-ignore no-explicit-any -- the elements are of linkedom, which has no types of its own
type Element = any;

function parse(folder: string, path: string): Element {
  return readMain(Deno.readTextFileSync(join(folder, path))).querySelector("article");
}

/** The content of a page, without what is for a mouse alone or names this machine. */
function readMain(page: string): Element {
  const main = page.slice(page.indexOf("<main"), page.indexOf("</main>") + "</main>".length);
  const bare = main.replace(/<svg.*?<\/svg>/gs, "").replace(/<button.*?<\/button>/gs, "")
    .replace(/<a\s+class="sourceButton".*?<\/a>/gs, "")
    .replace(/<a [^>]*class="anchor"[^>]*>.*?<\/a>/gs, "").replaceAll("<code></code>", "");
  return parseHTML(`<!doctype html><html><body>${bare}</body></html>`).document.querySelector(
    "main",
  );
}

/** Gives elements ids of the page, links addresses in the site, and headings their depth. */
function clean(
  root: Element,
  module: string,
  known: Known,
  depth: number,
): void {
  for (const element of root.querySelectorAll("[id]")) element.removeAttribute("id");
  for (const link of root.querySelectorAll("a[href]")) {
    const href: string = link.getAttribute("href");
    if (/^https:/.test(href)) continue;
    const target = normalize(join(module, "~", href));
    const id = known.get(target);
    if (id === undefined) {
      link.replaceWith(...link.childNodes);
      continue;
    }
    link.setAttribute("href", `${nameOf(target.split("/")[0])}.html#${id}`);
    link.removeAttribute("class");
  }
  for (const heading of root.querySelectorAll("h2, h3, h4")) {
    const words = heading.textContent.trim();
    const isExample = heading.classList.contains("example-header");
    if (isExample && words === "Example 1") {
      heading.remove();
      continue;
    }
    const level = Math.min(6, depth + (isExample ? 1 : 0));
    heading.outerHTML = `<h${level}>${escapeXml(words)}</h${level}>`;
  }
  // what is thrown as it comes has no name
  for (const code of root.querySelectorAll("code")) {
    if (code.textContent.trim() === "") code.remove();
  }
  for (const block of root.querySelectorAll("pre")) {
    block.setAttribute("tabindex", "0");
    block.textContent = block.textContent.trimEnd();
    block.innerHTML = `<code>${block.innerHTML}</code>`;
  }
  for (const element of root.querySelectorAll("[class]")) {
    const kept = [...element.classList].filter((name: string) => KEPT.has(name));
    if (kept.length > 0) element.setAttribute("class", kept.join(" "));
    else element.removeAttribute("class");
  }
}

/** Classes that the sheet knows. */
const KEPT = new Set(["docEntry", "ml-4", "text-optional", "text-readonly", "text-deprecated"]);

/** Links to the symbols of a page. */
function contents({ name, symbols }: Module): string {
  const links = symbols.map(({ name: symbol }) =>
    `<li><a href="${name}.html#${symbol}">${symbol}</a></li>`
  );
  return `<nav aria-label="In this module"><ul class="columns">${links.join("\n")}</ul></nav>`;
}

function plainText(html: string): string {
  const { document } = parseHTML(`<!doctype html><html><body>${html}</body></html>`);
  return document.body.textContent.replace(/\s+/g, " ").trim();
}

function firstSentence(html: string): string {
  return escapeXml(plainText(html).match(/^.*?\.(?= |$)/)?.[0] ?? "");
}
