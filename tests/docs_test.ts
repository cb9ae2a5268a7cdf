/** Every function and class on the shelf has an example, and every example in lib/ can fail. */
import assert from "node:assert/strict";
import { runDeno } from "./result_files.ts";

interface JsDoc {
  tags?: { kind: string; doc?: string }[];
}

interface Declaration {
  kind: string;
  declarationKind: string;
  jsDoc?: JsDoc;
  def: Record<string, unknown>;
}

/** Examples of a declaration; a class's may stand at its members. */
function examplesOf({ kind, jsDoc, def }: Declaration): string[] {
  const members = kind === "class"
    ? ["constructors", "methods", "properties"].flatMap((name) =>
      (def[name] ?? []) as { jsDoc?: JsDoc }[]
    )
    : [];
  return [jsDoc, ...members.map((member) => member.jsDoc)].flatMap((doc) =>
    (doc?.tags ?? []).flatMap(({ kind, doc }) => kind === "example" && doc ? [doc] : [])
  );
}

/** A parameter; where it has a default, what takes it is `left`. */
interface Parameter {
  kind: string;
  left?: Parameter;
}

/** Parameters of a function, or of a class's constructors and methods. */
function parametersOf({ def }: Declaration): Parameter[] {
  const { constructors = [], methods = [] } = def as {
    constructors?: { params: Parameter[] }[];
    methods?: { functionDef: { params: Parameter[] } }[];
  };
  return [def, ...constructors, ...methods.map(({ functionDef }) => functionDef)]
    .flatMap(({ params }) => (params ?? []) as Parameter[]);
}

/** Whether the pages of the interfaces have a name for a parameter: a destructured one is their `arg_0`. */
function isNamed({ kind, left }: Parameter): boolean {
  return left ? isNamed(left) : kind === "identifier" || kind === "rest";
}

/** Whether an example runs and asserts, or says why it does not run. */
function canFail(example: string): boolean {
  return example.includes("```ts ignore\n")
    ? /^\/\/ not run: \w/m.test(example)
    : /\bassert[.(]/.test(example);
}

/** Functions and classes of a module, by name; overloads are one. */
async function exportsOf(...files: string[]): Promise<Map<string, Declaration[]>> {
  const { code, stdout, stderr } = await runDeno("doc", "--json", ...files);
  assert.equal(code, 0, stderr);
  const nodes: Record<string, { symbols: { name: string; declarations: Declaration[] }[] }> =
    JSON.parse(stdout).nodes;
  const found = Object.entries(nodes).flatMap(([url, { symbols }]) =>
    symbols.map(({ name, declarations }) =>
      [
        `${url.split("/").at(-1)}: ${name}`,
        declarations.filter(({ kind, declarationKind }) =>
          declarationKind === "export" && (kind === "function" || kind === "class")
        ),
      ] as const
    )
  );
  return new Map(found.filter(([, declarations]) => declarations.length > 0));
}

/** What the shelf exports. */
function shelf(): Promise<Map<string, Declaration[]>> {
  const files = [...Deno.readDirSync("lib")].filter(({ isFile }) => isFile);
  return exportsOf(...files.map(({ name }) => `lib/${name}`));
}

Deno.test("every function and class on the shelf has an example that asserts", async () => {
  const found = await shelf();
  assert(found.size > 100, `only ${found.size} are found`);
  const without = [...found].filter(([, declarations]) =>
    !declarations.flatMap(examplesOf).some(canFail)
  );
  assert.deepEqual(without.map(([name]) => name), []);
});

Deno.test("every parameter on the shelf has a name that its page can show", async () => {
  const found = [...await shelf()];
  const all = found.flatMap(([, declarations]) => declarations.flatMap(parametersOf));
  assert(all.length > 300, `only ${all.length} are found`);
  const without = found.filter(([, declarations]) =>
    !declarations.flatMap(parametersOf).every(isNamed)
  );
  assert.deepEqual(without.map(([name]) => name), []);
});

Deno.test("every example in lib/ asserts, or says why it is not run", () => {
  const files = [...Deno.readDirSync("lib")].flatMap(({ name, isDirectory }) =>
    isDirectory
      ? [...Deno.readDirSync(`lib/${name}`)].map((file) => `lib/${name}/${file.name}`)
      : [`lib/${name}`]
  ).filter((file) => /\.(ts|js)$/.test(file));
  const examples = files.flatMap((file) =>
    [...Deno.readTextFileSync(file).matchAll(/^ *\* ```ts.*?^ *\* ```$/gms)].map(([fence]) => ({
      file,
      example: fence.replaceAll(/^ *\* ?/gm, ""),
    }))
  );
  assert(examples.length > 200, `only ${examples.length} are found`);
  assert.deepEqual(examples.filter(({ example }) => !canFail(example)), []);
});

Deno.test("an example that prints, or is not run without a reason, does not count", () => {
  assert(canFail("```ts\nassert.equal(f(1), 2);\n```"));
  assert(canFail("```ts ignore\n// not run: needs Slurm\nsubmit();\n```"));
  assert(!canFail("```ts\nf(1); // 2\n```"));
  assert(!canFail("```ts ignore\nassert.equal(f(1), 2);\n```"));
});
