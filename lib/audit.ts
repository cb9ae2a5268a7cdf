/**
 * Does a sparse autoencoder's encoder find what its own dictionary allows? Its codes beside those of sparse
 * coding on the same decoder, and on a dictionary that was learned without an encoder.
 * @module
 */
import { type Likeness, likeness, type Usage, usage } from "./audit/atoms.ts";
import {
  CodedRows,
  type CurvePoint,
  explainedAt,
  meanCount,
  pursuitSizes,
} from "./audit/curves.ts";
import { type LatentGaps, latentGaps } from "./audit/latents.ts";
import {
  chooseCombination,
  type HeldOutCombination,
  isHeldOut,
  type ProbeScores,
  probeScores,
  type ProbeTask,
} from "./audit/probes.ts";
import { meanRow, splitRows, takeRows } from "./audit/rows.ts";
import {
  requireBoolean,
  requireFinite,
  requireFunction,
  requireInteger,
  requireOptions,
  requirePositive,
} from "./checks.ts";
import { type CsrMatrix, requireCsrMatrix } from "./csr_matrix.ts";
import { type Matrix, type Matrix32, requireFloat32, requireMatrix, toFloat32 } from "./matrix.ts";
import { rowsDiffer } from "./numeric/rows_differ.ts";
import { mostRounds, pathDictionary, type PathDictionaryOptions } from "./path_dictionary.ts";
import { meanSquaredError } from "./reconstruction.ts";

export type { DuplicatePair, Likeness, Usage } from "./audit/atoms.ts";
export type { CurvePoint } from "./audit/curves.ts";
export type { LatentGaps } from "./audit/latents.ts";
export type {
  ColumnScore,
  CombinationScore,
  HeldOutCombination,
  ProbeScores,
} from "./audit/probes.ts";

/** What an audit needs of an autoencoder: an `OpenedSae` of `openSae` has it. */
export interface AuditedSae {
  /** Codes of samples × inputDim, samples × width. */
  encodeSparse(X: Matrix): CsrMatrix;
  /** The decoder, inputDim × width: an atom per column. */
  readonly dictionary: Matrix;
  /** The decoder's bias, inputDim values: x̂ is dictionary·codes + bias. */
  readonly bias: ArrayLike<number>;
}

/** How {@linkcode auditSae} goes about. */
export interface AuditOptions {
  /** Seed of the split of rows, and of the learned dictionary. */
  seed: number;
  /** Share of the rows that is held out. Default 0.2. */
  heldOut?: number;
  /** Whether the last rows are held out, as those that an autoencoder was not trained on. Default: random ones. */
  last?: boolean;
  /** Consecutive rows that stay together in the split: those of a text, say. Default 1. */
  block?: number;
  /** Most held-out rows that are coded. Default 4000. */
  testRows?: number;
  /** Most other rows that are looked at: that a dictionary is learned from. Default 20,000. */
  trainRows?: number;
  /** Most of them that probes are fitted on. Default 4000. */
  probeRows?: number;
  /** Most atoms of the learned dictionary, which else has as many as the autoencoder; 0 learns none. Default 1024. */
  learnedLatents?: number;
  /** Whether codes are at least 0. Default: where all of the encoder's are. */
  nonneg?: boolean;
  /** Numbers of atoms for matching pursuit. Default: about the encoder's mean number of codes. */
  ks?: readonly number[];
  /** Cosine from which on two atoms are duplicates. Default 0.9. */
  duplicateCosine?: number;
  /** Labels to probe for, rows × columns of integers. */
  labels?: Matrix;
  /** Values of the first two columns whose combination is held out. Default: the one with most rows to judge by. */
  holdOut?: readonly [number, number];
  /** Parts that an earlier call has done: they are not computed again. */
  done?: Partial<AuditParts>;
  /** Takes each part as it is done: to be written to a file, and given to a later call as `done`. */
  onPart?: (done: Partial<AuditParts>) => void;
  /** Asked before every part and round. */
  signal?: AbortSignal;
  /** Called with how much is done, of how much, and the part that is being done. */
  onProgress?: (done: number, total: number, part: keyof AuditParts) => void;
}

/** The encoder's own codes. */
export interface EncoderPart extends CurvePoint {
  /** The best codes on its supports: what its choice of latents is worth, whatever its magnitudes. */
  refit: CurvePoint;
  /** Whether all of its codes are at least 0. */
  nonneg: boolean;
}

/** What sparse coding makes of a dictionary on the held-out rows. */
export interface DictionaryCurves {
  /** The bias alone. */
  empty: CurvePoint;
  /** Orthogonal matching pursuit, by the number of atoms. */
  omp: CurvePoint[];
  /** The Lasso, by λ, refit on its supports so that shrinkage decides nothing. */
  lasso: CurvePoint[];
}

/** A dictionary that was learned by `pathDictionary` from the rows that are not held out. */
export interface LearnedPart extends DictionaryCurves {
  /** Its atoms. */
  latents: number;
  /** Rows that it was learned from. */
  rows: number;
  /** Share of its atoms that stand for a single row: those were not found. */
  singles: number;
  /** λ at the end of its path, where that was set by the encoder's number of codes. */
  lambdaEnd?: number;
  /** Probes on codes of matching pursuit with it, where there are labels. */
  probes?: ProbeScores;
}

/** Probes, all fitted on the same rows with the same choice of penalties and the same steps. */
export interface ProbesPart {
  /** The combination that was held out. */
  heldOut?: HeldOutCombination;
  /** Rows that the probes were fitted on. */
  trainRows: number;
  /** On the activations themselves. */
  raw: ProbeScores;
  /** On the encoder's codes. */
  encoder: ProbeScores;
  /** On codes of matching pursuit with the autoencoder's decoder. */
  omp: ProbeScores;
}

/** The parts of an audit, plain data all of them, in the order in which they are done. */
export interface AuditParts {
  /** The encoder's own codes. */
  encoder: EncoderPart;
  /** How alike the atoms of the decoder are. */
  atoms: Likeness;
  /** How often they are used. */
  usage: Usage;
  /** Sparse coding with the autoencoder's decoder. */
  decoder: DictionaryCurves;
  /** What the encoder misses of it, latent by latent. */
  latents: LatentGaps;
  /** Probes, where there are labels. */
  probes?: ProbesPart;
  /** Sparse coding with a learned dictionary. */
  learned?: LearnedPart;
}

/** What {@linkcode auditSae} found. */
export interface Audit extends AuditParts {
  /** Sizes of the audit. */
  sizes: { inputDim: number; width: number; rows: number; testRows: number; trainRows: number };
  /** Explained variance at the encoder's mean number of codes; undefined where a curve does not reach it. */
  atL0: {
    /** That number. */
    l0: number;
    /** The encoder. */
    encoder: number;
    /** Its supports, refit. */
    refit: number;
    /** The Lasso on its decoder. */
    lasso?: number;
    /** Matching pursuit on its decoder. */
    omp?: number;
    /** The better of the Lasso and matching pursuit on the learned dictionary. */
    learned?: number;
  };
  /**
   * The amortisation gap: explained variance of the better of the Lasso and matching pursuit on the decoder
   * minus the encoder's, at the encoder's mean number of codes.
   */
  amortisationGap?: number;
}

const OPTIONS = [
  ...["seed", "heldOut", "block", "testRows", "trainRows", "probeRows", "learnedLatents"],
  ...["nonneg", "ks", "duplicateCosine", "labels", "holdOut", "done", "onPart", "signal"],
  ...["onProgress", "last"],
];

/** Shares of the parts in the work, roughly. */
const COSTS = { encoder: 2, atoms: 1, usage: 2, decoder: 8, latents: 1, probes: 12, learned: 30 };

/** A learned dictionary needs so many rows for each of its atoms. */
const ROWS_PER_ATOM = 5;
/** Another path of λ ends where the Lasso on the decoder has so many times the encoder's codes. */
const LEARNED_CODES = 2;
/** Rows that say which of two paths learns the better dictionary: so many for each atom, and at least. */
const JUDGED_PER_ATOM = 6, LEAST_JUDGED = 2048;
/** What a path of λ differs in from the learner's own. */
type LearnerPath = Pick<PathDictionaryOptions, "lambdaStart" | "lambdaEnd" | "polish">;
/** Rows that are encoded at a time. */
const ENCODED_AT_ONCE = 2048;

/**
 * Audits a sparse autoencoder on activations: explained variance against the number of codes on held-out
 * rows for its encoder, for the Lasso (refit on its supports) and orthogonal matching pursuit on its own
 * decoder, and for both on a dictionary that `pathDictionary` learns from the other rows; which latents the
 * encoder misses; dead and duplicate atoms, coherence, and uses of atoms beside the counting bound; with
 * labels, logistic probes on activations and on each kind of codes.
 *
 * Matching pursuit takes the same number of atoms for every row, while an encoder with a threshold may
 * spend more on some: at the same mean this favours the encoder, and so do rows that it was trained on.
 *
 * @param sae An `OpenedSae`, or what has its `encodeSparse`, `dictionary` and `bias`.
 * @param X rows × inputDim activations, 20 rows at least.
 * @param options See {@linkcode AuditOptions}.
 * @returns Plain data, the same for a seed.
 * @throws {TypeError} When an argument is of the wrong kind.
 * @throws {RangeError} When shapes do not fit together, a value is not finite, a label is no integer, an
 * option is out of range, or all held-out rows are the same.
 * @throws The signal's reason, when it is aborted.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { auditSae } from "./audit.ts";
 * import { fromDense } from "./csr_matrix.ts";
 * import { generateDatasets } from "./data.ts";
 * import { Sae } from "./saes.ts";
 *
 * const { val } = generateDatasets({ seed: 0, numLatents: 20, k: 2, nSamples: 500 });
 * const sae = Sae.initialize({ type: "topk", kval: 2, inputDim: val.Y.cols, width: 20, seed: 0 });
 * const audit = auditSae({
 *   encodeSparse: (X) => fromDense(sae.encode(X)),
 *   dictionary: sae.parameters.decoder,
 *   bias: sae.parameters.decoderBias,
 * }, val.Y, { seed: 0 });
 * // an untrained encoder finds less than its dictionary, which is random, allows, and that is less than
 * // what a dictionary allows that was learned
 * const { encoder, omp, learned } = audit.atL0;
 * assert(encoder < omp! && omp! < learned!);
 * ```
 */
export function auditSae(sae: AuditedSae, X: Matrix, options: AuditOptions): Audit {
  const plan = planOf(sae, X, options);
  const { D, bias, split, test, m, width } = plan;
  // what it refuses is refused before any work
  const probing = options.labels && probeRowsOf(options.labels, plan, options);
  const { signal, onPart, done = {} } = options;
  const parts: Partial<AuditParts> = { ...done };
  const without: (keyof AuditParts | false)[] = [
    !probing && "probes",
    options.learnedLatents === 0 && "learned",
  ];
  const names = (Object.keys(COSTS) as (keyof AuditParts)[]).filter((name) =>
    !without.includes(name)
  );
  const total = names.reduce((sum, name) => sum + COSTS[name], 0);
  const part = <Name extends keyof AuditParts>(
    name: Name,
    work: (tell: (share: number) => void) => NonNullable<AuditParts[Name]>,
  ): NonNullable<AuditParts[Name]> => {
    const before = names.slice(0, names.indexOf(name)).reduce((sum, past) => sum + COSTS[past], 0);
    const tell = (share: number) => {
      signal?.throwIfAborted();
      options.onProgress?.(before + share * COSTS[name], total, name);
    };
    tell(0);
    if (parts[name] === undefined) {
      parts[name] = work(tell);
      onPart?.({ ...parts });
    }
    tell(1);
    return parts[name]!;
  };

  const encoded = once(() => encodeAll(sae, test, width));
  const nonneg = options.nonneg ?? done.encoder?.nonneg ??
    encoded().data.every((value) => value >= 0);
  const coded = once(() => new CodedRows(test, bias, D, nonneg));
  const encoder = part("encoder", () => {
    const codes = encoded();
    const squares = meanSquaredError(coded().rows, codes, D) * test.rows * m;
    return {
      ...{ l0: meanCount(codes), explainedVariance: coded().explained(squares) },
      refit: coded().refit(codes),
      nonneg: codes.data.every((value) => value >= 0),
    };
  });
  const k = Math.min(Math.max(1, Math.ceil(encoder.l0)), m, width);
  const sizes = options.ks ?? pursuitSizes(encoder.l0, Math.min(m, width));
  const mostCodes = Math.min(m, Math.max(2, 4 * encoder.l0));
  const pursued = once(() => coded().pursue(k));

  const atoms = part(
    "atoms",
    () => likeness(D, { threshold: options.duplicateCosine ?? 0.9, signed: !nonneg }),
  );
  const used = part("usage", (tell) => {
    const uses = new Array<number>(width).fill(0);
    count(encoded(), uses);
    const codes = encodeAll(sae, takeRows(X, split.train), width, tell);
    count(codes, uses);
    return usage(uses, { rows: split.train.length + test.rows, m, k: encoder.l0 });
  });
  const decoder = part("decoder", (tell) => curvesOf(coded(), sizes, mostCodes, tell, pursued()));
  const latents = part("latents", () => latentGaps(encoded(), pursued().codes, atoms.group, k));

  const probed = probing && once(() => takeRows(X, probing.rows));
  let probes: ProbesPart | undefined;
  if (probing && probed) {
    const { task, heldOut } = probing;
    probes = part("probes", (tell) => {
      const mean = meanRow(takeRows(X, probing.rows.subarray(0, task.train.length)));
      const every = Int32Array.from({ length: probed().rows }, (_, i) => i);
      const raw = probeScores(takeRows(probed(), every, mean), task);
      tell(1 / 3);
      const encoderScores = probeScores(encodeAll(sae, probed(), width), task);
      tell(2 / 3);
      const { codes } = new CodedRows(probed(), bias, D, nonneg).pursue(k);
      const trainRows = task.train.length;
      return { heldOut, trainRows, raw, encoder: encoderScores, omp: probeScores(codes, task) };
    });
  }

  const learnable = plan.learnable(probing);
  const learned = learnable.latents > 0
    ? part("learned", (tell) => {
      const rows = takeRows(X, learnable.rows), mean = meanRow(rows);
      const centred = takeRows(X, learnable.rows, mean);
      const learn = (Y: Matrix32, path: LearnerPath, from: number, to: number) => {
        const { seed } = options, numLatents = learnable.latents;
        const settings = { numLatents, seed, nonneg, signal, ...path };
        const most = mostRounds(Y.rows, m, settings);
        return pathDictionary(Y, {
          ...settings,
          onProgress: ({ round }) => tell(from + (to - from) * round / most),
        });
      };
      // the learner's own path ends where codes are dense, unless few atoms make up a row entirely: then
      // one that ends near the encoder's number of codes does better. A part of the rows says which, and of
      // those that it was learned from: the held-out ones have no say in what they judge
      const lambdaEnd = decoder.lasso.find(({ l0 }) => l0 >= LEARNED_CODES * encoder.l0)?.lambda;
      let path: LearnerPath = {};
      if (lambdaEnd !== undefined) {
        const some = Math.min(
          rows.rows,
          Math.max(LEAST_JUDGED, JUDGED_PER_ATOM * learnable.latents),
        );
        const every = Int32Array.from({ length: some }, (_, i) => Math.floor(i * rows.rows / some));
        const judged = takeRows(rows, every), ownPath = path;
        const tries = [ownPath, { lambdaStart: 2 * lambdaEnd, lambdaEnd, polish: 0 }].map(
          (path, p) => {
            const { dictionary } = learn(takeRows(centred, every), path, 0.2 * p, 0.2 * (p + 1));
            const coded = new CodedRows(judged, mean, dictionary, nonneg);
            return { path, ...coded.pursue(Math.min(k, dictionary.cols)).point };
          },
        );
        if (tries[1].explainedVariance > tries[0].explainedVariance) path = tries[1].path;
      }
      const { dictionary, history } = learn(centred, path, 0.4, 0.8);
      const { lambdaEnd: end } = path;
      const own = new CodedRows(test, mean, dictionary, nonneg);
      const ks = sizes.filter((size) => size <= dictionary.cols);
      const curves = curvesOf(own, ks, mostCodes, (share) => tell(0.8 + 0.1 * share));
      const searched = history.findLast(({ phase }) => phase === "search");
      return {
        ...{ ...curves, latents: dictionary.cols, rows: rows.rows },
        singles: searched?.participation.single ?? 0,
        ...(end !== undefined && { lambdaEnd: end }),
        ...(probing && probed && {
          probes: probeScores(
            new CodedRows(probed(), mean, dictionary, nonneg).pursue(Math.min(k, dictionary.cols))
              .codes,
            probing.task,
          ),
        }),
      };
    })
    : undefined;

  const { l0, explainedVariance, refit } = encoder;
  const best = (curves?: DictionaryCurves) =>
    curves && largest([
      explainedAt([curves.empty, ...curves.lasso], l0),
      explainedAt([curves.empty, ...curves.omp], l0),
    ]);
  const reached = best(decoder);
  return {
    sizes: {
      ...{ inputDim: m, width, rows: X.rows, testRows: test.rows },
      trainRows: split.train.length,
    },
    ...{ encoder, atoms, usage: used, decoder, latents },
    ...(probes && { probes }),
    ...(learned && { learned }),
    atL0: {
      ...{ l0, encoder: explainedVariance, refit: refit.explainedVariance },
      lasso: explainedAt([decoder.empty, ...decoder.lasso], l0),
      omp: explainedAt([decoder.empty, ...decoder.omp], l0),
      learned: best(learned),
    },
    amortisationGap: reached === undefined ? undefined : reached - explainedVariance,
  };
}

/** What is computed when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}

function count({ indices, data }: CsrMatrix, uses: number[]): void {
  for (let p = 0; p < data.length; p++) if (data[p] !== 0) uses[indices[p]]++;
}

/** Codes of rows, block by block, as the encoder gives them. */
function encodeAll(
  sae: AuditedSae,
  X: Matrix32,
  width: number,
  tell: (share: number) => void = () => {},
): CsrMatrix {
  const indptr = new Int32Array(X.rows + 1), blocks: CsrMatrix[] = [];
  for (let start = 0, entries = 0; start < X.rows; start += ENCODED_AT_ONCE) {
    const rows = Math.min(ENCODED_AT_ONCE, X.rows - start);
    const data = X.data.subarray(start * X.cols, (start + rows) * X.cols);
    const block = sae.encodeSparse({ rows, cols: X.cols, data });
    requireCsrMatrix("codes of sae", block, { rows, cols: width });
    for (let i = 0; i < rows; i++) indptr[start + i + 1] = entries + block.indptr[i + 1];
    entries += block.data.length;
    blocks.push(block);
    tell((start + rows) / X.rows);
  }
  const indices = new Int32Array(indptr[X.rows]), data = new Float32Array(indptr[X.rows]);
  let at = 0;
  for (const block of blocks) {
    indices.set(block.indices, at);
    data.set(block.data, at);
    at += block.data.length;
  }
  return { rows: X.rows, cols: width, indptr, indices, data };
}

/** Matching pursuit and the Lasso with a dictionary; `known` is a pursuit that was done before. */
function curvesOf(
  rows: CodedRows,
  sizes: readonly number[],
  most: number,
  tell: (share: number) => void,
  known?: { point: CurvePoint },
): DictionaryCurves {
  const pursuits = sizes.map((size, i) => {
    const { point } = known?.point.k === size ? known : rows.pursue(size);
    tell(0.5 * (i + 1) / sizes.length);
    return point;
  });
  return {
    empty: rows.empty,
    omp: pursuits,
    lasso: rows.lassoCurve(most, (share) => tell(0.5 + 0.5 * share)),
  };
}

/** Rows that probes need, one below the other, and which are which. */
interface Probing {
  task: ProbeTask;
  heldOut?: HeldOutCombination;
  /** Rows of X. */
  rows: Int32Array;
}

/** Checked arguments. */
interface Plan {
  D: Matrix32;
  bias: Float32Array;
  split: { train: Int32Array; test: Int32Array };
  test: Matrix32;
  m: number;
  width: number;
  /** Atoms of a learned dictionary, and rows to learn it from. */
  learnable(probing?: Probing): { latents: number; rows: Int32Array };
}

function planOf(sae: AuditedSae, X: Matrix, options: AuditOptions): Plan {
  requireOptions("sae", sae);
  requireFunction("sae.encodeSparse", sae.encodeSparse);
  const { dictionary, bias } = sae;
  requireMatrix("sae.dictionary", dictionary);
  requireFloat32("sae.dictionary", dictionary);
  const { rows: m, cols: width } = dictionary;
  requireInteger("sae.dictionary.rows", m, 1);
  requireInteger("sae.dictionary.cols", width, 1);
  requireMatrix("X", X, { cols: m });
  requireFloat32("X", X);
  requireInteger("X.rows", X.rows, 20);
  if (typeof bias !== "object" || bias === null || bias.length !== m) {
    throw new RangeError(`sae.bias must hold ${m} numbers, got ${bias?.length}`);
  }
  for (let j = 0; j < m; j++) requireFinite(`sae.bias[${j}]`, bias[j]);
  requireOptions("options", options, OPTIONS);
  const { seed, heldOut = 0.2, last = false, block = 1, testRows = 4000, trainRows = 20_000 } =
    options;
  const { learnedLatents = 1024, probeRows = 4000, duplicateCosine = 0.9, ks, nonneg } = options;
  requireInteger("seed", seed, 0, 2 ** 32 - 1);
  requirePositive("heldOut", heldOut);
  if (heldOut >= 1) throw new RangeError(`heldOut must be below 1, got ${heldOut}`);
  requireInteger("block", block, 1, X.rows - 1);
  requireInteger("testRows", testRows, 1);
  requireInteger("trainRows", trainRows, 1);
  requireInteger("probeRows", probeRows, 1);
  requireInteger("learnedLatents", learnedLatents, 0);
  requirePositive("duplicateCosine", duplicateCosine);
  if (nonneg !== undefined) requireBoolean("nonneg", nonneg);
  requireBoolean("last", last);
  if (ks !== undefined) {
    if (!Array.isArray(ks)) throw new TypeError(`ks must be an array, got ${typeof ks}`);
    if (ks.length === 0) throw new RangeError("ks must hold a number at least, got none");
    ks.forEach((k, i) => requireInteger(`ks[${i}]`, k, 1, Math.min(m, width)));
  }
  if (options.onPart !== undefined) requireFunction("onPart", options.onPart);
  if (options.onProgress !== undefined) requireFunction("onProgress", options.onProgress);
  if (options.done !== undefined) requireOptions("done", options.done, Object.keys(COSTS));
  if (options.labels !== undefined) requireLabelColumns(options.labels, X.rows);
  const whole = splitRows(X.rows, { share: heldOut, block, seed, last });
  const split = { test: whole.test.slice(0, testRows), train: whole.train.slice(0, trainRows) };
  const test = takeRows(X, split.test);
  // explained variance needs some
  if (!rowsDiffer(test)) {
    throw new RangeError(
      `X must have held-out rows that differ, got ${test.rows} that are the same`,
    );
  }
  return {
    ...{ D: toFloat32(dictionary), bias: Float32Array.from(bias), split, test, m, width },
    learnable(probing) {
      const { labels } = options, out = probing?.heldOut;
      const rows = labels ? split.train.filter((row) => !isHeldOut(labels, row, out)) : split.train;
      const latents = Math.min(width, learnedLatents, Math.floor(rows.length / ROWS_PER_ATOM));
      return { rows, latents };
    },
  };
}

function requireLabelColumns(labels: Matrix, rows: number): void {
  requireMatrix("labels", labels, { rows });
  requireInteger("labels.cols", labels.cols, 1);
  for (let p = 0; p < labels.data.length; p++) {
    if (Number.isInteger(labels.data[p])) continue;
    const [row, column] = [Math.floor(p / labels.cols), p % labels.cols];
    throw new RangeError(
      `labels must be integers, got ${labels.data[p]} at row ${row}, column ${column}`,
    );
  }
}

/** Chooses the combination, and the rows: to fit on, to judge on, and those of it that are left. */
function probeRowsOf(
  labels: Matrix,
  { split }: Plan,
  { probeRows = 4000, holdOut, testRows = 4000 }: AuditOptions,
): Probing {
  const looked = Int32Array.from([...split.train, ...split.test]);
  const part = (rows: Int32Array) => takeLabels(labels, rows);
  const heldOut = chooseCombination(part(looked), holdOut);
  if (holdOut && !heldOut) {
    throw new RangeError(
      `holdOut must be values of two columns of labels that meet in 30 rows, and miss each other in as ` +
        `many, got ${holdOut.join(", ")}`,
    );
  }
  const others = split.train.filter((row) => !isHeldOut(labels, row, heldOut));
  const train = others.slice(0, probeRows);
  const extra = split.train.filter((row) => isHeldOut(labels, row, heldOut)).slice(0, testRows);
  const rows = Int32Array.from([...train, ...split.test, ...extra]);
  const places = Int32Array.from(rows, (_, i) => i);
  const end = train.length + split.test.length;
  // rows of the combination are judged by themselves, not in distribution
  const test = places.subarray(train.length, end)
    .filter((place) => !isHeldOut(labels, rows[place], heldOut));
  return {
    rows,
    heldOut,
    task: { labels: part(rows), train: places.subarray(0, train.length), test, heldOut },
  };
}

function takeLabels({ cols, data }: Matrix, rows: Int32Array): Matrix {
  const out = new Float64Array(rows.length * cols);
  rows.forEach((row, i) => out.set(data.subarray(row * cols, (row + 1) * cols), i * cols));
  return { rows: rows.length, cols, data: out };
}
