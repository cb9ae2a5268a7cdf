/**
 * The Lab's page: its controls, its address, its workers and its drawings.
 * @module
 */
import type { Box } from "./charts.ts";
import { byId, html, short, svg } from "./dom.ts";
import {
  drawBound,
  drawCodes,
  type Drawing,
  drawLearners,
  drawPlane,
  drawTraining,
  PLANE_EDGE,
} from "./drawings.ts";
import { lambdaAt, lambdaPlace } from "./lambda.ts";
import type { CosineMap } from "./compute.ts";
import type { Answer, Job } from "./messages.ts";
import { forgetColours, paintMap } from "./picture.ts";
import {
  addCodes,
  type FigureName,
  nameOf,
  noResults,
  recordedEpochs,
  type Results,
  rowsOf,
} from "./results.ts";
import { Runner } from "./runner.ts";
import { save, standalone } from "./save.ts";
import { scriptOf } from "./script.ts";
import {
  ATOM_LENGTH,
  boundOf,
  fitted,
  isPlaneAtom,
  type LabState,
  PLANE_ATOMS,
  rangeOf,
  readState,
  rounded,
  type SliderName,
  spreadAtoms,
  START,
  STEPS,
  writeState,
} from "./state.ts";
import type { SaeType } from "../../lib/train_sae.ts";

const SLIDERS: readonly SliderName[] = [
  ...["n", "k", "m", "samples", "lambda", "noise", "seed", "epochs", "sample", "step"] as const,
];
/** Sliders that only change what is shown. */
const VIEWS: readonly SliderName[] = ["sample", "step"];
const FIGURES: readonly FigureName[] = ["codes", "training", "learners", "plane"];

/** Milliseconds without a further change after which trainings begin anew. */
const SETTLED = 250;
/** Milliseconds from one drawing of what a computation has come to, to the next. */
const PROGRESS = 150;
/** Milliseconds without a further change after which the address is written: browsers refuse many a second. */
const WRITTEN = 150;

let state: LabState = readState(location.search);
let atBound = state.m === boundOf(state.n, state.k);
let results: Results = noResults();
/** The map that is painted. */
let painted: CosineMap | undefined;
/** Whether trainings are wanted: until the reader stops them. */
let wanted = true;
/** What went wrong last. */
let failure = "";

const quick = new Runner(hear), long = new Runner(hear);

/* ---- results ---- */

function hear(answer: Answer): void {
  switch (answer.kind) {
    case "codes":
      if (quick.isOutdated("codes")) break;
      results.codes = addCodes(results.codes, answer.codes);
      redrawSoon("codes");
      if (due) train();
      break;
    case "sae": {
      const { type, record } = answer;
      keep(results.saes, type, record);
      redrawSoon("codes", "learners", ...type === state.shown ? ["training"] as const : []);
      break;
    }
    case "uses":
      results.uses = answer.uses;
      break;
    case "learner":
      keep(results.learners, answer.learner, answer.record);
      redrawSoon("learners");
      break;
    case "plane":
      results.pairs = answer.pairs;
      redraw("plane");
      break;
    case "dictionary":
      results.dictionaries.set(answer.of, answer.dictionary);
      results.seconds.set(answer.of, answer.seconds);
      redrawSoon("learners");
      break;
    case "failed":
      failure = answer.message;
      break;
  }
  tellStatus();
}

function keep<Key, Record>(all: Map<Key, Record[]>, key: Key, record: Record): void {
  const records = all.get(key);
  if (records) records.push(record);
  else all.set(key, [record]);
}

/* ---- jobs ---- */

/** Computes what the state asks for: what is quick at once, trainings when the sliders rest. */
function compute(...jobs: Job[]): void {
  failure = "";
  if (jobs.includes("plane")) quick.ask({ job: "plane", state });
  if (jobs.includes("codes")) {
    results.codes = undefined;
    quick.ask({ job: "codes", state });
  }
  if (jobs.includes("saes")) {
    long.stop();
    results = { ...noResults(), codes: results.codes, pairs: results.pairs };
    calmDown();
    if (wanted) settling = setTimeout(train, SETTLED);
  }
  redraw(...FIGURES);
  tellStatus();
}
let settling: ReturnType<typeof setTimeout> | undefined;
/** Whether trainings begin when the first codes are there: until then these have the processor. */
let due = false;

function train(): void {
  settling = undefined;
  due = !document.hidden && !results.codes?.fista;
  if (document.hidden || due) return;
  long.ask({ job: "saes", state });
  long.ask({ job: "learners", state });
  tellStatus();
}

/** Begins no training that has not begun; tells whether one would have. */
function calmDown(): boolean {
  const awaited = settling !== undefined || due;
  clearTimeout(settling);
  settling = undefined;
  due = false;
  return awaited;
}

/** The share of the trainings and learners that is done. */
function shareDone(): number {
  const perSae = recordedEpochs(state.epochs).length;
  const saes = state.saes.map((type) => (results.saes.get(type)?.length ?? 0) / perSae);
  const learners = (["path", "dl_fista"] as const).map((name) => {
    const last = results.learners.get(name)?.at(-1);
    return last ? Math.min(1, last.round / last.rounds) : 0;
  });
  const parts = [...saes, ...learners];
  return parts.reduce((sum, part) => sum + part, 0) / parts.length;
}

function tellStatus(): void {
  const busy = long.open > 0 || settling !== undefined || due, share = shareDone();
  const now = [...results.learners.keys(), ...results.saes.keys()]
    .find((name) => !results.dictionaries.has(name));
  const words = failure
    ? `It failed: ${failure}`
    : busy
    ? now ? `Computing ${nameOf(now)}` : "Computing"
    : quick.open > 0
    ? "Computing codes"
    : share >= 1
    ? "Done"
    : document.hidden
    ? "Stopped while the page is hidden"
    : "Stopped";
  const status = byId("status");
  if (status.textContent !== words) status.textContent = words;
  byId<HTMLProgressElement>("progress").value = share;
  const run = byId("run"), action = busy ? "Stop" : "Run again";
  if (run.textContent !== action) run.textContent = action;
  document.documentElement.dataset.lab = failure ? "failed" : busy || quick.open ? "busy" : "idle";
}

/* ---- drawings ---- */

const stale = new Set<FigureName>();

/** Draws figures before the next frame. */
function redraw(...figures: FigureName[]): void {
  if (stale.size === 0) requestAnimationFrame(drawOne);
  for (const figure of figures) stale.add(figure);
}

/** Draws figures when the time has come for what is new: sooner than that nobody could see it. */
function redrawSoon(...figures: FigureName[]): void {
  for (const figure of figures) progressed.add(figure);
  drawing ??= setTimeout(() => {
    drawing = undefined;
    redraw(...progressed);
    progressed.clear();
  }, PROGRESS);
}
const progressed = new Set<FigureName>();
let drawing: ReturnType<typeof setTimeout> | undefined;

/** One figure a frame, so that no frame is long. */
function drawOne(): void {
  const [figure] = stale;
  if (figure === undefined) return;
  stale.delete(figure);
  draw(figure);
  if (stale.size > 0) requestAnimationFrame(drawOne);
}

function draw(figure: FigureName): void {
  const element = byId<SVGSVGElement>(`${figure}-drawing`), width = widthOf(figure);
  const drawing = {
    codes: () => drawCodes(state, results, width),
    training: () => drawTraining(state, results, width),
    learners: () => drawLearners(state, results, width),
    plane: () => drawPlane(state, results, width),
  }[figure]();
  show(element, drawing, figure === "plane" ? drawing.height : width);
  element.setAttribute("aria-label", `${byId(`${figure}-title`).textContent}. ${drawing.summary}`);
  say(byId(`${figure}-reading`), drawing.summary);
  if (drawing.map) placeMap(drawing as Drawing & { map: Box }, width);
  drawTable(figure, drawing.table);
}

/** The width of a figure's drawing; asked of the page once, because the page is laid out for it. */
function widthOf(figure: FigureName): number {
  let width = widths.get(figure);
  if (width === undefined) {
    width = Math.max(280, byId(figure).clientWidth - 2);
    widths.set(figure, width);
  }
  return width;
}
const widths = new Map<FigureName, number>();

/** Sets words that are other ones. */
function say(element: Element, words: string): void {
  if (element.textContent !== words) element.textContent = words;
}

/** Lays the last map of the shown autoencoder over its place in the drawing; paints it once. */
function placeMap(
  { map: { x, y, width, height }, height: full }: Drawing & { map: Box },
  wide: number,
) {
  const canvas = byId<HTMLCanvasElement>("map"), map = results.saes.get(state.shown)?.at(-1)?.map;
  canvas.hidden = map === undefined;
  const share = (part: number, whole: number) => `${(100 * part / whole).toFixed(3)}%`;
  Object.assign(canvas.style, {
    ...{ left: share(x, wide), top: share(y, Math.ceil(full)) },
    ...{ width: share(width, wide), height: share(height, Math.ceil(full)) },
  });
  if (map && map !== painted) paintMap(canvas, map);
  painted = map;
}

/** The numbers of a figure, where its reader has unfolded them. */
function drawTable(figure: FigureName, [head, ...rows]: string[][]): void {
  const table = byId(`${figure}-table`);
  if (!table.closest("details")!.open) return;
  table.replaceChildren(
    html("thead", {}, html("tr", {}, ...head.map((cell) => html("th", { scope: "col" }, cell)))),
    html(
      "tbody",
      {},
      ...rows.map((row) => html("tr", {}, ...row.map((cell) => html("td", {}, cell)))),
    ),
  );
}

function show(element: SVGSVGElement, { content, height }: Drawing, width: number): void {
  // a handle that is dragged or has the focus must stay the same element
  const focused = document.activeElement?.getAttribute("data-atom");
  element.setAttribute("viewBox", `0 0 ${width} ${Math.ceil(height)}`);
  element.setAttribute("width", String(width));
  element.setAttribute("height", String(Math.ceil(height)));
  element.replaceChildren(...content);
  if (focused !== null && focused !== undefined) {
    element.querySelector<SVGElement>(`[data-atom="${focused}"]`)?.focus();
  }
}

/* ---- controls ---- */

/** Sets every control to the state, and the address. */
function showState(): void {
  for (const name of SLIDERS) {
    const input = byId<HTMLInputElement>(name), { min, max, step } = rangeOf(name, state);
    const log = step === 0;
    input.min = String(log ? lambdaPlace(min) : min);
    input.max = String(log ? lambdaPlace(max) : max);
    input.value = String(log ? lambdaPlace(state[name]) : state[name]);
    const words = state[name] >= 1000 ? short(state[name]) : String(state[name]);
    say(byId(`${name}-value`), words);
    input.setAttribute("aria-valuetext", words);
  }
  byId<HTMLInputElement>("bound").checked = atBound;
  for (const box of document.querySelectorAll<HTMLInputElement>("input[name=saes]")) {
    box.checked = state.saes.includes(box.value as SaeType);
  }
  const shown = byId<HTMLSelectElement>("shown"), pair = byId<HTMLSelectElement>("pair");
  offer(shown, state.saes.map((type) => [type, nameOf(type)]), state.shown);
  const pairs = state.atoms.flatMap((_, i) =>
    state.atoms.slice(i + 1).map((_, later): [string, string] => {
      const j = i + 1 + later;
      return [`${i}-${j}`, `${i + 1} and ${j + 1}`];
    })
  );
  offer(pair, [["", "all pairs"], ...pairs], state.pair);
  shown.disabled = state.saes.length === 0;
  byId<HTMLButtonElement>("fewer").disabled = state.atoms.length === PLANE_ATOMS.min;
  byId<HTMLButtonElement>("more").disabled = state.atoms.length === PLANE_ATOMS.max;
  const bound = byId<SVGSVGElement>("bound-drawing");
  const width = Math.max(200, bound.parentElement!.clientWidth);
  const drawing = drawBound(state, width);
  show(bound, drawing, width);
  bound.setAttribute("aria-label", drawing.summary);
  for (const figure of FIGURES) say(byId(`${figure}-script`), scriptOf(figure, state));
  clearTimeout(writing);
  writing = setTimeout(writeAddress, WRITTEN);
}
let writing: ReturnType<typeof setTimeout> | undefined;

function writeAddress(): void {
  clearTimeout(writing);
  const address = location.pathname + writeState(state);
  if (address !== location.pathname + location.search) history.replaceState(null, "", address);
}

function offer(select: HTMLSelectElement, options: [string, string][], value: string): void {
  const same = [...select.options].map((option) => option.value).join() ===
    options.map(([key]) => key).join();
  if (!same) {
    select.replaceChildren(...options.map(([key, name]) => html("option", { value: key }, name)));
  }
  select.value = value;
}

/** Changes the state, and computes what it changes. */
function change(part: Partial<LabState>, ...jobs: Job[]): void {
  state = { ...state, ...part };
  for (const name of SLIDERS) state[name] = fitted(name, state[name], state);
  if (atBound) state.m = fitted("m", boundOf(state.n, state.k), state);
  if (!state.saes.includes(state.shown)) state.shown = state.saes[0] ?? START.shown;
  const [, second] = state.pair.split("-");
  if (second && Number(second) >= state.atoms.length) state.pair = "";
  showState();
  if (jobs.length > 0) compute(...jobs);
}

function listen(): void {
  for (const name of SLIDERS) {
    byId(name).addEventListener("input", ({ target }) => {
      const { value } = target as HTMLInputElement;
      if (name === "m") atBound = false;
      const part = { [name]: name === "lambda" ? lambdaAt(Number(value)) : Number(value) };
      if (VIEWS.includes(name)) {
        change(part);
        redraw("codes");
      } else if (name === "epochs") {
        change(part, "saes");
      } else {
        change(part, ...name === "lambda" ? ["plane"] as const : [], "codes", "saes");
      }
    });
  }
  byId("bound").addEventListener("change", ({ target }) => {
    atBound = (target as HTMLInputElement).checked;
    change({}, "codes", "saes");
  });
  for (const box of document.querySelectorAll<HTMLInputElement>("input[name=saes]")) {
    box.addEventListener("change", () => {
      const boxes = [...document.querySelectorAll<HTMLInputElement>("input[name=saes]")];
      change({ saes: boxes.filter((b) => b.checked).map((b) => b.value as SaeType) }, "saes");
    });
  }
  byId("shown").addEventListener("change", ({ target }) => {
    change({ shown: (target as HTMLSelectElement).value as SaeType });
    redraw("training");
  });
  byId("pair").addEventListener("change", ({ target }) => {
    change({ pair: (target as HTMLSelectElement).value });
    redraw("plane");
  });
  byId("fewer").addEventListener("click", () => {
    change({ atoms: state.atoms.slice(0, -1) }, "plane");
  });
  byId("more").addEventListener("click", () => change({ atoms: withOneMore() }, "plane"));
  byId("spread").addEventListener("click", () => {
    change({ atoms: spreadAtoms(state.atoms.length) }, "plane");
  });
  byId("run").addEventListener("click", () => {
    wanted = byId("run").textContent !== "Stop";
    if (wanted) {
      compute("codes", "plane", "saes");
      return;
    }
    calmDown();
    long.stop();
    tellStatus();
  });
  byId("reset").addEventListener("click", () => {
    atBound = wanted = true;
    change(structuredClone(START), "codes", "plane", "saes");
  });
  byId("link").addEventListener("click", async () => {
    const button = byId("link"), words = button.textContent;
    writeAddress();
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "Copied";
    } catch {
      button.textContent = "It is in the address bar";
    }
    setTimeout(() => button.textContent = words, 1500);
  });
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-save]")) {
    button.addEventListener("click", () => saveFigure(button.dataset));
  }
  for (const figure of FIGURES) {
    byId(`${figure}-table`).closest("details")!
      .addEventListener("toggle", () => redraw(figure));
  }
  listenToPlayer();
  listenToPlane();
  document.querySelector("form")!.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("visibilitychange", whenHidden);
  addEventListener("pagehide", writeAddress);
  addEventListener("resize", () => {
    widths.clear();
    showState();
    redraw(...FIGURES);
  });
  addEventListener("themechange", repaint);
  // the printer's colours are there for as long as this holds
  matchMedia("print").addEventListener("change", () => {
    repaint();
    draw("training");
  });
  addEventListener("popstate", () => location.reload());
}

function saveFigure({ save: kind, figure }: DOMStringMap): void {
  const name = figure as FigureName;
  if (kind === "svg") {
    draw(name);
    const map = name === "training" && painted
      ? drawTraining(state, results, widthOf(name)).map
      : undefined;
    const picture = map && svg("image", {
      ...{ ...map, href: byId<HTMLCanvasElement>("map").toDataURL() },
      "image-rendering": "pixelated",
    });
    const drawing = standalone(byId<SVGSVGElement>(`${name}-drawing`), picture);
    save(`${name}.svg`, drawing, "image/svg+xml");
  } else if (kind === "json") {
    const rows = rowsOf(name, state, results);
    save(`${name}.json`, JSON.stringify(rows, null, 1) + "\n", "application/json");
  } else {
    save(`${name}.ts`, scriptOf(name, state), "text/plain");
  }
}

/** Shows the iterations one after the other. */
function listenToPlayer(): void {
  const button = byId("play");
  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    button.setAttribute("aria-pressed", "false");
  };
  button.addEventListener("click", () => {
    if (timer !== undefined) return stop();
    if (state.step === STEPS) change({ step: 1 });
    button.setAttribute("aria-pressed", "true");
    timer = setInterval(() => {
      if (state.step === STEPS || document.hidden) return stop();
      change({ step: state.step + 1 });
      redraw("codes");
    }, 80);
  });
}

/** The atom that lies farthest from the others' directions. */
function withOneMore(): [number, number][] {
  const angles = state.atoms.map(([x, y]) => Math.atan2(y, x)).sort((a, b) => a - b);
  let best = 0, widest = 0;
  angles.forEach((angle, i) => {
    const next = angles[i + 1] ?? angles[0] + 2 * Math.PI;
    if (next - angle > widest + 1e-9) widest = next - angle, best = (angle + next) / 2;
  });
  return [...state.atoms, [rounded(Math.cos(best)), rounded(Math.sin(best))]];
}

/** Moves an atom, within what an address can tell. */
function moveAtom(index: number, x: number, y: number): void {
  const length = Math.hypot(x, y), { min, max } = ATOM_LENGTH;
  const scale = Math.min(max, Math.max(min, length)) / (length || 1);
  const atom: [number, number] = [rounded(x * scale), rounded(y * scale)];
  if (!isPlaneAtom(atom)) return;
  change({ atoms: state.atoms.map((old, i) => i === index ? atom : old) }, "plane");
}

function listenToPlane(): void {
  const drawing = byId<SVGSVGElement>("plane-drawing");
  const indexOf = (target: EventTarget | null) => {
    const said = (target as Element | null)?.getAttribute("data-atom");
    return said === null || said === undefined ? undefined : Number(said);
  };
  let dragged: number | undefined;
  drawing.addEventListener("pointerdown", (event) => {
    dragged = indexOf(event.target);
    if (dragged === undefined) return;
    drawing.setPointerCapture(event.pointerId);
    event.preventDefault();
    (event.target as SVGElement).focus();
  });
  drawing.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (dragged === undefined) return;
    const { left, top, width } = drawing.getBoundingClientRect();
    const unit = width / 2 / PLANE_EDGE;
    moveAtom(dragged, (clientX - left) / unit - PLANE_EDGE, PLANE_EDGE - (clientY - top) / unit);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    drawing.addEventListener(end, () => dragged = undefined);
  }
  drawing.addEventListener("keydown", (event) => {
    const index = indexOf(event.target);
    const turn = { ArrowLeft: 1, ArrowRight: -1 }[event.key] ?? 0;
    const grow = { ArrowUp: 1.05, ArrowDown: 1 / 1.05 }[event.key] ?? 1;
    if (index === undefined || turn === 0 && grow === 1) return;
    event.preventDefault();
    const [x, y] = state.atoms[index];
    const angle = Math.atan2(y, x) + turn * Math.PI / 60, length = grow * Math.hypot(x, y);
    moveAtom(index, length * Math.cos(angle), length * Math.sin(angle));
  });
}

/** A hidden page computes nothing; shown again, it computes what was not done. */
function whenHidden(): void {
  if (document.hidden) {
    resume = calmDown() || long.open > 0;
    long.stop();
  } else if (resume) {
    resume = false;
    compute("saes");
  }
  tellStatus();
}
let resume = false;

/** The map has the colours of the theme in it. */
function repaint(): void {
  forgetColours();
  painted = undefined;
  redraw("training");
}

/** For a reader at the console, and for tests. */
export interface LabHandle {
  /** The state now. */
  state(): LabState;
  /** All that is computed. */
  results(): Results;
  /** The rows of a figure. */
  rows(figure: FigureName): unknown[];
}

const handle: LabHandle = {
  state: () => state,
  results: () => results,
  rows: (figure) => rowsOf(figure, state, results),
};
Object.assign(globalThis, { lab: handle });

// the workers first: they load while this page is made ready
compute("codes", "plane", "saes");
setTimeout(() => {
  showState();
  listen();
});
