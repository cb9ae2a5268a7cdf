/**
 * The one frame of all pages of the site: head, navigation, theme, stylesheet, footer.
 * @module
 */
import { escapeXml } from "../lib/figures/svg.ts";

/** What the builder writes: pages with the frame around them, and files as they are. */
export interface SiteFiles {
  /** Pages, by path in the site. */
  pages?: Page[];
  /** Other files, by path in the site. */
  files?: Record<string, string | Uint8Array>;
}

/** A page of the site. */
export interface Page {
  /** Path in the site: `index.html`, `guides/start.html`. */
  path: string;
  /** Its heading, and with the site's name its title. */
  title: string;
  /** One sentence on what it holds, for search engines and previews. */
  description: string;
  /** Its place in the navigation; pages without one are reached from others. */
  nav?: { label: string; order: number };
  /** HTML of `<main>`, its `<h1>` among it. */
  body: string;
  /** Style sheets and module scripts of its own, by path in the site. */
  assets?: { styles?: string[]; scripts?: string[] };
  /** Whether it takes the whole width of the window, as a tool; default: that of a text. */
  wide?: boolean;
}

/** The site's name. */
export const SITE = "Start Coding";

/** Stands in the head of every page, so that a chosen theme is there before anything is painted. */
const EARLY =
  `try{const t=localStorage.getItem("theme");if(t)document.documentElement.dataset.theme=t}catch{}`;

/** The button that changes between light and dark, whichever the system has. */
const THEME = `const button=document.getElementById("theme"),root=document.documentElement;
const dark=()=>root.dataset.theme?root.dataset.theme==="dark":matchMedia("(prefers-color-scheme: dark)").matches;
const show=()=>button.setAttribute("aria-pressed",dark());
button.onclick=()=>{root.dataset.theme=dark()?"light":"dark";show();
try{localStorage.setItem("theme",root.dataset.theme)}catch{}dispatchEvent(new Event("themechange"))};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change",()=>{show();dispatchEvent(new Event("themechange"))});
show();`;

/**
 * The whole document of a page. All addresses are relative, so that the site works under any path.
 *
 * @param page The page.
 * @param all All pages of the site, for the navigation.
 */
export function documentOf(page: Page, all: readonly Page[]): string {
  const up = "../".repeat(page.path.split("/").length - 1);
  const to = (path: string) => `${up}${path}`;
  const links = all.filter(({ nav }) => nav).toSorted((a, b) => a.nav!.order - b.nav!.order)
    .map(({ path, nav }) => {
      // a page without a place of its own belongs to the one whose folder it lies in
      const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : undefined;
      const here = path === page.path || folder !== undefined && page.path.startsWith(folder);
      return `<a href="${to(path)}"${here ? ' aria-current="page"' : ""}>${
        escapeXml(nav!.label)
      }</a>`;
    });
  const { styles = [], scripts = [] } = page.assets ?? {};
  const name = page.path === "index.html" ? SITE : `${page.title} · ${SITE}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(name)}</title>
<meta name="description" content="${escapeXml(page.description)}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${to("icon.svg")}">
<script>${EARLY}</script>
${["site.css", ...styles].map((path) => `<link rel="stylesheet" href="${to(path)}">`).join("\n")}
${scripts.map((path) => `<script type="module" src="${to(path)}"></script>`).join("\n")}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="site">
<a class="name" href="${to("index.html")}">${SITE}</a>
<nav aria-label="Site">${links.join("")}</nav>
<button type="button" id="theme" aria-pressed="false">Dark</button>
</header>
<main id="main" tabindex="-1"${page.wide ? ' class="wide"' : ""}>
${page.body}
</main>
<footer class="site">
<p>${SITE}, a toolkit for sparse coding, sparse autoencoders and compositional generalisation. MIT licence.
It reproduces <a href="https://arxiv.org/abs/2603.28744"><cite>Stop Probing, Start Coding</cite></a>.
Nothing on this site is fetched from elsewhere.</p>
</footer>
<script type="module">${THEME}</script>
</body>
</html>
`;
}
