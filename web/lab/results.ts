/**
 * What the Lab has computed so far for its state, and the rows of its figures.
 * @module
 */
import { methodStyle } from "../../lib/methods.ts";
import type { SaeType } from "../../lib/train_sae.ts";
import type { LearnerRecord, PlanePair, SaeRecord, SampleCodes } from "./compute.ts";
import type { Learner } from "./messages.ts";
import { atomsAtStep, RECORDS } from "./sizes.ts";
import { type LabState, STEPS } from "./state.ts";

/** Everything that workers have told. */
export interface Results {
  /** Codes on the true dictionary. */
  codes?: SampleCodes;
  /** Records of the trainings, in their order. */
  saes: Map<SaeType, SaeRecord[]>;
  /** Records of the learners. */
  learners: Map<Learner, LearnerRecord[]>;
  /** Training samples that use each latent. */
  uses?: number[];
  /** Pairs of the plane. */
  pairs?: PlanePair[];
  /** Dictionaries at the end, m × n by rows. */
  dictionaries: Map<SaeType | Learner, Float32Array>;
  /** Seconds that they took, records among them. */
  seconds: Map<SaeType | Learner, number>;
}

/** Nothing yet. */
export function noResults(): Results {
  return { saes: new Map(), learners: new Map(), dictionaries: new Map(), seconds: new Map() };
}

/** The figures of the Lab. */
export type FigureName = "codes" | "training" | "learners" | "plane";

/** Names of the methods, as everywhere in the toolkit. */
export function nameOf(method: string): string {
  const own: Record<string, string> = { fista: "FISTA", lasso: "Lasso", omp: "OMP", path: "Path" };
  return own[method] ??
    methodStyle(method === "dl_fista" ? method : `sae_${method}`).label.replace("SAE ", "");
}

/** Epochs after which a training is recorded. */
export function recordedEpochs(epochs: number): number[] {
  const every = Math.max(1, Math.ceil(epochs / RECORDS));
  return Array.from({ length: epochs }, (_, e) => e)
    .filter((e) => e % every === 0 || e === epochs - 1).map((e) => e + 1);
}

/** The epoch whose record stands beside FISTA's codes of the shown iteration. */
export function epochAtStep({ epochs, step }: Pick<LabState, "epochs" | "step">): number {
  const recorded = recordedEpochs(epochs);
  return recorded[Math.ceil(step * recorded.length / STEPS) - 1];
}

/** The shown sample's code by each method that has one. */
export function shownCodes(
  state: LabState,
  { codes, saes }: Results,
): { truth: Float64Array; methods: [string, Float32Array | undefined][] } | undefined {
  if (!codes) return undefined;
  const of = <T extends Float32Array | Float64Array>(all: T) =>
    all.subarray(state.sample * state.n, (state.sample + 1) * state.n) as T;
  const { fista, lasso, omp } = codes, atoms = omp.get(atomsAtStep(state));
  const epoch = epochAtStep(state);
  return {
    truth: of(codes.truth),
    methods: [
      ["fista", fista && of(fista[state.step - 1])],
      ["lasso", lasso && of(lasso)],
      ["omp", atoms && of(atoms)],
      ...state.saes.map((type): [string, Float32Array | undefined] => {
        const record = saes.get(type)?.find((record) => record.epoch === epoch);
        return [type, record && of(record.codes)];
      }),
    ],
  };
}

/** Puts further codes to those that are there. */
export function addCodes(
  there: SampleCodes | undefined,
  further: Partial<SampleCodes>,
): SampleCodes | undefined {
  const truth = further.truth ?? there?.truth;
  // the first that come have the true codes with them
  return truth && {
    ...there,
    ...further,
    truth,
    omp: new Map([...there?.omp ?? [], ...further.omp ?? []]),
  };
}

/** How far a code is from the true one. */
export interface CodeScore {
  /** Active latents that the code has, too. */
  right: number;
  /** Codes of latents that are not active. */
  wrong: number;
  /** ‖code − truth‖ / ‖truth‖. */
  error: number;
}

/** Compares a code with the true one; values up to 0.0001 count as zero, as in the toolkit's scores. */
export function scoreCode(truth: ArrayLike<number>, code: ArrayLike<number>): CodeScore {
  let right = 0, wrong = 0, squares = 0, norm = 0;
  for (let j = 0; j < truth.length; j++) {
    if (Math.abs(code[j]) > 1e-4) truth[j] !== 0 ? right++ : wrong++;
    squares += (code[j] - truth[j]) ** 2;
    norm += truth[j] ** 2;
  }
  return { right, wrong, error: Math.sqrt(squares / norm) };
}

/** A row of a figure. */
export type FigureRow = Record<string, string | number>;

/** The rows of a figure: what its script prints. */
export function rowsOf(figure: FigureName, state: LabState, results: Results): FigureRow[] {
  switch (figure) {
    case "codes":
      return codeRows(state, results);
    case "training":
      return (results.saes.get(state.shown) ?? []).map((record) => ({
        ...{ type: state.shown, epoch: record.epoch },
        ...{ mse_id: record.mseId, mse_ood: record.mseOod },
        ...{ mcc_id: record.mccId, mcc_ood: record.mccOod, found: record.found },
      }));
    case "learners":
      return learnerRows(state, results);
    case "plane":
      return (results.pairs ?? []).map(({ i, j, recovered }) => ({ i, j, recovered }));
  }
}

function codeRows(state: LabState, results: Results): FigureRow[] {
  const shown = shownCodes(state, results);
  if (!shown) return [];
  return shown.methods.flatMap(([method, code]) =>
    [...code ?? []].flatMap((value, latent) => {
      const truth = shown.truth[latent];
      return truth !== 0 || value !== 0 ? [{ method, latent, truth, code: value }] : [];
    })
  );
}

function learnerRows(state: LabState, { uses, learners, saes }: Results): FigureRow[] {
  const last: [string, { cosines: Float64Array; found: number } | undefined][] = [
    ...(["path", "dl_fista"] as const).map((name) => [name, learners.get(name)?.at(-1)] as const),
    ...state.saes.map((type) => [type, saes.get(type)?.at(-1)] as const),
  ].map(([name, record]) => [name, record]);
  return last.flatMap(([method, record]) =>
    [...record?.cosines ?? []].map((cosine, latent) => ({
      ...{ method, latent, uses: uses?.[latent] ?? 0, cosine },
    }))
  );
}
