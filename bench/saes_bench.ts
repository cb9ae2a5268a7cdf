/**
 * One training step (batch of 64, k = 10) and one scored block of each autoencoder, on the paper's
 * data, with the weights moving as in training.
 *
 * What bounds them: relu and jumprelu at n = 100 five dense products (gated: eight), hence the FMA units. From
 * n = 1000 on they skip what is zero once half of the codes are: the encoder's product (FMA units) is a
 * fifth to a third of such a step, lists and sums over active codes (loads) and AdamW (division and root,
 * at n = 10,000 memory) are the rest, so a step gets faster as the codes get fewer. topk at n = 100 is
 * bounded by the encoder's product, AdamW and unpredictable branches of the selection about equally;
 * from n = 1000 on those that choose by size are the encoder's product (half) and AdamW (a quarter); from n = 2000 on
 * products in 8 bits sieve the encoder's: 0.81 → 0.72 ms at n = 2000, 2.29 → 1.90 at 5000, 5.35 → 4.33 at 10,000, where
 * these products are 1 ms, rounding the rows 0.6, and AdamW with the gradients 1.8. MP
 * and pursuit are bounded by the rows of the Gram matrix (dense products) and, at n = 100, by the k passes
 * over the correlations; MP from n = 1000 on by products in 8 bits.
 *
 * The decoder's rows of units without a code need not wait until they are read: a step of topk that left out
 * their updates took, before that, 5.8 in place of 6.5 ms at n = 10,000 and 2.93 in place of 3.04 at 5000, and the divisions
 * and roots of making up for them are estimated at that much, since they bound AdamW.
 */
import { generateDatasets } from "../lib/data.ts";
import { Arena } from "../lib/wasm/memory.ts";
import { shuffledBatches, TorchGenerator } from "../lib/random.ts";
import { FUSED_FROM_WIDTH } from "../lib/cores/sae_fused.ts";
import { SaeTrainer } from "../lib/cores/sae_training.ts";
import { Sae, SAE_TYPES, type SaeType } from "../lib/saes.ts";

const K = 10, BATCH = 64, SAMPLES = 1000, WARM_STEPS = 300;
const DENSE: readonly SaeType[] = ["relu", "jumprelu"];

for (const n of [100, 1000]) {
  const { train: { Y } } = generateDatasets({
    seed: 0,
    numLatents: n,
    k: K,
    nSamples: 2 * SAMPLES,
  });
  const loader = shuffledBatches(SAMPLES, BATCH, new TorchGenerator(0));
  const batches = [...loader].filter((batch) => batch.length === BATCH);
  const product = 2 * BATCH * n * Y.cols, fused = n >= FUSED_FROM_WIDTH;

  for (const type of SAE_TYPES) {
    const arena = new Arena(); // for as long as the process lives
    const sae = Sae.initialize({ type, inputDim: Y.cols, width: n, kval: K, seed: 0 });
    const options = { lr: 5e-4, gamma: 1e-4, gradClip: 0 };
    const trainer = new SaeTrainer(arena, sae, options, { rows: BATCH, samples: SAMPLES });
    const data = arena.matrix(Y), order = arena.i32(BATCH);
    let steps = 0, prepared = -1;
    const flop = (products: number) => DENSE.includes(type) ? ` [${products * product} flop]` : "";
    // fused steps are timed with the activity that training leads to
    for (let i = 0; fused && DENSE.includes(type) && i < WARM_STEPS; i++) {
      order.view.set(batches[i % batches.length]);
      trainer.step(data, order, BATCH);
    }

    Deno.bench(`${type} step n=${n}${fused ? "" : flop(5)}`, { group: `step n=${n}` }, () => {
      order.view.set(batches[steps++ % batches.length]);
      trainer.step(data, order, BATCH);
    });

    let score = trainer.scorer();
    const work = score ? "" : flop(2);
    Deno.bench(`${type} scored block n=${n}${work}`, { group: `score n=${n}` }, (b) => {
      // once per scoring
      if (prepared !== steps) {
        score = trainer.scorer(), trainer.workspace.prepare(), prepared = steps;
      }
      b.start();
      if (score) score(data, order, BATCH);
      else trainer.workspace.forward(data, order, BATCH);
      b.end();
    });
  }
}
