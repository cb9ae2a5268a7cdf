/**
 * The page of an audit: one HTML document with its figures, for light and dark screens and for paper.
 * @module
 */
import type { Audit, CurvePoint, DictionaryCurves, ProbeScores } from "../lib/audit.ts";
import { figure, groupedBars, lines, type Panel, type PlotRow } from "../lib/figures.ts";
import type { MethodStyle } from "../lib/methods.ts";
import { Html, htmlPage, markup } from "../lib/reports/html.ts";
import { few, percent, tellAudit } from "./audit_text.ts";

/** What stands at the head of the page. */
export interface AuditHeading {
  /** What was audited, and where it lies. */
  sae: string;
  /** The file of the activations. */
  data: string;
  /** Further lines: a name and a value. */
  facts: readonly (readonly [name: string, value: string])[];
}

const STYLE = `
:root { color-scheme: light dark; --paper: #ffffff; --ink: #222222; --soft: #555555; --line: #cccccc;
  --stripe: #f4f4f4; --head: #e6e6e6; --accent: #0b57a4; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #15181c; --ink: #e4e6e8;
  --soft: #a9b0b7; --line: #434a52; --stripe: #1d2126; --head: #2a3037; --accent: #8ab8f0; } }
body { margin: 0 auto; padding: 1rem 1.5rem 3rem; max-width: 60rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 Helvetica, Arial, "Liberation Sans", sans-serif; }
h1 { line-height: 1.2; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
p { max-width: 46rem; }
.answer { font-size: 1.1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; color: var(--soft);
  font-size: 0.875rem; }
dt { font-weight: bold; }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
figure { margin: 1rem 0; }
figure > div { background: #ffffff; border-radius: 4px; padding: 4px; max-width: max-content; }
figure svg { display: block; max-width: 100%; height: auto; }
figcaption { font-size: 0.875rem; color: var(--soft); max-width: 46rem; margin-top: 0.4rem; }
.table { overflow: auto; max-height: 26rem; margin: 1rem 0; border: 1px solid var(--line);
  max-width: max-content; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding: 0.4rem 0.6rem; }
th, td { padding: 0.15rem 0.6rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; }
.table:not(.grouped) th:first-child { min-width: 8rem; }
tbody tr:nth-child(odd) { background: var(--stripe); }
thead th { position: sticky; top: 0; background: var(--head); white-space: normal; vertical-align: bottom; }
tbody th { font-weight: normal; }
.group th, .group th:first-child { font-weight: bold; padding-top: 0.5rem; }
.grouped { max-height: 40rem; }
.grouped tbody th { white-space: nowrap; }
.for-narrow { display: none; }
@media screen and (max-width: 36rem) { body { padding: 0.5rem 0.75rem 2rem; }
  .for-wide { display: none; } .for-narrow { display: block; } th, td { padding: 0.15rem 0.4rem; }
  .table:not(.grouped) th:first-child { min-width: 6rem; }
  .grouped table { font-size: 0.75rem; } .grouped th, .grouped td { padding: 0.15rem 0.3rem; } }
@media print { .table { max-height: none; overflow: visible; } figure, .table, p { break-inside: avoid; }
  h2 { break-after: avoid; } figure svg { max-height: 17rem; width: auto; }
  thead th { position: static; } body { padding: 0; max-width: none; } }
`;

/** A browser that keeps to it requests nothing. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** How the ways to code are named and drawn. */
const STYLES: Record<string, MethodStyle> = Object.fromEntries(
  ([
    ["encoder", "the encoder", "#c84a07", "circle", "7 4"],
    ["refit", "the encoder's supports, refit", "#8c6d00", "triangle", "7 4"],
    ["lasso", "Lasso on its decoder, refit", "#62389c", "square", "none"],
    ["omp", "matching pursuit on its decoder", "#b01e78", "diamond", "none"],
    ["learned_lasso", "Lasso on a learned dictionary, refit", "#0b56c4", "star", "9 3 2 3"],
    ["learned_omp", "matching pursuit on a learned dictionary", "#00808c", "hexagon", "9 3 2 3"],
    ["raw", "activations", "#6b6b6b", "square", "2 3"],
    ["share", "share of the energy that the encoder misses", "#c84a07", "circle", "none"],
    ["nearest", "cosine with the nearest other atom", "#62389c", "circle", "none"],
    ["welch", "least coherence of this size", "#444444", "circle", "none"],
    ["uses", "rows that use the latent", "#c84a07", "circle", "none"],
    ["bound", "counting bound", "#444444", "circle", "none"],
  ] as const).map(([id, label, colour, marker, dash]) => [
    id,
    { family: "other", label, colour, dash, width: 1.75, marker },
  ]),
);
const style = (id: string) => STYLES[id];

/**
 * Writes the page of an audit.
 *
 * @param audit What `auditSae` of `lib/audit.ts` found.
 * @param heading What was audited.
 * @returns A self-contained HTML document without scripts, the same for the same numbers.
 */
export function auditPage(audit: Audit, heading: AuditHeading): string {
  // a number and its per cent stay on one line
  const told = Object.fromEntries(
    Object.entries(tellAudit(audit)).map((
      [part, text],
    ) => [part, text.replaceAll(" %", "\u00a0%")]),
  ) as ReturnType<typeof tellAudit>;
  const facts = [["Autoencoder", heading.sae], ["Activations", heading.data], ...heading.facts]
    .map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`);
  const body = markup`<header>
<h1>Does the encoder find what its dictionary allows?</h1>
<dl>${facts}</dl>
</header>
<main>
<h2 id="gap">Explained variance against the number of codes</h2>
<p class="answer">${told.gap}</p>
${varianceFigure(audit)}${varianceTable(audit)}<p>${told.learned}</p>
<p>Matching pursuit takes the same number of atoms for every row, where the encoder may spend more on some; and
the encoder may have been trained on the rows that are held out here. Both are in its favour.</p>
<h2 id="latents">Latents that the encoder misses</h2>
<p>${told.latents}</p>
${missedFigure(audit)}${worstTable(audit)}
<h2 id="atoms">The dictionary</h2>
<p>${told.atoms}</p>
${nearestFigure(audit)}${duplicateTable(audit)}<p>${told.usage}</p>
${usesFigure(audit)}
<h2 id="probes">Probes</h2>
<p>${told.probes}</p>
${probesHtml(audit)}</main>
`;
  return htmlPage({ title: `Audit of ${heading.sae}`, style: STYLE, policy: CONTENT_POLICY, body });
}

/** A figure for wide windows and for narrow ones. */
function figureHtml(
  panels: (size: "wide" | "narrow") => Panel[],
  words: { title: string; description: string },
): Html {
  const options = { ...words, bare: true, columns: 1 };
  const wide = figure(panels("wide"), { ...options, panelWidth: 620, panelHeight: 300 });
  // each by itself: panels of one figure share their groups, which a narrow one has no room for
  const narrow = panels("narrow").map((panel, i, all) =>
    figure([panel], {
      ...{ ...options, panelWidth: 245, panelHeight: 190, legend: i === all.length - 1 },
    })
  ).join("");
  return markup`<figure><div class="for-wide">${new Html(
    wide,
  )}</div><div class="for-narrow">${new Html(
    narrow,
  )}</div><figcaption><strong>${words.title}.</strong> ${words.description}</figcaption></figure>
`;
}

interface Head {
  caption: string;
  columns: readonly string[];
}

function tableHtml(
  head: Head,
  rows: readonly (readonly string[])[],
): Html | undefined {
  return rows.length === 0 ? undefined : tableBox(head, [markup`<tbody>
${rows.map(rowHtml)}</tbody>`]);
}

/** A table whose rows stand below the names of their groups: narrow windows have no room for a column of them. */
function groupedTableHtml(
  head: Head,
  groups: readonly (readonly [name: string, rows: readonly (readonly string[])[]])[],
): Html | undefined {
  const filled = groups.filter(([, rows]) => rows.length > 0), { length } = head.columns;
  return filled.length === 0 ? undefined : tableBox(
    head,
    filled.map(([name, rows]) =>
      markup`<tbody>
<tr class="group"><th scope="rowgroup" colspan="${String(length)}">${name}</th></tr>
${rows.map(rowHtml)}</tbody>`
    ),
  );
}

function rowHtml([first, ...cells]: readonly string[]): Html {
  return markup`<tr><th scope="row">${first}</th>${
    cells.map((cell) => markup`<td>${cell}</td>`)
  }</tr>\n`;
}

function tableBox({ caption, columns }: Head, bodies: readonly Html[]): Html {
  const kind = bodies.length > 1 ? "table grouped" : "table";
  const heads = columns.map((column) => markup`<th scope="col">${column}</th>`);
  return markup`<div class="${kind}" role="region" tabindex="0" aria-label="${caption}"><table>
<caption>${caption}</caption><thead><tr>${heads}</tr></thead>${bodies}</table></div>
`;
}

/** All points with their way of coding, from the encoder on. */
function pointsOf({ encoder, decoder, learned }: Audit): [string, CurvePoint][] {
  const of = (name: string, points: readonly CurvePoint[]) =>
    points.map((point): [string, CurvePoint] => [name, point]);
  const curves = (prefix: string, { omp, lasso }: DictionaryCurves) => [
    ...of(`${prefix}lasso`, lasso),
    ...of(`${prefix}omp`, omp),
  ];
  return [
    ["encoder", encoder],
    ["refit", encoder.refit],
    ...curves("", decoder),
    ...(learned ? curves("learned_", learned) : []),
  ];
}

function varianceFigure(audit: Audit): Html {
  // a logarithmic axis has no zero
  const rows = pointsOf(audit).filter(([, { l0 }]) => l0 > 0)
    .map(([method, { l0, explainedVariance }]) => ({ method, l0, explainedVariance }));
  if (rows.length === 0) return markup``;
  const lowest = Math.min(...rows.map(({ explainedVariance }) => explainedVariance));
  const panel = lines(rows, {
    ...{ x: "l0", y: "explainedVariance", style, xScale: "log" },
    xLabel: "codes per row (L0)",
    yLabel: "explained variance",
    yDomain: [Math.max(-0.2, Math.min(0, lowest)), 1],
  });
  // numbers of codes are no round ones: the axis finds its own ticks
  return figureHtml(() => [{ ...panel, x: { ...panel.x, values: [] } }], {
    title: "Explained variance on held-out rows",
    description:
      "A point above the encoder's, at the same number of codes, is what its amortised " +
      "inference loses.",
  });
}

function varianceTable(audit: Audit): Html | undefined {
  const { atL0 } = audit;
  const rows = ([
    ["the encoder", atL0.encoder],
    ["the encoder's supports, refit", atL0.refit],
    ["Lasso on its decoder, refit", atL0.lasso],
    ["matching pursuit on its decoder", atL0.omp],
    ...(audit.learned ? [["a learned dictionary, the better of both", atL0.learned]] : []),
  ] as [string, number | undefined][]).map(([name, value]) => [
    name,
    value === undefined ? "–" : percent(value),
    value === undefined ? "–" : percent(1 - value),
  ]);
  return tableHtml({
    caption: `At ${few(atL0.l0)} codes per row`,
    columns: ["codes", "explained", "residual"],
  }, rows);
}

/** Points of a curve over ranks, 150 at most. */
function ranked(values: readonly number[], method: string): PlotRow[] {
  const sorted = values.toSorted((a, b) => b - a),
    step = Math.max(1, Math.ceil(sorted.length / 150));
  return sorted.flatMap((value, i) =>
    i % step === 0 || i === sorted.length - 1 ? [{ method, rank: i + 1, value }] : []
  );
}

function missedFigure({ latents }: Audit): Html | undefined {
  const shares = latents.energy.flatMap((energy, j) =>
    energy > 0 ? [latents.missedEnergy[j] / energy] : []
  );
  if (shares.length === 0) return undefined;
  return figureHtml(() => [
    lines(ranked(shares, "share"), {
      ...{ x: "rank", y: "value", style, yDomain: [0, 1] },
      xLabel: "latents, the most missed first",
      yLabel: "share missed",
    }),
  ], {
    title: "The amortisation gap per latent",
    description:
      "Share of a latent's energy in the codes of matching pursuit that lies in rows in which the " +
      "encoder does not use it. Of an encoder that finds what is there, the curve lies at 0.",
  });
}

function worstTable({ latents }: Audit): Html | undefined {
  return tableHtml(
    {
      caption: "Latents of which most energy is missed",
      columns: ["latent", "uses", "missed", "energy missed", "encoder's uses"],
    },
    latents.worst.map((j) => [
      String(j),
      few(latents.uses[j]),
      few(latents.missedUses[j]),
      percent(latents.missedEnergy[j] / latents.energy[j]),
      few(latents.encoderUses[j]),
    ]),
  );
}

function nearestFigure({ atoms }: Audit): Html {
  return figureHtml(() => [
    lines([...ranked(atoms.nearest, "nearest"), { method: "welch", value: atoms.welchBound }], {
      ...{ x: "rank", y: "value", style, reference: ["welch"] },
      yDomain: [Math.min(0, ...atoms.nearest), 1],
      xLabel: "atoms, the most alike first",
      yLabel: "cosine",
    }),
  ], {
    title: "How alike the atoms are",
    description:
      "Cosine of each atom with the nearest other one; the dashed line is the least coherence " +
      "that so many atoms can have in so many dimensions (Welch).",
  });
}

function duplicateTable({ atoms }: Audit): Html | undefined {
  return tableHtml(
    { caption: "Duplicates, the most alike first", columns: ["atoms", "cosine"] },
    atoms.duplicates.slice(0, 25).map(({ a, b, cosine }) => [`${a}, ${b}`, cosine.toFixed(3)]),
  );
}

function usesFigure({ usage }: Audit): Html | undefined {
  const used = usage.uses.filter((count) => count > 0);
  if (used.length === 0) return undefined;
  const bound = usage.boundUses === undefined ? [] : [{ method: "bound", value: usage.boundUses }];
  return figureHtml(() => [
    lines([...ranked(used, "uses"), ...bound], {
      ...{ x: "rank", y: "value", style, reference: ["bound"], yScale: "log" },
      xLabel: "latents, the most used first",
      yLabel: "rows",
    }),
  ], {
    title: "How often each latent is used",
    description:
      `Rows, of ${few(usage.rows)}, in which the encoder uses a latent; dead ones are left out. ` +
      "The dashed line is how often the atoms of a dictionary of this size must be used on average for " +
      "counting to determine it.",
  });
}

const KINDS = {
  raw: "activations",
  encoder: "the encoder's codes",
  omp: "on its decoder",
} as const;

function probesHtml({ probes, learned }: Audit): Html | undefined {
  if (!probes) return undefined;
  const kinds = [
    ...(Object.keys(KINDS) as (keyof typeof KINDS)[]).map((id) => [id, probes[id]] as const),
    ...(learned?.probes ? [["learned_omp", learned.probes] as const] : []),
  ] as [string, ProbeScores][];
  const rows: PlotRow[] = kinds.flatMap(([method, { columns, combination }]) => [
    ...columns.map(({ column, auc }) => ({ method, group: `column ${column}\nall values`, auc })),
    ...combination.flatMap(({ column, value, aucIn, aucOut }) => [
      { method, group: `column ${column} = ${value}\nin distribution`, auc: aucIn },
      { method, group: `column ${column} = ${value}\nheld-out pair`, auc: aucOut },
    ]),
  ]);
  const number = (value: number) => Number.isFinite(value) ? value.toFixed(3) : "–";
  return markup`${
    rows.length === 0
      ? undefined
      : figureHtml((size) =>
        (size === "wide" ? [rows] : [...Map.groupBy(rows, ({ group }) => group).values()])
          .map((some) =>
            groupedBars(some, {
              ...{ x: "group", y: "auc", style, yLabel: "AUC", chance: 0.5, yDomain: [0, 1] },
            })
          ), {
        title: "What linear probes tell",
        description:
          "AUC of the same probe on activations and on each kind of codes. Held-out pair: rows with " +
          "two labels that never met in training; the other label is the same in all of them, so that it " +
          "cannot help.",
      })
  }${
    groupedTableHtml(
      {
        caption: "In distribution",
        columns: ["column", "values", "rows", "accuracy", "chance", "AUC"],
      },
      kinds.map(([method, { columns }]) => [
        STYLES[method].label,
        columns.map(({ column, classes, rows, accuracy, chance, auc }) => [
          ...[String(column), String(classes.length), few(rows)],
          ...[accuracy, chance, auc].map(number),
        ]),
      ]),
    )
  }${
    groupedTableHtml(
      {
        caption: "The held-out combination",
        columns: [
          ...["column", "AUC in", "AUC out", "± s.e."],
          ...["accu\u00adracy in", "accu\u00adracy out", "rows out (+, −)"],
        ],
      },
      kinds.map(([method, { combination }]) => [
        STYLES[method].label,
        combination.map((score) => [
          `${score.column} = ${score.value}`,
          ...[score.aucIn, score.aucOut, score.aucOutError].map(number),
          ...[score.accuracyIn, score.accuracyOut].map(number),
          score.rowsOut.map(few).join(", "),
        ]),
      ]),
    )
  }`;
}
