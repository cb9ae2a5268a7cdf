import assert from "node:assert/strict";
import { join } from "node:path";
import { loadSae, saveSae } from "../lib/sae_file.ts";
import { Sae, SAE_TYPES } from "../lib/saes.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../lib/safetensors.ts";

Deno.mkdirSync(".tmp", { recursive: true });
const folder = Deno.makeTempDirSync({ dir: ".tmp" });
const sizes = { inputDim: 5, width: 7, kval: 2, seed: 3 };

for (const type of SAE_TYPES) {
  Deno.test(`a saved ${type} autoencoder comes back bit for bit, with its configuration`, () => {
    const path = join(folder, `${type}.safetensors`);
    const sae = Sae.initialize({ type, ...sizes });
    saveSae(path, sae, { type, lr: 5e-4, loader: [[0]], onEpoch: () => {} });
    const { sae: loaded, config } = loadSae(path);
    assert(loaded instanceof Sae);
    assert.equal(loaded.type, type);
    assert.equal(loaded.kval, type === "gated" ? undefined : 2);
    const { logThreshold, ...others } = loaded.parameters;
    const { logThreshold: expected, ...expectedOthers } = sae.parameters;
    assert.deepEqual(others, expectedOthers);
    assert.deepEqual(logThreshold, expected);
    assert.deepEqual(config, { type, lr: 5e-4 });
  });
}

Deno.test("the kinds without kval are saved and loaded without it", () => {
  const path = join(folder, "bare.safetensors");
  for (const type of ["relu", "jumprelu"] as const) {
    const sae = Sae.initialize({ type, inputDim: 5, width: 7, seed: 3 });
    saveSae(path, sae);
    assert.equal("kval" in decodeSafetensors(Deno.readFileSync(path), path).metadata, false);
    assert.deepEqual(loadSae(path).sae, sae);
  }
});

Deno.test("the file has the reference's parameter names and shapes, and no temporary file stays", () => {
  const path = join(folder, "names.safetensors");
  saveSae(path, Sae.initialize({ type: "jumprelu", ...sizes }));
  const { tensors, metadata } = decodeSafetensors(Deno.readFileSync(path), path);
  const shapes = Object.entries(tensors).map(([name, { shape }]) => [name, ...shape]);
  assert.deepEqual(shapes, [
    ["Ae", 7, 5],
    ["be", 1, 7],
    ["Ad", 5, 7],
    ["bd", 1, 5],
    ["logthreshold", 1, 7],
  ]);
  const { checksum, ...rest } = metadata;
  assert.match(checksum, /^[0-9a-f]{64}$/);
  assert.deepEqual(rest, {
    format: "startcoding-sae-1",
    type: "jumprelu",
    kval: "2",
    config: "{}",
  });
  assert([...Deno.readDirSync(folder)].every(({ name }) => name.endsWith(".safetensors")));
});

Deno.test("of a configuration what is no option of the training is left out", () => {
  const sae = Sae.initialize({ type: "relu", ...sizes }), path = join(folder, "config.safetensors");
  const { signal } = new AbortController(), checkpoint = { name: "states" };
  saveSae(path, sae, { epochs: 3, initial: sae, checkpoint, signal, loader: [[0]], onEpoch() {} });
  assert.deepEqual(loadSae(path).config, { epochs: 3 });
});

Deno.test("an autoencoder that diverged is not saved, and the old file stays", () => {
  const path = join(folder, "kept.safetensors");
  const sae = Sae.initialize({ type: "relu", ...sizes });
  saveSae(path, sae);
  const before = Deno.readFileSync(path);
  sae.parameters.decoder.data[3] = NaN;
  assert.throws(
    () => saveSae(path, sae),
    /^RangeError: Cannot save .*kept.*: Ad must be finite, got NaN/,
  );
  assert.deepEqual(Deno.readFileSync(path), before);
});

/** A file like a good one, but for some tensors and metadata. */
function changed(
  change: (tensors: Record<string, Tensor>, metadata: Record<string, string>) => void,
): string {
  const path = join(folder, "changed.safetensors");
  saveSae(path, Sae.initialize({ type: "jumprelu", ...sizes }));
  const { tensors, metadata } = decodeSafetensors(Deno.readFileSync(path), path);
  change(tensors, metadata);
  Deno.writeFileSync(path, encodeSafetensors({ tensors, metadata }));
  return path;
}

const refusals: [what: string, change: Parameters<typeof changed>[0], message: RegExp][] = [
  ["without a tensor", (t) => delete t.Ad, /tensor Ad is missing/],
  ["without thresholds", (t) => delete t.logthreshold, /tensor logthreshold is missing/],
  [
    "with doubles",
    (t) => t.be = { shape: [1, 7], data: new Float64Array(7) },
    /tensor be must be of type F32/,
  ],
  [
    "with a flat matrix",
    (t) => t.Ae = { ...t.Ae, shape: [35] },
    /tensor Ae must have two dimensions, got shape \[35\]/,
  ],
  [
    "with a column for a row",
    (t) => t.bd = { ...t.bd, shape: [5, 1] },
    /tensor bd must have one row, got shape \[5,1\]/,
  ],
  [
    "with a decoder of another width",
    (t) => t.Ad = { shape: [5, 6], data: new Float32Array(30) },
    /decoder must have 7 columns, got 6/,
  ],
  [
    "with a value that is not finite",
    (t) => t.bd.data[2] = Infinity,
    /decoderBias must be finite, got Infinity/,
  ],
  [
    "that says another type",
    (_, m) => m.type = "relu",
    /its type relu has no tensor logthreshold: it has Ae, be, Ad, bd/,
  ],
  ["of another program", (_, m) => delete m.format, /must say format startcoding-sae-1, got undef/],
  ["of an unknown kind", (_, m) => m.type = "gelu", /type must be one of .* got gelu/],
  ["with a bad kval", (_, m) => m.kval = "many", /kval must be an integer .* got NaN/],
  ["with a broken config", (_, m) => m.config = "{", /its config must be JSON/],
];

for (const [what, change, message] of refusals) {
  Deno.test(`a file ${what} is refused by name and reason`, () => {
    const path = changed(change);
    assert.throws(() => loadSae(path), (error: Error) => {
      assert(error.message.startsWith(`Cannot load a sparse autoencoder from ${path}: `));
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("a truncated or missing file is refused by name", () => {
  const path = changed(() => {});
  Deno.writeFileSync(path, Deno.readFileSync(path).subarray(0, -1));
  assert.throws(() => loadSae(path), /^Error: Cannot read .*changed.safetensors as safetensors: /);
  assert.throws(() => loadSae(join(folder, "none")), Deno.errors.NotFound);
});

Deno.test("a file that says something else than was saved is refused, one without checksum is taken", () => {
  const changes: Parameters<typeof changed>[0][] = [
    (t) => t.Ad.data[0] += 1e-3,
    (_, m) => m.config = '{"seed":1}',
    (t) => t.more = { shape: [], data: Float32Array.of(1) },
    (_, m) => m.checksum = "0".repeat(64),
  ];
  for (const change of changes) {
    assert.throws(() => loadSae(changed(change)), /: its checksum must be that of its content$/);
    const path = changed((tensors, metadata) => {
      change(tensors, metadata);
      delete metadata.checksum;
    });
    assert.equal(loadSae(path).sae.type, "jumprelu");
  }
  // another order of the tensors, as other writers have it, is the same content
  const path = changed((tensors) => {
    const { Ae } = tensors;
    delete tensors.Ae;
    tensors.Ae = Ae;
  });
  assert.equal(loadSae(path).sae.width, sizes.width);
});
