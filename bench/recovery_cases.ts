/**
 * What the path learner is judged by: cases, and the aims that were set for them before any was measured.
 * @module
 */

/** What is measured of a case and may be aimed at. */
export type Measure =
  | "ID"
  | "OOD"
  | "ID, finer"
  | "OOD, finer"
  | "ID below the true dictionary's"
  | "OOD below the true dictionary's"
  | "seconds"
  | "CPU seconds";

/** Limits of a measure: of its mean over the seeds, and of the worst seed. */
export interface Aim {
  of: Measure;
  mean?: number;
  worst?: number;
}

/** What is learned from, how, and what is aimed at. */
export interface Case {
  /** Latents. */
  n: number;
  /** Samples that are learned from. */
  samples: number;
  /** Active latents of a sample; 10 where it is left out. */
  k?: number;
  /** Atoms of the start over n where the learner is not told n. */
  auto?: number;
  /** Of the samples that are learned from, over their root mean square. */
  noise?: number;
  /** Threads; 1 where it is left out. */
  threads?: number;
  aims: Aim[];
  /** Most by which the number of atoms may be off, and on which share of the seeds. */
  atoms?: { off: number; share: number };
}

const finer = (id: number, ood: number, worst?: number): Aim[] => [
  { of: "ID, finer", mean: id, worst },
  { of: "OOD, finer", mean: ood, worst },
];
/** By one thread: what it would take on a core of its own. */
const within = (seconds: number): Aim => ({ of: "CPU seconds", mean: seconds });

const FEW_LATENTS = {
  samples: 2500,
  auto: 1.5,
  aims: [
    { of: "ID below the true dictionary's", mean: 0.003 },
    { of: "OOD below the true dictionary's", mean: 0.003 },
    ...finer(0.998, 0.998, 0.99),
    within(3),
  ] satisfies Aim[],
  atoms: { off: 0, share: 0.9 },
};
const K20 = { n: 1000, samples: 2500, k: 20, aims: finer(0.995, 0.99) };
const NOISE = { n: 1000, samples: 2500, noise: 0.05, aims: finer(0.985, 0.97) };
const FEW = { n: 1000, samples: 2000, aims: finer(0.96, 0.92) };
const MANY = { n: 1000, samples: 5000, aims: [...finer(0.997, 0.997), within(20)] };
const LARGE = {
  ...{ n: 5000, samples: 25_000, threads: 2 },
  aims: [...finer(0.996, 0.994), { of: "seconds", mean: 120 }] satisfies Aim[],
};
const LARGEST = {
  ...{ n: 10_000, samples: 50_000, threads: 2 },
  aims: [
    ...finer(0.994, 0.992),
    { of: "seconds", mean: 360 },
  ] satisfies Aim[],
};

/** Every case by its name. */
export const CASES = {
  "50-auto": { n: 50, ...FEW_LATENTS },
  "100-auto": { n: 100, ...FEW_LATENTS },
  "1000": {
    ...{ n: 1000, samples: 2500 },
    aims: [
      { of: "ID", mean: 0.985, worst: 0.98 },
      { of: "OOD", mean: 0.982, worst: 0.97 },
      within(8),
    ],
  },
  "1000-auto": {
    ...{ n: 1000, samples: 2500, auto: 1.2 },
    aims: [
      { of: "ID", mean: 0.989 },
      { of: "OOD", mean: 0.987 },
      ...finer(0.995, 0.994),
      within(20),
    ],
    atoms: { off: 2, share: 1 },
  },
  "1000-few": FEW,
  "1000-few-auto": { ...FEW, auto: 1.2 },
  "1000-many": MANY,
  "1000-many-auto": { ...MANY, auto: 1.2 },
  "1000-k20": K20,
  "1000-k20-auto": { ...K20, auto: 1.2 },
  "1000-noise": NOISE,
  "1000-noise-auto": { ...NOISE, auto: 1.2 },
  "5000": LARGE,
  "5000-auto": { ...LARGE, auto: 1.2 },
  "10000": LARGEST,
  "10000-auto": { ...LARGEST, auto: 1.2 },
} satisfies Record<string, Case>;

/** The name of a case. */
export type CaseName = keyof typeof CASES;
