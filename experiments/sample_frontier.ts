/**
 * How few samples does learning a dictionary need? Methods that learn one from N samples of n latents, of which
 * k = 10 are active, from the counting bound n(m − 1)/(m − k) on: the path learner, without one or the other of
 * its parts too, with cycles after it, or the consensus of four of its starts, DL-FISTA and autoencoders.
 *
 * `deno task exp:sample-frontier --help`
 */
import { consensusDictionary } from "../lib/consensus_dictionary.ts";
import { learnDictionary } from "../lib/dictionary_learning.ts";
import { computeInputDim } from "../lib/problem_size.ts";
import { type Datasets, generateDatasets } from "../lib/data.ts";
import { type Matrix, toFloat32, zeros32 } from "../lib/matrix.ts";
import { type MethodStyle, methodStyle } from "../lib/methods.ts";
import { evaluate, matchColumns } from "../lib/metrics.ts";
import { infer, type SplitCodes } from "../lib/paper/instance.ts";
import { roundsIn } from "../lib/paper/inference_methods.ts";
import { paperOptions, requireProblem } from "../lib/paper/options.ts";
import { PAPER_SAE_TYPES, type PaperSaeType } from "../lib/paper/sae_types.ts";
import { SCORES, type SettingColumns } from "../lib/paper/settings.ts";
import { pathDictionary, type PathDictionaryOptions } from "../lib/path_dictionary.ts";
import { RandomState } from "../lib/random.ts";
import { refineDictionary } from "../lib/refine_dictionary.ts";
import { trainSae } from "../lib/train_sae.ts";
import { decimal, type Experiment, listOf, main, oneOf, type Row } from "../lib/sweep.ts";

const K = 10;
/** Samples that are drawn at least; half of them are scored. */
const DRAWN = 5000;
/** Width of the bins of an atom's uses. */
const BIN = 5;

interface Options {
  n: number[];
  perAtom: number[];
  seeds: number[];
  methods: string[];
  epochs: number;
  maxSteps: number;
  lambda: number;
  fistaIters: number;
  noise?: number;
}

/** What a method makes of the samples: a dictionary, and codes that are not FISTA's where it has some. */
interface Learned {
  dictionary: Matrix;
  codes?: SplitCodes;
}

type Learner = (
  X: Matrix,
  scored: { id: Matrix; ood: Matrix },
  key: SettingColumns,
  options: Options,
) => Learned;

/** The path learner, changed. */
function path(change: Partial<PathDictionaryOptions>): Learner {
  return (X, _scored, { num_latents, seed }) => {
    const { dictionary } = pathDictionary(X, { numLatents: num_latents, seed, ...change });
    return { dictionary };
  };
}

/** Dictionaries of the path learner from several starts, for the data of a seed. */
export function startsOf(
  X: Matrix,
  { n, seed, starts }: { n: number; seed: number; starts: number },
): Matrix[] {
  return Array.from(
    { length: starts },
    (_, start) => pathDictionary(X, { numLatents: n, seed: 1000 * seed + start }).dictionary,
  );
}

/** The path learner from several starts: what they have in common, refined. */
function consensus(starts: number): Learner {
  return (X, _scored, { num_latents: n, seed }) => {
    const { dictionary } = consensusDictionary(startsOf(X, { n, seed, starts }), { atMost: n });
    return { dictionary: refineDictionary(X, dictionary) };
  };
}

function autoencoder(type: PaperSaeType): Learner {
  return (train, { id, ood }, { width, k, seed }, { epochs }) => {
    const { sae, codesId, codesOod } = trainSae({ train, id, ood }, {
      ...{ type, width, kval: k, epochs, seed },
    });
    return { dictionary: sae.dictionary, codes: { codesId, codesOod } };
  };
}

/** The methods that run unless `--methods` says otherwise, by their ids in rows, in their order. */
const USUAL: Record<string, Learner> = {
  dl_path: path({}),
  dl_path_without_loo: path({ leaveOneOut: false }),
  dl_path_without_restarts: path({ restarts: false }),
  dl_path_without_both: path({ leaveOneOut: false, restarts: false }),
  dl_path_least_squares: path({ leaveOneOut: false, atomSweeps: 15 }),
  dl_fista: (X, _scored, { width, seed }, { lambda, maxSteps, fistaIters }) =>
    learnDictionary(X, zeros32(0, X.cols), {
      ...{ numLatents: width, lambda, seed, rounds: roundsIn(maxSteps), nIter: fistaIters },
    }),
  ...Object.fromEntries(PAPER_SAE_TYPES.map((type) => [`sae_${type}`, autoencoder(type)])),
};

/** Starts of the method that takes several, and cycles of the one that goes on. */
const STARTS = 4, CYCLES = 30;

/** Every method. */
const LEARNERS: Record<string, Learner> = {
  ...USUAL,
  dl_path_consensus: consensus(STARTS),
  dl_path_cycles: path({ cycles: CYCLES }),
};

/** The experiment, for the sweep engine. */
export const experiment: Experiment<Options, SettingColumns> = {
  name: "exp_sample_frontier",
  description:
    "Dictionaries learned from few samples per latent, k = 10: the path learner and its parts, DL-FISTA, autoencoders.",
  options: {
    ...paperOptions({
      n: { default: [100], paper: [100, 300, 1000] },
      seeds: { default: [0, 1, 2], paper: [0, 1, 2, 3, 4] },
      epochs: { default: 100, paper: 500 },
      maxSteps: { default: 5000, paper: 50_000 },
      lambda: { default: 0.1 },
      fistaIters: { default: 100 },
    }),
    methods: {
      default: Object.keys(USUAL),
      axis: false,
      about: "methods to run",
      kind: listOf(oneOf(Object.keys(LEARNERS))),
    },
    perAtom: {
      default: [2, 5, 25],
      paper: [1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5],
      about: "samples per latent to learn from, N/n",
      kind: listOf(decimal({ above: 0, max: 1000 })),
    },
    // without a default: files from before there was a choice go on
    noise: {
      default: undefined,
      about: "noise of the samples to learn from, over the root mean square of their entries",
      kind: decimal({ min: 0, max: 10 }),
    },
  },
  diagnostics: true,
  summary: { by: ["n_samples", "method"], metrics: [...SCORES.slice(0, 2), "frac_close"] },

  cells: ({ n, perAtom, seeds, methods, epochs, maxSteps, fistaIters }) =>
    n.flatMap((num_latents) => {
      requireProblem({ n: num_latents, k: K });
      const input_dim = computeInputDim(num_latents, K);
      return perAtom.flatMap((ratio) => {
        const n_samples = Math.ceil(ratio * num_latents);
        const product = n_samples * input_dim * num_latents;
        // about seconds: 500 rounds of half a product each, FISTA's iterations, training passes
        const path = 3e-8 * product + 4e-7 * DRAWN * num_latents;
        const cost = methods.reduce(
          (sum, method) =>
            sum +
            (method.startsWith("sae_")
              ? 6e-10 * epochs * product
              : method === "dl_fista"
              ? 1e-11 * roundsIn(maxSteps) * fistaIters * product
              // four starts take as long as a start with thirty cycles
              : method === "dl_path_consensus" || method === "dl_path_cycles"
              ? STARTS * path
              : path),
          0,
        );
        return seeds.map((seed) => ({
          key: { num_latents, k: K, input_dim, width: num_latents, n_samples, seed },
          cost,
        }));
      });
    }),

  run({ key }, { options, progress }) {
    const data = draw(key), X = firstSamples(data, key.n_samples);
    if (options.noise) addNoise(X, options.noise, key.seed);
    const scored = { id: toFloat32(data.val.Y), ood: toFloat32(data.ood.Y) };
    const rows: Row[] = [], diagnostics: Row[] = [];
    const uses = usesOf(data, key.n_samples);
    const chosen = Object.entries(LEARNERS).filter(([id]) => options.methods.includes(id));
    chosen.forEach(([method, learn], done) => {
      const { dictionary, codes } = learn(X, scored, key, options);
      const { lambda, fistaIters } = options;
      const own = codes ?? infer(dictionary, scored, { lambda, nIter: fistaIters });
      const match = matchColumns(dictionary, data.A);
      // a consensus may have fewer atoms than there are latents: those without one are not found
      const matched = match.cosines.length / key.num_latents;
      rows.push({
        ...evaluate({ ...own, val: data.val, ood: data.ood }, { null: false }),
        ...{ mean_cosine: matched * match.meanCosine, frac_close: matched * match.fracClose },
        ...{ method, ...key },
      });
      for (const [bin, share] of foundByUses(match, uses)) {
        diagnostics.push({ frac_close: share, uses: bin, method, ...key });
      }
      progress((done + 1) / chosen.length);
    });
    return { rows, diagnostics };
  },

  async figures(rows, diagnostics) {
    const { drawings, facets, lines } = await import("../lib/figures.ts");
    const { settingOf } = await import("../lib/paper/figure_parts.ts");
    const latents = [...new Set(rows.map(({ num_latents }) => num_latents as number))];
    return latents.flatMap((n) => {
      const own = rows.filter((row) => row.num_latents === n);
      const m = own[0].input_dim as number;
      const bound = Math.ceil(n * (m - 1) / (m - K));
      const panels = ["mcc_iid", "mcc_ood", "frac_close"].map((y) =>
        lines(own, {
          ...{ x: "n_samples", y, xScale: "log", style: styleOf },
          xLabel: `samples (counting bound: ${bound})`,
        })
      );
      const detail = diagnostics.filter((row) => row.num_latents === n);
      const byUses = facets(detail, "n_samples", (part, samples) =>
        lines(part, {
          title: `${samples} samples`,
          // bins start at 0, and rare latents are those that learners differ in
          ...{ x: "uses", y: "frac_close", xScale: "symlog", style: styleOf },
          ...{ xLabel: "samples that use a latent", yLabel: "share found" },
        }));
      return [
        {
          name: `sample_frontier_n${n}`,
          ...drawings(panels, {
            title: `Learning a dictionary from few samples, n = ${n}`,
            caption: settingOf(own),
          }),
        },
        {
          name: `sample_frontier_uses_n${n}`,
          ...drawings(byUses, {
            title: `Latents found by how often they are used, n = ${n}`,
            caption: `In bins of ${BIN} uses. ${settingOf(detail)}`,
          }),
        },
      ];
    });
  },
};

/** The paper's data, in its dimensions or others, with as many samples more as have to be learned from. */
export function draw(
  { num_latents, k, n_samples, seed }: Pick<
    SettingColumns,
    "num_latents" | "k" | "n_samples" | "seed"
  >,
  inputDim?: number,
): Datasets {
  const nSamples = Math.max(DRAWN, n_samples + (n_samples & 1));
  return generateDatasets({ seed, numLatents: num_latents, k, nSamples, inputDim });
}

/** The first `count` samples of the scored split, then of the other. */
export function firstSamples(
  { val, train }: Pick<Datasets, "val" | "train">,
  count: number,
): Matrix {
  const cols = val.Y.cols, data = new Float32Array(count * cols);
  const fromVal = Math.min(count, val.Y.rows);
  data.set(val.Y.data.subarray(0, fromVal * cols));
  data.set(train.Y.data.subarray(0, (count - fromVal) * cols), fromVal * cols);
  return { rows: count, cols, data };
}

/** Adds normal noise, of `share` of the root mean square of X's entries. */
export function addNoise({ data }: Matrix, share: number, seed: number): void {
  let squares = 0;
  for (const x of data) squares += x * x;
  // a generator of its own: half of all seeds away from that of the data
  const random = new RandomState((seed + 2 ** 31) % 2 ** 32);
  const noise = random.normal(0, share * Math.sqrt(squares / data.length), data.length);
  for (let p = 0; p < data.length; p++) data[p] += noise[p];
}

/** How many of these samples use each latent. */
function usesOf({ val, train }: Datasets, count: number): Int32Array {
  const n = val.Z.cols, uses = new Int32Array(n);
  for (let s = 0; s < count; s++) {
    const [{ data }, row] = s < val.Z.rows ? [val.Z, s] : [train.Z, s - val.Z.rows];
    for (let j = 0; j < n; j++) if (data[row * n + j] !== 0) uses[j]++;
  }
  return uses;
}

/** Share of latents whose atom is found (|cosine| above 0.9), by bins of their uses. */
function foundByUses(
  { rows, cosines }: { rows: Int32Array; cosines: Float64Array },
  uses: Int32Array,
): [number, number][] {
  const bins = new Map<number, { all: number; found: number }>();
  const close = new Set(rows.filter((_, pair) => cosines[pair] > 0.9));
  uses.forEach((count, latent) => {
    const bin = BIN * Math.floor(count / BIN);
    const entry = bins.get(bin) ?? { all: 0, found: 0 };
    entry.all++;
    if (close.has(latent)) entry.found++;
    bins.set(bin, entry);
  });
  return [...bins].sort(([a], [b]) => a - b).map(([bin, { all, found }]) => [bin, found / all]);
}

const PATH_STYLES: Record<string, [label: string, colour: string, marker: MethodStyle["marker"]]> =
  {
    dl_path: ["path", "#b01e78", "star"],
    dl_path_without_loo: ["path, no leave-one-out", "#c9539b", "circle"],
    dl_path_without_restarts: ["path, no restarts", "#d94f93", "square"],
    dl_path_without_both: ["path, neither", "#7a5230", "triangle"],
    dl_path_consensus: [`path, consensus of ${STARTS}`, "#0b6e4f", "hexagon"],
    dl_path_cycles: [`path, ${CYCLES} cycles`, "#1a4fa3", "triangle"],
    dl_path_least_squares: ["path, least squares", "#6f6d00", "diamond"],
  };

/** How a method of this experiment is drawn. */
function styleOf(method: string): MethodStyle {
  const own = PATH_STYLES[method];
  if (!own) return methodStyle(method);
  const [label, colour, marker] = own;
  return { ...methodStyle("dl_fista"), label, colour, marker };
}

if (import.meta.main) await main(experiment, import.meta.url);
