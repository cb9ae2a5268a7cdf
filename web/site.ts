/**
 * `deno task site`: the whole site, static, for any web server and any path.
 *
 * Permissions: read on the checkout; write on the site's folder.
 * @module
 */
import { dirname, join } from "node:path";
import { writeAtomic } from "../lib/atomic_file.ts";
import { printable } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { FlagValues } from "../lib/sweep/flags.ts";
import { folder } from "../lib/sweep/kinds.ts";
import { atPlace } from "../lib/sweep/places.ts";
import { shellQuote } from "../lib/sweep/slurm.ts";
import { apiPages } from "./api_pages.ts";
import { benchmarksPage } from "./benchmarks_page.ts";
import { galleryPage } from "./gallery_page.ts";
import { guidesPages } from "./guides.ts";
import { homePage } from "./home_page.ts";
import { labPage } from "./lab_page.ts";
import { parityPage } from "./parity_page.ts";
import { documentOf, type SiteFiles } from "./shell.ts";

const FLAGS = {
  out: { about: "folder of the site", kind: folder, default: "site" },
  api: {
    about: "what deno doc --html wrote of lib/*.ts, which the task does before",
    kind: folder,
    default: ".tmp/api",
  },
};

/** The command, for its usage. */
export const command: Command<typeof FLAGS> = {
  task: "site",
  action: "build the site",
  about:
    `Writes the site: a page to try the methods in, with the toolkit's own code and kernels. It works from
any web server and under any path, and requests nothing from elsewhere. ${toLookAt("site")}`,
  flags: FLAGS,
  closing: "Exit code: 0 written, 2 bad usage or unusable files.",
};

/** What makes the pages, one module for each part of the site. */
const PARTS: readonly ((given: { api: string }) => SiteFiles | Promise<SiteFiles>)[] = [
  ...[frame, homePage, labPage, galleryPage, guidesPages, parityPage, benchmarksPage],
  ({ api }) => apiPages(api),
];

if (import.meta.main) await runCommand(command, writeSite);

async function writeSite({ out, api }: FlagValues<typeof FLAGS>): Promise<void> {
  atPlace("--api must be a readable folder", api, () => Deno.readDirSync(api));
  const parts = await Promise.all(PARTS.map((part) => part({ api })));
  const pages = parts.flatMap((part) => part.pages ?? []);
  const files: Record<string, string | Uint8Array> = Object.assign(
    {},
    ...parts.map((part) => part.files ?? {}),
    Object.fromEntries(pages.map((page) => [page.path, documentOf(page, pages)])),
  );
  atPlace("--out must be a folder to write to", out, () => {
    for (const [path, content] of Object.entries(files)) {
      Deno.mkdirSync(join(out, dirname(path)), { recursive: true });
      writeAtomic(join(out, path), content);
    }
    // parts of scripts are named by their content: those of earlier builds would pile up
    for (const { name } of Deno.readDirSync(join(out, "lab"))) {
      if (/^shared-\w+\.js$/.test(name) && !(`lab/${name}` in files)) {
        Deno.removeSync(join(out, "lab", name));
      }
    }
  });
  console.log(printable(join(out, "index.html")));
  // as a file of this machine the Lab cannot compute
  console.error(toLookAt(out));
}

function toLookAt(folder: string): string {
  return `To look at it:\n  python3 -m http.server --directory ${printable(shellQuote(folder))}`;
}

/** What belongs to all pages. */
function frame(): SiteFiles {
  return {
    files: {
      "pages.css": Deno.readTextFileSync("web/pages.css"),
      "site.css": Deno.readTextFileSync("web/site.css"),
      "icon.svg": Deno.readTextFileSync("web/icon.svg"),
    },
  };
}
