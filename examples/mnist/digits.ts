/**
 * Pictures of two digits side by side; each digit has been seen beside half of the others. Do probes
 * know the digits in combinations that they have not seen: on pixels, on an autoencoder's codes, on
 * sparse codes?
 *
 * `deno task example`, or in this folder `deno task digits --help`.
 */
import { lasso } from "../../lib/lasso.ts";
import { linearProbe } from "../../lib/linear_probe.ts";
import type { Matrix, Matrix32 } from "../../lib/matrix.ts";
import { type MethodStyle, registerMethod } from "../../lib/methods.ts";
import { omp } from "../../lib/omp.ts";
import { paperOptions } from "../../lib/paper/options.ts";
import { pathDictionary } from "../../lib/path_dictionary.ts";
import { pca } from "../../lib/pca.ts";
import { RandomState } from "../../lib/random.ts";
import { meanL0 } from "../../lib/reconstruction.ts";
import { type Experiment, integer, main, type Row } from "../../lib/sweep.ts";
import { trainSae } from "../../lib/train_sae.ts";
import { lambdaFor, meanSquare, scaled, withoutBias } from "../coding.ts";
import { DIGITS, makePairs, type Pairs, readDigits } from "./pairs.ts";

interface Options {
  seeds: number[];
  training: number;
  testing: number;
  width: number;
  count: number;
  epochs: number;
}

/** Where features come from: the dictionary of their codes, or the pictures alone. */
const SOURCES = ["none", "topk", "batchtopk", "learned"] as const;

type Key = { dictionary: typeof SOURCES[number]; seed: number };

/** Features of training pictures, of those to test in distribution, and out of it. */
type Features = readonly [train: Matrix, id: Matrix, ood: Matrix];

/** Principal components, half of the pixels. */
const COMPONENTS = 100;
/** Penalties of the probe; leave-one-out errors choose. */
const ALPHAS = [1, 10, 100, 1000, 10_000];
/** Training pictures on which λ is set. */
const FOR_LAMBDA = 500;
/** The path from λ where few codes are active to one where about as many are as in the other methods. */
const PATH = { lambdaStart: 1.5, lambdaEnd: 0.5, rounds: 60, polish: 0 };

/** Names and colours of this file's methods, in the order of the legend. */
const STYLES: Record<string, [label: string, colour: string]> = {
  pixels: ["pixels", "#777777"],
  components: [`${COMPONENTS} principal components`, "#444444"],
  encoder_topk: ["TopK SAE", "#b4501f"],
  omp_topk: ["TopK's decoder, matching pursuit", "#d07a4c"],
  lasso_topk: ["TopK's decoder, Lasso", "#8c3d16"],
  encoder_batchtopk: ["BatchTopK SAE", "#8a4fb0"],
  omp_batchtopk: ["BatchTopK's decoder, matching pursuit", "#ad7bcb"],
  lasso_batchtopk: ["BatchTopK's decoder, Lasso", "#68378a"],
  omp_learned: ["learned dictionary, matching pursuit", "#3f87c4"],
  lasso_learned: ["learned dictionary, Lasso", "#135085"],
};

const whole = (about: string, standard: number) => ({
  ...{ default: standard, axis: false, about, kind: integer({ min: 1, max: 1_000_000 }) },
});

/** The experiment, for the sweep engine. */
export const experiment: Experiment<Options, Key> = {
  name: "exp_digits",
  description: "Probes for two digits side by side, in combinations seen in training and not.",

  options: {
    ...paperOptions({ seeds: { default: [0] } }),
    training: whole("pictures to train on", 4000),
    testing: whole("pictures of each test", 2000),
    width: whole("units of autoencoders, and atoms of the learned dictionary", 300),
    count: whole("codes per picture", 30),
    epochs: whole("epochs of autoencoders", 120),
  },

  summary: { by: ["method"], metrics: ["accuracy_iid", "accuracy_ood"] },

  cells: ({ seeds, training, width, epochs }) =>
    seeds.flatMap((seed) =>
      SOURCES.map((dictionary) => {
        const work = { none: 1, topk: epochs + 40, batchtopk: epochs + 40, learned: 100 };
        return { key: { dictionary, seed }, cost: 5e-8 * training * width * work[dictionary] };
      })
    ),

  async run({ key }, { options, progress }) {
    const { training, testing, width, count, epochs } = options, { dictionary: source, seed } = key;
    const { train, id, ood } = makePairs(await readDigits(), { seed, training, testing });
    const factor = 1 / Math.sqrt(meanSquare(train.pictures));
    const pictures = [train, id, ood].map((pairs) => scaled(pairs.pictures, factor));
    const X = pictures as unknown as Features;
    const probe = (method: string, features: readonly Matrix[]): Row => ({
      ...probed(features as Features, [train, id, ood]),
      codes_iid: meanL0(features[1], { threshold: 0 }),
      ...{ method, ...key },
    });
    const coded = (name: string, Y: readonly Matrix[], D: Matrix): Row[] => {
      const part = { ...Y[0], rows: Math.min(FOR_LAMBDA, Y[0].rows) };
      part.data = part.data.subarray(0, part.rows * part.cols);
      const lambda = lambdaFor(part, D, count);
      const codes = Y.map((M) => lasso(M, D, { lambda, nonneg: true, output: "dense" }).codes);
      const pursuit = Y.map((M) => omp(M, D, { k: count, nonneg: true, output: "dense" }).codes);
      return [probe(`omp_${name}`, pursuit), probe(`lasso_${name}`, codes)];
    };

    if (source === "none") {
      return {
        rows: [probe("pixels", X), probe("components", pca(X[0], X, COMPONENTS).codes)],
      };
    }
    // most of the time goes by before the codes
    const onProgress = (done: number, total: number) => progress(0.7 * done / total);
    if (source === "learned") {
      // as many atoms as are wanted from the start: to choose among more takes three times as long
      const { cols } = X[0], data = new RandomState(seed).normal(0, 1, cols * width);
      const { dictionary } = pathDictionary(X[0], {
        ...{ numLatents: width, dInit: { rows: cols, cols: width, data }, seed, ...PATH },
        onProgress: ({ round }) => onProgress(round, PATH.rounds),
      });
      return { rows: coded(source, X, dictionary) };
    }
    const config = { type: source, kval: count, width, epochs, lr: 1e-3, seed, historyEvery: 0 };
    const { sae } = trainSae({ train: X[0] }, { ...config, onProgress });
    const encoded = probe(`encoder_${source}`, X.map((M) => sae.encode(M)));
    const centred = X.map((M) => withoutBias(M, sae.bias));
    return { rows: [encoded, ...coded(source, centred, sae.dictionary)] };
  },

  async figures(rows) {
    const { figure, groupedBars } = await import("../../lib/figures.ts");
    // of the wrong ones, whose bars begin at 0 and still can be told apart
    const wrong = rows.flatMap(({ method, accuracy_iid, accuracy_ood }) => [
      { method, combinations: "seen", wrong: 1 - (accuracy_iid as number) },
      { method, combinations: "not seen", wrong: 1 - (accuracy_ood as number) },
    ]);
    const panel = groupedBars(wrong, {
      ...{ x: "combinations", y: "wrong", yLabel: "digits told wrong" },
      style: (method: string) => styles[method],
    });
    return [{
      name: "digits",
      svg: figure([panel], { title: "Two digits side by side: which digit is it?" }),
    }];
  },
};

/** How this file's methods are drawn; legends have them in the order in which they are registered. */
const styles = Object.fromEntries(
  Object.entries(STYLES).map(([id, [label, colour]]): [string, MethodStyle] => [
    id,
    { ...registerMethod({ id, label }), colour },
  ]),
);

/**
 * Share of digits that a linear probe tells: ridge regression to 20 columns of 0 and 1, one for
 * each digit on either side, and of each side the digit with the largest value.
 */
function probed(features: Features, pairs: readonly Pairs[]) {
  const inputs = withConstant(features);
  const targets = new Float32Array(pairs[0].labels.length * 2 * DIGITS);
  pairs[0].labels.forEach((pair, i) =>
    pair.forEach((digit, side) => targets[(2 * i + side) * DIGITS + digit] = 1)
  );
  const Z = { rows: pairs[0].labels.length, cols: 2 * DIGITS, data: targets };
  const { predictions } = linearProbe(inputs[0], Z, inputs.slice(1), { alphas: ALPHAS });
  const [accuracy_iid, accuracy_ood] = predictions.map(({ data }, t) => {
    const { labels } = pairs[t + 1];
    const told = labels.flatMap((pair, i) =>
      pair.filter((digit, side) => {
        const start = (2 * i + side) * DIGITS, values = data.subarray(start, start + DIGITS);
        return values.indexOf(Math.max(...values)) === digit;
      })
    );
    return told.length / (2 * labels.length);
  });
  return { accuracy_iid, accuracy_ood };
}

/** Features of equal mean square over training, so that one penalty suits all, and a constant. */
function withConstant([train, ...tests]: Features): Matrix32[] {
  const { rows, cols } = train, squares = new Float64Array(cols);
  train.data.forEach((value, p) => squares[p % cols] += value * value / rows);
  const factors = squares.map((square) => square > 0 ? 1 / Math.sqrt(square) : 0);
  return [train, ...tests].map((M) => {
    const data = new Float32Array(M.rows * (cols + 1)).fill(1);
    for (let i = 0; i < M.rows; i++) {
      for (let j = 0; j < cols; j++) data[i * (cols + 1) + j] = factors[j] * M.data[i * cols + j];
    }
    return { rows: M.rows, cols: cols + 1, data };
  });
}

if (import.meta.main) await main(experiment, import.meta.url);
