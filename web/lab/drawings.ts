/**
 * The four drawings of the Lab, for a width in pixels: what they show, in words and as SVG.
 * @module
 */
import {
  type Axis,
  axisBelow,
  type Box,
  chart,
  codeBars,
  dotStrip,
  label,
  legend,
  niceAbove,
  placeOn,
  verticalMark,
} from "./charts.ts";
import { short, svg } from "./dom.ts";
import { epochAtStep, nameOf, type Results, scoreCode, shownCodes } from "./results.ts";
import { atomsAtStep, countingBound, MAP_SIZE, PLANE_GRID, planeCode, SCORED } from "./sizes.ts";
import { boundOf, type LabState, rangeOf } from "./state.ts";

/** A drawing, what it shows in a sentence, and its numbers. */
export interface Drawing {
  /** What is in the `<svg>`. */
  content: SVGElement[];
  /** Height in pixels. */
  height: number;
  /** One sentence for readers who cannot see it. */
  summary: string;
  /** A table of its numbers: the head, then the rows. */
  table: string[][];
  /** Where the map of cosines is. */
  map?: Box;
}

const NARROW = 620;
/** Width of what is said beside a sample's code: "10 of 10 found, 100 others, error 0.094". */
const WORDS = 258;
/** Height of what stands for one learner. */
const STRIP = 40;
/** Height of the words above the first of them. */
const ABOVE = 16;
/** |cosine| above which an atom counts as found. */
const FOUND = 0.9;

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** Ticks at whole numbers: the ends, and between them what `middle` rounds to. */
function wholeTicks([low, high]: readonly [number, number], middle: number): number[] {
  return [...new Set([low, Math.round(middle), high])];
}

/** The codes of one sample, a strip for each method. */
export function drawCodes(state: LabState, results: Results, width: number): Drawing {
  const shown = shownCodes(state, results), narrow = width < NARROW;
  const truth = shown?.truth ?? new Float64Array(state.n);
  const methods = shown?.methods ??
    ["fista", "lasso", "omp", ...state.saes].map((name): [string, undefined] => [name, undefined]);
  const top = niceAbove(Math.max(...truth, 0.5)), epoch = epochAtStep(state);
  const content: SVGElement[] = [], table = [["Method", "At", "Active found", "Others", "Error"]];
  const [left, strip, pitch] = narrow ? [4, 36, 84] : [120, 40, 58];
  let y = 8;
  for (const [method, code] of methods) {
    const when = method === "fista"
      ? counted(state.step, "iteration")
      : method === "lasso"
      ? "certified"
      : method === "omp"
      ? counted(atomsAtStep(state), "atom")
      : `epoch ${epoch}`;
    const score = code && scoreCode(truth, code);
    const words = score
      ? `${score.right} of ${state.k} found, ${score.wrong} others, error ${short(score.error)}`
      : "…";
    const right = narrow ? width - 4 : width - WORDS;
    const box: Box = { x: left, y: y + (narrow ? 38 : 2), width: right - left, height: strip };
    content.push(
      label(nameOf(method), 4, narrow ? y + 14 : y + 20, { kind: "strong" }),
      label(when, narrow ? width - 4 : 4, narrow ? y + 14 : y + 37, {
        anchor: narrow ? "end" : "start",
      }),
      label(words, narrow ? 4 : right + 14, y + (narrow ? 32 : 30), { kind: "ink" }),
      codeBars(box, truth, code, { colour: `c-${method}`, top }),
    );
    y += pitch;
    if (score) {
      const { right, wrong, error } = score;
      table.push([nameOf(method), when, `${right} of ${state.k}`, String(wrong), short(error)]);
    }
  }
  const axis: Box = { x: left, y, width: (narrow ? width - 4 : width - WORDS) - left, height: 0 };
  content.push(
    label("0", axis.x, y + 8),
    label(`latent ${state.n - 1}`, axis.x + axis.width, y + 8, { anchor: "end" }),
    svg("path", { d: `M${axis.x + 70},${y + 4}h14`, class: "truth", "stroke-width": 8 }),
    label("true code", axis.x + 90, y + 8),
  );
  const best = table.slice(1).map(([name, , found]) => `${name} ${found}`).join(", ");
  return {
    content,
    height: y + 20,
    table,
    summary: `Active latents found: ${best || "none yet"}.`,
  };
}

/** Cosines of an autoencoder's atoms, whose map is painted below, its losses and its MCC. */
export function drawTraining(state: LabState, results: Results, width: number): Drawing {
  const records = results.saes.get(state.shown) ?? [], last = records.at(-1);
  const narrow = width < 760,
    side = narrow ? Math.min(width - 40, 340) : Math.min(360, width * 0.4);
  const content: SVGElement[] = [], name = nameOf(state.shown);
  const map: Box = { x: 26, y: 26, width: side, height: side };
  content.push(
    label("True atoms × learned atoms, |cosine|", map.x, 14, { kind: "ink" }),
    svg("rect", { ...map, class: "frame" }),
  );
  content.push(
    label(
      state.n > MAP_SIZE
        ? `largest in each of ${MAP_SIZE} × ${MAP_SIZE} blocks`
        : "diagonal: matched pairs, closest first",
      map.x,
      map.y + side + 16,
    ),
  );
  const rest = narrow
    ? { x: 52, y: map.y + side + 62, width: width - 68 }
    : { x: map.x + side + 76, y: 26, width: width - side - 122 };
  const height = narrow ? 140 : (side - 76) / 2;
  const x: Axis = { label: "epoch", domain: [0, state.epochs] };
  const losses = records.flatMap(({ mseId, mseOod }) => [mseId, mseOod]);
  const high = niceAbove(Math.max(...losses, 1e-9));
  const low = Math.min(high / 10, 10 ** Math.floor(Math.log10(Math.min(...losses, high))));
  const loss: Box = { ...rest, height }, mcc: Box = { ...rest, y: rest.y + height + 76, height };
  const both = (id: "mseId" | "mccId", ood: "mseOod" | "mccOod") =>
    [[id, "c-id"], [ood, "c-ood"]].map(([key, colour]) => ({
      ...{ colour, dashed: colour === "c-ood" },
      points: records.map((r) => [r.epoch, r[key as typeof id]] as const),
    }));
  const scored = Math.min(SCORED, Math.floor(state.samples / 2));
  const share: Axis = {
    ...{ label: `MCC of the codes of ${scored} samples`, domain: [0, 1], ticks: [0, 0.5, 1] },
  };
  const error: Axis = { label: "mean squared error", domain: [low, high], log: true };
  content.push(
    // without a record there is nothing that the axis could measure
    chart(loss, x, { ...error, ticks: last ? [low, high] : [] }, both("mseId", "mseOod")),
    chart(mcc, x, share, both("mccId", "mccOod")),
  );
  const keys = legend(
    [{ colour: "c-id", name: "in distribution" }, {
      ...{ colour: "c-ood", name: "out of distribution", dashed: true },
    }],
    rest.x,
    mcc.y + height + 52,
    rest.width,
  );
  content.push(keys.group);
  const table = [
    ["Epoch", "MSE in", "MSE out", "MCC in", "MCC out", "Atoms found"],
    ...records.map((r) => [
      ...[r.epoch, r.mseId, r.mseOod, r.mccId, r.mccOod].map(short),
      `${Math.round(100 * r.found)} %`,
    ]),
  ];
  const summary = last
    ? `${name} after ${last.epoch} epochs: ${
      Math.round(100 * last.found)
    } % of the true atoms found, ` +
      `MCC ${last.mccId.toFixed(2)} in distribution and ${last.mccOod.toFixed(2)} out of it.`
    : state.saes.length > 0
    ? `${name} has not begun.`
    : "No kind of autoencoder is chosen.";
  const bottom = Math.max(map.y + side + 24, mcc.y + height + 42 + keys.height);
  return { content, height: bottom, table, summary, map };
}

/** Atoms found over the run, and how close each is over its uses, by every learner. */
export function drawLearners(state: LabState, results: Results, width: number): Drawing {
  const { learners, saes, uses = [], seconds } = results;
  const narrow = width < 760, half = narrow ? width - 68 : (width - 150) / 2;
  const methods = [
    ...(["path", "dl_fista"] as const).map((name) => ({
      ...{ name: name as string, of: name, cosines: learners.get(name)?.at(-1)?.cosines },
      points: (learners.get(name) ?? [])
        .map(({ round, rounds, found }) => [Math.min(1, round / rounds), found] as const),
    })),
    ...state.saes.map((type) => ({
      ...{ name: type as string, of: type, cosines: saes.get(type)?.at(-1)?.cosines },
      points: (saes.get(type) ?? [])
        .map(({ epoch, found }) => [epoch / state.epochs, found] as const),
    })),
  ];
  const pitch = STRIP + 22, strips = ABOVE + methods.length * pitch;
  const height = narrow ? 190 : Math.min(Math.max(230, strips), 420);
  const left: Box = { x: 52, y: 26, width: half, height };
  const right: Box = narrow
    ? { ...left, y: 26 + height + 76, height: strips }
    : { ...left, x: 52 + half + 82, width: half, height: strips };
  const bottom = Math.max(left.y + left.height, right.y + right.height);
  const bound = countingBound(state), perAtom = bound * state.k / state.n;
  const marked = Number.isFinite(perAtom) && perAtom > 0;
  const shown = marked ? [...uses, perAtom] : uses;
  const most = Math.max(...shown, 1), least = Math.max(1, Math.min(...shown, most));
  const domain = [least, Math.max(most, least + 1)] as const;
  const x: Axis = {
    ...{ label: "training samples that use the atom", domain, log: true, format: short },
    // before the uses are there the ends are not theirs
    ticks: uses.length > 0 ? wholeTicks(domain, Math.sqrt(domain[0] * domain[1])) : [],
  };
  const share: Axis = {
    ...{ label: "share of the run", domain: [0, 1], ticks: [0, 0.5, 1] },
    format: (value) => `${Math.round(100 * value)} %`,
  };
  const found: Axis = { ...share, label: `true atoms found (|cosine| above ${FOUND})` };
  const training = Math.floor(state.samples / 2);
  // where the line of the bound does not cross it
  const nameAt = marked && placeOn(x, perAtom) < 0.5 ? "end" : "start";
  const content: SVGElement[] = [
    chart(left, share, found, methods.map(({ name, points }) => ({ colour: `c-${name}`, points }))),
    label("|cosine| of each true atom", right.x, right.y - 8, { kind: "ink" }),
    // one below the other, because all of them have dots at the same uses
    ...methods.map(({ name, cosines }, i) =>
      dotStrip(
        { ...right, y: right.y + ABOVE + i * pitch + 20, height: STRIP },
        { ...x, name: nameOf(name), nameAt, colour: `c-${name}`, mark: FOUND },
        cosines && uses.length > 0
          ? [...cosines].map((cosine, j) => [uses[j], cosine] as const)
          : [],
      )
    ),
    axisBelow(right, x),
  ];
  if (uses.length > 0 && marked) {
    content.push(verticalMark(right, x, perAtom, "counting bound"));
  }
  const keys = legend(
    methods.map(({ name, of }) => ({
      colour: `c-${name}`,
      name: nameOf(name) + (seconds.has(of) ? ` ${seconds.get(of)!.toFixed(1)} s` : ""),
    })),
    ...[12, bottom + 56, width - 24] as const,
  );
  content.push(keys.group);
  const ends = methods.filter(({ points }) => points.length > 0)
    .map(({ name, points }) => [nameOf(name), `${Math.round(100 * points.at(-1)![1])} %`]);
  return {
    content,
    height: bottom + 46 + keys.height,
    table: [["Learner", "True atoms found"], ...ends],
    summary: `${ends.map((end) => end.join(" ")).join(", ") || "Nothing learned yet"}. ` +
      (marked
        ? `There are ${short(training)} training samples; counting asks for ${
          short(Math.ceil(bound))
        }.`
        : "With m at most k no number of samples is enough."),
  };
}

/** Half of the side of the plane, in units of its coordinates. */
export const PLANE_EDGE = 2.1;
/** Pixels from the middle of an atom's handle to that of its number. */
const NAME_GAP = 22;

/** Atoms in the plane, and the codes of pairs that one-norm inference finds or does not. */
export function drawPlane(state: LabState, results: Results, width: number): Drawing {
  const side = Math.min(width, 560), { atoms, pair } = state;
  const at = (x: number, y: number) =>
    [x, -y].map((value) => ((value / PLANE_EDGE + 1) * side / 2).toFixed(1)).join();
  const content: SVGElement[] = [
    svg("path", { d: `M0,${side / 2}H${side}M${side / 2},0V${side}`, class: "grid" }),
  ];
  // pairs that are left from before an atom went have no place
  const pairs = (results.pairs ?? []).filter(({ j }) => j < atoms.length);
  const shown = pairs.filter(({ i, j }) => pair === "" || pair === `${i}-${j}`);
  const half = 0.5 / PLANE_GRID;
  for (const wanted of [1, 0]) {
    for (const { i, j, found } of shown) {
      const corner = (u: number, v: number) =>
        at(u * atoms[i][0] + v * atoms[j][0], u * atoms[i][1] + v * atoms[j][1]);
      let d = "";
      for (let row = 0; row < PLANE_GRID; row++) {
        const u = planeCode(row);
        // neighbours of a row that are alike are one piece
        for (let from = 0, to; from < PLANE_GRID; from = to) {
          const one = found[row * PLANE_GRID + from];
          for (to = from + 1; to < PLANE_GRID && found[row * PLANE_GRID + to] === one;) to++;
          if (one !== wanted) continue;
          const low = planeCode(from) - half, high = planeCode(to - 1) + half;
          d += `M${corner(u - half, low)}L${corner(u + half, low)}L${corner(u + half, high)}L${
            corner(u - half, high)
          }z`;
        }
      }
      if (d) content.push(svg("path", { d, class: wanted ? "region good" : "region bad" }));
    }
  }
  atoms.forEach(([x, y], i) => {
    const [cx, cy] = at(x, y).split(",");
    const angle = Math.round(Math.atan2(y, x) * 180 / Math.PI), length = Math.hypot(x, y);
    const beside = 1 + NAME_GAP * 2 * PLANE_EDGE / side / length;
    const [tx, ty] = at(x * beside, y * beside).split(",").map(Number);
    content.push(
      svg("path", { d: `M${side / 2},${side / 2}L${cx},${cy}`, class: "atom-line" }),
      svg("circle", {
        ...{ cx, cy, r: 9, class: "atom", tabindex: 0, role: "slider", "data-atom": i },
        "aria-label": `Atom ${i + 1}`,
        ...{ "aria-valuemin": -180, "aria-valuemax": 180, "aria-valuenow": angle },
        "aria-valuetext": `${angle} degrees, length ${short(length)}`,
      }),
      label(String(i + 1), tx, ty + 5, { anchor: "middle", kind: "strong" }),
    );
  });
  const total = pairs.reduce((sum, { recovered }) => sum + recovered, 0) / pairs.length;
  return {
    ...{ content, height: side },
    table: [
      ["Pair of atoms", "Codes found"],
      ...pairs.map(({ i, j, recovered }) => [
        ...[`${i + 1} and ${j + 1}`, `${Math.round(100 * recovered)} %`],
      ]),
    ],
    summary: pairs.length > 0
      ? `${counted(atoms.length, "atom")}, ${
        counted(pairs.length, "pair")
      }: the support is found for ${Math.round(100 * total)} % of the codes.`
      : "Nothing computed yet.",
  };
}

/** The bound on m over k, and where the state is. */
export function drawBound(state: LabState, width: number): Drawing {
  const { min, max } = rangeOf("k", state),
    top = niceAbove(Math.max(state.m, boundOf(state.n, max)));
  const x: Axis = {
    ...{ label: "k, active latents", domain: [min, max] },
    ticks: wholeTicks([min, max], (min + max) / 2),
  };
  const y: Axis = { label: "m, dimensions", domain: [0, top], ticks: [0, top] };
  const box: Box = { x: 36, y: 26, width: width - 46, height: 72 };
  const points = Array.from({ length: max - min + 1 }, (_, i) => min + i)
    .map((k) => [k, boundOf(state.n, k)] as const);
  const [cx, cy] = [
    box.x + placeOn(x, state.k) * box.width,
    box.y + (1 - placeOn(y, state.m)) * box.height,
  ];
  const bound = boundOf(state.n, state.k);
  return {
    content: [
      chart(box, x, { ...y }, [{ colour: "c-bound", points }]),
      svg("circle", { cx, cy, r: 5, class: state.m < bound ? "here below" : "here" }),
    ],
    height: 134,
    table: [],
    summary: `m = ${state.m} is ${
      state.m < bound ? "below" : "at or above"
    } the bound 2k ln(n/k) = ${bound}.`,
  };
}
