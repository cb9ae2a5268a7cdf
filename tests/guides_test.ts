/** The guides in `docs/`: their scripts run, and their commands are the toolkit's. */
import assert from "node:assert/strict";
import { freshFolder, runDeno } from "./result_files.ts";

const guides = [...Deno.readDirSync("docs")].map(({ name }) => ({
  name: name.replace(".md", ""),
  text: Deno.readTextFileSync(`docs/${name}`),
}));

/** The blocks of a language, with what follows its name. */
function blocks(text: string, language: string): { word: string; code: string }[] {
  const pattern = new RegExp(`^\`\`\`${language}( \\w+)?\n(.*?)^\`\`\``, "gms");
  return [...text.matchAll(pattern)].map(([, word = "", code]) => ({ word: word.trim(), code }));
}

Deno.test("every script in the guides has right types, and runs as it stands, one after the other", async () => {
  const folder = freshFolder("guides-");
  const lines: string[] = [];
  let run = 0;
  for (const { name, text } of guides) {
    blocks(text, "ts").forEach(({ word, code }, i) => {
      const path = `${folder}/${name}_${i}.ts`;
      // the checkout instead of a host, and of the package
      const own = code.replace(
        /"(?:https:\/\/HOST\/PATH|\.)\/(mod|lib\/\w+)\.ts"/g,
        '"../../$1.ts"',
      )
        .replace('"@startcoding/toolkit"', '"../../mod.ts"');
      Deno.writeTextFileSync(path, own);
      const load = `import("./${name}_${i}.ts")`;
      // what needs a download has right types, too
      lines.push(
        word === "ignore" ? `export const load${lines.length} = () => ${load};` : `await ${load};`,
      );
      if (word !== "ignore") run++;
    });
  }
  assert(run >= 9, `${run} scripts`);
  Deno.writeTextFileSync(`${folder}/all.ts`, lines.join("\n"));
  // their files lie in the folder; the toolkit's are read for threads
  Deno.writeTextFileSync(
    `${folder}/start.ts`,
    `Deno.chdir(${JSON.stringify(folder)});\nawait import("./all.ts");\n`,
  );
  const { code, stderr } = await runDeno(
    ...["run", "--quiet", "--check", "--no-prompt", "--ignore-env", "--allow-read=."],
    ...[`--allow-write=${folder}`, `${folder}/start.ts`],
  );
  assert.deepEqual([code, stderr], [0, ""]);
});

Deno.test("every task in the guides is one of deno.json, and has the flags that they give it", async () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync("deno.json"));
  const commands = guides.flatMap(({ text }) =>
    blocks(text, "sh").flatMap(({ code }) => code.split("\n"))
  )
    .flatMap((line) => line.match(/^(?:npx -y deno@\S+|deno) task (.*)$/)?.[1] ?? []);
  assert(commands.length > 15, `${commands.length} commands`);
  const usages = new Map<string, Promise<string>>();
  const usage = (name: string) => {
    const made = usages.get(name) ??
      runDeno("task", "--quiet", name, "--help").then(({ stdout }) => stdout);
    usages.set(name, made);
    return made;
  };
  for (const command of commands) {
    // what follows after -- is the experiment's own
    const [own, passed = ""] = command.split(" -- ");
    const [name, ...words] = own.split(" ");
    assert(name in tasks, `deno task ${command}`);
    for (const [task, flags] of [[name, words], [words[0], passed.split(" ")]] as const) {
      for (const flag of flags.filter((word) => word.startsWith("--"))) {
        assert((await usage(task)).includes(`  ${flag} `), `deno task ${command}: ${flag}`);
      }
    }
  }
});
