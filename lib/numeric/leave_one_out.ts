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
 * import { leaveOneOut } from "./leave_one_out.ts";
 * import { toCsr } from "./csr.ts";
 * import { fromRows } from "../matrix.ts";
 * import { thinSvd } from "./thin_svd.ts";
 * // without one sample the other predicts 1·1/(1 + α) = 0.5 for it
 * leaveOneOut(thinSvd(fromRows([[1], [1]])), fromRows([[Math.SQRT2]]), toCsr(fromRows([[1], [1]])), [1]); // [0.5]
 * ```
 */
export function leaveOneOut(
  { U, values }: Pick<ThinSvd, "U" | "values">,
  Tt: Matrix64,
  Z: Csr,
  alphas: readonly number[],
): Float64Array {
  const samples = U.rows, rank = U.cols, count = alphas.length;
  const hasComplement = samples > rank;
  const F = zeros(rank, count);
  for (let r = 0, p = 0; r < rank; r++) {
    for (const alpha of alphas) F.data[p++] = alpha / (values[r] ** 2 + alpha);
  }
  const G = gram(Tt);

  // rows are padded to what the kernels of both kinds of product want
  const stride = gramStride(rank), sumStride = gramStride(count);
  using arena = new Arena();
  const uBlock = arena.f64(PANEL * stride), scaledBlock = arena.f64(PANEL * stride);
  const explainedBlock = arena.f64(PANEL * stride), projectedBlock = arena.f64(PANEL * stride);
  const gBlock = arena.f64(rank * stride), targetsBlock = arena.f64(Z.cols * stride);
  const starts = arena.i32(samples + 1), columns = arena.i32(Z.columns.length);
  const entries = arena.f64(Z.values.length);
  // u∘u of every sample, then u∘(T·cᵀ): times F they give 1 − h and the mixed term
  const termsBlock = arena.f64(2 * PANEL * stride), fBlock = arena.f64(rank * sumStride);
  const sumsBlock = arena.f64(2 * PANEL * sumStride);
  const diagonal = arena.i32(PANEL + 1), rootWeightsBlock = arena.f64(PANEL);
  const gramBlocks = alphas.map(() => arena.f64(stride * stride));

  starts.view.set(Z.starts);
  columns.view.set(Z.columns);
  entries.view.set(Z.values);
  diagonal.view.forEach((_, i, view) => view[i] = i);
  writePadded(targetsBlock.view, stride, Tt);
  writeStrips(gBlock.view, G, 0);
  writeStrips(fBlock.view, F, 0);
  const [u, explained, projected] = [uBlock.view, explainedBlock.view, projectedBlock.view];
  const [terms, sums, rootWeights] = [termsBlock.view, sumsBlock.view, rootWeightsBlock.view];
  const lengths = new Float64Array(PANEL), complements = new Float64Array(PANEL);

  const totals = new Float64Array(count);
  for (let first = 0; first < samples; first += PANEL) {
    const rows = Math.min(PANEL, samples - first);
    writePadded(u, stride, {
      cols: rank,
      data: U.data.subarray(first * rank, (first + rows) * rank),
    });
    if (hasComplement) {
      run("gemm64", PANEL, stride, rank, uBlock, stride, gBlock, explainedBlock, stride);
      const from = starts.from(first);
      run("csr_product64", rows, stride, from, columns, entries, targetsBlock, projectedBlock);
    }
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
    run("gemm64", 2 * PANEL, sumStride, rank, termsBlock, stride, fBlock, sumsBlock, sumStride);
    gramBlocks.forEach((gramBlock, a) => {
      for (let s = 0, p = a; s < rows; s++, p += sumStride) {
        const kept = lengths[s] + sums[p], mixed = sums[p + PANEL * sumStride];
        rootWeights[s] = 1 / kept;
        totals[a] += (complements[s] + 2 * mixed) / (kept * kept);
      }
      run("csr_product64", rows, stride, diagonal, diagonal, rootWeightsBlock, uBlock, scaledBlock);
      run("gram64", stride, rows, scaledBlock, gramBlock);
    });
  }
  gramBlocks.forEach((gramBlock, a) => {
    const weighted = readGram(gramBlock.view, rank);
    for (let r = 0, p = 0; r < rank; r++) {
      const f = F.data[r * count + a];
      let sum = 0;
      for (let t = 0; t < rank; t++, p++) {
        sum += F.data[t * count + a] * G.data[p] * weighted.data[p];
      }
      totals[a] += f * sum;
    }
  });
  return totals;
}
