/**
 * Sizes of what the Lab computes, and two formulas: what the page and its workers both need, without the
 * kernels, which only workers load.
 * @module
 */
import type { LabState } from "./state.ts";

/** Rounds of DL-FISTA. */
export const ROUNDS = 50;
/** Records of an autoencoder's training and of a learner, about. */
export const RECORDS = 20;
/** Samples of each split that the MCC of a record is computed from. */
export const SCORED = 500;
/** Rows and columns of a map of cosines, at most. */
export const MAP_SIZE = 250;
/** Values of each of the two codes of a pair in the plane, evenly from 0 to 1. */
export const PLANE_GRID = 16;

/** The places of the grid of codes. */
export function planeCode(place: number): number {
  return (place + 0.5) / PLANE_GRID;
}

/** Atoms of OMP beside FISTA's codes of the shown iteration. */
export function atomsAtStep({ k, step }: Pick<LabState, "k" | "step">): number {
  return Math.min(k, step);
}

/** The counting bound: fewest samples that can determine a dictionary. */
export function countingBound({ n, k, m }: Pick<LabState, "n" | "k" | "m">): number {
  return n * (m - 1) / (m - k);
}
