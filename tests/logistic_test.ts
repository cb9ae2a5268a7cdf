import assert from "node:assert/strict";
import { auc } from "../lib/metrics/auc.ts";
import { minimizeLbfgs } from "../lib/numeric/lbfgs.ts";
import { wolfeSearch } from "../lib/numeric/line_search.ts";
import { decisionValues, fitLogistic } from "../lib/logistic.ts";
import { fromRows, type Matrix } from "../lib/matrix.ts";
import { RandomState } from "../lib/random.ts";
import { assertClose, goldenCase, toMatrix } from "./golden.ts";

const base = goldenCase("metrics", "logistic_nonseparable_C_inf").inputs;

for (const strength of ["inf", "1.0", "0.01"]) {
  Deno.test(`logistic regression reaches the golden optimum for C = ${strength}`, () => {
    const { expected } = goldenCase("metrics", `logistic_nonseparable_C_${strength}`);
    const X = toMatrix(base.codes_iid), samples = X.rows;
    const l2 = strength === "inf" ? 0 : 1 / (Number(strength) * samples);
    const fit = fitLogistic(X, base.labels_iid.data, { l2, tolerance: 1e-9 });
    // the golden file's tolerance for the optimum of a quasi-Newton method
    assertClose(fit.coefficients, expected.optimum.coef.data, 1e-6, "coefficients");
    assertClose(fit.intercept, expected.optimum.intercept, 1e-6, "intercept");
    assertClose(fit.loss * samples, expected.optimum.objective, 5e-8, "objective");
    const ood = toMatrix(base.codes_ood);
    const ofId = decisionValues(fit, X), ofOod = decisionValues(fit, ood);
    const smallest = Math.min(...[...ofId, ...ofOod].map(Math.abs));
    // a linear function of the coefficients, with inputs of size 3
    assertClose(smallest, expected.smallest_abs_decision_value, 1e-5, "margin");
    for (
      const [split, values, labels] of [
        ["iid", ofId, base.labels_iid.data],
        ["ood", ofOod, base.labels_ood.data],
      ] as const
    ) {
      const right = values.filter((z, s) => (z > 0) === Boolean(labels[s])).length;
      // shares of whole numbers of samples
      assertClose(right / values.length, expected[`acc_${split}`], 1e-12, `acc ${split}`);
      assertClose(auc(values, labels), expected[`auc_probe_${split}`], 1e-12, `auc ${split}`);
    }
  });
}

/** Central differences of the objective, from its value only. */
function numericGradient(X: Matrix, labels: ArrayLike<number>, w: number[], l2: number): number[] {
  const loss = (w: number[]) => {
    const b = w.at(-1)!;
    let sum = 0;
    for (let s = 0; s < X.rows; s++) {
      let z = b;
      for (let j = 0; j < X.cols; j++) z += X.data[s * X.cols + j] * w[j];
      sum += Math.log(1 + Math.exp(labels[s] ? -z : z));
    }
    const penalty = w.slice(0, -1).reduce((total, x) => total + x * x, 0);
    return sum / X.rows + l2 / 2 * penalty;
  };
  return w.map((_, j) => {
    const at = (step: number) => loss(w.map((x, q) => q === j ? x + step : x));
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  });
}

Deno.test("the objective's numeric gradient vanishes at the fit, on dense and on sparse features", () => {
  const random = new RandomState(5);
  for (const share of [1, 0.1]) {
    const [rows, cols] = [200, 7];
    const data = random.normal(0, 1, rows * cols);
    const mask = random.random(rows * cols);
    const X = { rows, cols, data: data.map((x, p) => mask[p] < share ? x : 0) };
    const noise = random.normal(0, 1, rows);
    const labels = Array.from(noise, (e, s) => X.data[s * cols] + e > 0 ? 1 : 0);
    const { coefficients, intercept, maxGradient, converged } = fitLogistic(X, labels, {
      l2: 0.01,
      tolerance: 1e-8,
    });
    assert(converged && maxGradient <= 1e-8);
    // central differences with step 1e-5 of a function of size 1 are good to about 1e-10
    const gradient = numericGradient(X, labels, [...coefficients, intercept], 0.01);
    assertClose(gradient, new Float64Array(cols + 1), 1e-8, "gradient");
  }
});

Deno.test("float32 features are fitted like their float64 copies", () => {
  const random = new RandomState(6);
  const X = { rows: 50, cols: 4, data: Float32Array.from(random.normal(0, 1, 200)) };
  const labels = Array.from(random.random(50), (u) => u > 0.5);
  const copy = { ...X, data: Float64Array.from(X.data) };
  assert.deepEqual(fitLogistic(X, labels), fitLogistic(copy, labels));
});

Deno.test("a fit that meets its iteration limit says so", () => {
  const fit = fitLogistic(fromRows([[0], [1]]), [0, 1], { maxIterations: 2 });
  assert.equal(fit.iterations, 2);
  assert.equal(fit.converged, false);
  assert(fit.maxGradient > 1e-4);
});

Deno.test("logistic regression refuses bad input by name", () => {
  const X = fromRows([[0], [1]]);
  assert.throws(() => fitLogistic(X, [1, 1]), /both classes, got 2 of 2 true/);
  assert.throws(() => fitLogistic(X, [0, 1, 1]), /one label per sample: 2, got 3/);
  assert.throws(() => fitLogistic(X, [0, 2]), /0, 1, false or true, got 2 at 1/);
  assert.throws(() => fitLogistic(X, [0, "1"] as never), /^TypeError: .* got "1" at 1/);
  for (const label of [null, "", [1], 1n, undefined]) {
    assert.throws(
      () => fitLogistic(X, [1, label] as never),
      /^TypeError: .* false or true, got .* at 1/,
    );
  }
  assert.throws(() => fitLogistic(X, undefined as never), TypeError);
  assert.throws(() => fitLogistic(fromRows([[0], [NaN]]), [0, 1]), /X must be finite/);
  assert.throws(() => fitLogistic(X, [0, 1], { l2: -1 }), /l2 must be/);
  assert.throws(() => fitLogistic(X, [0, 1], { tolerance: 0 }), /tolerance must be/);
  assert.throws(() => fitLogistic(X, [0, 1], { maxIterations: 0 }), /maxIterations must be/);
  const fit = { coefficients: new Float64Array(2), intercept: 0 };
  assert.throws(() => decisionValues(fit, X), /X must have 2 columns, got 1/);
});

Deno.test("L-BFGS finds the minimum of Rosenbrock's valley", () => {
  const { x, converged, iterations } = minimizeLbfgs(
    (x, gradient) => {
      const [a, b] = [1 - x[0], x[1] - x[0] * x[0]];
      gradient[0] = -2 * a - 400 * x[0] * b;
      gradient[1] = 200 * b;
      return a * a + 100 * b * b;
    },
    Float64Array.of(-1.2, 1),
    { tolerance: 1e-9 },
  );
  assert(converged && iterations < 60);
  // the smallest curvature is 0.4, so a gradient of 1e-9 leaves 2.5e-9
  assertClose(x, [1, 1], 1e-8, "minimum");
});

Deno.test("L-BFGS stops where a function has no descent left", () => {
  // the gradient points uphill: no step can lower the value
  const { iterations, converged } = minimizeLbfgs((x, gradient) => {
    gradient[0] = -1;
    return x[0];
  }, new Float64Array(1));
  assert.equal(iterations, 0);
  assert.equal(converged, false);
});

Deno.test("the line search meets both strong Wolfe conditions", () => {
  // the first test function of Moré and Thuente's paper, and two with one minimum each
  const lines: ((s: number) => [number, number])[] = [
    (s) => [-s / (s * s + 2), (s * s - 2) / (s * s + 2) ** 2],
    (s) => [Math.hypot(1, s - 3), (s - 3) / Math.hypot(1, s - 3)],
    (s) => [(s - 2) ** 4, 4 * (s - 2) ** 3],
  ];
  for (const [which, line] of lines.entries()) {
    for (const first of [1e-3, 0.1, 1, 10, 1000]) {
      const [value, slope] = line(0);
      let last = 0, evaluations = 0;
      const found = wolfeSearch(
        (s) => {
          last = s;
          evaluations++;
          return line(s);
        },
        value,
        slope,
        first,
        { decrease: 1e-3, curvature: 0.1 },
      );
      const [f, g] = line(last);
      const where = `function ${which} from step ${first}`;
      assert(found && evaluations < 30, where);
      assert(f <= value + 1e-3 * last * slope, where);
      assert(Math.abs(g) <= 0.1 * Math.abs(slope), where);
    }
  }
});
