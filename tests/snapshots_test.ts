import assert from "node:assert/strict";
import { figureSets } from "../lib/paper/figure_sets.ts";
import { figure, groupedBars, legend, lines, type PlotRow, points } from "../lib/figures.ts";
import { methodStyle } from "../lib/methods.ts";
import { grid, madeUpRows } from "./made_up_rows.ts";

const curves: PlotRow[] = ["cold", "warm", "fista_oracle"].flatMap((method, i) =>
  [0, 1, 10, 100, 500].flatMap((n_iter) =>
    [0, 1, 2].map((seed) => ({
      method,
      n_iter,
      mcc_iid: 0.3 + 0.25 * i + 0.0004 * n_iter * (1 - i / 2) + 0.04 * seed,
    }))
  )
);

/** The pictures in tests/snapshots are the specification of what figures look like. */
const pictures: Record<string, () => string> = {
  curves: () =>
    figure([
      lines(curves, { x: "n_iter", y: "mcc_iid", xScale: "symlog", reference: ["fista_oracle"] }),
    ], {
      title: "Curves with bands and a reference",
      caption: "Mean over 3 seeds ± one standard deviation.",
    }),
  bars: () => {
    const rows = ["ID", "OOD"].flatMap((split, g) =>
      ["frozen", "renormed", "oracle_norms", "fista_oracle"].flatMap((method, i) =>
        [0, 1].map((seed) => ({ method, split, mcc: 0.4 + 0.15 * i - 0.1 * g + 0.05 * seed }))
      )
    );
    const panel = groupedBars(rows, { x: "split", y: "mcc", reference: ["fista_oracle"] });
    return figure([panel], { title: "Grouped bars with error bars" });
  },
  holes: () => {
    const rows = [[50, 3], [100, 5]].flatMap(([n, k]) =>
      grid(["dl_fista", "sae_relu"], [{ k, input_dim: n / 2 }, { k, input_dim: n }], n)
    );
    return figureSets.exp_phase_transition(rows)[1].svg;
  },
  types: () => figureSets.exp_lambda_sensitivity(madeUpRows.exp_lambda_sensitivity.rows)[0].svg,
  // one position, accuracies with the level of chance, methods of one's own
  position: () => {
    const methods = ["fista_oracle", "dl_fista", "sae_relu", "my_solver", "your_solver"];
    const rows = methods.flatMap((method, i) =>
      [0, 1, 2].map((seed) => ({
        ...{ method, num_latents: 1000, seed },
        ...{ acc_iid: 0.95 - 0.03 * i - 0.02 * seed, acc_ood: 0.9 - 0.05 * i - 0.04 * seed },
      }))
    );
    const panels = ["acc_iid", "acc_ood"].map((y) =>
      lines(rows, { x: "num_latents", xScale: "log", y })
    );
    return figure(panels, { title: "One position" });
  },
  points: () => {
    const rows = ["sae", "fista_oracle"].flatMap((method, i) =>
      Array.from({ length: 60 }, (_, j) => {
        const published = ((37 * j + 11 * i) % 60) / 60;
        return { method, published, ours: published + 0.03 * Math.sin(j) + (j === 7 ? 0.2 : 0) };
      })
    );
    const panel = points(rows, {
      x: "published",
      y: "ours",
      domain: [-0.05, 1.05],
      marked: ({ published, ours }) => Number(ours) - Number(published) > 0.1,
    });
    return figure([panel], { title: "Points, some of them marked", panelHeight: 360 });
  },
  legend: () =>
    legend(["fista_oracle", "sae_relu", "frozen", "refined", "linear_probe"].map(methodStyle), {
      title: "One method of each family",
    }),
};

for (const [name, draw] of Object.entries(pictures)) {
  Deno.test(`the picture "${name}" is that of tests/snapshots`, () => {
    const drawn = draw();
    const path = `tests/snapshots/${name}.svg`;
    let expected = "";
    try {
      expected = Deno.readTextFileSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    if (drawn === expected) return;
    Deno.mkdirSync(".tmp/snapshots", { recursive: true });
    Deno.writeTextFileSync(`.tmp/snapshots/${name}.svg`, drawn);
    assert.fail(
      `${path} and what is drawn differ: look at .tmp/snapshots/${name}.svg, and copy it there if ` +
        "it is better",
    );
  });
}
