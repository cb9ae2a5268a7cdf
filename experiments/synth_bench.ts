/**
 * SynthSAEBench at sizes of a CPU: which of the true features do autoencoders find, and is it their dictionaries or
 * their encoders that miss some? Every autoencoder with its own codes and with those of the Lasso and of matching
 * pursuit on its decoder, beside a dictionary of the path learner, the true dictionary, and that of its most
 * frequent features, as many as the autoencoders have units.
 *
 * `deno task exp:synth-bench --help`
 */
import type { SaeType } from "../lib/saes.ts";
import type { Matrix } from "../lib/matrix.ts";
import { type MethodStyle, methodStyle, saeTypeLabels } from "../lib/methods.ts";
import { paperOptions } from "../lib/paper/options.ts";
import type { SettingColumns } from "../lib/paper/settings.ts";
import {
  codeAsTrained,
  type Codebook,
  lassoCodes,
  ompCodes,
  SYNTH_BATCH,
  SYNTH_TYPES,
  trainSynthSaes,
} from "../lib/paper/synth_protocol.ts";
import { pathDictionary } from "../lib/path_dictionary.ts";
import {
  makeSynthModel,
  type SynthBatch,
  synthBatches,
  type SynthModel,
  SynthScorer,
} from "../lib/synth_bench.ts";
import {
  decimal,
  type Experiment,
  integer,
  listOf,
  main,
  oneOf,
  type Row,
  UsageError,
} from "../lib/sweep.ts";

/** The seed of the model, that of the benchmark: seeds of cells are those of samples and weights. */
const MODEL_SEED = 42;
/** Scored samples, in batches of SYNTH_BATCH; their seed is so far away from that of the training's. */
const SCORED = 20 * SYNTH_BATCH, SCORED_SEED = 2 ** 30;
/** Samples per atom that the path learner gets. */
const PER_ATOM = 50;

/** Dictionaries that no autoencoder made, in the order of rows. */
const OTHERS = ["dl_path", "truth_frequent", "truth"] as const;

interface Options {
  n: number[];
  perFeature: number[];
  sparsity: number[];
  seeds: number[];
  dictionaries: string[];
  lr: number;
}

/** The benchmark's number of codes, 25 with 16,384 features, at other sizes: as many as its first quarter has active. */
function naturalL0(n: number): number {
  return 5.3 * (n / 1024) ** 0.56;
}

/** The experiment, for the sweep engine. */
export const experiment: Experiment<Options, SettingColumns> = {
  name: "exp_synth_bench",
  description:
    "SynthSAEBench at sizes of a CPU: autoencoders, the Lasso and matching pursuit on their decoders, a learned\n" +
    "dictionary, and the true one.",
  options: {
    n: {
      default: [1024],
      about: "numbers of features; the ratios are those of the benchmark",
      kind: listOf(integer({ min: 128, max: 2 ** 16 })),
    },
    perFeature: {
      default: [300],
      paper: [4000],
      about: "training samples per feature",
      kind: listOf(decimal({ min: 1, max: 1e6 })),
    },
    ...paperOptions({ seeds: { default: [0, 1], paper: [0, 1, 2, 3, 4] } }),
    sparsity: {
      default: [1],
      about: "codes per sample, over the benchmark's (25 with 16,384 features, 5 with 1024)",
      kind: listOf(decimal({ above: 0, max: 10 })),
    },
    dictionaries: {
      default: [...SYNTH_TYPES, ...OTHERS],
      axis: false,
      about: "autoencoders and other dictionaries",
      kind: listOf(oneOf([...SYNTH_TYPES, ...OTHERS])),
    },
    lr: { default: 2e-3, about: "learning rate of SAEs", kind: decimal({ above: 0 }) },
  },
  summary: {
    by: ["dictionary", "method"],
    metrics: ["f1", "mcc_decoder", "uniqueness", "explained_variance"],
  },

  cells: ({ n, perFeature, sparsity, seeds, dictionaries }) =>
    n.flatMap((num_latents) =>
      perFeature.flatMap((ratio) => {
        const width = Math.ceil(num_latents / 4), input_dim = Math.ceil(num_latents * 3 / 64);
        const steps = Math.ceil(ratio * num_latents / SYNTH_BATCH), n_samples = steps * SYNTH_BATCH;
        const types = dictionaries.filter(isSae).length;
        // about seconds: the samples, steps on them, codes of the scored ones, and the path learner
        const learner = dictionaries.includes("dl_path") ? 1.2e-7 * PER_ATOM * width : 0;
        const cost = 8e-9 * n_samples * num_latents +
          width * input_dim * (2.6e-10 * n_samples * types + learner) +
          6e-7 * SCORED * width * dictionaries.length;
        return sparsity.flatMap((share) => {
          const k = Math.round(share * naturalL0(num_latents));
          if (k < 1 || k > width) {
            throw new UsageError(
              `--sparsity must give 1 to ${width} codes per sample, got ${k} from ${share}`,
            );
          }
          return seeds.map((seed) => ({
            key: { num_latents, k, input_dim, width, n_samples, seed },
            cost,
          }));
        });
      })
    ),

  async run({ key }, { options: { dictionaries, lr }, progress }) {
    const { num_latents, input_dim, width, k, n_samples, seed } = key;
    const model = makeSynthModel({
      ...{ numFeatures: num_latents, inputDim: input_dim, seed: MODEL_SEED },
    });
    const steps = n_samples / SYNTH_BATCH,
      types = SYNTH_TYPES.filter((type) => dictionaries.includes(type));
    const saes = await trainSynthSaes(
      model,
      types,
      { width, k, steps, lr, seed },
      (step) => step % 20 === 0 && progress(0.7 * step / steps),
    );
    const scored = drawOnce(model, (seed + SCORED_SEED) % 2 ** 32, SCORED);
    const learned = drawOnce(model, seed, PER_ATOM * width).X;
    const rows: Row[] = [],
      chosen = [...SYNTH_TYPES, ...OTHERS].filter((name) => dictionaries.includes(name));
    chosen.forEach((dictionary, done) => {
      const sae = saes.get(dictionary as SaeType);
      const book = sae
        ? { dictionary: sae.dictionary, bias: sae.bias }
        : bookOf(dictionary as typeof OTHERS[number], model, learned, key);
      const add = (method: string, found: Parameters<SynthScorer["add"]>[1]) =>
        rows.push({ ...scoresOf(model, book, scored, found), method, dictionary, ...key });
      if (sae) add("sae", codeAsTrained(sae, scored.X, k));
      add("lasso", lassoCodes(scored.X, book, k, learned));
      add("omp", ompCodes(scored.X, book, k));
      progress(0.7 + 0.3 * (done + 1) / chosen.length);
    });
    return { rows };
  },

  async figures(rows) {
    const { figure, groupedBars } = await import("../lib/figures.ts");
    const grids = Map.groupBy(rows, ({ num_latents, k }) => `n${num_latents}_k${k}`);
    return [...grids].map(([name, own]) => {
      const named = own.map((row) => ({ ...row, dictionary: labelOf(row.dictionary as string) }));
      const groups = [...SYNTH_TYPES, ...OTHERS]
        .filter((name) => own.some(({ dictionary }) => dictionary === name)).map(labelOf);
      const alone = named.filter(isFirst).map((row) => ({ ...row, method: "alone" }));
      const panels = ["f1", "explained_variance", "mcc_decoder"].map((y) =>
        groupedBars(y === "mcc_decoder" ? alone : named, {
          ...{ x: "dictionary", y, groups, style: styleOf },
        })
      );
      const scores = [
        ...["f1", "explained_variance"].flatMap((score) => scoreRows(named, score)),
        ...scoreRows(alone, "mcc_decoder"),
      ];
      const [{ num_latents, k, width }] = own;
      const words = {
        title: `SynthSAEBench with ${num_latents} features, ${k} codes per sample`,
        caption: `truth: all true features; truth ¼: the ${width} most frequent, as many as the ` +
          "autoencoders have units; path: a dictionary of the path learner. Of the signed codes of MP and " +
          "AbsTopK only positive ones count as active.",
      };
      const wide = { ...words, columns: 1, panelWidth: 940, panelHeight: 150 };
      return {
        name: `synth_bench_${name}`,
        ...words,
        svg: figure(panels, wide),
        get bareSvg() {
          return figure(panels, { ...wide, bare: true });
        },
        get narrowSvg() {
          // twelve dictionaries have no room side by side, three scores have
          const parts = groups.map((title) =>
            groupedBars(scores.filter(({ dictionary }) => dictionary === title), {
              ...{ title, x: "score", y: "value", yLabel: "score", style: styleOf },
            })
          );
          const size = { columns: 1, panelWidth: 245, panelHeight: 80 };
          return figure(parts, { ...words, ...size, bare: true });
        },
      };
    });
  },
};

/** The rows of one score, which they name. */
function scoreRows(rows: readonly Row[], column: string): Row[] {
  const names: Record<string, string> = {
    ...{ f1: "F1", explained_variance: "explained variance", mcc_decoder: "MCC" },
  };
  return rows.map((row) => ({ ...row, score: names[column], value: row[column] }));
}

function isSae(name: string): name is SaeType {
  return SYNTH_TYPES.includes(name as SaeType);
}

/** One row per dictionary, for scores that do not depend on codes. */
function isFirst({ method }: Row): boolean {
  return method === "lasso";
}

function drawOnce(model: SynthModel, seed: number, batchSize: number): SynthBatch {
  return synthBatches(model, { seed, batchSize }).next().value!;
}

/** A dictionary that no autoencoder made; the learned one knows no bias. */
function bookOf(
  name: typeof OTHERS[number],
  model: SynthModel,
  X: Matrix,
  { width, seed }: SettingColumns,
): Codebook {
  const { dictionary, bias } = model;
  if (name === "truth") return { dictionary, bias };
  if (name === "dl_path") {
    const learned = pathDictionary(X, { numLatents: width, seed });
    return { dictionary: learned.dictionary, bias: bias.map(() => 0) };
  }
  const { rows, cols } = dictionary, data = new Float32Array(rows * width);
  for (let d = 0; d < rows; d++) {
    data.set(dictionary.data.subarray(d * cols, d * cols + width), d * width);
  }
  return { dictionary: { rows, cols: width, data }, bias };
}

/** The scores of codes as columns of a row. */
function scoresOf(
  model: SynthModel,
  { dictionary }: Codebook,
  scored: SynthBatch,
  found: Parameters<SynthScorer["add"]>[1],
): Row {
  const scorer = new SynthScorer(model, dictionary);
  scorer.add(scored, found);
  const { mccDecoder, explainedVariance, trueL0, ...others } = scorer.scores();
  return {
    mcc_decoder: mccDecoder,
    explained_variance: explainedVariance,
    true_l0: trueL0,
    ...others,
  };
}

const LABELS: Record<typeof OTHERS[number], string> = {
  dl_path: "path",
  truth_frequent: "truth ¼",
  truth: "truth",
};

function labelOf(dictionary: string): string {
  return { ...saeTypeLabels, ...LABELS }[dictionary] ?? dictionary;
}

const STYLES: Record<string, [label: string, colour: string]> = {
  sae: ["own encoder", "#c84a07"],
  lasso: ["Lasso", "#2171b5"],
  omp: ["matching pursuit", "#218a45"],
  alone: ["dictionary alone", "#4d4d4d"],
};

function styleOf(method: string): MethodStyle {
  const [label, colour] = STYLES[method] ?? [method, "#4d4d4d"];
  return { ...methodStyle("raw"), label, colour };
}

if (import.meta.main) await main(experiment, import.meta.url);
