import assert from "node:assert/strict";
import { SAE_TYPES } from "../lib/saes.ts";
import {
  compareMethodIds,
  distinctStyles,
  methodIds,
  methodStyle,
  registerMethod,
  saeTypeLabels,
  splitMethod,
} from "../lib/methods.ts";

const types = ["relu", "topk", "jumprelu", "MP"];
const allTypes: readonly string[] = SAE_TYPES;

/** Every method id that the experiments of the paper write. */
const ids = [
  ...["fista_oracle", "dl_fista", "softplus_adam", "linear_probe", "raw", "pca"],
  ...types.flatMap((t) =>
    [
      ...["sae", "frozen", "renormed", "oracle_norms", "refined", "cold", "warm", "cold_dl"],
      ...["warm_dl", "support_lstsq"],
    ].map((base) => `${base}_${t}`)
  ),
  ...types.map((t) => `fista+${t}`),
];

/** WCAG 2.1 contrast ratio against white. */
function contrast(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(colour.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05);
}

Deno.test("every method id of the experiments is registered", () => {
  for (const id of ids) {
    assert(methodIds.includes(id), `${id} is not registered`);
    assert.notEqual(methodStyle(id).family, "other", id);
  }
});

Deno.test("families have the colours and dashes of the paper", () => {
  assert.equal(methodStyle("dl_fista").dash, "none");
  assert.equal(methodStyle("linear_probe").family, "baseline");
  const dashOf = (id: string) => methodStyle(id).dash.split(" ").length;
  assert.equal(dashOf("sae_relu"), 2, "dashed");
  assert.equal(dashOf("frozen_relu"), 4, "dash-dot");
  assert.equal(dashOf("refined_relu"), 4, "dash-dot");
  const [line, gap] = methodStyle("raw").dash.split(" ").map(Number);
  assert(line < gap, "dotted");
  const hues: Record<string, (r: number, g: number, b: number) => boolean> = {
    "sparse coding": (r, g, b) => b > g && g > r,
    SAE: (r, g, b) => r > g && g > b,
    frozen: (r, g, b) => b > r && r > g,
    refined: (r, g, b) => g > r && g > b,
    baseline: (r, g, b) => r === g && g === b,
  };
  for (const id of methodIds) {
    const { family, colour } = methodStyle(id);
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
    assert(hues[family](r, g, b), `${id} of ${family}: ${colour}`);
  }
});

Deno.test("every colour stands out from white paper", () => {
  const own = [...distinctStyles(["a", "b", "c", "d", "e", "f"]).values()];
  assert.equal(new Set(own.map(({ colour }) => colour)).size, own.length);
  for (const { label: id, colour } of [...methodIds.map(methodStyle), ...own]) {
    const ratio = contrast(colour);
    assert(ratio >= 3, `${id}: contrast ${ratio.toFixed(2)}, WCAG 2.1 asks 3 for graphics`);
  }
});

Deno.test("methods that meet in one panel differ in dash or marker, without their colours", () => {
  const panels = [
    [
      ...["fista_oracle", "dl_fista", "softplus_adam", "linear_probe"],
      ...types.map((t) => `sae_${t}`),
    ],
    ["sae", "fista+", "refined", "dl_fista", "fista_oracle"],
    ["frozen", "renormed", "oracle_norms"],
    ["sae", "support_lstsq", "fista+"],
    ["cold", "warm"],
    ["cold_dl", "warm_dl"],
  ];
  for (const panel of panels) {
    const looks = panel.map(methodStyle).map(({ dash, marker }) => `${dash}/${marker}`);
    assert.equal(new Set(looks).size, panel.length, `${panel}: ${looks}`);
    const labels = panel.map(methodStyle).map(({ label }) => label);
    assert.equal(new Set(labels).size, panel.length, labels.join());
  }
});

Deno.test("every SAE type has a name and a shade of its own in each family, and a marker", () => {
  assert.deepEqual(Object.keys(saeTypeLabels).toSorted(), allTypes.toSorted());
  const bases = ids.filter((id) => splitMethod(id).saeType === "relu")
    .map((id) => id.slice(0, -"relu".length));
  assert.equal(bases.length, 11);
  for (const base of bases) {
    const styles = allTypes.map((type) => methodStyle(base + type));
    for (const style of styles) {
      assert.match(style.colour, /^#[0-9a-f]{6}$/, style.label);
      assert.equal(style.family, styles[0].family);
    }
    for (const key of ["label", "colour"] as const) {
      assert.equal(new Set(styles.map((style) => style[key])).size, allTypes.length, base);
    }
    // there are eight symbols
    const markers = new Set(styles.map(({ marker }) => marker));
    assert(!markers.has(undefined!) && markers.size === Math.min(allTypes.length, 8), base);
  }
});

Deno.test("a method id splits into method and SAE type", () => {
  assert.deepEqual(splitMethod("oracle_norms_jumprelu"), {
    base: "oracle_norms",
    saeType: "jumprelu",
  });
  assert.deepEqual(splitMethod("fista+MP"), { base: "fista+", saeType: "MP" });
  assert.deepEqual(splitMethod("cold_dl_topk"), { base: "cold_dl", saeType: "topk" });
  for (const id of ["fista_oracle", "dl_fista", "sae", "somebodys_relu"]) {
    assert.deepEqual(splitMethod(id), { base: id });
  }
  // the paper's come first, in its order
  assert.deepEqual(Object.keys(saeTypeLabels).slice(0, 4), types);
});

Deno.test("an unregistered method gets a style of its own, named by its id", () => {
  const style = methodStyle("my_solver");
  assert.equal(style.label, "my_solver");
  assert.equal(style.family, "other");
  assert(!methodIds.some((id) => methodStyle(id).colour === style.colour));
  assert.throws(() => methodStyle(""), /id must be a non-empty string/);
  assert.throws(() => methodStyle(undefined as unknown as string), TypeError);
});

Deno.test("a registered method has a name, a colour of its own and the last place in legends", () => {
  const paper = new Set(methodIds.map((id) => methodStyle(id).colour));
  const own = Array.from(
    { length: 6 },
    (_, i) => registerMethod({ id: `own_${i}`, label: `Own ${i}` }),
  );
  assert.equal(new Set(own.map(({ colour }) => colour)).size, 6);
  assert(own.every(({ colour }) => !paper.has(colour)));
  assert.equal(methodStyle("own_3").label, "Own 3");
  assert.deepEqual(methodIds.slice(-6), own.map((_, i) => `own_${i}`));
  assert.deepEqual(["zz", "aa", "own_1", "own_0", "sae_relu"].sort(compareMethodIds), [
    ...["sae_relu", "own_0", "own_1", "aa", "zz"],
  ]);
  const coding = registerMethod({ id: "own_omp", family: "sparse coding" });
  assert.deepEqual([coding.label, coding.dash], ["own_omp", methodStyle("dl_fista").dash]);
  // a module may be loaded twice
  assert.equal(registerMethod({ id: "own_3", label: "Own 3" }), own[3]);
  assert.equal(methodIds.filter((id) => id === "own_3").length, 1);
});

Deno.test("registering nothing, something else under a known id or in no family is refused", () => {
  const cases: [Parameters<typeof registerMethod>[0], RegExp][] = [
    [{ id: "" }, /id must be a non-empty string, got $/],
    [{ id: "own_x", label: "" }, /label must be a non-empty string/],
    [{ id: "sae_relu" }, /Cannot register sae_relu: it must not be registered yet, got "SAE ReLU"/],
    [{ id: "own_x", family: "mine" as "other" }, /family must be one of .*, got mine/],
    [{ id: "own_x", family: "toString" as "other" }, /family must be one of .*, got toString/],
  ];
  for (const [method, message] of cases) assert.throws(() => registerMethod(method), message);
  assert(!methodIds.includes("own_x"));
});
