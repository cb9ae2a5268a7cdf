/** The audit of an autoencoder, against made-up ones whose faults are known, and its command as it is called. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openLock } from "../lib/atomic_file.ts";
import { percent, points } from "../commands/audit_text.ts";
import { type Audit, type AuditedSae, type AuditParts, auditSae } from "../lib/audit.ts";
import { explainedAt, pursuitSizes } from "../lib/audit/curves.ts";
import { chooseCombination } from "../lib/audit/probes.ts";
import { splitRows } from "../lib/audit/rows.ts";
import { fromDense, toDense } from "../lib/csr_matrix.ts";
import { fromRows, type Matrix, normalizeColumns, toFloat32, toRows } from "../lib/matrix.ts";
import { writeNpy } from "../lib/matrix_file.ts";
import { omp } from "../lib/omp.ts";
import { saveSaeLens } from "../lib/open_sae.ts";
import { RandomState } from "../lib/random.ts";
import { Sae } from "../lib/saes.ts";
import { freshFolder, runDeno } from "./result_files.ts";

const M = 16, N = 24, K = 2;

/** Rows of K of N random atoms, non-negative, and the dictionary. */
function sparseRows(rows: number, seed: number): { X: Matrix; D: Matrix; Z: Matrix } {
  const random = new RandomState(seed);
  const D = normalizeColumns({ rows: M, cols: N, data: random.normal(0, 1, M * N) });
  const Z = { rows, cols: N, data: new Float64Array(rows * N) };
  const X = { rows, cols: M, data: new Float64Array(rows * M) };
  for (let i = 0; i < rows; i++) {
    for (const j of random.permutation(N).slice(0, K)) {
      const code = 1 + random.random(1)[0];
      Z.data[i * N + j] = code;
      for (let d = 0; d < M; d++) X.data[i * M + d] += code * D.data[d * N + j];
    }
  }
  return { X, D, Z };
}

/** The columns of a matrix, with further ones. */
function withColumns(D: Matrix, ...columns: Float64Array[]): Matrix {
  const cols = D.cols + columns.length, data = new Float64Array(D.rows * cols);
  for (let i = 0; i < D.rows; i++) {
    for (let j = 0; j < cols; j++) {
      data[i * cols + j] = j < D.cols ? D.data[i * D.cols + j] : columns[j - D.cols][i];
    }
  }
  return { rows: D.rows, cols, data };
}

const columnOf = (D: Matrix, j: number) =>
  Float64Array.from({ length: D.rows }, (_, i) => D.data[i * D.cols + j]);

/** An encoder that codes with the true dictionary but never uses latent 3, the duplicate of 0, and a dead one. */
function faulty(D: Matrix): AuditedSae {
  const random = new RandomState(9);
  const dictionary = withColumns(D, columnOf(D, 0), random.normal(0, 1, M));
  return {
    dictionary,
    bias: new Float64Array(M),
    encodeSparse(X) {
      const { codes } = omp(X, toFloat32(D), { k: K, nonneg: true });
      const dense = toDense(codes), wide = new Float64Array(X.rows * (N + 2));
      for (let i = 0; i < X.rows; i++) {
        for (let j = 0; j < N; j++) if (j !== 3) wide[i * (N + 2) + j] = dense.data[i * N + j];
      }
      return fromDense({ rows: X.rows, cols: N + 2, data: wide });
    },
  };
}

Deno.test("an encoder that misses a latent is told so, with its duplicate and its dead atoms", () => {
  const { X, D, Z } = sparseRows(1200, 0);
  const audit = auditSae(faulty(D), X, { seed: 1, learnedLatents: 0, ks: [1, 2, 4] });
  const { latents, usage, atoms, atL0 } = audit;
  assert.deepEqual(latents.mostlyMissed, [3]);
  assert.equal(latents.worst[0], 3);
  assert.equal(latents.missedUses[3], latents.uses[3]);
  assert.equal(latents.missedEnergy[3], latents.energy[3]);
  // the encoder is the yardstick itself, but for latent 3: nothing else can be missed
  latents.missedUses.forEach((missed, j) => j !== 3 && assert.equal(missed, 0, String(j)));
  assert.deepEqual(usage.dead, [3, N, N + 1]);
  assert.deepEqual(atoms.duplicates.map(({ a, b }) => [a, b]), [[0, N]]);
  assert.equal(atoms.duplicateAtoms, 2);
  assert.equal(atoms.group[N], 0);
  assert.equal(audit.learned, undefined);

  // what the encoder leaves is its part of latent 3, from the codes that made the rows. Pursuit of two
  // atoms does not always find both: an error in one of a hundred rows is allowed for
  const { test } = splitRows(X.rows, { share: 0.2, block: 1, seed: 1 });
  assert.equal(audit.sizes.testRows, test.length);
  let lost = 0, all = 0;
  const mean = new Float64Array(M);
  for (const i of test) for (let d = 0; d < M; d++) mean[d] += X.data[i * M + d] / test.length;
  for (const i of test) {
    lost += Z.data[i * N + 3] ** 2;
    for (let d = 0; d < M; d++) all += (X.data[i * M + d] - mean[d]) ** 2;
  }
  assert(lost / all > 0.02, "latent 3 matters");
  assert(Math.abs(1 - lost / all - atL0.encoder) < 0.01, `${1 - lost / all} ${atL0.encoder}`);
  assert(audit.amortisationGap! > 0.01);
});

Deno.test("of the encoder that is matching pursuit there is no gap but where rows have fewer codes", () => {
  const { X, D } = sparseRows(600, 2);
  const codes = (Y: Matrix) => omp(Y, D, { k: K, nonneg: true }).codes;
  const audit = auditSae({ dictionary: D, bias: new Float64Array(M), encodeSparse: codes }, X, {
    seed: 0,
    learnedLatents: 0,
  });
  assert.equal(audit.latents.missedShare, 0);
  assert.deepEqual(audit.latents.worst, []);
  const { omp: pursued, encoder } = audit.atL0;
  // codes in float32 beside those refined in float64
  assert(Math.abs(pursued! - encoder) < 1e-5);
});

Deno.test("with all atoms a row gets its projection, and more atoms never explain less", () => {
  const random = new RandomState(3);
  const X = { rows: 300, cols: 5, data: random.normal(0, 1, 1500) };
  // two axes as atoms, of other norms: the projection keeps these coordinates and nothing else
  const dictionary = fromRows([[2, 0], [0, 0.5], [0, 0], [0, 0], [0, 0]]);
  const audit = auditSae(
    {
      dictionary,
      bias: new Float64Array(5),
      encodeSparse: (Y) =>
        fromDense({
          rows: Y.rows,
          cols: 2,
          data: Float64Array.from({ length: 2 * Y.rows }, (_, p) => Y.data[(p >> 1) * 5 + p % 2]),
        }),
    },
    X,
    { seed: 0, nonneg: false, ks: [1, 2], learnedLatents: 0 },
  );
  const { test } = splitRows(300, { share: 0.2, block: 1, seed: 0 });
  let kept = 0, all = 0;
  for (let d = 0; d < 5; d++) {
    const values = [...test].map((i) => X.data[i * 5 + d]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    all += values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    if (d >= 2) kept += values.reduce((sum, value) => sum + value ** 2, 0);
  }
  const [one, two] = audit.decoder.omp;
  // float32 rows: 1e-6 is ten of their last digits
  assert(Math.abs(two.explainedVariance - (1 - kept / all)) < 1e-6);
  assert(one.explainedVariance < two.explainedVariance);
  assert.equal(audit.encoder.nonneg, false);
  const lassoed = audit.decoder.lasso.map(({ explainedVariance }) => explainedVariance);
  assert(lassoed.every((value) => value <= two.explainedVariance + 1e-6));
  assert(Math.abs(lassoed.at(-1)! - two.explainedVariance) < 1e-6, "the smallest λ keeps both");

  const full = auditSae(faulty(sparseRows(20, 4).D), sparseRows(200, 4).X, {
    seed: 0,
    ks: [1, 2, 3, 8, M],
    nonneg: false,
    learnedLatents: 0,
  }).decoder.omp.map(({ explainedVariance }) => explainedVariance);
  full.forEach((value, i) => i > 0 && assert(value >= full[i - 1]));
  // M independent atoms reach every row
  assert(full.at(-1)! > 1 - 1e-9);
});

Deno.test("a dictionary that is learned from the other rows explains what a random one does not", () => {
  const { X, D } = sparseRows(1500, 5);
  const sae = Sae.initialize({ type: "topk", inputDim: M, width: N, kval: K, seed: 0 });
  const audit = auditSae(
    {
      dictionary: sae.parameters.decoder,
      bias: sae.parameters.decoderBias,
      encodeSparse: (Y) => fromDense(sae.encode(Y)),
    },
    X,
    { seed: 0 },
  );
  assert.equal(audit.learned?.latents, N);
  const allowed = omp(X, D, { k: K, nonneg: true }).residuals.reduce((a, b) => a + b, 0) / X.rows;
  assert(allowed < 0.05);
  // what the true dictionary leaves is a hundredth or so, what a random one does more than a tenth
  assert(audit.atL0.learned! > 0.9, String(audit.atL0.learned));
  assert(audit.atL0.learned! > audit.atL0.omp! && audit.atL0.omp! > audit.atL0.encoder);
});

/**
 * Two concepts, each along an axis of its own, with noise; a third axis is noise alone. The encoder has a latent
 * for each, but where the second is active it misses the first: right in training without the pair, useless on it.
 */
function compositional(): { X: Matrix; labels: Matrix; sae: AuditedSae } {
  const rows = 1600, random = new RandomState(6), noise = random.normal(0, 0.15, rows * 3);
  const labels = {
    rows,
    cols: 2,
    data: Float64Array.from(random.random(2 * rows), (value) => Number(value < 0.5)),
  };
  const X = { rows, cols: 3, data: new Float64Array(3 * rows) };
  for (let i = 0; i < rows; i++) {
    for (let d = 0; d < 3; d++) {
      X.data[3 * i + d] = noise[3 * i + d] + (d < 2 ? labels.data[2 * i + d] : 0);
    }
  }
  const sae: AuditedSae = {
    dictionary: fromRows([[1, 0], [0, 1], [0, 0]]),
    bias: new Float64Array(3),
    encodeSparse(Y) {
      const codes = Array.from({ length: Y.rows }, (_, i) => {
        const [a, b] = [0, 1].map((d) => Y.data[3 * i + d] > 0.5);
        return [Number(a && !b), Number(b)];
      });
      return fromDense(fromRows(codes));
    },
  };
  return { X, labels, sae };
}

Deno.test("probes on codes that miss a concept beside another one fail on the pair that they never met", () => {
  const { X, labels, sae } = compositional();
  const { probes } = auditSae(sae, X, { seed: 0, labels, holdOut: [1, 1], learnedLatents: 0 });
  assert.deepEqual([probes!.heldOut!.a, probes!.heldOut!.b], [1, 1]);
  for (const { aucIn, aucOut, aucOutError, rowsOut } of probes!.raw.combination) {
    // concepts lie 6.7 standard deviations apart: linear probes on the activations tell both
    assert(aucIn > 0.99 && aucOut > 0.99, `${aucIn} ${aucOut}`);
    assert(aucOutError < 0.02 && Math.min(...rowsOut) > 30);
  }
  const [first, second] = probes!.encoder.combination;
  assert(first.aucIn > 0.99 && second.aucIn > 0.99);
  // with the second concept active its codes do not depend on the first: chance, but for one row in a
  // thousand in which noise carries the second over its threshold
  assert(Math.abs(first.aucOut - 0.5) < 0.01 && Math.abs(first.accuracyOut - 0.5) < 0.01);
  assert(second.aucOut > 0.99);
  assert.equal(probes!.raw.columns.length, 2);
  for (const { accuracy, chance, auc } of probes!.raw.columns) {
    assert(accuracy > 0.98 && auc > 0.99 && chance < 0.8);
  }
});

Deno.test("one column of labels has no combination, and values with few rows are left out", () => {
  const { X, labels, sae } = compositional();
  const rare = (i: number) => i % 500 === 0 ? 7 : labels.data[2 * i];
  const one = {
    rows: X.rows,
    cols: 1,
    data: Float64Array.from({ length: X.rows }, (_, i) => rare(i)),
  };
  const { probes } = auditSae(sae, X, { seed: 0, labels: one, learnedLatents: 0 });
  assert.equal(probes!.heldOut, undefined);
  assert.deepEqual(probes!.omp.combination, []);
  assert.deepEqual(probes!.raw.columns[0].classes.toSorted(), [0, 1]);
  assert.equal(chooseCombination(one), undefined);
  // three quarters of the pairs are of one kind: no part may be missing
  const tied = fromRows(Array.from({ length: 100 }, (_, i) => [i % 2, i % 2]));
  assert.equal(chooseCombination(tied), undefined);
});

Deno.test("an audit goes on with the parts that are done, and ends the same", () => {
  const { X, labels, sae } = compositional();
  const kept: Partial<AuditParts>[] = [];
  const options = { seed: 0, labels, learnedLatents: 2 };
  const whole = auditSae(sae, X, {
    ...options,
    onPart: (parts) => kept.push(structuredClone(parts)),
  });
  assert.deepEqual(Object.keys(kept.at(-1)!), [
    ...["encoder", "atoms", "usage", "decoder", "latents", "probes", "learned"],
  ]);
  for (const done of kept) {
    // as it comes from a file
    const parts: Partial<AuditParts> = JSON.parse(JSON.stringify(done));
    let more = 0;
    const again: Audit = auditSae(sae, X, { ...options, done: parts, onPart: () => more++ });
    assert.deepEqual(again, whole);
    assert.equal(more, kept.length - Object.keys(done).length);
  }
  const abort = new AbortController();
  assert.throws(() =>
    auditSae(sae, X, {
      ...{ ...options, signal: abort.signal },
      onProgress: (done, total) => done > total / 4 && abort.abort(),
    }), { name: "AbortError" });
});

Deno.test("the last rows are held out where they are wanted, in blocks too", () => {
  const { train, test } = splitRows(20, { share: 0.2, block: 2, seed: 3, last: true });
  assert.deepEqual([...test].toSorted((a, b) => a - b), [16, 17, 18, 19]);
  assert.equal(train.length, 16);
  assert(train.every((row) => row < 16));
});

Deno.test("curves are read between their points only, and pursuit is tried around the encoder's number", () => {
  const curve = [0, 2, 6].map((l0) => ({ l0, explainedVariance: l0 / 10 }));
  assert.equal(explainedAt(curve, 4), 0.4);
  assert.equal(explainedAt(curve, 6), 0.6);
  assert.equal(explainedAt(curve, 6.01), undefined);
  assert.equal(explainedAt(curve.slice(1), 1), undefined);
  assert.deepEqual(pursuitSizes(8.4, 100), [2, 4, 8, 9, 17, 34]);
  assert.deepEqual(pursuitSizes(0, 100), [1]);
  assert.deepEqual(pursuitSizes(50, 20), [13, 20]);
});

Deno.test("shares are told in percent, differences in points with their sign", () => {
  assert.equal(percent(0.8692), "86.9 %");
  assert.equal(points(-0.073), "−7.3 points");
  assert.equal(points(0.01), "1.0 point");
});

Deno.test("what cannot be audited is refused by name", () => {
  const { X, labels, sae } = compositional();
  const bad = (change: object, message: RegExp, Kind: ErrorConstructor = RangeError) =>
    assert.throws(() => auditSae(sae, X, { seed: 0, labels, ...change }), (error) => {
      assert(error instanceof Kind, String(error));
      assert.match(error.message, message);
      return true;
    });
  bad(
    { labels: { ...labels, rows: 3, data: labels.data.slice(0, 6) } },
    /labels must have 1600 rows, got 3/,
  );
  const half = { ...labels, data: labels.data.with(5, 0.5) };
  bad({ labels: half }, /labels must be integers, got 0\.5 at row 2, column 1/);
  bad({ holdOut: [0, 5] }, /holdOut must be values .* got 0, 5/);
  bad({ heldOut: 1 }, /heldOut must be below 1, got 1/);
  bad({ ks: [4] }, /ks\[0\] must be an integer from 1 to 2, got 4/);
  bad({ seeed: 1 }, /options has no "seeed"; did you mean "seed"/, TypeError);
  assert.throws(() => auditSae(sae, fromRows([[1, 2, 3]]), { seed: 0 }), /X\.rows must be/);
  assert.throws(
    () => auditSae(sae, { rows: 20, cols: 3, data: new Float64Array(60) }, { seed: 0 }),
    {
      name: "RangeError",
      message: /X must have held-out rows that differ/,
    },
  );
  const short = { ...sae, bias: new Float64Array(2) };
  assert.throws(() => auditSae(short, X, { seed: 0 }), /sae\.bias must hold 3 numbers, got 2/);
});

/** A folder with an untrained autoencoder of SAELens, activations and labels. */
function filesOfAudit(): string {
  const folder = freshFolder("audit-"), { X, Z } = sparseRows(400, 7);
  saveSaeLens(
    join(folder, "sae"),
    Sae.initialize({ type: "topk", inputDim: M, width: N, kval: K, seed: 0 }),
  );
  writeNpy(join(folder, "acts.npy"), toFloat32(X));
  const labels = { rows: 400, cols: 2, data: new Float64Array(800) };
  for (let i = 0; i < 400; i++) {
    for (const [column, group] of [[0, 0], [1, N / 2]]) {
      const some = Z.data.subarray(i * N + group, i * N + group + 6);
      labels.data[2 * i + column] = Number(some.some((code) => code > 0));
    }
  }
  writeNpy(join(folder, "labels.npy"), labels);
  return folder;
}

const LINE = ["run", "--quiet", "--no-prompt", "--ignore-env", "--allow-read=."];
const audit = (folder: string, ...args: string[]) =>
  runDeno(...LINE, `--allow-write=${folder}`, "commands/audit.ts", ...args);

Deno.test("the command writes a page and a JSON that hold the same audit, and prints it", async () => {
  const folder = filesOfAudit(), out = join(folder, "out");
  const files = ["--sae", join(folder, "sae"), "--data", join(folder, "acts.npy"), "--out", out];
  const labels = ["--labels", join(folder, "labels.npy")];
  const told = await audit(folder, ...files, ...labels, "--learned", "8", "--quiet");
  assert.deepEqual([told.code, told.stderr], [0, ""]);
  assert.match(told.stdout, /On 80 held-out rows the encoder explains .* codes a row\./);
  assert.match(told.stdout, /AUC in distribution and out of it: activations 0\.\d{3} and/);
  const page = Deno.readTextFileSync(join(out, "audit.html"));
  assert.equal(page.match(/<figure>/g)!.length, 5);
  assert.doesNotMatch(page, /<script|href="http|src="http|NaN|undefined/);
  const numbers = JSON.parse(Deno.readTextFileSync(join(out, "audit.json")));
  assert.equal(numbers.sizes.testRows, 80);
  assert.equal(numbers.learned.latents, 8);
  assert.deepEqual([...Deno.readDirSync(out)].map(({ name }) => name).toSorted(), [
    ...[".lock", "audit.html", "audit.json"],
  ]);

  const again = await audit(folder, ...files, ...labels, "--learned", "8", "--json");
  // the first line of progress comes after ten seconds
  assert.deepEqual([again.code, again.stderr], [0, ""]);
  const { seconds: _, ...same } = JSON.parse(again.stdout);
  const { seconds: __, ...first } = numbers;
  assert.deepEqual(same, first);
  // of a text, with pandas' names, in the worker that reads it
  const text = join(folder, "acts.csv"), lines = toRows(sparseRows(400, 7).X);
  Deno.writeTextFileSync(text, [[...lines[0].keys()], ...lines].join("\n"));
  const named = await audit(
    ...[folder, "--sae", join(folder, "sae"), "--data", text, "--out", join(folder, "of-text")],
    ...["--learned", "0", "--json"],
  );
  assert.match(
    named.stderr,
    /^The first line of .*acts\.csv, 0 to 15, is taken as names of columns/,
  );
  assert.equal(JSON.parse(named.stdout).rowsInFile, 400);
  // a part of the file, in blocks
  const part = await audit(
    ...[
      folder,
      ...files,
      "--rows",
      "100",
      "--block",
      "10",
      "--learned",
      "0",
      "--json",
      "--quiet",
    ] as const,
  );
  assert.equal(part.code, 0, part.stderr);
  const { rowsInFile, sizes } = JSON.parse(part.stdout);
  assert.deepEqual([rowsInFile, sizes.rows, sizes.testRows], [400, 100, 20]);
});

Deno.test("an audit that was killed goes on where it was", async () => {
  const folder = filesOfAudit(), out = join(folder, "out");
  const args = ["--sae", join(folder, "sae"), "--data", join(folder, "acts.npy"), "--out", out];
  const whole = await audit(folder, ...args, "--json", "--quiet");
  assert.equal(whole.code, 0, whole.stderr);
  const numbers = JSON.parse(whole.stdout);
  // what a kill after the third part leaves, of the same audit and of another one
  const state = join(out, ".audit.state.json");
  const stop = await runDeno(
    ...[...LINE, `--allow-write=${folder}`, "tests/fixtures/killed_audit.ts", ...args],
  );
  assert.equal(stop.code, 7, stop.stderr);
  const left = JSON.parse(Deno.readTextFileSync(state));
  assert.deepEqual(Object.keys(left.parts), ["encoder", "atoms", "usage"]);
  const { parts } = left;
  parts.usage.medianUses = 12345;
  Deno.writeTextFileSync(state, JSON.stringify(left));
  const rest = await audit(folder, ...args, "--json");
  assert.match(rest.stderr, /^Goes on after encoder, atoms, usage$/m);
  const resumed = JSON.parse(rest.stdout);
  assert.equal(resumed.usage.medianUses, 12345, "the part was not computed again");
  assert.deepEqual(resumed.decoder, numbers.decoder);

  for (const [name, text] of [["another", { ...left, key: "other" }], ["damaged", "{"]] as const) {
    Deno.writeTextFileSync(state, typeof text === "string" ? text : JSON.stringify(text));
    const { code, stdout } = await audit(folder, ...args, "--json", "--quiet");
    assert.deepEqual([code, JSON.parse(stdout).usage], [0, numbers.usage], name);
  }
});

Deno.test("after Ctrl-C or an end by time there is no empty folder, and the same command goes on", async () => {
  const folder = filesOfAudit(), acts = join(folder, "acts.npy");
  // a folder of this test's alone, and one within it
  const outer = join(folder, "ended"), out = join(outer, "inner");
  const args = ["--sae", join(folder, "sae"), "--data", acts, "--out", out, "--json"];
  const none = await audit(folder, ...args, "--max-seconds", "1e-9");
  assert.deepEqual([none.code, none.stdout], [3, ""]);
  assert.equal(
    none.stderr,
    "Ended early: --max-seconds 1e-9 are over. Nothing was done yet",
  );
  assert.throws(() => Deno.statSync(outer), Deno.errors.NotFound);

  // a learning that takes longer than a signal, on rows that have no structure
  const noise = Float32Array.from(new RandomState(4).normal(0, 1, 6000 * M));
  writeNpy(acts, { rows: 6000, cols: M, data: noise });
  Deno.mkdirSync(out, { recursive: true });
  const state = join(out, ".audit.state.json");
  using watcher = Deno.watchFs(out);
  const child = new Deno.Command("deno", {
    args: [...LINE, `--allow-write=${folder}`, "commands/audit.ts", ...args],
    ...{ stdout: "piped", stderr: "piped" },
  }).spawn();
  for await (const { paths } of watcher) {
    if (paths.some((path) => path.endsWith(".audit.state.json"))) break;
  }
  child.kill("SIGINT");
  const { code, stdout, stderr } = await child.output();
  const [told, said] = [stderr, stdout].map((bytes) => new TextDecoder().decode(bytes).trim());
  assert.deepEqual([code, said], [1, ""], told);
  const done = Object.keys(JSON.parse(Deno.readTextFileSync(state)).parts);
  assert(done.length < 6, "ended before the last part");
  assert.equal(
    told,
    `Ended early: interrupted by SIGINT. The same command goes on after ${done.join(", ")}`,
  );
  const rest = await audit(folder, ...args);
  assert.equal(rest.code, 0, rest.stderr);
  assert.match(rest.stderr, new RegExp(`^Goes on after ${done.join(", ")}$`, "m"));
});

Deno.test("files that do not fit are refused in one line, and nothing is written", async () => {
  const folder = filesOfAudit(), out = join(folder, "out");
  const path = (name: string) => join(folder, name);
  writeNpy(path("narrow.npy"), { rows: 40, cols: 3, data: new Float32Array(120) });
  writeNpy(path("short.npy"), { rows: 39, cols: 1, data: new Float64Array(39) });
  writeNpy(path("half.npy"), { rows: 400, cols: 1, data: new Float64Array(400).fill(0.5) });
  const bytes = Deno.readFileSync(path("acts.npy"));
  new DataView(bytes.buffer).setFloat32(bytes.length - 4, NaN, true);
  Deno.writeFileSync(path("nan.npy"), bytes);
  const good = { sae: path("sae"), data: path("acts.npy"), out };
  for (
    const [change, message] of [
      [{ data: path("narrow.npy") }, /--data must have the 16 columns .* got 3 in ".*narrow\.npy"/],
      [{ data: path("nan.npy") }, /nan\.npy.*row 399/],
      [{ data: path("none.npy") }, /--data must be readable, got ".*none\.npy"/],
      [
        { labels: path("short.npy") },
        /--labels must have a row for each of the 400 of --data, got 39/,
      ],
      [{ labels: path("half.npy") }, /^Cannot audit: --labels must be integers, got 0\.5/],
      [
        { sae: path("none") },
        /Cannot open the autoencoder in .*none: there is no such folder or file/,
      ],
      [{ sae: path("acts.npy") }, /acts\.npy/],
      [
        { labels: path("labels.npy"), "hold-out": "0,9" },
        /^Cannot audit: --hold-out must be values of two columns/,
      ],
      [{ labels: path("labels.npy"), "hold-out": "1" }, /--hold-out must be two integers, got 1/],
      [{ sae: "tests/fixtures/saes/saelens_transcoder" }, /a transcoder/],
    ] as const
  ) {
    const args = Object.entries({ ...good, ...change }).flatMap(([name, value]) => [
      `--${name}`,
      value,
    ]);
    const { code, stdout, stderr } = await audit(folder, ...args, "--quiet");
    assert.deepEqual([code, stdout], [2, ""], stderr);
    assert.match(stderr, message);
    assert.match(stderr, /^Cannot [^\n]*$/);
  }
  assert.throws(() => Deno.statSync(out), Deno.errors.NotFound);

  Deno.mkdirSync(out);
  {
    using lock = openLock(join(out, ".lock"));
    lock.lockSync(true);
    const busy = await audit(folder, ...Object.entries(good).flatMap(([k, v]) => [`--${k}`, v]));
    assert.deepEqual([busy.code, busy.stdout], [2, ""]);
    assert.match(busy.stderr, /--out must be written by one process, got ".*out" of another$/);
  }

  // a folder that it may not write to: the line to type
  const args = Object.entries({ ...good, out: "figures/audit" }).flatMap(([name, value]) => [
    `--${name}`,
    value,
  ]);
  const refused = await audit(folder, ...args, "--quiet");
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /--out must be a folder to write to.*PERMIT="--allow-read=\S+ --allow-write=\S*figures\/audit" deno task audit/,
  );
});
