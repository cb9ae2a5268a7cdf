/**
 * `deno task npm`: the toolkit as a package for Node, Bun and bundlers, module by module from the same
 * sources: JavaScript, types beside it, the kernels inside.
 *
 * Permissions: read on the checkout; write on the package's folder.
 * @module
 */
import { dirname, extname, join, normalize, relative } from "node:path/posix";
import ts from "npm:typescript@5.9.3";
import { writeAtomic } from "../lib/atomic_file.ts";
import { printable } from "../lib/results.ts";
import { type Command, runCommand } from "../lib/sweep/command.ts";
import type { FlagValues } from "../lib/sweep/flags.ts";
import { folder } from "../lib/sweep/kinds.ts";
import { atPlace } from "../lib/sweep/places.ts";
import { toJavaScript } from "./bundle.ts";

const FLAGS = {
  out: { about: "folder of the package", kind: folder, default: "npm" },
};

/** The command, for its usage. */
export const command: Command<typeof FLAGS> = {
  task: "npm",
  action: "build the package",
  about:
    `Writes the package for npm: what mod.ts exports, and lib/figures.ts as "/figures". Node 20 and
later, Bun and bundlers import it. To try it elsewhere: npm pack ./npm`,
  flags: FLAGS,
  closing: "Exit code: 0 written, 2 bad usage or unusable files.",
};

/** What the package exports, by the name after its own. */
const ENTRIES = { ".": "mod.ts", "./figures": "lib/figures.ts" };

/** Packages that only figures need: whoever draws installs them. */
const FOR_FIGURES = ["@observablehq/plot", "linkedom", "zod"];

/** Modules that differ between Node and a page, as the package's own imports name them. */
const SWITCHED: Readonly<Record<string, { name: string; node: string; page: string }>> = {
  "lib/atomic_file.ts": {
    ...{ name: "#files", node: "web/substitutes/node_files.ts" },
    page: "web/substitutes/no_files.ts",
  },
  "lib/formats/file_source.ts": {
    ...{ name: "#files", node: "web/substitutes/node_files.ts" },
    page: "web/substitutes/no_files.ts",
  },
  "node:crypto": { name: "#crypto", node: "node:crypto", page: "web/substitutes/no_digest.ts" },
  "node:zlib": { name: "#zlib", node: "node:zlib", page: "web/substitutes/no_zlib.ts" },
};

/** Modules that stand in the package for others. */
const REPLACED: Readonly<Record<string, string>> = {
  "lib/wasm/builds.js": "web/substitutes/builds_embedded.js",
};

const KERNELS = ["kernels.wasm", "kernels_simd.wasm", "kernels_shared.wasm"];

/** What follows `from`, `import(` and `new URL(`; comments have none at the beginning of a line. */
const SPECIFIER = /((?:\bfrom|^import|\bimport\(|\bnew URL\()\s*)"([^"\n]+)"/gm;

if (import.meta.main) await runCommand(command, writePackage);

async function writePackage({ out }: FlagValues<typeof FLAGS>): Promise<void> {
  const files = await packageFiles();
  atPlace("--out must be a folder to write to", out, () => {
    for (const [path, content] of files) {
      Deno.mkdirSync(join(out, dirname(path)), { recursive: true });
      writeAtomic(join(out, path), content);
    }
  });
  console.log(printable(join(out, "package.json")));
}

/** All files of the package, by path in it. */
async function packageFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>(), packages = new Map<string, string>();
  const open = Object.values(ENTRIES), seen = new Set(open);

  /** A specifier as the package has it; notes what it leads to. */
  const rewrite = (importer: string, specifier: string): string => {
    const [, name, version] = specifier.match(/^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)$/) ?? [];
    if (name) {
      packages.set(name, version);
      return name;
    }
    const target = specifier.startsWith(".")
      ? normalize(join(dirname(importer), specifier))
      : specifier;
    const switched = SWITCHED[target];
    for (const next of switched ? [switched.node, switched.page] : [target]) {
      if (extname(next) === "" || seen.has(next) || next.includes(":")) continue;
      seen.add(next);
      open.push(next);
    }
    if (switched) return switched.name;
    return specifier.startsWith(".") ? specifier.replace(/\.ts$/, ".js") : specifier;
  };
  const rewritten = (importer: string, code: string) =>
    code.replace(
      SPECIFIER,
      (_, before, specifier) => `${before}"${rewrite(importer, specifier)}"`,
    );

  for (let path; (path = open.pop()) !== undefined;) {
    // the embedded kernels are written below
    if (path.endsWith(".wasm.js")) continue;
    const source = await Deno.readTextFile(REPLACED[path] ?? path);
    const isEntry = Object.values(ENTRIES).includes(path);
    const first = isEntry
      ? `import "${fromTo(path, "web/substitutes/engine.ts")}";\n`.replace(".ts", ".js")
      : "";
    if (isEntry) rewrite(path, fromTo(path, "web/substitutes/engine.ts"));
    const code = path.endsWith(".ts") ? await toJavaScript(source) : source;
    files.set(path.replace(/\.ts$/, ".js"), first + rewritten(path, code));
    const types = path.endsWith(".ts")
      ? declarations(path, source)
      : await Deno.readTextFile(path.replace(/\.js$/, ".d.ts"));
    files.set(path.replace(/\.[jt]s$/, ".d.ts"), rewritten(path, types));
  }
  for (const name of KERNELS) {
    const bytes = await Deno.readFile(`lib/wasm/${name}`);
    files.set(`lib/wasm/${name}.js`, `export default "${bytes.toBase64()}";\n`);
  }
  for (const name of ["LICENSE", "README.md", "CITATION.cff"]) {
    files.set(name, await Deno.readTextFile(name));
  }
  const { name, version, license } = JSON.parse(await Deno.readTextFile("deno.json"));
  const own = { name, version, license };
  files.set("package.json", `${JSON.stringify(manifest(own, packages), null, 2)}\n`);
  return files;
}

/** The path from a module to another. */
function fromTo(module: string, other: string): string {
  const path = relative(dirname(module), other);
  return path.startsWith(".") ? path : `./${path}`;
}

/**
 * The types of a module, with their comments. What a private constant's type leaves open is open there, too:
 * everything that the package exports has its type written down.
 */
function declarations(path: string, source: string): string {
  const { outputText } = ts.transpileDeclaration(source, {
    fileName: path,
    compilerOptions: {
      ...{ isolatedDeclarations: true, allowImportingTsExtensions: true },
      ...{ target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
    },
  });
  // this version of the compiler declares the method a second time, as a property
  return outputText.replaceAll("    [Symbol.dispose]: () => void;\n", "");
}

function manifest(own: Record<string, string>, packages: ReadonlyMap<string, string>) {
  const script = (path: string) => `./${path.replace(/\.ts$/, ".js")}`;
  const exports = Object.entries(ENTRIES).map(([name, path]) => [
    name,
    { types: `./${path.replace(/\.ts$/, ".d.ts")}`, default: script(path) },
  ]);
  const imports = Object.values(SWITCHED).map(({ name, node, page }) => [
    name,
    // Node 20 takes its own modules there without their prefix
    { node: node.startsWith("node:") ? node.slice(5) : script(node), default: script(page) },
  ]);
  const split = (figures: boolean) =>
    Object.fromEntries([...packages].filter(([name]) => FOR_FIGURES.includes(name) === figures));
  return {
    ...own,
    description: "Sparse coding, sparse autoencoders and compositional generalisation",
    ...{ type: "module", engines: { node: ">=20" } },
    // what an engine lacks must not be dropped
    sideEffects: ["./mod.js", "./lib/figures.js", "./web/substitutes/engine.js"],
    exports: Object.fromEntries(exports),
    imports: Object.fromEntries(imports),
    dependencies: split(false),
    peerDependencies: split(true),
    peerDependenciesMeta: Object.fromEntries(FOR_FIGURES.map((name) => [name, { optional: true }])),
  };
}
