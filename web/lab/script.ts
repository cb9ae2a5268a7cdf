/**
 * The script that computes a figure's rows in Deno: with the toolkit's public functions alone, and not
 * with the page's code, so that each checks the other.
 * @module
 */
import { epochAtStep, type FigureName, recordedEpochs } from "./results.ts";
import { atomsAtStep, PLANE_GRID, ROUNDS, SCORED } from "./sizes.ts";
import { type LabState, SHOWN_SAMPLES, STEPS } from "./state.ts";

/** The script of a figure; it lies beside the toolkit's `mod.ts`, or imports it from where it is. */
export function scriptOf(figure: FigureName, state: LabState): string {
  const head = [
    `// Beside the toolkit's mod.ts: deno run ${figure}.ts`,
    `// Elsewhere: write mod.ts's path or address in place of ./mod.ts`,
  ];
  return `${[...head, ...SCRIPTS[figure](state)].join("\n")}\n`;
}

const SCRIPTS: Record<FigureName, (state: LabState) => string[]> = {
  codes(state) {
    const { m, lambda, sample, step, n } = state;
    return [
      `import { fistaCheckpoints, generateDatasets, lasso, matchColumns, omp, type SaeType, trainSae } from "./mod.ts";`,
      datasets(state),
      `const X = { ...val.Y, rows: ${SHOWN_SAMPLES}, data: val.Y.data.subarray(0, ${
        SHOWN_SAMPLES * m
      }) };`,
      `const nonneg = true, output = "dense", checkpoints = [...Array(${STEPS}).keys()].map((t) => t + 1);`,
      `const codes: Record<string, ArrayLike<number>> = { fista: fistaCheckpoints(X, A, { lambda: ${lambda}, nonneg, checkpoints })[${
        step - 1
      }].data, lasso: lasso(X, A, { lambda: ${lambda}, nonneg, output }).codes.data, omp: omp(X, A, { k: ${
        atomsAtStep(state)
      }, nonneg, output }).codes.data };`,
      ...training(state, state.saes, [
        `  if (epoch + 1 !== ${epochAtStep(state)}) return;`,
        `  const sae = snapshot(), { data } = sae.encode(X), { cols } = matchColumns(sae.dictionary, A);`,
        `  codes[type] = data.map((_, p) => data[p - p % ${n} + cols[p % ${n}]]);`,
      ]),
      `const rows = Object.entries(codes).flatMap(([method, all]) => [...Array(${n}).keys()].map((latent) => ({ method, latent, truth: val.Z.data[${
        sample * n
      } + latent], code: all[${sample * n} + latent] })));`,
      `console.log(JSON.stringify(rows.filter(({ truth, code }) => truth !== 0 || code !== 0)));`,
    ];
  },
  training(state) {
    const first = (split: string, part: string) =>
      `{ ...${split}.${part}, rows: Math.min(${SCORED}, ${split}.${part}.rows), data: ${split}.${part}.data.subarray(0, ${SCORED} * ${split}.${part}.cols) }`;
    return [
      `import { generateDatasets, matchColumns, mccId, mccOod, type SaeType, trainSae } from "./mod.ts";`,
      datasets(state),
      `const [id, out] = [val, ood].map((split) => ({ Y: ${first("split", "Y")}, Z: ${
        first("split", "Z")
      } }));`,
      `const rows: unknown[] = [];`,
      ...training(state, state.saes.filter((type) => type === state.shown), [
        `  if (!entry) return;`,
        `  const sae = snapshot(), { mseId: mse_id, mseOod: mse_ood } = entry;`,
        `  const mcc_id = mccId(id.Z, sae.encode(id.Y)), mcc_ood = mccOod(out.Z, sae.encode(out.Y));`,
        `  rows.push({ type, epoch: epoch + 1, mse_id, mse_ood, mcc_id, mcc_ood, found: matchColumns(sae.dictionary, A).fracClose });`,
      ]),
      `console.log(JSON.stringify(rows));`,
    ];
  },
  learners(state) {
    const { n, lambda, seed } = state;
    return [
      `import { generateDatasets, learnDictionary, matchColumns, pathDictionary, type SaeType, trainSae } from "./mod.ts";`,
      datasets(state),
      `const learned: Record<string, Parameters<typeof matchColumns>[0]> = {`,
      `  path: pathDictionary(train.Y, { numLatents: ${n}, seed: ${seed} }).dictionary,`,
      `  dl_fista: learnDictionary(train.Y, ood.Y, { numLatents: ${n}, lambda: ${lambda}, seed: ${seed}, rounds: ${ROUNDS} }).dictionary,`,
      `};`,
      ...training(state, state.saes, [
        `  if (epoch + 1 === ${state.epochs}) learned[type] = snapshot().dictionary;`,
      ]),
      `const uses = [...Array(${n}).keys()].map((j) => train.Z.data.filter((z, p) => p % ${n} === j && z !== 0).length);`,
      `console.log(JSON.stringify(Object.entries(learned).flatMap(([method, D]) => [...matchColumns(D, A).cosines].map((cosine, latent) => ({ method, latent, uses: uses[latent], cosine })))));`,
    ];
  },
  plane({ atoms, lambda }) {
    const n = atoms.length, axes = [atoms.map(([x]) => x), atoms.map(([, y]) => y)];
    return [
      `import { fromRows, lasso } from "./mod.ts";`,
      `const atoms = ${JSON.stringify(atoms)}, D = fromRows(${JSON.stringify(axes)});`,
      `const grid = [...Array(${PLANE_GRID}).keys()].map((p) => (p + 0.5) / ${PLANE_GRID});`,
      `const rows = atoms.flatMap((a, i) => atoms.flatMap((b, j) => {`,
      `  if (j <= i) return [];`,
      `  const X = fromRows(grid.flatMap((u) => grid.map((v) => [u * a[0] + v * b[0], u * a[1] + v * b[1]])));`,
      `  const { data } = lasso(X, D, { lambda: ${lambda}, nonneg: true, output: "dense" }).codes;`,
      `  const found = [...Array(X.rows).keys()].filter((p) => atoms.every((_, c) => (data[p * ${n} + c] > 0) === (c === i || c === j)));`,
      `  return [{ i, j, recovered: found.length / X.rows }];`,
      `}));`,
      `console.log(JSON.stringify(rows));`,
    ];
  },
};

function datasets({ n, k, m, samples, noise, seed }: LabState): string {
  return `const { train, val, ood, A } = generateDatasets({ seed: ${seed}, numLatents: ${n}, k: ${k}, nSamples: ${samples}, inputDim: ${m}, noise: ${noise} });`;
}

/** The trainings, with what is done after each epoch. */
function training(
  { k, n, epochs, seed }: LabState,
  types: readonly string[],
  afterEpoch: readonly string[],
): string[] {
  if (types.length === 0) return [];
  const every = recordedEpochs(epochs).at(1)! - 1;
  return [
    `for (const type of ${
      JSON.stringify(types)
    } as SaeType[]) trainSae({ train: train.Y, id: val.Y, ood: ood.Y }, { type, kval: ${k}, width: ${n}, epochs: ${epochs}, seed: ${seed}, historyEvery: ${every}, onEpoch({ epoch, entry, snapshot }) {`,
    ...afterEpoch,
    `} });`,
  ];
}
