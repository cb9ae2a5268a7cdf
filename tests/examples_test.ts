/** The examples of `examples/`, as far as they can run without large downloads: digits, in small. */
import assert from "node:assert/strict";
import { join } from "node:path";

Deno.mkdirSync(".tmp", { recursive: true });

const SEED = 0, TRAINING = 800, TESTING = 400, COUNT = 8;

/** Runs deno in the example's folder, with its lock. */
async function deno(args: string[], permit = ""): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args,
    cwd: "examples/mnist",
    env: { NO_COLOR: "1", PERMIT: permit },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("pixels' probes are ridge regression, and combinations and digits of the tests are new", async () => {
  const oracle = JSON.parse(
    await deno([
      ...["run", "--quiet", "--no-prompt", "--config=deno.json", "--frozen"],
      "../../tests/fixtures/digits_oracle.ts",
      ...[SEED, TRAINING, TESTING].map(String),
    ]),
  );
  // 800 pictures show each of 50 combinations: to miss one has a chance of 50·0.98^800 < 1e-5
  assert.equal(oracle.seen.length, 50);
  assert.deepEqual(oracle.id, oracle.seen.filter((pair: string) => oracle.id.includes(pair)));
  assert.deepEqual(oracle.ood.filter((pair: string) => oracle.seen.includes(pair)), []);
  for (const side of [0, 1]) {
    assert.equal(new Set(oracle.seen.map((pair: string) => pair.split(",")[side])).size, 10);
  }
  assert.equal(oracle.shared, 0);

  const folder = Deno.makeTempDirSync({ dir: ".tmp", prefix: "digits-" });
  const out = join("../..", folder);
  await deno([
    ...["task", "--quiet", "exp:digits", "--out", out, "--figures", out, "--workers", "1"],
    ...["--seeds", `${SEED}`, "--training", `${TRAINING}`, "--testing", `${TESTING}`],
    ...["--width", "60", "--count", `${COUNT}`, "--epochs", "5", "--quiet"],
  ], `--allow-read=${out} --allow-write=${out}`);
  interface Row {
    method: string;
    accuracy_iid: number;
    accuracy_ood: number;
    codes_iid: number;
  }
  const rows: Row[] = JSON.parse(Deno.readTextFileSync(join(folder, "exp_digits.json")));
  const [pixels] = rows.filter(({ method }) => method === "pixels");
  // the same formula, but for features in float32: at most one of 800 digits may be told another way
  assert(Math.abs(pixels.accuracy_iid - oracle.accuracy[0]) <= 1 / (2 * TESTING));
  assert(Math.abs(pixels.accuracy_ood - oracle.accuracy[1]) <= 1 / (2 * TESTING));

  assert.equal(rows.length, 10);
  for (const { method, accuracy_iid, accuracy_ood, codes_iid } of rows) {
    // guesses are right in a tenth of 800 cases, with a standard deviation of 0.011
    for (const accuracy of [accuracy_iid, accuracy_ood]) assert(accuracy > 0.16, method);
    if (/^(omp|encoder_topk)/.test(method)) assert(codes_iid <= COUNT, method);
    // λ is set on 500 training pictures: the count of 400 others, whose spread is about half of it
    if (/^lasso/.test(method)) assert(Math.abs(codes_iid / COUNT - 1) < 0.15, method);
  }
  assert.match(Deno.readTextFileSync(join(folder, "digits.svg")), /^<svg/);
});
