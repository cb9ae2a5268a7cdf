/**
 * Vectors of words as activations: does an autoencoder's encoder find what its own dictionary allows, and
 * what does a dictionary allow that was learned without an encoder? What is left of held-out words with
 * the same number of codes each.
 *
 * In this folder: `deno task exp:glove`.
 */
import { debias } from "../../lib/debias.ts";
import { lasso } from "../../lib/lasso.ts";
import type { Matrix, Matrix32 } from "../../lib/matrix.ts";
import { type MethodStyle, registerMethod } from "../../lib/methods.ts";
import { omp } from "../../lib/omp.ts";
import { paperOptions } from "../../lib/paper/options.ts";
import { pathDictionary } from "../../lib/path_dictionary.ts";
import { meanL0, meanSquaredError } from "../../lib/reconstruction.ts";
import {
  decimal,
  type Experiment,
  integer,
  listOf,
  main,
  oneOf,
  type Row,
} from "../../lib/sweep.ts";
import { trainSae } from "../../lib/train_sae.ts";
import { lambdaFor, meanSquare, withoutBias } from "../coding.ts";
import { type HeldOut, wordSets } from "./sets.ts";

interface Options {
  width: number[];
  k: number[];
  seeds: number[];
  type: "topk" | "batchtopk";
  heldOut: HeldOut;
  epochs: number;
  lr: number;
  decay: number;
}

type Key = { width: number; k: number; seed: number };

/**
 * λ from where hardly a code is active to where about 20 are, in units of the data (mean square 1): the dictionary
 * is then asked for few codes.
 */
const PATH = { lambdaStart: 1.5, lambdaEnd: 0.8, rounds: 80, polish: 0 };

const whole = integer({ min: 1, max: 100_000 });

/** The experiment, for the sweep engine. */
export const experiment: Experiment<Options, Key> = {
  name: "exp_glove",
  description: "What is left of held-out GloVe vectors with a few codes each.",

  options: {
    width: { default: [400, 1600], about: "atoms of the dictionaries", kind: listOf(whole) },
    ...paperOptions({ k: { default: [8] }, seeds: { default: [0, 1, 2] } }),
    type: {
      ...{ default: "topk", axis: false, about: "kind of autoencoder" },
      kind: oneOf(["topk", "batchtopk"]),
    },
    heldOut: {
      ...{ default: "test", axis: false, about: "words that are held out" },
      kind: oneOf(["test", "validation"]),
    },
    epochs: { default: 100, axis: false, about: "epochs of autoencoders", kind: whole },
    lr: {
      ...{ default: 2e-3, axis: false, about: "learning rate at the start of its cosine" },
      kind: decimal({ min: 1e-6, max: 1 }),
    },
    decay: {
      ...{ default: 1, axis: false, about: "weight decay" },
      kind: decimal({ min: 0, max: 100 }),
    },
  },

  summary: { by: ["method"], metrics: ["left_iid", "codes_iid"] },

  cells: ({ width, k, seeds }) =>
    width.flatMap((width) =>
      k.flatMap((k) =>
        seeds.map((seed) => ({ key: { width, k, seed }, cost: 2e-4 * width * width ** 0.5 }))
      )
    ),

  run({ key }, { options, progress }) {
    const { width, k, seed } = key, { type, epochs, lr, decay } = options;
    const { train, heldOut: X } = wordSets(options.heldOut);
    const variance = meanSquare(X);
    const row = (
      method: string,
      Y: Matrix,
      codes: Parameters<typeof meanL0>[0],
      D: Matrix,
    ): Row => ({
      left_iid: meanSquaredError(Y, codes, D) / variance,
      codes_iid: meanL0(codes, { threshold: 0 }),
      ...{ method, ...key },
    });
    const coded = (name: string, Y: Matrix32, D: Matrix): Row[] => {
      const { codes } = lasso(Y, D, { lambda: lambdaFor(Y, D, k), nonneg: true });
      return [
        row(`omp_${name}`, Y, omp(Y, D, { k, nonneg: true }).codes, D),
        row(`lasso_${name}`, Y, debias(Y, D, codes, { nonneg: true }).codes, D),
      ];
    };

    const { sae } = trainSae({ train }, {
      ...{ type, kval: k, width, seed, epochs, lr, weightDecay: decay },
      ...{ schedule: { shape: "cosine" }, batchSize: 256, historyEvery: 0 },
    });
    progress(0.3);
    const Y = withoutBias(X, sae.bias);
    const rows = [row("encoder", Y, sae.encode(X), sae.dictionary)];
    rows.push(...coded("decoder", Y, sae.dictionary));
    // only the autoencoder's options are chosen by those of the validation
    if (options.heldOut === "validation") return { rows };
    const { dictionary } = pathDictionary(train, { numLatents: width, seed, ...PATH });
    rows.push(...coded("learned", X, dictionary));
    return { rows };
  },

  async figures(rows) {
    const { figure, groupedBars } = await import("../../lib/figures.ts");
    const ks = [...new Set(rows.map(({ k }) => k))];
    const panels = ks.map((k) =>
      groupedBars(
        rows.filter((row) => row.k === k).map((row) => ({ ...row, atoms: `${row.width} atoms` })),
        {
          ...{
            x: "atoms",
            y: "left_iid",
            yLabel: "variance left",
            style: (method: string) => styles[method],
          },
          title: `${k} codes a word`,
        },
      )
    );
    return [{
      name: "glove",
      svg: figure(panels, { title: "What is left of held-out words" }),
    }];
  },
};

/** Names and colours of this file's methods, in the order of the legend. */
const STYLES: Record<string, [label: string, colour: string]> = {
  encoder: ["SAE", "#b4501f"],
  omp_decoder: ["matching pursuit on its decoder", "#8a4fb0"],
  lasso_decoder: ["Lasso on its decoder, refit", "#c285c9"],
  omp_learned: ["matching pursuit on a learned dictionary", "#1f6fb4"],
  lasso_learned: ["Lasso on a learned dictionary, refit", "#4f97a8"],
};

/** How this file's methods are drawn; legends have them in the order in which they are registered. */
const styles = Object.fromEntries(
  Object.entries(STYLES).map(([id, [label, colour]]): [string, MethodStyle] => [
    id,
    { ...registerMethod({ id, label }), colour },
  ]),
);

if (import.meta.main) await main(experiment, import.meta.url);
