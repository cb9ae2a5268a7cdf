import assert from "node:assert/strict";
import {
  compareMethods,
  fista,
  fromRows,
  generateDatasets,
  type Interruptible,
  learnDictionary,
  softplusAdam,
  solveFista,
  trainSae,
} from "../mod.ts";

const { train, val, ood, A } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 2000 });
const data = { train: train.Y, id: val.Y, ood: ood.Y };

/** Every long computation, with what it has to show for the parts that were done. */
const WORK: Record<string, { run(options: Interruptible): number; total: number }> = {
  trainSae: {
    run: (options) =>
      trainSae(data, { type: "relu", width: 20, epochs: 6, seed: 0, ...options }).history.length,
    total: 6,
  },
  learnDictionary: {
    run: (options) =>
      learnDictionary(val.Y, ood.Y, { numLatents: 20, lambda: 0.1, rounds: 6, ...options })
        .history.length,
    total: 6,
  },
  softplusAdam: {
    run: (options) =>
      softplusAdam(val.Y, ood.Y, {
        ...{ numLatents: 20, lambda: 0.1, maxSteps: 6, historyEvery: 1 },
        ...options,
      }).history.length,
    total: 6,
  },
  fista: {
    run: (options) => {
      const codes = fista(val.Y, A, { lambda: 0.1, nIter: 5, ...options });
      const last = codes.data.findLastIndex((code) => code !== 0);
      return Math.floor(last / codes.cols) + 1;
    },
    total: val.Y.rows,
  },
  compareMethods: {
    run: (options) =>
      compareMethods({ val, ood }, { dictionary: A, lambda: 0.1, nIter: 5, ...options }).length,
    total: 2,
  },
};

for (const [name, { run, total }] of Object.entries(WORK)) {
  Deno.test(`${name} tells how far it is, and ends when it is aborted`, () => {
    const reports: [number, number][] = [];
    assert.equal(run({ onProgress: (...report) => reports.push(report) }), total);
    assert.deepEqual(reports.at(-1), [total, total]);
    assert(reports.length > 1, "it reports before its end");
    assert.deepEqual(
      reports.map(([done]) => done),
      reports.map(([done]) => done).toSorted((a, b) => a - b),
    );

    const [first] = reports[0];
    const abort = new AbortController();
    const aborting = { signal: abort.signal, onProgress: () => abort.abort(new Error("enough")) };
    assert.throws(() => run(aborting), /enough/);
    // aborted before it began
    assert.throws(() => run({ signal: abort.signal }), /enough/);

    const again = new AbortController();
    const done = run({ signal: again.signal, partial: true, onProgress: () => again.abort() });
    assert.equal(done, first);
  });
}

Deno.test("samples that were not reached have no certificate", () => {
  const abort = new AbortController();
  const { gaps, iterations } = solveFista(val.Y, A, {
    ...{ lambda: 0.1, nIter: 5, signal: abort.signal, partial: true },
    onProgress: () => abort.abort(),
  });
  const reached = iterations.filter((count) => count > 0).length;
  assert(reached > 0 && reached < val.Y.rows);
  assert.equal(gaps.filter((gap) => gap < Infinity).length, reached);
});

Deno.test("options of the wrong kind are refused", () => {
  const X = fromRows([[1, 0]]), D = fromRows([[1, 0], [0, 1]]);
  const wrong = { signal: true, partial: 1, onProgress: "yes" };
  for (const [name, value] of Object.entries(wrong)) {
    assert.throws(() => fista(X, D, { lambda: 0.1, ...{ [name]: value } as Interruptible }), {
      name: "TypeError",
      message: new RegExp(`^${name} must be`),
    });
  }
});
