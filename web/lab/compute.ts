/**
 * What the Lab computes, with the toolkit's own functions: the same in a worker of the page and in Deno.
 * @module
 */
import { generateDatasets } from "../../lib/data.ts";
import { learnDictionary } from "../../lib/dictionary_learning.ts";
import { lasso } from "../../lib/lasso.ts";
import { multiply } from "../../lib/linalg.ts";
import {
  firstRows,
  type Matrix,
  type Matrix32,
  normalizeColumns,
  transpose,
} from "../../lib/matrix.ts";
import { matchColumns, mccId, mccOod } from "../../lib/metrics.ts";
import { omp } from "../../lib/omp.ts";
import { mostRounds, pathDictionary } from "../../lib/path_dictionary.ts";
import { fistaCheckpoints } from "../../lib/sparse_coding.ts";
import { type SaeType, trainSae } from "../../lib/train_sae.ts";
import type { Datasets } from "../../lib/data.ts";
import { atomsAtStep, MAP_SIZE, PLANE_GRID, planeCode, RECORDS, ROUNDS, SCORED } from "./sizes.ts";
import { type LabState, SHOWN_SAMPLES, STEPS } from "./state.ts";

/** The data of a state. */
export function drawData({ n, k, m, samples, noise, seed }: LabState): Datasets {
  return generateDatasets({ seed, numLatents: n, k, nSamples: samples, inputDim: m, noise });
}

/** The shown samples, their true codes and dictionary. */
export interface ShownData {
  /** Samples × m. */
  X: Matrix;
  /** Samples × n, by rows. */
  truth: Float64Array;
  /** m × n. */
  A: Matrix;
}

/** What of the data the codes of the shown samples need: little, so that it can be kept. */
export function shownData({ val, A }: Datasets): ShownData {
  const X = firstRows(val.Y, SHOWN_SAMPLES);
  return {
    X: { ...X, data: X.data.slice() },
    truth: firstRows(val.Z, SHOWN_SAMPLES).data.slice(),
    A,
  };
}

/** Codes of the shown samples on the true dictionary, samples × n each, as far as they are there. */
export interface SampleCodes {
  /** The true codes. */
  truth: Float64Array;
  /** The Lasso's, certified. */
  lasso?: Float32Array;
  /** FISTA's after 1, 2, … iterations. */
  fista?: Float32Array[];
  /** OMP's, by the number of its atoms. */
  omp: Map<number, Float32Array>;
}

/**
 * Infers the codes of the shown samples on the true dictionary, what is shown first of all: each time
 * what there is besides, so that a page shows it while the rest is computed.
 */
export function* inferCodes(
  state: LabState,
  { X, truth, A }: ShownData,
): Generator<Partial<SampleCodes>> {
  const { k, lambda } = state, nonneg = true, output = "dense";
  yield { truth: truth.slice(), lasso: lasso(X, A, { lambda, nonneg, output }).codes.data };
  const checkpoints = Array.from({ length: STEPS }, (_, t) => t + 1);
  yield { fista: fistaCheckpoints(X, A, { lambda, nonneg, checkpoints }).map(({ data }) => data) };
  const shown = atomsAtStep(state);
  for (const atoms of new Set([shown, ...Array.from({ length: k }, (_, a) => a + 1)])) {
    yield { omp: new Map([[atoms, omp(X, A, { k: atoms, nonneg, output }).codes.data]]) };
  }
}

/** An autoencoder after an epoch. */
export interface SaeRecord {
  /** Epochs done. */
  epoch: number;
  /** Mean squared errors, in distribution and out of it. */
  mseId: number;
  mseOod: number;
  /** MCC of the codes of the first samples, in distribution and out of it. */
  mccId: number;
  mccOod: number;
  /** Share of the true atoms that an own atom is close to: |cosine| above 0.9. */
  found: number;
  /** |cosine| of each true atom with the atom that is matched to it. */
  cosines: Float64Array;
  /** Codes of the shown samples, by the true atoms that the own ones are matched to. */
  codes: Float32Array;
  /** A picture of all cosines. */
  map: CosineMap;
}

/** |cosine| of true and learned atoms, matched ones on the diagonal, the closest first. */
export interface CosineMap {
  /** Rows, and columns; each stands for several atoms, of whose values it has the largest. */
  size: number;
  /** By rows, 255 is 1. */
  values: Uint8Array;
}

/**
 * Trains an autoencoder.
 *
 * @param onRecord Gets about {@linkcode RECORDS} records, the last after the last epoch.
 * @returns Its dictionary.
 */
export function trainRecorded(
  { n, k, epochs, seed }: LabState,
  { train, val, ood, A }: Datasets,
  type: SaeType,
  onRecord: (record: SaeRecord) => void,
): Matrix32 {
  const shown = firstRows(val.Y, SHOWN_SAMPLES);
  const scored = [val, ood].map(({ Y, Z }) => [firstRows(Y, SCORED), firstRows(Z, SCORED)]);
  const historyEvery = Math.max(1, Math.ceil(epochs / RECORDS));
  const { sae } = trainSae({ train: train.Y, id: val.Y, ood: ood.Y }, {
    ...{ type, kval: k, width: n, epochs, seed, historyEvery },
    onEpoch({ entry, snapshot }) {
      if (!entry) return;
      const sae = snapshot(), match = matchColumns(sae.dictionary, A);
      const [id, out] = scored.map(([Y]) => sae.encode(Y));
      onRecord({
        ...{ epoch: entry.epoch + 1, mseId: entry.mseId, mseOod: entry.mseOod },
        mccId: mccId(scored[0][1], id),
        mccOod: mccOod(scored[1][1], out),
        ...{ found: match.fracClose, cosines: byLatent(match, n) },
        codes: rearranged(sae.encode(shown), match.cols),
        map: mapCosines(sae.dictionary, A, match),
      });
    },
  });
  return sae.dictionary;
}

/** The |cosine| of each true atom with its match; 0 for one without. */
function byLatent({ rows, cosines }: ReturnType<typeof matchColumns>, n: number): Float64Array {
  const all = new Float64Array(n);
  rows.forEach((row, p) => all[row] = cosines[p]);
  return all;
}

/** Codes with their columns in another order. */
function rearranged(codes: Matrix32, order: ArrayLike<number>): Float32Array {
  const { rows, cols, data } = codes, out = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) out[i * cols + j] = data[i * cols + order[j]];
  }
  return out;
}

/** A picture of the cosines between the atoms of two dictionaries. */
export function mapCosines(
  D: Matrix,
  A: Matrix,
  match: ReturnType<typeof matchColumns>,
): CosineMap {
  const cosines = multiply(transpose(A), normalizeColumns(D));
  const order = [...match.rows.keys()].sort((p, q) => match.cosines[q] - match.cosines[p]);
  const size = Math.min(MAP_SIZE, order.length), values = new Uint8Array(size * size);
  const place = (i: number) => Math.floor(i * size / order.length);
  order.forEach((p, i) => {
    const from = match.rows[p] * cosines.cols, to = place(i) * size;
    order.forEach((q, j) => {
      const value = Math.round(255 * Math.min(1, Math.abs(cosines.data[from + match.cols[q]])));
      const at = to + place(j);
      if (value > values[at]) values[at] = value;
    });
  });
  return { size, values };
}

/** A learner of dictionaries after a round. */
export interface LearnerRecord {
  /** Rounds done. */
  round: number;
  /** Of how many; an estimate until the last. */
  rounds: number;
  /** Share of the true atoms that a learned one is close to. */
  found: number;
  /** |cosine| of each true atom with its match. */
  cosines: Float64Array;
}

/** Learns a dictionary along a path of penalties; a record for about every twentieth part. */
export function learnByPath(
  { n, seed }: LabState,
  { train, A }: Datasets,
  onRecord: (record: LearnerRecord) => void,
): Matrix32 {
  const settings = { numLatents: n, seed };
  const rounds = mostRounds(train.Y.rows, train.Y.cols, settings);
  const every = Math.ceil(rounds / RECORDS);
  const { dictionary, history } = pathDictionary(train.Y, {
    ...settings,
    onProgress({ round }, current) {
      if (round % every === 0) onRecord(learnerRecord(round, rounds, current(), A));
    },
  });
  onRecord(learnerRecord(history.length, history.length, dictionary, A));
  return dictionary;
}

/** Learns a dictionary by alternating FISTA and least squares. */
export function learnAlternating(
  { n, lambda, seed }: LabState,
  { train, ood, A }: Datasets,
  onRecord: (record: LearnerRecord) => void,
): Matrix32 {
  const { dictionary } = learnDictionary(train.Y, ood.Y, {
    ...{ numLatents: n, lambda, seed, rounds: ROUNDS },
    onRound({ round, dictionary }) {
      if (round === 1 || round % 3 === 0) onRecord(learnerRecord(round, ROUNDS, dictionary, A));
    },
  });
  onRecord(learnerRecord(ROUNDS, ROUNDS, dictionary, A));
  return dictionary;
}

function learnerRecord(round: number, rounds: number, D: Matrix32, A: Matrix): LearnerRecord {
  const match = matchColumns(D, A);
  return { round, rounds, found: match.fracClose, cosines: byLatent(match, A.cols) };
}

/** How many of the training samples use each latent. */
export function usesOf({ train }: Datasets): number[] {
  const { rows, cols, data } = train.Z, uses = new Array<number>(cols).fill(0);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) if (data[i * cols + j] !== 0) uses[j]++;
  }
  return uses;
}

/** A pair of atoms of the plane, and which of its codes one-norm inference finds. */
export interface PlanePair {
  /** The atoms, from 0. */
  i: number;
  j: number;
  /** Share of the codes whose support, these two atoms, is found. */
  recovered: number;
  /** By the first code's place in the grid, then the second's: 1 where it is found. */
  found: Uint8Array;
}

/**
 * Every pair of atoms of the plane with every code of the grid: is the code's support what the Lasso
 * infers from the two coordinates?
 */
export function recoverPairs({ atoms, lambda }: Pick<LabState, "atoms" | "lambda">): PlanePair[] {
  const n = atoms.length;
  const D: Matrix = { rows: 2, cols: n, data: Float64Array.from(atomsByRows(atoms)) };
  return atoms.flatMap((_, i) =>
    atoms.slice(i + 1).map((_, later) => {
      const j = i + 1 + later, X = pairSamples(atoms[i], atoms[j]);
      const { data } = lasso(X, D, { lambda, nonneg: true, output: "dense" }).codes;
      const found = Uint8Array.from({ length: X.rows }, (_, p) => {
        const code = data.subarray(p * n, (p + 1) * n);
        return Number(code.every((z, a) => (z > 0) === (a === i || a === j)));
      });
      return { i, j, found, recovered: found.reduce((sum, one) => sum + one, 0) / found.length };
    })
  );
}

function atomsByRows(atoms: LabState["atoms"]): number[] {
  return [...atoms.map(([x]) => x), ...atoms.map(([, y]) => y)];
}

/** The samples of a pair, one for each code of the grid. */
function pairSamples(a: readonly number[], b: readonly number[]): Matrix {
  const data = new Float64Array(2 * PLANE_GRID ** 2);
  for (let p = 0; p < PLANE_GRID ** 2; p++) {
    const u = planeCode(Math.floor(p / PLANE_GRID)), v = planeCode(p % PLANE_GRID);
    for (let axis = 0; axis < 2; axis++) data[2 * p + axis] = u * a[axis] + v * b[axis];
  }
  return { rows: PLANE_GRID ** 2, cols: 2, data };
}
