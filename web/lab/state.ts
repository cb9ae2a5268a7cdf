/**
 * What can be set in the Lab, and its place in the page's address.
 * @module
 */
import { compressedSensingBound, largestSparsity } from "../../lib/problem_size.ts";
import { saeTypeLabels } from "../../lib/methods.ts";
import type { SaeType } from "../../lib/train_sae.ts";

/** All that decides the Lab's numbers, and what of them is shown. */
export interface LabState {
  /** n: latents. */
  n: number;
  /** k: active latents of a sample. */
  k: number;
  /** m: observed dimensions. */
  m: number;
  /** Samples in distribution, half of them to learn from. */
  samples: number;
  /** Weight of the one-norm. */
  lambda: number;
  /** Standard deviation of the noise on each observed value. */
  noise: number;
  /** Seed of data and trainings. */
  seed: number;
  /** Passes over the training samples of each autoencoder. */
  epochs: number;
  /** Kinds of autoencoders, in the order of the toolkit. */
  saes: SaeType[];
  /** The validation sample whose codes are shown. */
  sample: number;
  /** Iterations after which its codes are shown. */
  step: number;
  /** The autoencoder whose dictionary is shown. */
  shown: SaeType;
  /** Atoms of the plane: two coordinates each. */
  atoms: [number, number][];
  /** The pair of atoms that is shown, from 0; "" for all. */
  pair: string;
}

/** A number that has a slider. */
export type SliderName = Exclude<keyof LabState, "saes" | "shown" | "atoms" | "pair">;

/** Where a slider begins and ends. */
export interface SliderRange {
  /** Smallest value. */
  min: number;
  /** Largest value. */
  max: number;
  /** From one value to the next; 0 for sliders whose values grow by a factor. */
  step: number;
}

/** Kinds of autoencoders, in the order of the toolkit. */
export const KINDS = Object.keys(saeTypeLabels) as SaeType[];
/** Samples of the validation split whose codes are computed. */
export const SHOWN_SAMPLES = 20;
/** Iterations of FISTA whose codes are computed. */
export const STEPS = 100;
/** Most and fewest atoms of the plane. */
export const PLANE_ATOMS: { min: number; max: number } = { min: 2, max: 8 };

/** Shortest and longest atom that can be drawn, before its coordinates are rounded. */
export const ATOM_LENGTH: { min: number; max: number } = { min: 0.2, max: 2 };

/** Whether rounded coordinates are an atom of the plane. */
export function isPlaneAtom(coordinates: readonly number[]): boolean {
  const length = Math.hypot(...coordinates);
  // rounding moves the shortest by up to half a hundredth in each coordinate
  const shortest = ATOM_LENGTH.min - 0.005 * Math.SQRT2;
  return coordinates.length === 2 && length >= shortest && length <= ATOM_LENGTH.max;
}

/** Atoms around the circle, as many as there are. */
export function spreadAtoms(count: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => {
    const angle = Math.PI / 2 + 2 * Math.PI * i / count;
    return [rounded(Math.cos(angle)), rounded(Math.sin(angle))];
  });
}

/** To the two decimals that an address has. */
export function rounded(value: number): number {
  return Math.round(100 * value) / 100 + 0;
}

/** The bound of compressed sensing on m, as far as there are as many latents. */
export function boundOf(n: number, k: number): number {
  return Math.min(n, Math.max(2, compressedSensingBound(n, k, 2)));
}

/** The range of a slider, where it depends on others' values. */
export function rangeOf(name: SliderName, { n }: Pick<LabState, "n">): SliderRange {
  switch (name) {
    case "n":
      return { min: 20, max: 1000, step: 10 };
    case "k":
      // one active latent is no combination that could be held out: out of distribution it would be latent
      // 0 alone, as in distribution
      return { min: 2, max: Math.min(40, largestSparsity(n)), step: 1 };
    case "m":
      return { min: 2, max: Math.min(n, 300), step: 1 };
    case "samples":
      return { min: 200, max: 10_000, step: 100 };
    case "lambda":
      return { min: 0.001, max: 1, step: 0 };
    case "noise":
      return { min: 0, max: 0.5, step: 0.01 };
    case "seed":
      return { min: 0, max: 99, step: 1 };
    case "epochs":
      return { min: 10, max: 500, step: 10 };
    case "sample":
      return { min: 0, max: SHOWN_SAMPLES - 1, step: 1 };
    case "step":
      return { min: 1, max: STEPS, step: 1 };
  }
}

/** What the page begins with. */
export const START: LabState = {
  ...{ n: 100, k: 10, m: boundOf(100, 10), samples: 5000, lambda: 0.1, noise: 0, seed: 0 },
  ...{ epochs: 100, saes: ["relu", "topk", "jumprelu", "MP"], sample: 0, step: STEPS },
  ...{ shown: "topk", atoms: spreadAtoms(5), pair: "" },
};

const NUMBERS = [
  ...["n", "k", "m", "samples", "lambda", "noise", "seed", "epochs", "sample", "step"] as const,
];

/** The nearest value that a slider can have. */
export function fitted(name: SliderName, value: number, state: LabState): number {
  const { min, max, step } = rangeOf(name, state);
  const inside = Math.min(max, Math.max(min, value));
  if (step === 0) return Number(inside.toPrecision(2));
  // so that 0.07 is 0.07, and not 7 times 0.01
  return Number((Math.round(inside / step) * step).toFixed(2));
}

/**
 * The state that an address tells. What it leaves out is as at the start, m at its bound; what is out
 * of range is moved into it, and what cannot be read is left out.
 */
export function readState(search: string): LabState {
  const said = new URLSearchParams(search), state = structuredClone(START);
  for (const name of NUMBERS) {
    const text = said.get(name);
    const value = text ? Number(text) : NaN;
    if (name === "m" && !Number.isFinite(value)) state.m = boundOf(state.n, state.k);
    if (Number.isFinite(value)) state[name] = value;
    state[name] = fitted(name, state[name], state);
  }
  const saes = said.get("saes")?.split(",");
  if (saes) state.saes = KINDS.filter((type) => saes.includes(type));
  const shown = state.saes.find((type) => type === (said.get("shown") ?? START.shown));
  state.shown = shown ?? state.saes[0] ?? START.shown;
  const atoms = said.get("atoms")?.split("_")
    .map((atom) => atom.split(",").map((text) => rounded(Number(text))));
  const fits = atoms && atoms.length >= PLANE_ATOMS.min && atoms.length <= PLANE_ATOMS.max &&
    atoms.every(isPlaneAtom);
  if (fits) state.atoms = atoms.map(([x, y]) => [x, y]);
  const pair = said.get("pair")?.match(/^(\d)-(\d)$/);
  if (pair && pair[1] < pair[2] && Number(pair[2]) < state.atoms.length) state.pair = pair[0];
  return state;
}

/** The address of a state: what differs from the start. */
export function writeState(state: LabState): string {
  const said = new URLSearchParams();
  for (const name of NUMBERS) {
    const usual = name === "m" ? boundOf(state.n, state.k) : START[name];
    if (state[name] !== usual) said.set(name, String(state[name]));
  }
  if (String(state.saes) !== String(START.saes)) said.set("saes", state.saes.join());
  if (state.shown !== START.shown) said.set("shown", state.shown);
  if (String(state.atoms) !== String(START.atoms)) {
    said.set("atoms", state.atoms.map((atom) => atom.join()).join("_"));
  }
  if (state.pair) said.set("pair", state.pair);
  const text = said.toString().replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}
