/**
 * The site's pages in a browser, but for the Lab: what they ask of a reader, and what they request.
 */
import assert from "node:assert/strict";
import { join } from "node:path/posix";
import { hasChromium, withSite } from "./built_site.ts";
import { runDeno } from "./result_files.ts";

Deno.test({
  name:
    "every page is without violations, light and wide, dark and narrow, and requests nothing else",
  ignore: !await hasChromium(),
  async fn() {
    await withSite(async (address, folder) => {
      const site = join(folder, "site");
      const pages = [...Deno.readDirSync(site)].flatMap(({ name, isDirectory }) =>
        isDirectory
          ? [...Deno.readDirSync(join(site, name))].map((file) => `${name}/${file.name}`)
          : [name]
      ).filter((path) => path.endsWith(".html") && path !== "lab/index.html");
      assert(pages.length > 5, pages.join());
      const { code, stdout, stderr } = await runDeno(
        ...["run", "--quiet", "--no-prompt", "--lock=tests/deno.lock", "--allow-run=chromium"],
        ...[
          "--allow-net=127.0.0.1",
          "tests/fixtures/use_pages.ts",
          `${Deno.cwd()}/${folder}/profile`,
        ],
        ...pages.map((page) => address + page),
      );
      assert.equal(code, 0, stderr);
      const { violations, requested, complaints } = JSON.parse(stdout);
      assert.deepEqual(violations, []);
      assert.deepEqual(complaints, []);
      assert.deepEqual(requested.filter((url: string) => !url.startsWith(address)), []);
      assert(requested.length > pages.length);
    });
  },
});
