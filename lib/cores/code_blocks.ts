/**
 * Codes in Wasm memory a block of rows at a time, whatever form they have.
 * @module
 */
import { type AnyMatrix, isCsrMatrix } from "../csr_matrix.ts";
import { type Csr, transposeCsr } from "../numeric/csr.ts";
import { type Arena, type Block, padded, run, writeRows } from "../wasm/memory.ts";

/** Rows of sparse codes that are written out together. */
const ROWS = 64;

/** Copies rows `start … end − 1` of codes to the beginning of a block, rows padded. */
export function writeCodes(block: Block, Z: AnyMatrix, start: number, end: number): void {
  if (!isCsrMatrix(Z)) return writeRows(block, Z, start, end);
  const stride = padded(Z.cols), view = block.view.subarray(0, (end - start) * stride).fill(0);
  for (let i = start; i < end; i++) {
    const row = (i - start) * stride;
    for (let p = Z.indptr[i]; p < Z.indptr[i + 1]; p++) view[row + Z.indices[p]] = Z.data[p];
  }
}

/** Codes for sums over samples, or over atoms, that take a block of them after another. */
export interface CodeBlocks {
  /** Visits rows `start … end − 1` of Z in a block, padded. */
  forSamples(visit: (z: Block, start: number, end: number) => void): void;
  /** The same of Zᵀ. */
  forAtoms(visit: (zT: Block, start: number, end: number) => void): void;
}

/** The blocks of codes that are in memory, samples×n, padded: all at once. */
export function wholeBlocks(
  { z, zT, samples, n }: { z: Block; zT: Block; samples: number; n: number },
): CodeBlocks {
  return {
    forSamples: (visit) => visit(z, 0, samples),
    forAtoms: (visit) => {
      run("transpose", samples, n, z, padded(n), zT, padded(samples));
      visit(zT, 0, n);
    },
  };
}

/** The blocks of codes whose zeros are not stored. */
export function sparseBlocks(arena: Arena, Z: Csr): CodeBlocks {
  const visitRows = (M: Csr, visit: (block: Block, start: number, end: number) => void) => {
    const stride = padded(M.cols);
    for (let start = 0; start < M.rows; start += ROWS) {
      const end = Math.min(start + ROWS, M.rows), view = block.view.fill(0);
      for (let i = start; i < end; i++) {
        for (let p = M.starts[i]; p < M.starts[i + 1]; p++) {
          view[(i - start) * stride + M.columns[p]] = M.values[p];
        }
      }
      visit(block, start, end);
    }
  };
  const block = arena.f32(ROWS * Math.max(padded(Z.cols), padded(Z.rows)));
  return {
    forSamples: (visit) => visitRows(Z, visit),
    forAtoms: (visit) => visitRows(transposeCsr(Z), visit),
  };
}
