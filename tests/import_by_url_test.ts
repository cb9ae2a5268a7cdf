import assert from "node:assert/strict";
import { serveFolder } from "./fixtures/serve_folder.ts";

const SCRIPT = `
import { fista, generateDatasets, mcc, toFloat32, trainSae } from "BASE/mod.ts";

const { train, val, ood, A } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 400 });
const codes = fista(val.Y, A, { lambda: 0.1, nonneg: true });
const { codesId } = trainSae({ train: train.Y, id: val.Y, ood: ood.Y }, {
  type: "topk", width: 20, kval: 3, epochs: 5, seed: 0,
});
const rows: number = toFloat32(codes).rows;
console.log(JSON.stringify({ rows, fista: mcc(val.Z, codes), sae: mcc(val.Z, codesId) }));
`;

Deno.test("a script elsewhere imports mod.ts by URL, with that host as its only permission", async () => {
  // as a code host would
  const { server, address } = serveFolder(".");
  await using _server = server;
  const { host } = new URL(address);
  Deno.mkdirSync(".tmp", { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: ".tmp", prefix: "elsewhere-" });
  Deno.writeTextFileSync(`${folder}/script.ts`, SCRIPT.replace("BASE", `http://${host}`));
  // --no-config and --no-lock: the folder lies inside the checkout, but must not see its settings
  const common = ["--no-config", "--no-lock", `--allow-import=${host}`, "script.ts"];

  const run = await new Deno.Command("deno", {
    args: ["run", "--no-prompt", ...common],
    cwd: folder,
  }).output();
  assert.equal(run.code, 0, new TextDecoder().decode(run.stderr));
  const result = JSON.parse(new TextDecoder().decode(run.stdout));
  assert.equal(result.rows, 200);
  // FISTA with the true dictionary recovers the codes almost exactly; five epochs of training do not
  assert(result.fista > 0.9 && result.fista <= 1, `fista: ${result.fista}`);
  assert(result.sae > 0 && result.sae < result.fista, `sae: ${result.sae}`);

  const check = await new Deno.Command("deno", { args: ["check", ...common], cwd: folder })
    .output();
  assert.equal(check.code, 0, new TextDecoder().decode(check.stderr));

  // The types really arrive: a wrong argument no longer checks
  const wrong = SCRIPT.replace("BASE", `http://${host}`).replace("lambda: 0.1", 'lambda: "0.1"');
  Deno.writeTextFileSync(`${folder}/script.ts`, wrong);
  const checkWrong = await new Deno.Command("deno", { args: ["check", ...common], cwd: folder })
    .output();
  assert.notEqual(checkWrong.code, 0);
  assert.match(new TextDecoder().decode(checkWrong.stderr), /TS2322/);
});
