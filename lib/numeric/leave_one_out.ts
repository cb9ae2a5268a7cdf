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
  for (let first = 0; first < svd.U.rows; first += PANEL) {
    addPanel(work, first, Math.min(PANEL, svd.U.rows - first));
  }
  const totals = work.totals.view.slice();
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
    /** 1 − ‖u‖² and ‖c‖² of the panel's samples; 0 where U is square. */
    lengths: arena.f64(PANEL),
    complements: arena.f64(PANEL),
    totals: arena.f64(count),
  };
  work.starts.view.set(Z.starts);
  work.columns.view.set(Z.columns);
  work.entries.view.set(Z.values);
  writePadded(work.targets.view, stride, Tt);
  writeStrips(work.g.view, work.G, 0);
  writeStrips(work.f.view, F, 0);
  return work;
}

type Work = ReturnType<typeof prepare>;

/** Adds the first two sums over `rows` samples from `first` on, and their part of the third's matrix. */
function addPanel(work: Work, first: number, rows: number): void {
  const { U, stride, sumStride, u, explained, projected, terms, sums } = work;
  const { entries, lengths, complements } = work, starts = work.starts.from(first);
  const rank = U.cols, mixed = terms.from(PANEL * stride), mixedSums = PANEL * sumStride;
  writePadded(u.view, stride, {
    cols: rank,
    data: U.data.subarray(first * rank, (first + rows) * rank),
  });
  if (work.hasComplement) {
    const { columns, targets } = work;
    run("gemm64", rows, stride, rank, u, stride, work.g, explained, stride);
    run("csr_product64", rows, stride, starts, columns, entries, targets, projected);
  }
  run(
    ...["leave_one_out_terms", rows, rank, stride, u, explained, projected, terms, mixed] as const,
    ...[starts, entries, lengths, complements] as const,
  );
  if (!work.hasComplement) {
    lengths.view.fill(0);
    complements.view.fill(0);
  }
  run("gemm64", 2 * PANEL, sumStride, rank, terms, stride, work.f, sums, sumStride);
  work.grams.forEach((weighted, a) => {
    run(
      ...["leave_one_out_weights", rows, stride, lengths, complements, sums.from(a)] as const,
      ...[sums.from(mixedSums + a), sumStride, u, work.scaled, work.totals.from(a)] as const,
    );
    run("gram64", stride, rows, work.scaled, weighted);
  });
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
