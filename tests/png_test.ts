import assert from "node:assert/strict";
import { freshFolder, runDeno, writeMadeUpRows } from "./result_files.ts";

/** Width and height of a PNG file, from its first chunk. */
function sizeOf(png: Uint8Array): [number, number] {
  assert.deepEqual([...png.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10], "PNG signature");
  const view = new DataView(png.buffer, png.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
}

Deno.test("--format svg,png writes each picture twice, the PNG at twice the size", async () => {
  const folder = freshFolder("png-");
  writeMadeUpRows(folder, ["exp_vary_latents"]);
  const { code, stderr } = await runDeno(
    ...["run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read", `--allow-write=${folder}`],
    "commands/figures.ts",
    ...["--results", folder, "--out", folder, "--format", "svg,png", "--only", "vary-latents"],
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
  const pngs = files.filter((name) => name.endsWith(".png"));
  assert.equal(pngs.length, 4);
  for (const name of pngs) {
    const svg = Deno.readTextFileSync(`${folder}/${name.replace(/png$/, "svg")}`);
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
    assert.deepEqual(sizeOf(Deno.readFileSync(`${folder}/${name}`)), [2 * width, 2 * height]);
  }
});

Deno.test("a PNG has the text of its SVG, Greek, bold and superscripts included", async () => {
  const folder = freshFolder("png-text-");
  const script = `${folder}/draw.ts`;
  const module = new URL("../lib/figures/png.ts", import.meta.url).href;
  // each text on an empty sheet: a glyph that no font has leaves the sheet, or draws as a box
  Deno.writeTextFileSync(
    script,
    `import { svgToPng } from ${JSON.stringify(module)};
import { FONT } from ${JSON.stringify(new URL("../lib/figures/svg.ts", import.meta.url).href)};
const sheet = async (text: string, weight = "normal") =>
  String(await svgToPng(\`<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30" font-family="\${FONT}">\` +
    \`<text x="5" y="20" font-weight="\${weight}">\${text}</text></svg>\`));
const [blank, box] = [await sheet(""), await sheet("\\u{10FFFD}")];
const glyphs = [...new Set("λδ±−·⁻⁴⁵⁶⁷⁸⁹⁰¹²³→=Aa1%")];
const sheets = await Promise.all(glyphs.map((glyph) => sheet(glyph)));
const missing = glyphs.filter((_, i) => sheets[i] === blank || sheets[i] === box);
console.log(JSON.stringify({
  missing,
  distinct: new Set(sheets).size === glyphs.length,
  bold: await sheet("A", "bold") !== await sheet("A"),
  repeats: await sheet("A") === await sheet("A"),
  refusals: await Promise.all([["<p", 2], ["", 2], ["<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>", 0], ["<svg/>", NaN]]
    .map(([svg, scale]) => svgToPng(svg as string, { scale: scale as number }).then(() => "drawn", (error) => \`\${error.name}: \${error.message}\`))),
}));
`,
  );
  const { code, stdout, stderr } = await runDeno(
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-read",
    script,
  );
  assert.equal(code, 0, stderr);
  const { missing, distinct, bold, repeats, refusals } = JSON.parse(stdout);
  assert.deepEqual(missing, []);
  assert.deepEqual({ distinct, bold, repeats }, { distinct: true, bold: true, repeats: true });
  for (const refusal of refusals.slice(0, 2)) {
    assert.match(refusal, /^RangeError: Cannot draw a PNG: svg must be an SVG document/);
  }
  assert.match(refusals[2], /^RangeError: .*scale must be a finite number above 0, got 0/);
  assert.match(refusals[3], /scale must be a finite number above 0, got NaN/);
});
