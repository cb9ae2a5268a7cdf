/**
 * `deno task bench:growth`: how the times of the main operations grow with the latents n, the observed
 * dimensions m and the samples, one at a time. Prints the fitted exponents beside those of the
 * textbook's arithmetic; writes bench/growth.json and figures/growth.svg.
 *
 * Permissions: read the checkout, write `bench` and `figures`.
 */
import { writeAtomic } from "../lib/atomic_file.ts";
import { generateDatasets } from "../lib/data.ts";
import { learnDictionary } from "../lib/dictionary_learning.ts";
import { facets, figure, lines } from "../lib/figures.ts";
import { evaluate } from "../lib/metrics.ts";
import { type MethodStyle, methodStyle } from "../lib/methods.ts";
import { fista } from "../lib/sparse_coding.ts";
import { trainSae } from "../lib/train_sae.ts";
import { AXES, type Axis, exponent, type Operation, OPERATIONS, type Size } from "./growth_fit.ts";
import { formatSeconds, median } from "./reference_report.ts";

/** Where the axes cross, and how far each goes. */
const CENTRE: Size = { n: 400, m: 64, samples: 1000 };
const GRID: Record<Axis, number[]> = {
  n: [100, 200, 400, 800, 1600],
  m: [16, 32, 64, 128, 256],
  samples: [250, 500, 1000, 2000, 4000],
};
const K = 10, SEED = 0, LAMBDA = 0.1;
/** Steps of training and rounds of dictionary learning in one run. */
const STEPS = 50, ROUNDS = 2;
/** Runs of which the median counts, after one for warming up. */
const RUNS = 3;

/** One measured time. */
interface Point extends Size {
  operation: Operation;
  axis: Axis;
  /** The size along the axis. */
  value: number;
  seconds: number;
}

/** What is run, once, and how often it does the operation in that time. */
function works(size: Size): Record<Operation, { run(): void; times: number }> {
  const { n, m, samples } = size;
  const data = generateDatasets({
    seed: SEED,
    numLatents: n,
    k: K,
    nSamples: 2 * samples,
    inputDim: m,
  });
  const { train, val, ood, A } = data;
  const infer = () =>
    [val, ood].map(({ Y }) => fista(Y, A, { lambda: LAMBDA, nIter: 100, nonneg: true }));
  const [codesId, codesOod] = infer();
  const batch = Int32Array.from({ length: samples }, (_, i) => i);
  const one = { rows: 1, cols: m, data: train.Y.data.subarray(0, m) };
  return {
    fista: { run: infer, times: 1 },
    sae_step: {
      run: () =>
        trainSae({ train: train.Y, id: one, ood: one }, {
          type: "relu",
          width: n,
          kval: K,
          seed: SEED,
          epochs: 1,
          batchSize: samples,
          loader: Array.from({ length: STEPS }, () => batch),
        }),
      times: STEPS,
    },
    dictionary_round: {
      run: () =>
        learnDictionary(val.Y, ood.Y, {
          numLatents: n,
          lambda: LAMBDA,
          seed: SEED,
          maxSteps: 50 * ROUNDS,
        }),
      times: ROUNDS,
    },
    evaluate: { run: () => evaluate({ codesId, codesOod, val, ood }), times: 1 },
  };
}

function secondsOf({ run, times }: { run(): void; times: number }): number {
  run();
  const seconds = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1000;
  });
  return median(seconds) / times;
}

/** The times along one axis, the other sizes at the centre. */
function measure(axis: Axis): Point[] {
  return GRID[axis].flatMap((value) => {
    const size = { ...CENTRE, [axis]: value };
    return Object.entries(works(size)).map(([name, work]) => {
      const point = {
        operation: name as Operation,
        axis,
        value,
        ...size,
        seconds: secondsOf(work),
      };
      console.error(`${name}, ${axis} = ${value}: ${formatSeconds(point.seconds)}`);
      return point;
    });
  });
}

const STYLES: Record<Operation, MethodStyle> = {
  fista: { ...methodStyle("fista_oracle"), label: "FISTA, both splits" },
  sae_step: { ...methodStyle("sae_relu"), label: "ReLU SAE, a step" },
  dictionary_round: { ...methodStyle("refined"), label: "DL-FISTA, a round" },
  evaluate: { ...methodStyle("linear_probe"), label: "evaluate" },
};
const AXIS_LABELS: Record<Axis, string> = {
  n: "latents n",
  m: "dimensions m",
  samples: "samples",
};

const points = AXES.flatMap(measure);
const exponents = AXES.flatMap((axis) =>
  (Object.keys(OPERATIONS) as Operation[]).map((operation) => {
    const own = points.filter((p) => p.axis === axis && p.operation === operation);
    const values = own.map(({ value }) => value);
    return {
      operation,
      axis,
      fitted: exponent(values, own.map(({ seconds }) => seconds)),
      arithmetic: exponent(values, own.map(OPERATIONS[operation])),
    };
  })
);
console.table(exponents.map(({ operation, axis, fitted, arithmetic }) => ({
  operation: STYLES[operation].label,
  axis,
  fitted: Number(fitted.toFixed(2)),
  arithmetic: Number(arithmetic.toFixed(2)),
})));

const summary = AXES.map((axis) => {
  const parts = exponents.filter((entry) => entry.axis === axis).map((entry) =>
    `${STYLES[entry.operation].label} ${entry.fitted.toFixed(2)} (${entry.arithmetic.toFixed(2)})`
  );
  return `${axis}: ${parts.join(", ")}`;
});
const panels = facets(
  points.map((point) => ({ ...point })),
  "axis",
  (rows, axis) =>
    lines(rows, {
      x: "value",
      y: "seconds",
      series: "operation",
      style: (operation) => STYLES[operation as Operation],
      xScale: "log",
      yScale: "log",
      xLabel: AXIS_LABELS[axis as Axis],
      yLabel: "seconds",
    }),
  AXES,
);
writeAtomic(
  "bench/growth.json",
  JSON.stringify({ centre: CENTRE, exponents, points }, null, 2) + "\n",
);
Deno.mkdirSync("figures", { recursive: true });
writeAtomic(
  "figures/growth.svg",
  figure(panels, {
    title: "Growth of the times on one core",
    columns: AXES.length,
    description: `Seconds against ${Object.values(AXIS_LABELS).join(", ")}, on log axes.`,
    caption: `One size grows, the others stay at n = ${CENTRE.n}, m = ${CENTRE.m} and ` +
      `${CENTRE.samples} samples. Fitted exponents, in parentheses those of dense arithmetic. ` +
      summary.join("; ") + ".",
  }),
);
