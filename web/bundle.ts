/**
 * The toolkit as scripts for a browser: bundled from the same sources, with a substitute for the few
 * modules that need Deno.
 * @module
 */
import { dirname, extname, join, normalize } from "node:path/posix";
import { loadEsbuild } from "./esbuild.js";

/** What stands in a page for modules that need Deno: by path in the checkout, or specifier. */
export const IN_A_PAGE: Readonly<Record<string, string>> = {
  "lib/wasm/builds.js": "web/substitutes/builds_fetched.js",
  "lib/atomic_file.ts": "web/substitutes/no_files.ts",
  "lib/formats/file_source.ts": "web/substitutes/no_files.ts",
  "node:crypto": "web/substitutes/no_digest.ts",
  "node:zlib": "web/substitutes/no_zlib.ts",
};

/** Scripts that {@linkcode bundle} has made. */
export interface Bundle {
  /** By path: the entries, and the parts that they share. */
  scripts: Map<string, Uint8Array>;
  /** The sources that they are made of, by path in the checkout. */
  sources: string[];
  /** The packages that they still import. */
  packages: string[];
}

/**
 * Bundles modules of the checkout, which is the current folder.
 *
 * @param entries The modules, by the path of their script without ".js".
 * @throws {Error} Where a source cannot be read or parsed, or imports what no page has.
 */
export async function bundle(entries: Readonly<Record<string, string>>): Promise<Bundle> {
  const esbuild = await loadEsbuild();
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: Object.entries(entries).map(([out, path]) => ({ out, in: path })),
    ...{ bundle: true, splitting: true, format: "esm", target: "es2022", minify: true },
    ...{ outdir: "/", chunkNames: "shared-[hash]", write: false, metafile: true },
    ...{ logLevel: "silent", charset: "utf8", legalComments: "none" },
    plugins: [{
      name: "checkout",
      setup(build) {
        build.onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
          const file = kind === "entry-point" || !path.startsWith(".")
            ? path
            : normalize(join(dirname(importer), path));
          const substitute = IN_A_PAGE[file] ?? file;
          // a package is left to the page's own loader, and dropped where nothing of it is used
          if (substitute.startsWith("npm:")) {
            return { path: substitute, external: true, sideEffects: false };
          }
          if (/^\w+:/.test(substitute)) {
            return { errors: [{ text: `${importer} imports ${path}, which no page has` }] };
          }
          return { path: substitute, namespace: "checkout" };
        });
        build.onLoad({ filter: /.*/ }, async ({ path }) => ({
          contents: await Deno.readTextFile(path),
          loader: extname(path) === ".ts" ? "ts" : "js",
        }));
      },
    }],
  });
  return {
    scripts: new Map(outputFiles.map(({ path, contents }) => [path.slice(1), contents])),
    sources: Object.keys(metafile.inputs).map((input) => input.replace("checkout:", "")),
    packages: Object.values(metafile.outputs).flatMap(({ imports }) =>
      imports.filter(({ external }) => external).map(({ path }) => path)
    ),
  };
}

/**
 * A module's code in the oldest JavaScript that the package for npm runs on, without its types.
 *
 * @param options `bare`: without comments and spaces.
 */
export async function toJavaScript(
  code: string,
  { bare = false }: { bare?: boolean } = {},
): Promise<string> {
  const esbuild = await loadEsbuild();
  const result = await esbuild.transform(code, {
    ...{ loader: "ts", target: "es2022", charset: "utf8", legalComments: "none" },
    minifyWhitespace: bare,
  });
  return result.code;
}
