/**
 * The leave-one-out errors of ridge regression in closed form, for many strengths of the penalty.
 * @module
 */
import type { Csr } from "./csr.ts";
import { Arena, run } from "../wasm/memory.ts";
import { type Matrix64, zeros } from "../matrix.ts";
import { gram, gramStride, readGram, writePadded, writeStrips } from "./product.ts";
import type { ThinSvd } from "./thin_svd.ts";

/** Samples at a time, so that all that is made of them stays in the second-level cache. */
const PANEL = 96;

/**
 * Sums over samples and targets of the squared leave-one-out errors of ridge regression without
 * intercept, one per strength α of the penalty α‖W‖².
 *
 * The residual of sample s is c + u·F·T with T = UᵀZ, F = diag(α/(σ² + α)) and c = z − u·T, what no
 * weights can explain; its error is that residual over 1 − h = (1 − ‖u‖²) + u·F·uᵀ. With w = 1/(1 − h)² and
 * G = T·Tᵀ the sum of the squares is
 *
 * Σ w·‖c‖² + 2·Σ w·u·F·T·cᵀ + Σᵣₜ Fᵣ·Fₜ·Gᵣₜ·(Uᵀ·diag(w)·U)ᵣₜ,
 *
 * which takes no samples × n product, and one Gram matrix of size rank per α. When U is square c and
 * 1 − ‖u‖² are exactly 0, and leaving them out keeps the digits.
 *
 * Source: R. Rifkin, R. Lippert, "Notes on regularized least squares" (MIT, 2007).
 *
 * @param svd Of the inputs, samples × m.
 * @param Tt (UᵀZ)ᵀ: n × rank.
 * @param Z Targets, samples × n.
 * @param alphas The strengths, above 0. A tiny one can lose 1 − h to rounding; its sum is then no finite
 * number.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { leaveOneOut } from "./leave_one_out.ts";
 * import { toCsr } from "./csr.ts";
 * import { fromRows } from "../matrix.ts";
 * import { thinSvd } from "./thin_svd.ts";
 * const X = fromRows([[1], [1]]), Z = toCsr(fromRows([[1], [1]]));
 * // without one sample the other predicts 1·1/(1 + α) = 0.5 for it, a square of 0.25 for each
 * const [total] = leaveOneOut(thinSvd(X), fromRows([[Math.SQRT2]]), Z, [1]);
 * assert(Math.abs(total - 0.5) < 1e-12);
 * ```
 */
export function leaveOneOut(
  svd: Pick<ThinSvd, "U" | "values">,
  Tt: Matrix64,
  Z: Csr,
  alphas: readonly number[],
): Float64Array {
  using arena = new Arena();
  const work = prepare(arena, svd, Tt, Z, alphas);
  const totals = new Float64Array(alphas.length);
  for (let first = 0; first < svd.U.rows; first += PANEL) {
    addPanel(work, first, Math.min(PANEL, svd.U.rows - first), totals);
  }
  addGramTerms(work, totals);
  return totals;
}

/** Copies in what all panels need, and allocates for one. */
function prepare(
  arena: Arena,
  { U, values }: Pick<ThinSvd, "U" | "values">,
  Tt: Matrix64,
  Z: Csr,
  alphas: readonly number[],
) {
  const samples = U.rows, rank = U.cols, count = alphas.length;
  const F = zeros(rank, count);
  for (let r = 0, p = 0; r < rank; r++) {
    for (const alpha of alphas) F.data[p++] = alpha / (values[r] ** 2 + alpha);
  }
  // rows are padded to what the kernels of both kinds of product want
  const stride = gramStride(rank), sumStride = gramStride(count);
  const work = {
    U,
    Z,
    F,
    G: gram(Tt),
    stride,
    sumStride,
    /** Whether c, what no weights can explain, is not 0. */
    hasComplement: samples > rank,
    g: arena.f64(rank * stride),
    targets: arena.f64(Z.cols * stride),
    starts: arena.i32(samples + 1),
    columns: arena.i32(Z.columns.length),
    entries: arena.f64(Z.values.length),
    f: arena.f64(rank * sumStride),
    /** Uᵀ·diag(w)·U of the panels so far, one per α. */
    grams: alphas.map(() => arena.f64(stride * stride)),
    /** The panel's rows u, u·G, z·Tᵀ, and u/(1 − h) for one α. */
    u: arena.f64(PANEL * stride),
    explained: arena.f64(PANEL * stride),
    projected: arena.f64(PANEL * stride),
    scaled: arena.f64(PANEL * stride),
    /** u∘u of every sample, then u∘(T·cᵀ): times F they give 1 − h and the mixed term, in `sums`. */
    terms: arena.f64(2 * PANEL * stride),
    sums: arena.f64(2 * PANEL * sumStride),
    /** diag(1/(1 − h)) in compressed rows. */
    diagonal: arena.i32(PANEL + 1),
    rootWeights: arena.f64(PANEL),
  };
  work.starts.view.set(Z.starts);
  work.columns.view.set(Z.columns);
  work.entries.view.set(Z.values);
  work.diagonal.view.forEach((_, i, view) => view[i] = i);
  writePadded(work.targets.view, stride, Tt);
  writeStrips(work.g.view, work.G, 0);
  writeStrips(work.f.view, F, 0);
  return work;
}

type Work = ReturnType<typeof prepare>;

/** Adds the first two sums over `rows` samples from `first` on, and their part of the third's matrix. */
function addPanel(work: Work, first: number, rows: number, totals: Float64Array): void {
  const { U, stride, sumStride, u, explained, projected, diagonal, rootWeights } = work;
  const rank = U.cols;
  writePadded(u.view, stride, {
    cols: rank,
    data: U.data.subarray(first * rank, (first + rows) * rank),
  });
  if (work.hasComplement) {
    const { columns, entries, targets } = work, starts = work.starts.from(first);
    run("gemm64", PANEL, stride, rank, u, stride, work.g, explained, stride);
    run("csr_product64", rows, stride, starts, columns, entries, targets, projected);
  }
  const { lengths, complements } = fillTerms(work, first, rows);
  run("gemm64", 2 * PANEL, sumStride, rank, work.terms, stride, work.f, work.sums, sumStride);
  const sums = work.sums.view, roots = rootWeights.view;
  work.grams.forEach((weighted, a) => {
    for (let s = 0, p = a; s < rows; s++, p += sumStride) {
      const kept = lengths[s] + sums[p], mixed = sums[p + PANEL * sumStride];
      roots[s] = 1 / kept;
      totals[a] += (complements[s] + 2 * mixed) / (kept * kept);
    }
    run("csr_product64", rows, stride, diagonal, diagonal, rootWeights, u, work.scaled);
    run("gram64", stride, rows, work.scaled, weighted);
  });
}

/** Fills `terms` for a panel; returns 1 − ‖u‖² and ‖c‖² of its samples. */
function fillTerms(
  { Z, U: { cols: rank }, hasComplement, stride, ...work }: Work,
  first: number,
  rows: number,
): { lengths: Float64Array; complements: Float64Array } {
  const [u, explained, projected] = [work.u.view, work.explained.view, work.projected.view];
  const terms = work.terms.view;
  const lengths = new Float64Array(rows), complements = new Float64Array(rows);
  for (let s = 0; s < rows; s++) {
    let length = 0, norm = 0;
    for (let r = 0, p = s * stride, q = p + PANEL * stride; r < rank; r++, p++, q++) {
      terms[p] = u[p] * u[p];
      length += terms[p];
      norm += u[p] * (explained[p] - 2 * projected[p]);
      terms[q] = u[p] * (projected[p] - explained[p]);
    }
    if (!hasComplement) continue;
    for (let p = Z.starts[first + s]; p < Z.starts[first + s + 1]; p++) norm += Z.values[p] ** 2;
    lengths[s] = Math.max(0, 1 - length);
    complements[s] = Math.max(0, norm);
  }
  return { lengths, complements };
}

/** Adds the third sum, Σᵣₜ Fᵣ·Fₜ·Gᵣₜ·(Uᵀ·diag(w)·U)ᵣₜ. */
function addGramTerms({ F, G, grams }: Work, totals: Float64Array): void {
  const rank = F.rows, count = F.cols;
  grams.forEach((block, a) => {
    const weighted = readGram(block.view, rank);
    for (let r = 0, p = 0; r < rank; r++) {
      let sum = 0;
      for (let t = 0; t < rank; t++, p++) {
        sum += F.data[t * count + a] * G.data[p] * weighted.data[p];
      }
      totals[a] += F.data[r * count + a] * sum;
    }
  });
}
