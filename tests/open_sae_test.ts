/**
 * Autoencoders of others: codes of every sample as its program gave them, and of kinds without a sample as
 * their definitions do, written out here in float64; folders written for SAELens; and what is refused.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeSamples, PackedUnits } from "../lib/cores/sae_encode.ts";
import { toDense } from "../lib/csr_matrix.ts";
import { fromRows, type Matrix, toRows } from "../lib/matrix.ts";
import { writeNpy } from "../lib/matrix_file.ts";
import { type OpenedSae, openSae, saveSaeLens } from "../lib/open_sae.ts";
import { RandomState } from "../lib/random.ts";
import { saveSae } from "../lib/sae_file.ts";
import { Sae, SAE_TYPES, type SaeOptions, type SaeType } from "../lib/saes.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../lib/safetensors.ts";
import { startThreads } from "../lib/threads.ts";
import { freshFolder, link } from "./result_files.ts";

type Rows = readonly (readonly number[])[];

const SAMPLES = "tests/fixtures/saes";
const expected: Record<string, { X: number[][]; codes: number[][]; reconstruction: number[][] }> =
  JSON.parse(Deno.readTextFileSync(join(SAMPLES, "expected.json")));
const folder = freshFolder("open_sae_");
let folders = 0;

/** Both sides sum at most tens of products in float32; a code is the difference of larger sums. */
function assertClose(actual: Matrix, wanted: Rows, what: string): void {
  assert.deepEqual([actual.rows, actual.cols], [wanted.length, wanted[0].length], what);
  toRows(actual).forEach((row, i) =>
    row.forEach((value, j) => {
      const error = Math.abs(value - wanted[i][j]), allowed = 2e-6 + 2e-5 * Math.abs(wanted[i][j]);
      assert(error <= allowed, `${what} (${i}, ${j}): ${value}, not ${wanted[i][j]}`);
    })
  );
}

for (const [name, { X, codes, reconstruction }] of Object.entries(expected)) {
  Deno.test(`${name}: codes and reconstruction are the original's`, () => {
    const sae = openSae(join(SAMPLES, name)), rows = fromRows(X);
    const forward = sae.forward(rows), sparse = sae.encodeSparse(rows);
    assertClose(forward.codes, codes, "codes");
    assertClose(forward.reconstruction, reconstruction, "reconstruction");
    assert.deepEqual(toDense(sparse), forward.codes);
    assert.deepEqual(sae.decode(sparse, { input: rows }), forward.reconstruction);
    assert.equal(forward.codes.cols, sae.width);
    assert.deepEqual([sae.dictionary.rows, sae.dictionary.cols], [sae.outputDim, sae.width]);
  });
}

// what follows has no sample: the definitions stand here

const m = 6, n = 10;
const random = new RandomState(5);

function normals(...shape: number[]): Tensor & { data: Float32Array } {
  const length = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from(random.normal(0, 1, length)) };
}
const positive = (...shape: number[]) => {
  const { data } = normals(...shape);
  return { shape, data: data.map(Math.abs) };
};
const number = (value: number): Tensor => ({ shape: [], data: Float32Array.of(value) });

/** A new folder with a JSON object and tensors, under whatever names. */
function write(files: Record<string, Record<string, Tensor> | object>): string {
  const path = join(folder, `${folders++}`);
  for (const [name, content] of Object.entries(files)) {
    Deno.mkdirSync(join(path, name, ".."), { recursive: true });
    // the reader of arrays goes by the content, not by the name
    if (name.endsWith(".json")) Deno.writeTextFileSync(join(path, name), JSON.stringify(content));
    else {
      const tensors = content as Record<string, Tensor>;
      Deno.writeFileSync(join(path, name), encodeSafetensors({ tensors, metadata: {} }));
    }
  }
  return path;
}

/** The rows of a tensor; those of its transposed where `turned`. */
function rowsOf({ shape: [rows, cols], data }: Tensor, turned = false): number[][] {
  const at = (i: number, j: number) => Number(data[i * cols + j]);
  return turned
    ? Array.from({ length: cols }, (_, j) => Array.from({ length: rows }, (_, i) => at(i, j)))
    : Array.from({ length: rows }, (_, i) => Array.from({ length: cols }, (_, j) => at(i, j)));
}
const list = ({ data }: Tensor) => Array.from(data as Float32Array);

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, k) => sum + value * b[k], 0);
const norm = (a: readonly number[]) => Math.sqrt(dot(a, a));
/** x·W + b with W in columns. */
const product = (x: readonly number[], columns: Rows, b?: readonly number[]) =>
  columns.map((column, j) => dot(x, column) + (b?.[j] ?? 0));
const minus = (x: readonly number[], b: readonly number[]) => x.map((value, k) => value - b[k]);
const relu = (h: readonly number[]) => h.map((value) => Math.max(0, value));
const above = (h: readonly number[], threshold: number | readonly number[]) =>
  h.map((value, j) => {
    const bound = typeof threshold === "number" ? threshold : threshold[j];
    return value > bound ? Math.max(0, value) : 0;
  });
function largest(h: readonly number[], k: number): number[] {
  const kept = h.map((_, j) => j).toSorted((a, b) => h[b] - h[a]).slice(0, k);
  return h.map((value, j) => kept.includes(j) ? Math.max(0, value) : 0);
}

const X = Array.from({ length: 7 }, () => [...random.normal(0, 2, m)]);
// as the functions get it
const X32 = fromRows(X.map((row) => row.map(Math.fround)));

/** Requires codes by a definition, sample by sample, and what they reconstruct. */
function assertDefined(
  sae: OpenedSae,
  encode: (x: number[]) => number[],
  decode: (z: number[], x: number[]) => number[],
): void {
  const rows = toRows(X32),
    codes = rows.map(encode),
    { codes: found, reconstruction } = sae
      .forward(X32);
  assert(codes.flat().some((code) => code !== 0) && codes.flat().some((code) => code === 0));
  assertClose(found, codes, "codes");
  assertClose(reconstruction, codes.map((z, i) => decode(z, rows[i])), "reconstruction");
}

const CFG = {
  ...{ d_in: m, d_sae: n, dtype: "float32", normalize_activations: "none" },
  metadata: { sae_lens_version: "6.37.2" },
};
const weights = () => ({
  ...{ W_enc: normals(m, n), W_dec: normals(n, m), b_enc: normals(n), b_dec: normals(m) },
});
/** `weights`, as the definitions need them. */
function read(tensors: ReturnType<typeof weights>) {
  const [columns, atoms] = [rowsOf(tensors.W_enc, true), rowsOf(tensors.W_dec, true)];
  const [b, d] = [list(tensors.b_enc), list(tensors.b_dec)];
  const norms = rowsOf(tensors.W_dec).map(norm);
  return { columns, atoms, b, d, norms, decode: (z: number[]) => product(z, atoms, d) };
}

Deno.test("SAELens' topk weighted by the norms selects, and codes, by h times the norm", () => {
  const tensors = weights(), { columns, b, d, norms, decode } = read(tensors);
  const cfg = { ...CFG, architecture: "topk", k: 3, rescale_acts_by_decoder_norm: true };
  const sae = openSae(write({ "cfg.json": cfg, "sae_weights.safetensors": tensors }));
  assertDefined(
    sae,
    (x) => largest(product(minus(x, d), columns, b).map((h, j) => h * norms[j]), 3),
    (z) => decode(z.map((code, j) => code / norms[j])),
  );
});

Deno.test("SAELens' topk of before version 6 takes its k from the activation function", () => {
  const tensors = weights(), { columns, b, d, decode } = read(tensors);
  const { metadata: _, ...flat } = CFG;
  const cfg = {
    ...flat,
    ...{ architecture: "standard", dtype: "torch.float32", sae_lens_version: "5.10.7" },
    ...{ activation_fn: "topk", activation_fn_kwargs: { k: 2 } },
  };
  const sae = openSae(write({ "cfg.json": cfg, "sae_weights.safetensors": tensors }));
  assert.equal(sae.architecture, "topk");
  assertDefined(sae, (x) => largest(product(minus(x, d), columns, b), 2), decode);
});

Deno.test("a scaling factor of the codes counts where they are decoded", () => {
  const scaling_factor = positive(n), tensors = { ...weights(), scaling_factor };
  const { columns, b, d, decode } = read(tensors), factors = list(scaling_factor);
  const { metadata: _, ...flat } = CFG;
  const cfg = { ...flat, architecture: "standard", finetuning_scaling_factor: true };
  assertDefined(
    openSae(write({ "cfg.json": cfg, "sae_weights.safetensors": tensors })),
    (x) => relu(product(minus(x, d), columns, b)),
    (z) => decode(z.map((code, j) => code * factors[j])),
  );
});

Deno.test("layer_norm standardises each sample, with m − 1, and is undone", () => {
  const tensors = weights(), { columns, b, d, decode } = read(tensors);
  const cfg = { ...CFG, architecture: "standard", normalize_activations: "layer_norm" };
  const statistics = (x: number[]) => {
    const mean = x.reduce((sum, value) => sum + value / m, 0);
    const std = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (m - 1));
    return { mean, std };
  };
  assertDefined(
    openSae(write({ "cfg.json": cfg, "sae_weights.safetensors": tensors })),
    (x) => {
      const { mean, std } = statistics(x);
      return relu(product(minus(x.map((v) => (v - mean) / (std + 1e-5)), d), columns, b));
    },
    (z, x) => {
      const { mean, std } = statistics(x);
      return decode(z).map((value) => value * std + mean);
    },
  );
});

Deno.test("a factor of the inputs comes from the options, or from the checkpoint's own file", () => {
  const tensors = { ...weights(), threshold: positive(n) },
    { columns, b, d, decode } = read(tensors);
  const cfg = {
    ...CFG,
    ...{ architecture: "jumprelu", normalize_activations: "expected_average_only_in" },
  };
  const files = { "cfg.json": cfg, "sae_weights.safetensors": tensors };
  const saes = [
    openSae(write(files), { scalingFactor: 0.5 }),
    openSae(write({ ...files, "activation_scaler.json": { scaling_factor: 0.5 } })),
  ];
  for (const sae of saes) {
    assertDefined(
      sae,
      (x) => above(product(minus(x.map((v) => v * 0.5), d), columns, b), list(tensors.threshold)),
      (z) => decode(z).map((value) => value / 0.5),
    );
  }
  const none = { ...files, "activation_scaler.json": { scaling_factor: null } };
  for (const path of [write(files), write(none)]) {
    assert.throws(
      () => openSae(path),
      /cfg\.json: normalize_activations is expected_average.*√d_in/,
    );
  }
});

Deno.test("a training's logarithms of thresholds, and Matryoshka's one threshold, are read", () => {
  const log_threshold = normals(n), tensors = { ...weights(), log_threshold };
  const { columns, b, d, decode } = read(tensors);
  const h = (x: number[]) => product(minus(x, d), columns, b);
  const jumprelu = { ...CFG, architecture: "jumprelu" };
  assertDefined(
    openSae(write({ "cfg.json": jumprelu, "sae_weights.safetensors": tensors })),
    (x) => above(h(x), list(log_threshold).map(Math.exp)),
    decode,
  );
  const topk_threshold = { shape: [], data: Float64Array.of(1.5) };
  const plain = {
    ...CFG,
    ...{ architecture: "matryoshka_batchtopk", k: 2.5, rescale_acts_by_decoder_norm: false },
  };
  assertDefined(
    openSae(write({
      "cfg.json": plain,
      "sae_weights.safetensors": { ...tensors, topk_threshold },
    })),
    (x) => above(h(x), 1.5),
    decode,
  );
});

Deno.test("Gemma Scope 2's affine connection is times the input, and not centred", () => {
  const affine_skip_connection = normals(m, m), threshold = positive(n);
  const { W_enc: w_enc, W_dec: w_dec, b_enc, b_dec } = weights();
  const { columns, b, decode } = read({ W_enc: w_enc, W_dec: w_dec, b_enc, b_dec });
  const skip = rowsOf(affine_skip_connection, true);
  const sae = openSae(write({
    "config.json": { architecture: "jump_relu", affine_connection: true },
    "params.safetensors": { w_enc, w_dec, b_enc, b_dec, threshold, affine_skip_connection },
  }));
  assertDefined(
    sae,
    (x) => above(product(x, columns, b), list(threshold)),
    (z, x) => decode(z).map((value, k) => value + dot(x, skip[k])),
  );
});

Deno.test("Gemma Scope's autoencoders of embeddings scale the encoder down and the decoder up", () => {
  const threshold = positive(n), tensors = { ...weights(), threshold };
  const { columns, b, d, decode } = read(tensors), root = Math.sqrt(m);
  // as in the release: embedding/width_4k/average_l0_6
  const release = "embedding/width_4k/average_l0_6";
  const path = write({ [`${release}/params.npz`]: tensors });
  assertDefined(
    openSae(join(path, release)),
    (x) => above(product(x.map((value) => value / root), columns, b), list(threshold)),
    (z) => decode(z.map((code) => code * root)),
  );
  assert.equal(openSae(join(path, release, "params.npz")).bias[0], Math.fround(d[0]));
});

Deno.test("where Gemma Scope's file lies tells whether it is of embeddings, however its path is typed", async () => {
  const tensors = { ...weights(), threshold: positive(n) };
  const release = "embedding/width_4k/average_l0_6";
  const other = "embedding/layer_1/width_4k/average_l0_6", cached = `snapshots/1/${release}`;
  const path = write({
    ...{ [`${release}/params.npz`]: tensors, [`${other}/params.npz`]: tensors, blob: tensors },
    "x/params.npz": tensors,
  });
  await link(join(path, release), join(path, "mine"));
  await link(join(path, release, "params.npz"), join(path, "x.npz"));
  Deno.mkdirSync(join(path, cached), { recursive: true });
  await link(join(path, "blob"), join(path, cached, "params.npz"));
  const architectures = [release, "mine", "mine/params.npz", "x.npz", cached]
    .map((name) => openSae(join(path, name)).architecture);
  assert.deepEqual(new Set(architectures), new Set(["jumprelu of embeddings"]));
  for (const name of [other, "x", `${release}/../../../x`]) {
    assert.equal(openSae(`${path}/${name}`).architecture, "jumprelu", name);
  }
});

Deno.test("dictionary_learning's other classes: AutoEncoderNew, Matryoshka, a backup", () => {
  const trainer = { activation_dim: m, dict_size: n };
  const linear = {
    ...{ "encoder.weight": normals(n, m), "encoder.bias": normals(n) },
    ...{ "decoder.weight": normals(m, n), "decoder.bias": normals(m) },
  };
  const folderOf = (dict_class: string, tensors: Record<string, Tensor>) =>
    write({ "config.json": { trainer: { ...trainer, dict_class } }, "ae.pt": tensors });
  assertDefined(
    openSae(folderOf("AutoEncoderNew", linear)),
    (x) => relu(product(x, rowsOf(linear["encoder.weight"]), list(linear["encoder.bias"]))),
    (z) => product(z, rowsOf(linear["decoder.weight"]), list(linear["decoder.bias"])),
  );
  const plain = { ...weights(), threshold: number(1), k: number(3) },
    { columns, b, d, decode } = read(plain);
  const backup = Object.entries(plain).map(([name, tensor]) => [`ae.${name}`, tensor]);
  const files: Record<string, Tensor>[] = [plain, {
    ...Object.fromEntries(backup),
    step: number(1),
  }];
  for (const tensors of files) {
    assertDefined(
      openSae(folderOf("MatryoshkaBatchTopKSAE", tensors)),
      (x) => above(product(minus(x, d), columns, b), 1),
      decode,
    );
  }
});

Deno.test("sparsify's transcoders are not centred, and may have a skip connection", () => {
  const tensors = {
    ...{ "encoder.weight": normals(n, m), "encoder.bias": normals(n) },
    ...{ W_dec: normals(n, 4), b_dec: normals(4), W_skip: normals(4, m) },
  };
  const cfg = { d_in: m, num_latents: n, k: 2, transcode: true, skip_connection: true };
  const skip = rowsOf(tensors.W_skip);
  const sae = openSae(write({ "cfg.json": cfg, "sae.safetensors": tensors }));
  assertDefined(
    sae,
    (x) => largest(product(x, rowsOf(tensors["encoder.weight"]), list(tensors["encoder.bias"])), 2),
    (z, x) =>
      product(z, rowsOf(tensors.W_dec, true), list(tensors.b_dec)).map((value, k) =>
        value + dot(x, skip[k])
      ),
  );
  assert.equal(sae.outputDim, 4);
  assert.throws(() => sae.decode(sae.encode(X32)), /options.input must be .* a skip connection/);
});

Deno.test("Llama Scope scales inputs and outputs by their own average norms", () => {
  const tensors = {
    ...{ "encoder.weight": normals(n, m), "encoder.bias": normals(n) },
    ...{ "decoder.weight": normals(m, n), "decoder.bias": normals(m) },
  };
  const hyperparams = {
    ...{ d_model: m, d_sae: n, jump_relu_threshold: 0.5, act_fn: "jumprelu" },
    dataset_average_activation_norm: { in: 4, out: 2 },
  };
  const root = Math.sqrt(m);
  assertDefined(
    openSae(write({ "hyperparams.json": hyperparams, "checkpoints/final.safetensors": tensors })),
    (x) =>
      above(
        product(
          x.map((value) => value * root / 4),
          rowsOf(tensors["encoder.weight"]),
          list(tensors["encoder.bias"]),
        ),
        0.5,
      ),
    (z) =>
      product(z, rowsOf(tensors["decoder.weight"]), list(tensors["decoder.bias"])).map((value) =>
        value / root * 2
      ),
  );
});

Deno.test("BatchTopK's TopK leaves its encoder's bias alone", () => {
  const tensors = weights(), { columns, d, decode } = read(tensors);
  const config = { sae_type: "topk", act_size: m, dict_size: n, top_k: 2, input_unit_norm: false };
  assertDefined(
    openSae(write({ "config.json": config, "sae.pt": tensors })),
    (x) => largest(product(minus(x, d), columns), 2),
    decode,
  );
  const { input_unit_norm: _, ...scaled } = config;
  const sae = openSae(write({ "config.json": scaled, "sae.pt": tensors }));
  assert.throws(() => sae.decode(sae.encode(X32)), /options.input must be .* layer_norm/);
});

// properties

/** An autoencoder of ours with norms, biases and thresholds that are not those of the start. */
function ours(type: SaeType): Sae {
  const sizes = { inputDim: m, width: n }, weights = new RandomState(9);
  const own = type === "batchtopk" || type === "matryoshka" ? { decoderNorms: true } : {};
  const options = { type, kval: 3, ...own } as SaeOptions;
  const { parameters } = Sae.initialize({ ...options, ...sizes, seed: 1 });
  for (const value of Object.values(parameters)) {
    const data: Float32Array = value.data ?? value;
    weights.normal(0, 0.3, data.length).forEach((shift, p) => data[p] += shift);
  }
  if (parameters.threshold) parameters.threshold[0] = 0.2;
  return new Sae({ ...options, parameters });
}

for (const type of SAE_TYPES) {
  Deno.test(`our own ${type} opens with its codes, and SAELens' folder of it gives them too`, () => {
    const sae = ours(type), { codes, reconstruction } = sae.forward(X32);
    assert(codes.data.some((code) => code !== 0) && codes.data.includes(0));
    const path = join(folder, `${type}.safetensors`);
    saveSae(path, sae, { seed: 1 });
    const opened = openSae(path);
    assert.deepEqual(opened.config, { seed: 1 });
    const written = join(folder, `${type}_saelens`);
    if (type === "MP") {
      assert.throws(() => saveSaeLens(written, sae), /of a kind that SAELens has, got MP/);
    } else saveSaeLens(written, sae);
    for (const one of type === "MP" ? [opened] : [opened, openSae(written)]) {
      const same = one.forward(X32);
      assertClose(same.codes, toRows(codes), "codes");
      assertClose(same.reconstruction, toRows(reconstruction), "reconstruction");
    }
  });
}

Deno.test("what was opened and written for SAELens opens again with the same bits", () => {
  let written = 0;
  for (const [name, { X }] of Object.entries(expected)) {
    const sae = openSae(join(SAMPLES, name)), path = join(folder, `again_${name}`);
    saveSaeLens(path, sae, { metadata: { note: "again" } });
    const again = openSae(path), rows = fromRows(X);
    assert.deepEqual(again.forward(rows), sae.forward(rows), name);
    const { metadata } = again.config as { metadata: Record<string, unknown> };
    assert.deepEqual([metadata.note, metadata.sae_lens_version], ["again", "6.37.2"]);
    written++;
  }
  assert.equal(written, Object.keys(expected).length);
});

Deno.test("a folder for SAELens has the names, shapes and bytes of SAELens' own", () => {
  for (
    const name of [
      ...["saelens_standard", "saelens_topk", "saelens_abstopk", "saelens_gated"],
      ...["saelens_jumprelu_f32", "saelens_matching_pursuit", "saelens_skip_transcoder"],
      ...["saelens_jumprelu_transcoder", "saelens_transcoder"],
    ]
  ) {
    const path = join(folder, `layout_${name}`), sample = join(SAMPLES, name);
    saveSaeLens(path, openSae(sample));
    const [mine, theirs] = [path, sample].map((one) => {
      const file = join(one, "sae_weights.safetensors");
      return decodeSafetensors(Deno.readFileSync(file), file).tensors;
    });
    const sorted = (tensors: object) =>
      Object.entries(tensors).toSorted(([a], [b]) => a < b ? -1 : 1);
    assert.deepEqual(sorted(mine), sorted(theirs), name);
    const [own, other] = [path, sample].map((one): Record<string, unknown> =>
      JSON.parse(Deno.readTextFileSync(join(one, "cfg.json")))
    );
    const keys = Object.keys(other).filter((key) => key !== "metadata");
    for (const key of keys) assert.deepEqual(own[key], other[key], `${name}: ${key}`);
  }
});

Deno.test("a batch's codes are those of its rows alone, to the bit", () => {
  // 13 units and 11 samples: panels of 8 and groups of 5 are not full
  const width = 13,
    random = new RandomState(2),
    X = fromRows(
      Array.from({ length: 11 }, () => [...random.normal(0, 2, m)]),
    );
  for (const type of ["relu", "topk", "abstopk", "gated", "jumprelu"] as const) {
    const sae = Sae.initialize({ type, inputDim: m, width, kval: 3, seed: 1 });
    const path = join(folder, `alone_${type}`);
    saveSaeLens(path, sae);
    const opened = openSae(path), whole = toRows(opened.encode(X));
    const alone = toRows(X).map((row) => toRows(opened.encode(fromRows([row])))[0]);
    assert.deepEqual(whole, alone, type);
  }
});

Deno.test("units in several parts, and more threads, change no bit", async () => {
  // enough panels for two threads
  const width = 1100, weights = normals(width, m), bias = normals(width).data;
  const rows = toRows(X32);
  const encode = (chunkValues?: number) => {
    const units = new PackedUnits(m, width, chunkValues), lists: number[][] = [];
    units.setUnits(0, { rows: width, cols: m, data: weights.data });
    encodeSamples({
      ...{ units, bias, selection: { kind: "largest", k: 30, signed: true }, samples: rows.length },
      sample: (i, into) => into.set(rows[i]),
      take: (_, places, values) => lists.push([...places!], [...values]),
    });
    return { lists, parts: units.chunks.length };
  };
  const whole = encode(), split = encode(m * 256);
  assert.deepEqual([whole.parts, split.parts], [1, 5]);
  assert.equal(whole.lists[0].length, 30);
  assert.deepEqual(split.lists, whole.lists);
  using _threads = await startThreads(2);
  assert.deepEqual(encode().lists, whole.lists);
});

Deno.test("packed units come back, whichever way they were set", () => {
  const { shape: [rows, cols], data } = normals(m, 21), W = { rows, cols, data };
  const byDimension = new PackedUnits(m, 21, m * 8), byUnit = new PackedUnits(m, 21, m * 16);
  byDimension.setDimensions(0, W);
  const transposed = rowsOf({ shape: [m, 21], data }, true).flat();
  byUnit.setUnits(0, { rows: 21, cols: m, data: Float32Array.from(transposed) });
  assert.deepEqual(byDimension.toMatrix(), W);
  assert.deepEqual(byUnit.toMatrix(), W);
  byUnit.scale(Array.from({ length: 21 }, (_, j) => j));
  assert.deepEqual(byUnit.toMatrix().data, data.map((value, p) => value * (p % 21)));
});

// what is refused

const standard = () => ({
  "cfg.json": { ...CFG, architecture: "standard" } as Record<string, unknown>,
  "sae_weights.safetensors": weights() as Record<string, Tensor>,
});
const nan = (...shape: number[]) => {
  const tensor = normals(...shape);
  tensor.data[3] = NaN;
  return tensor;
};

/** The folder `standard` with other keys, or other tensors, or without some. */
function changed(
  keys: Record<string, unknown>,
  tensors: Record<string, Tensor | undefined> = {},
): string {
  const files = standard();
  const all = Object.entries({ ...files["sae_weights.safetensors"], ...tensors });
  return write({
    "cfg.json": { ...files["cfg.json"], ...keys },
    "sae_weights.safetensors": Object.fromEntries(all.filter(([, tensor]) => tensor)),
  });
}
const learning = (dict_class: string, tensors: Record<string, Tensor>) =>
  write({
    "config.json": { trainer: { activation_dim: m, dict_size: n, dict_class } },
    "ae.pt": tensors,
  });
const linear = () => ({
  ...{ "encoder.weight": normals(n, m), "encoder.bias": normals(n) },
  ...{ "decoder.weight": normals(m, n), b_dec: normals(m) },
});

const REFUSED: [what: string, make: () => string, message: RegExp][] = [
  [
    "an empty folder",
    () => write({ "x.json": {} }),
    /it must have startcoding_sae\.safetensors \(Start Coding\), or sae_weights\.safetensors and cfg\.json \(SAELens\), or .*/,
  ],
  [
    "weights alone",
    () => write({ "sae_weights.safetensors": weights() }),
    /SAELens has cfg\.json beside sae_weights\.safetensors, which is missing/,
  ],
  [
    "temporal",
    () => changed({ architecture: "temporal" }),
    /cfg\.json: architecture must be one of standard, .* got temporal/,
  ],
  [
    "another dtype",
    () => changed({ dtype: "float8" }),
    /cfg\.json: dtype must be one of float32, .* got float8/,
  ],
  [
    "a size that is a text",
    () => changed({ d_in: "6" }),
    /cfg\.json: d_in must be an integer of at least 1, got "6"/,
  ],
  [
    "no size",
    () => changed({ d_sae: undefined }),
    /cfg\.json: d_sae must be an integer of at least 1, got undefined/,
  ],
  [
    "another size",
    () => changed({ d_sae: 11 }),
    /sae_weights\.safetensors: tensor W_dec must have shape \[11,6\], got \[10,6\]/,
  ],
  [
    "a transposed encoder",
    () => changed({}, { W_enc: normals(n, m) }),
    /tensor W_enc must have shape \[6,10\], got \[10,6\]/,
  ],
  [
    "a missing tensor",
    () => changed({}, { b_enc: undefined }),
    /tensor b_enc is missing: it has W_enc, W_dec, b_dec/,
  ],
  [
    "NaN in the decoder",
    () => changed({}, { W_dec: nan(n, m) }),
    /tensor W_dec must be finite in float32, got NaN/,
  ],
  [
    "what float32 cannot hold",
    () => changed({}, { b_dec: { shape: [m], data: Float64Array.of(1, 1, 1e300, 1, 1, 1) } }),
    /tensor b_dec must be finite in float32, got Infinity/,
  ],
  ["NaN in the encoder", () => changed({}, { W_enc: nan(m, n) }), /tensor W_enc must be finite/],
  [
    "no k",
    () => changed({ architecture: "topk" }),
    /cfg\.json: k must be an integer of at least 1, got undefined/,
  ],
  [
    "k above the width",
    () => changed({ architecture: "topk", k: 11 }),
    /k must be at most d_sae = 10, got 11/,
  ],
  [
    "whitening",
    () => changed({ normalize_activations: "covariance_whitening" }),
    /normalize_activations must be none, .* got covariance_whitening/,
  ],
  ["no thresholds", () => changed({ architecture: "jumprelu" }), /tensor threshold is missing/],
  [
    "a factor of the codes without the key",
    () => changed({}, { scaling_factor: positive(n) }),
    /tensor scaling_factor must be of ones where finetuning_scaling_factor is not true/,
  ],
  [
    "a threshold below 0",
    () => changed({ architecture: "batchtopk" }, { topk_threshold: number(-1) }),
    /topk_threshold must be at least 0, got -1/,
  ],
  [
    "more iterations than units",
    () => changed({ architecture: "matching_pursuit", max_iterations: 11 }),
    /max_iterations must be at most d_sae = 10, got 11/,
  ],
  [
    "tanh-relu",
    () => changed({ metadata: undefined, activation_fn_str: "tanh-relu" }),
    /cfg\.json: activation_fn must be relu, topk or jumprelu, got tanh-relu/,
  ],
  [
    "a cross-layer transcoder",
    () => {
      const { W_enc: w_enc, b_enc, b_dec } = weights();
      return write({
        "config.json": { architecture: "jump_relu" },
        "params.safetensors": {
          w_enc,
          w_dec: normals(n, 2, m),
          b_enc,
          b_dec,
          threshold: positive(n),
        },
      });
    },
    /params\.safetensors: it is a cross-layer transcoder, .* w_dec has shape \[10,2,6\]/,
  ],
  [
    "dictionary_learning's other classes",
    () => learning("IdentityDict", {}),
    /config\.json: dict_class must be one of AutoEncoder, .* got IdentityDict/,
  ],
  [
    "no threshold yet",
    () => learning("BatchTopKSAE", { ...linear(), threshold: number(-1), k: number(3) }),
    /tensor threshold must be at least 0, got -1: the training ended before/,
  ],
  [
    "half a code",
    () => learning("AutoEncoderTopK", { ...linear(), k: number(2.5) }),
    /tensor k must be an integer from 1 to 10, got 2.5/,
  ],
  [
    "groupmax",
    () => write({ "cfg.json": { activation: "groupmax" }, "sae.safetensors": {} }),
    /cfg\.json: activation must be topk, got groupmax/,
  ],
  [
    "BatchTopK without a threshold",
    () => write({ "config.json": { sae_type: "batchtopk" }, "sae.pt": {} }),
    /config\.json: sae_type must be topk, got batchtopk: its file has no threshold/,
  ],
  [
    "Llama Scope's other norms",
    () =>
      write({
        "hyperparams.json": { d_model: m, d_sae: n, norm_activation: "token-wise" },
        "checkpoints/final.safetensors": {},
      }),
    /hyperparams\.json: norm_activation must be dataset-wise, got token-wise/,
  ],
];

for (const [what, make, message] of REFUSED) {
  Deno.test(`refused, by file, key and rule: ${what}`, () => {
    const path = make();
    assert.throws(() => openSae(path), (error: Error) => {
      assert.match(error.message, message);
      assert(error.message.startsWith(`Cannot open the autoencoder in ${path}`), error.message);
      assert(!error.message.includes("\n"));
      return true;
    });
  });
}

Deno.test("files that are cut short or no JSON are refused by name", () => {
  const files = standard(), path = write(files), file = join(path, "sae_weights.safetensors");
  Deno.writeFileSync(file, Deno.readFileSync(file).subarray(0, 300));
  assert.throws(() => openSae(path), new RegExp(`Cannot read ${file}: `));
  Deno.writeTextFileSync(join(path, "cfg.json"), "{");
  assert.throws(() => openSae(path), /cfg\.json: it must be JSON/);
  Deno.writeTextFileSync(join(path, "cfg.json"), "[]");
  assert.throws(() => openSae(path), /cfg\.json: it must be a JSON object/);
  assert.throws(() => openSae(join(folder, "none")), /none: there is no such folder or file/);
});

Deno.test("a file is opened as what it is, whatever lies beside it", () => {
  // all formats' files in one folder, ours first
  const config = { sae_type: "topk", act_size: m, dict_size: n, top_k: 2, input_unit_norm: false };
  const path = write({
    ...{ ...standard(), "params.npz": { ...weights(), threshold: positive(n) } },
    ...{ "config.json": config, "sae.pt": weights() },
  });
  const sae = Sae.initialize({ type: "relu", inputDim: m, width: n, seed: 1 });
  for (const name of ["startcoding_sae.safetensors", "sae.safetensors", "ae.pt", "mine"]) {
    saveSae(join(path, name), sae);
    assert.equal(openSae(join(path, name)).format, "Start Coding", name);
    if (name === "ae.pt") Deno.removeSync(join(path, name));
  }
  const formats = ["sae_weights.safetensors", "cfg.json", "params.npz", "sae.pt", "config.json"]
    .map((name) => openSae(join(path, name)).format);
  assert.deepEqual(formats, ["SAELens", "SAELens", "Gemma Scope", "BatchTopK", "BatchTopK"]);
});

Deno.test("a file that is no autoencoder is refused by what it is, with the names that would do", () => {
  const path = write({ "acts.safetensors": weights(), "x/final.safetensors": weights() });
  writeNpy(join(path, "acts.npy"), X32);
  Deno.copyFileSync("tests/fixtures/activations/tensor.pt", join(path, "acts.pt"));
  Deno.writeTextFileSync(join(path, "notes.txt"), "an autoencoder");
  const cases: [name: string, what: string][] = [
    ["acts.npy", "it is .npy"],
    ["acts.pt", "it is an archive, as of torch.save"],
    ["acts.safetensors", "it is of another program"],
    ["x/final.safetensors", "it is of another program"],
    ["notes.txt", "it is no file of arrays"],
  ];
  for (const [name, what] of cases) {
    assert.throws(() => openSae(join(path, name)), ({ message }: Error) => {
      assert(message.startsWith(`Cannot open the autoencoder in ${join(path, name)}: it must be `));
      assert.match(
        message,
        /of saveSae, or named .*sae_weights\.safetensors \(SAELens\), .*; it is/,
      );
      assert(message.endsWith(`; ${what}`), message);
      return true;
    });
  }
});

Deno.test("wrong arguments are refused by name", () => {
  const path = write(standard()), sae = openSae(path);
  assert.throws(() => openSae(1 as unknown as string), /path must be a text, got number/);
  assert.throws(
    () => openSae(path, { scalingFactor: 0 }),
    /options.scalingFactor must be .* above 0/,
  );
  assert.throws(
    () => openSae(path, { scalingFactor: 2 }),
    /options.scalingFactor is for .* got none/,
  );
  assert.throws(
    () => openSae(join(SAMPLES, "sparsify"), { scalingFactor: 2 }),
    /options.scalingFactor is for SAELens, got sparsify/,
  );
  assert.throws(() => openSae(path, { scale: 2 } as object), /options has no "scale"/);
  assert.throws(() => sae.encode(fromRows([[1, 2]])), /X must have 6 columns, got 2/);
  assert.throws(() => sae.encode(fromRows([[1, 2, 3, 4, 5, NaN]])), /X must be finite/);
  assert.throws(() => sae.encodeSparse(fromRows([[3e38, 3e38, 3e38, 3e38, 3e38, 3e38]])), /row 0/);
  assert.throws(() => sae.decode(fromRows([[1]])), /Z must have 10 columns, got 1/);
  assert.throws(
    () => sae.decode(sae.encode(X32), { input: fromRows([X[0]]) }),
    /options.input must have 7 rows/,
  );
  assert.throws(() => saveSaeLens(folder, {} as Sae), /sae must be an Sae or what openSae returns/);
  assert.throws(() => saveSaeLens(1 as unknown as string, sae), /folder must be a text/);
  assert.throws(() => saveSaeLens(folder, sae, { meta: 1 } as object), /options has no "meta"/);
  const skip = openSae(join(SAMPLES, "saelens_skip_transcoder"));
  assert.throws(() => skip.decode(skip.encode(X32)), /options.input must be the samples/);
  const zeros = openSae(join(SAMPLES, "saelens_standard_constant_norm_rescale"));
  assert.throws(
    () => zeros.encode(fromRows([[0, 0, 0, 0, 0, 0]])),
    /Row 0 .* must not be of zeros/,
  );
  const topk = { activation: "topk", d_in: m, num_latents: n, k: 2, transcode: true };
  const transcoder = openSae(write({
    "cfg.json": topk,
    "sae.safetensors": {
      ...{ "encoder.weight": normals(n, m), "encoder.bias": normals(n) },
      ...{ W_dec: normals(n, 4), b_dec: normals(4) },
    },
  }));
  assert.throws(() => saveSaeLens(folder, transcoder), /got a transcoder of topk/);
});

Deno.test("no samples have no codes", () => {
  const sae = openSae(write(standard())), none = { rows: 0, cols: m, data: new Float32Array(0) };
  assert.equal(sae.encode(none).data.length, 0);
  assert.equal(sae.decode(sae.encodeSparse(none)).rows, 0);
});
