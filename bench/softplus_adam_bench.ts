/**
 * Ten steps of Softplus-Adam on 2500 ID and 2500 OOD samples. What bounds them: the products (ID
 * three, OOD two, each 2·samples·m·n flops) near the FMA peak, then the element-wise passes, whose
 * four divisions and roots per code keep one unit busy, and 24 bytes of memory traffic per code.
 * Doubling n (and with it m) should cost what the flops say.
 */
import { generateDatasets } from "../lib/data.ts";
import { softplusAdam } from "../lib/softplus_adam.ts";

const STEPS = 10;

for (const numLatents of [100, 200, 500, 1000]) {
  const { val, ood } = generateDatasets({ seed: 0, numLatents, k: 10, nSamples: 5000 });
  const flop = STEPS * 2 * val.Y.cols * numLatents * (3 * val.Y.rows + 2 * ood.Y.rows);
  const name = `Softplus-Adam, n ${numLatents}, ${STEPS} steps [${flop} flop]`;
  Deno.bench(name, { group: "softplus_adam", n: 5, warmup: 1 }, (b) => {
    softplusAdam(val.Y, ood.Y, {
      numLatents,
      lambda: 0.1,
      maxSteps: 20 + STEPS,
      onStep({ step }) {
        // the first steps warm the kernels up
        if (step === 19) b.start();
        if (step === 19 + STEPS) b.end();
      },
    });
  });
}
