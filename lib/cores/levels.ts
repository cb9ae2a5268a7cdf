/**
 * The room that rows in 8 bits take, as kernels/levels.ts lays them out.
 * @module
 */

/** Atoms of a panel, rows of a group and int32 at their beginnings. */
const PANEL = 4, GROUP = 8, HEAD = 8;

/** Bytes of a row of which `stride` values are stored. */
function wide(stride: number): number {
  return Math.ceil(stride / 16) * 16;
}

/** Int32 of the panels of so many atoms. */
export function panelValues(stride: number, atoms: number): number {
  return Math.ceil(atoms / PANEL) * (HEAD + wide(stride) * PANEL / 4);
}

/** Int32 of the groups of so many rows. */
export function groupValues(stride: number, rows: number): number {
  return Math.ceil(rows / GROUP) * (HEAD + wide(stride) * GROUP / 4);
}
