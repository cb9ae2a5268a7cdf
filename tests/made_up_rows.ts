/**
 * Small made-up rows of every experiment, what figures they give, and a check that a figure is
 * sound: for all tests that draw.
 * @module
 */
import assert from "node:assert/strict";
import type { PlotRow } from "../lib/figures.ts";

const types = ["relu", "topk", "jumprelu", "MP"];
export const seeds = [0, 1, 2];

/** Scores that depend on method and seed, and lie within [0, 1]. */
function scores(method: string, seed: number): PlotRow {
  const keys = ["mcc_iid", "mcc_ood", "auc_iid", "auc_ood", "acc_iid", "acc_ood"];
  return Object.fromEntries(
    keys.map((key, i) => [key, 0.3 + 0.01 * (method.length + i) + 0.05 * seed]),
  );
}

/** Rows of all methods at all positions and seeds. */
export function grid(methods: string[], at: PlotRow[], n = 50): PlotRow[] {
  return methods.flatMap((method) =>
    at.flatMap((place) =>
      seeds.map((seed) => ({
        ...scores(method, seed),
        method,
        num_latents: n,
        k: 10,
        input_dim: 33,
        n_samples: 5000,
        seed,
        ...place,
      }))
    )
  );
}

const base = ["linear_probe", "fista_oracle", "dl_fista", "softplus_adam"];
const perType = (...prefixes: string[]) => prefixes.flatMap((p) => types.map((t) => p + t));
const saes = perType("sae_");

/** Small made-up rows of every experiment, and the figures that they give. */
export const madeUpRows: Record<
  string,
  { rows: PlotRow[]; diagnostics?: PlotRow[]; names: string[] }
> = {
  exp_vary_latents: {
    rows: grid([...base, ...saes], [{ num_latents: 50 }, { num_latents: 5000 }]),
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `vary_latents_${y}`)
      .concat("appendix_vary_latents"),
  },
  exp_vary_samples: {
    rows: [
      ...grid([...base, ...saes], [{ n_samples: 100 }, { n_samples: 100_000 }], 100),
      ...grid(base, [{ n_samples: 100 }], 10_000),
    ],
    names: [100, 10_000].flatMap((n) => [
      ...["mcc_iid", "auc_ood", "acc_ood"].map((y) => `vary_samples_n${n}_${y}`),
      `appendix_vary_samples_n${n}`,
    ]),
  },
  exp_vary_sparsity: {
    rows: grid([...base, ...saes], [{ k: 2 }, { k: 100 }]),
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `vary_sparsity_n50_${y}`)
      .concat("appendix_vary_sparsity_n50"),
  },
  exp_large_latents: {
    rows: grid([...base, ...saes, ...perType("fista+", "refined_")], [{ num_latents: 1e6 }]),
    names: [
      ...["mcc_iid", "auc_ood", "acc_ood"].map((y) => `large_latents_${y}`),
      "appendix_large_latents",
      ...["mcc_iid", "auc_ood", "acc_ood"].map((y) => `large_latents_frozen_${y}`),
    ],
  },
  exp_frozen_decoder: {
    rows: grid([...base, ...saes, ...perType("fista+", "refined_")], [{}, { num_latents: 100 }]),
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `frozen_decoder_${y}`),
  },
  exp_phase_transition: {
    // old and new names side by side, as in the published file
    rows: [
      ...[3, 10].flatMap((k) =>
        [50, 200].flatMap((n) =>
          ["fista_sup", "fista_unsup", "direct_unsup", "sae_relu"].flatMap((method) =>
            [10, 20].map((m) => ({ ...scores(method, 0), method, n, k, m, r: 0.5, seed: 0 }))
          )
        )
      ),
      ...grid(["linear_probe"], [{ k: 3, delta: 0.5 }]),
    ],
    names: ["mcc_iid", "auc_ood", "acc_ood"]
      .flatMap((y) => [`phase_corners_${y}`, `phase_facets_${y}`]),
  },
  exp_dict_quality: {
    rows: [50, 100].flatMap((n) =>
      grid(["fista_oracle", ...perType("frozen_", "renormed_", "oracle_norms_")], [{}], n)
    ),
    diagnostics: [50, 100].flatMap((num_latents) =>
      types.flatMap((sae_type) =>
        seeds.map((seed) => ({
          sae_type,
          num_latents,
          seed,
          mean_cosine: 0.5 + 0.1 * seed,
          mean_angular_error: 1,
          mean_norm_ratio: 0.99,
          frac_close: 0,
        }))
      )
    ),
    names: ["dict_quality_n50", "dict_quality_n100", "dict_quality_diagnostics"],
  },
  exp_support_recovery: {
    rows: grid(["fista_oracle", ...perType("sae_", "support_lstsq_", "fista+")], [{}]),
    diagnostics: types.map((sae_type) => ({
      sae_type,
      num_latents: 50,
      seed: 0,
      ...Object.fromEntries(["iid", "ood"].flatMap((split) => [
        [`precision_${split}`, 0.2],
        [`recall_${split}`, 0.9],
        [`f1_${split}`, 0.3],
        [`pred_total_l0_${split}`, 46],
      ])),
    })),
    names: [
      "support_recovery_n50",
      "support_recovery_diagnostics_iid",
      "support_recovery_diagnostics_ood",
    ],
  },
  exp_warmstart_encoder: {
    rows: [
      ...grid(perType("warm_", "cold_"), [{ n_iter: 1 }, { n_iter: 500 }]),
      ...grid(perType("warm_"), [{ n_iter: 0 }]),
      ...grid(["fista_oracle"], [{ n_iter: 500 }]),
    ],
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `warmstart_encoder_${y}_n50`),
  },
  exp_warmstart_decoder: {
    rows: grid(perType("warm_dl_", "cold_dl_"), [{ n_outer: 0 }, { n_outer: 1000 }]),
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `warmstart_decoder_${y}_n50`),
  },
  exp_learning_dynamics: {
    rows: [
      ...grid(saes, Array.from({ length: 51 }, (_, i) => ({ epoch: 10 * i }))),
      ...grid(["dl_fista"], [{ round: 0 }, { round: 520 }]),
    ].map((row) => ({
      ...row,
      mean_cosine: 0.4,
      frac_close: 0,
      mean_norm_ratio: 1,
      mse_iid: 0.01,
      l0_iid: 30 + Number(row.seed),
    })),
    names: ["mean_cosine", "frac_close", "mean_norm_ratio", "mse_iid", "l0_iid"]
      .map((y) => `learning_dynamics_${y}_n50`),
  },
  exp_lambda_sensitivity: {
    rows: [
      ...grid(["fista_oracle", ...perType("frozen_")], [{ lam: 0.001 }, { lam: 2 }]),
      ...grid(saes, [{ lam: -1 }]),
    ],
    names: ["mcc_iid", "auc_ood", "acc_ood"].map((y) => `lambda_sensitivity_${y}_n50`),
  },
};

/**
 * Fails unless `svg` is well-formed XML (balanced tags, quoted and distinct attributes, escaped
 * text), self-contained, and free of numbers that are none. An independent small parser: the DOM
 * that draws is lenient.
 */
export function assertSound(svg: string, what: string): void {
  const open: string[] = [];
  const token = /<(\/?)([a-zA-Z]+)((?:\s+[a-zA-Z:-]+[0-9]?="[^"<]*")*)\s*(\/?)>|[^<]+/gy;
  let end = 0;
  for (const match of svg.matchAll(token)) {
    end = match.index + match[0].length;
    const [text, closing, name, attributes, selfClosing] = match;
    if (name === undefined) {
      assert(!/&(?!amp;|lt;|gt;|quot;|#)/.test(text), `${what}: unescaped & in ${text}`);
      assert(open.length > 0 || text.trim() === "", `${what}: text outside the root`);
      continue;
    }
    const names = [...attributes.matchAll(/([a-zA-Z:-]+[0-9]?)="/g)].map(([, name]) => name);
    assert.equal(new Set(names).size, names.length, `${what}: repeated attribute in ${text}`);
    if (closing) assert.equal(open.pop(), name, `${what}: ${text}`);
    else if (!selfClosing) open.push(name);
  }
  assert.equal(end, svg.length, `${what}: not XML at ${svg.slice(end, end + 80)}`);
  assert.deepEqual(open, [], what);
  assert(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg" role="img"'), what);
  assert.match(svg, /<title>[^<]+<\/title><desc>[^<]+<\/desc>/);
  assert.match(svg, /<rect width="\d+" height="\d+" fill="#ffffff"\/>/);
  assert(!/NaN|Infinity|undefined|null/.test(svg), `${what}: a value is missing`);
  assert(!/<style|<script|href|url\(| id="/.test(svg), `${what}: not self-contained`);
}
