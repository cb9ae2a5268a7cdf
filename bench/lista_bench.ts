/**
 * LISTA of 16 layers from the true dictionary: ten training steps on batches of 64, and codes of
 * 2500 samples. What bounds them: the products, 2·64·n·(n + m) flops forward and about twice as many
 * back for each layer and step; at n = 1000 the 16 n² weights, their gradients and moments pass
 * through memory as well. Doubling n should cost about four times as much.
 */
import { generateDatasets } from "../lib/data.ts";
import { Lista } from "../lib/lista.ts";

const LAYERS = 16, STEPS = 10, ROWS = 64;

for (const numLatents of [100, 200, 500, 1000]) {
  const { val, A } = generateDatasets({ seed: 0, numLatents, k: 10, nSamples: 5000 });
  const [m, n] = [val.Y.cols, numLatents];
  const batch = Int32Array.from({ length: ROWS }, (_, i) => i);
  const lista = Lista.fromDictionary(A, { nLayers: LAYERS });
  const product = (rows: number) => 2 * rows * n * (LAYERS * m + (LAYERS - 1) * n);

  // Back: the gradients of W and S, and that of the codes
  const back = product(ROWS) + 2 * ROWS * n * (LAYERS - 1) * n;
  const flop = STEPS * (product(ROWS) + back + 4 * ROWS * m * n);
  const name = `LISTA, n ${n}, ${STEPS} training steps [${flop} flop]`;
  Deno.bench(name, { group: "lista_train", n: 5, warmup: 1 }, (b) => {
    const fresh = new Lista(lista.layers);
    let epoch = 0;
    // One batch an epoch; the first ones warm the kernels up
    fresh.train(val.Y, A, {
      lambda: 0.1,
      epochs: 5 + STEPS,
      loader: [batch],
      onEpoch() {
        if (epoch === 4) b.start();
        if (epoch === 4 + STEPS) b.end();
        epoch++;
      },
    });
  });

  Deno.bench(
    `LISTA, n ${n}, codes of ${val.Y.rows} samples [${product(val.Y.rows)} flop]`,
    { group: "lista_forward", n: 5, warmup: 2 },
    () => void lista.forward(val.Y),
  );
}
