/**
 * A few steps of every variant, by the word that gives the conventions of a library, against torch's autograd and Adam
 * on the definitions: `fixtures/sae_steps.py` makes the golden numbers.
 */
import assert from "node:assert/strict";
import type { Matrix32 } from "../lib/matrix.ts";
import { Sae, SAE_TYPES, type SaeOptions, type SaeParameters } from "../lib/saes.ts";
import { type SaeConfig, trainSae } from "../lib/train_sae.ts";
import { assertClose, type GoldenArray, goldenCases, toMatrix } from "./golden.ts";

const BATCH = 8;

function parametersOf(stored: Record<string, GoldenArray>): SaeParameters {
  const values = Object.entries(stored).map(([name, array]) => [
    name,
    array.shape.length === 2 ? toMatrix(array) : Float32Array.from(array.data),
  ]);
  return { threshold: Float32Array.of(-1), ...Object.fromEntries(values) };
}

const cases = goldenCases("sae_steps");

for (const { name, inputs, expected } of cases) {
  const config = inputs.config as SaeConfig;
  Deno.test(`${name}: steps lead where ${config.conventions} leads`, () => {
    const train = toMatrix(inputs.X) as Matrix32, { rows } = train;
    const width = inputs.parameters.encoder.shape[0];
    const batches = Array.from(
      { length: rows / BATCH },
      (_, step) => Array.from({ length: BATCH }, (_, i) => step * BATCH + i),
    );
    const initial = new Sae({
      ...({ kval: 1, directThreshold: "threshold" in inputs.parameters, ...config } as SaeOptions),
      parameters: parametersOf(inputs.parameters),
    });
    const { sae, history: [entry] } = trainSae({ train }, {
      ...config,
      ...{ width, seed: 0, epochs: 1, batchSize: BATCH, loader: batches, initial },
    });
    // float32 against float64, of sums over some hundred products
    const { loss, dead } = expected, wanted = parametersOf(expected.parameters);
    if (!("annealPower" in config)) assertClose(entry.trainLoss, loss, 1e-5 * loss, "loss");
    assert.equal(entry.dead, dead, "dead units");
    for (const key of Object.keys(expected.parameters)) {
      const [own, other] = [sae.parameters, wanted].map((p) => {
        const value = p[key as keyof SaeParameters]!;
        return value instanceof Float32Array ? value : value.data;
      });
      // a step is at most about the rate, and gradients' last bits are a thousandth of it; values round to 2⁻²⁴
      assertClose(own, other, 1e-4 * inputs.config.lr + 5e-7, key);
    }
    if (expected.penaltyPower === undefined) return;
    assert.equal(entry.penaltyPower, expected.penaltyPower);
    assertClose(entry.gammaFactor!, expected.gammaFactor, 1e-5 * expected.gammaFactor, "factor");
  });
}

Deno.test("every type but MP, which no library has, has golden steps", () => {
  const types = new Set(cases.map(({ inputs }) => inputs.config.type));
  assert.deepEqual([...types].toSorted(), SAE_TYPES.filter((type) => type !== "MP").toSorted());
});
