/**
 * The Lab: a page that computes with the toolkit's own modules and kernels.
 * @module
 */
import { bundle } from "./bundle.ts";
import { labBody } from "./lab/body.ts";
import type { SiteFiles } from "./shell.ts";

/** The scripts of the page, by name. */
export const LAB_ENTRIES = { lab: "web/lab/lab.ts", worker: "web/lab/worker.ts" };

/** The builds of the kernels, beside the scripts that fetch them. */
const KERNELS = ["kernels.wasm", "kernels_simd.wasm"];

/** Page, scripts and kernels. */
export async function labPage(): Promise<SiteFiles> {
  const { scripts, packages } = await bundle(LAB_ENTRIES);
  if (packages.length > 0) {
    throw new Error(`The scripts of the Lab must need no package, they import ${packages}`);
  }
  const files: Record<string, string | Uint8Array> = {};
  for (const [path, code] of scripts) files[`lab/${path}`] = code;
  for (const name of KERNELS) files[`lab/${name}`] = Deno.readFileSync(`lib/wasm/${name}`);
  files["lab/lab.css"] = Deno.readTextFileSync("web/lab/lab.css");
  return {
    pages: [{
      path: "lab/index.html",
      title: "Lab",
      description:
        "Sparse coding and sparse autoencoders, computed in the page as you move a slider.",
      nav: { label: "Lab", order: 2 },
      body: labBody(),
      assets: { styles: ["lab/lab.css"], scripts: ["lab/lab.js"] },
      wide: true,
    }],
    files,
  };
}
