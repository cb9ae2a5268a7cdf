/**
 * Damages every kind of file that the toolkit reads, and judges what its readers make of it: refused by
 * name, or right; never silently wrong. As a script it tries 3,000 damages of each kind:
 * `deno run --allow-read=. --allow-write=.tmp tests/campaign/damage.ts`.
 * @module
 */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { drawnFigures } from "../../commands/drawn_figures.ts";
import { decodeNpy, encodeNpy } from "../../lib/npy.ts";
import { CacheFolder } from "../../lib/paper/cache_folder.ts";
import { cachedDictionary } from "../../lib/paper/cached_dictionary.ts";
import { figureSets, legendFigure } from "../../lib/paper/figure_sets.ts";
import { Instance } from "../../lib/paper/instance.ts";
import { ModelCache } from "../../lib/paper/model_cache.ts";
import { RandomState } from "../../lib/random.ts";
import { compareResults } from "../../lib/reports/parity.ts";
import { comparisonFigure } from "../../lib/reports/parity_figure.ts";
import { comparisonText, parityText } from "../../lib/reports/parity_text.ts";
import { reportPage } from "../../lib/reports/page.ts";
import { provenanceOfRows } from "../../lib/reports/provenance.ts";
import {
  experimentsIn,
  formatRows,
  type Provenance,
  readResultFolder,
  readResults,
  resultFiles,
  type Row,
  type SavedCell,
  saveResults,
} from "../../lib/results.ts";
import { loadSae, saveSae } from "../../lib/sae_file.ts";
import { decodeSafetensors } from "../../lib/safetensors.ts";
import { Sae } from "../../lib/saes.ts";
import { UsageError } from "../../lib/sweep/flags.ts";
import { mergeParts } from "../../lib/sweep/parts.ts";
import { spec } from "../fixtures/model_spec.ts";
import { madeUpRows } from "../made_up_rows.ts";
import { formatSubjects } from "./damaged_formats.ts";
import { damagedBytes, damagedJson, type Mutation } from "./mutations.ts";
import type { Findings } from "./run_misuse.ts";

/** Tells what is wrong with what a reader made of a damaged file; undefined where nothing is. */
type Judge = (mutation: Mutation) => string | undefined | Promise<string | undefined>;

/** One kind of file, with its damages and its reader. */
interface Subject {
  name: string;
  mutations(count: number): Iterable<Mutation>;
  judge: Judge;
}

/** A refusal in our words: one line that names the file. */
function faultOfRefusal(error: unknown, name: string, kinds: readonly (new () => Error)[]) {
  if (!(error instanceof Error)) return `throws ${typeof error}`;
  const { message } = error;
  if (!kinds.some((kind) => error instanceof kind)) return `${error.name}: ${message}`;
  if (message.includes("\n")) return `more than one line: ${message}`;
  return message.includes(name) ? undefined : `does not name ${name}: ${message}`;
}

function newFolder(): string {
  Deno.mkdirSync(".tmp", { recursive: true });
  return Deno.makeTempDirSync({ dir: ".tmp", prefix: "damage-" });
}

const PROVENANCE: Provenance = {
  experiment: "exp_toy",
  version: "0.1.0",
  options: { lambda: 0.1, methods: ["a", "b"], epochs: 20 },
};
const STARTED = "2026-01-01T00:00:00.000Z";
const RUN = {
  started: STARTED,
  saved: STARTED,
  args: ["--n", "50"],
  workers: 1,
  machine: { os: "linux" },
};

const CELLS: SavedCell[] = [0, 1, 2].map((seed) => {
  const key = { num_latents: 50, seed };
  return {
    key,
    seconds: 1.5,
    rows: ["b", "a"].map((method) => ({ mcc_iid: 0.5 + seed / 7, done: true, method, ...key })),
    diagnostics: [{ sae_type: "relu", mean_cosine: 1 / (3 + seed), ...key }],
  };
});

/** Whether cells are some of the saved ones, with exactly their rows. */
const areSaved = (cells: readonly SavedCell[], all = CELLS) =>
  cells.every(({ key, rows, diagnostics }) =>
    all.some((cell) =>
      isDeepStrictEqual([key, rows, diagnostics], [cell.key, cell.rows, cell.diagnostics])
    )
  );

/** The files of a run: what goes on from them, what draws them, what merges them. */
async function resultSubjects(): Promise<Subject[]> {
  const folder = newFolder(), failed = [{ key: { num_latents: 50, seed: 9 }, message: "no" }];
  const files = resultFiles(folder, "exp_toy", { diagnostics: true });
  await saveResults(files, PROVENANCE, { cells: CELLS, failed, runs: [RUN] });
  const paths = [files.rows, files.diagnostics!, files.meta];

  const goesOn = () => areSaved(readResults(files, PROVENANCE).cells);
  const draws = () => {
    let told = 0;
    const found = readResultFolder(folder, experimentsIn(folder, []), {
      onChanged: () => told++,
      onEmpty: () => told++,
    });
    for (const rows of found) provenanceOfRows(folder, rows);
    const rows = found.flatMap(({ rows }) => rows);
    const diagnostics = found.flatMap(({ diagnostics }) => diagnostics);
    // which cell comes first is told by no digest, and by no figure
    const sorted = (rows: (Row | undefined)[]) => rows.map((row) => JSON.stringify(row)).sort();
    return told > 0 || isDeepStrictEqual([sorted(rows), sorted(diagnostics)], [
      sorted(CELLS.flatMap(({ rows }) => rows)),
      sorted(CELLS.flatMap(({ diagnostics }) => diagnostics)),
    ]);
  };
  return paths.flatMap((path) =>
    ([["a run goes on from", goesOn], ["figures are drawn from", draws]] as const).map((
      [what, isRight],
    ) => subjectOfJson(`${what} ${name(path)}`, path, isRight, [RangeError]))
  );
}

const name = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** A JSON file with a reader that says whether it was right. */
function subjectOfJson(
  what: string,
  path: string,
  isRight: () => boolean | Promise<boolean>,
  kinds: readonly (new () => Error)[],
): Subject {
  const original = Deno.readFileSync(path), text = new TextDecoder().decode(original);
  return {
    name: what,
    *mutations(count) {
      yield* damagedBytes(original, count / 2);
      yield* damagedJson(text, count / 2);
    },
    async judge({ bytes }) {
      Deno.writeFileSync(path, bytes);
      try {
        return await isRight() ? undefined : "silently wrong";
      } catch (error) {
        // what the provenance says against the run is said of the rows
        const stem = name(path).replace(/(_diagnostics)?(\.meta)?\.json$/, "");
        return faultOfRefusal(error, stem, kinds);
      } finally {
        Deno.writeFileSync(path, original);
      }
    },
  };
}

/** Parts that are merged: the merged files have what the parts had, or nothing is merged. */
async function partSubjects(): Promise<Subject[]> {
  const folder = newFolder(), experiment = { name: "exp_toy", diagnostics: true };
  const part = (index: number) =>
    resultFiles(folder, "exp_toy", { diagnostics: true, part: { index, count: 2 } });
  await saveResults(part(0), PROVENANCE, { cells: CELLS.slice(0, 2), runs: [RUN] });
  await saveResults(part(1), PROVENANCE, { cells: CELLS.slice(2), runs: [RUN] });
  const files = resultFiles(folder, "exp_toy", { diagnostics: true });
  const merges = async () => {
    for (const path of [files.rows, files.diagnostics!, files.meta]) {
      await Deno.remove(path).catch(() => {});
    }
    await mergeParts(experiment, { out: folder, fresh: false, mixed: false }, {
      files,
      provenance: PROVENANCE,
      run: RUN,
    });
    return areSaved(readResults(files, PROVENANCE).cells);
  };
  const first = part(0);
  return [first.rows, first.diagnostics!, first.meta].map((path) =>
    subjectOfJson(`a merge of ${name(path)}`, path, merges, [UsageError])
  );
}

/** Published rows, and rows whose run is unknown: whatever they say, it is drawn or refused. */
function drawingSubjects(): Subject[] {
  const legend = { name: "legend", title: "", caption: "", bareSvg: legendFigure().bareSvg };
  return Object.entries(madeUpRows).map(([experiment, { rows, diagnostics = [] }]) => {
    const folder = newFolder(), path = join(folder, `${experiment}.json`);
    Deno.writeTextFileSync(path, formatRows(rows as Row[]));
    if (diagnostics.length > 0) {
      Deno.writeTextFileSync(
        join(folder, `${experiment}_diagnostics.json`),
        formatRows(diagnostics as Row[]),
      );
    }
    const original = [{ name: `${experiment}.json`, rows: rows as Row[] }];
    return subjectOfJson(`figures, report and comparison of ${experiment}`, path, async () => {
      const found = readResultFolder(folder, Object.keys(figureSets));
      const texts: string[] = [], experiments = [];
      for (const rows of found) {
        const figures = await drawnFigures(rows);
        experiments.push({
          rows,
          provenance: [],
          figures: figures.map(({ name, figure: { title, caption, bareSvg } }) => ({
            ...{ name, title, caption, bareSvg },
          })),
        });
        // labels and titles may say anything, the marks may not
        texts.push(...figures.map(({ figure }) => figure.bareSvg));
      }
      reportPage({ experiments, legend, link: (file) => file });
      const ours = found.flatMap(({ files, rows }) => [{ name: files[0], rows }]);
      const { files, values } = compareResults(original, ours);
      comparisonText(files);
      parityText(files);
      if (values.length > 0) texts.push(comparisonFigure(values));
      return !texts.some((text) => /="[^"]*\b(NaN|undefined|Infinity)\b/.test(text));
    }, [RangeError, UsageError]);
  });
}

const weights = ({ type, kval, parameters }: Sae) => ({ type, kval, parameters });

/** Saved autoencoders, alone and in the cache of models. */
function modelSubjects(): Subject[] {
  const folder = newFolder(), path = join(folder, "sae.safetensors");
  const sae = Sae.initialize({ type: "topk", inputDim: 4, width: 6, kval: 2, seed: 0 });
  const config = { seed: 0, note: "kept" };
  saveSae(path, sae, config);
  const original = Deno.readFileSync(path);

  const cache = join(folder, "cache");
  const history = [1 / 3, 2];
  const model = () => ({
    sae: Sae.initialize({ type: "relu", inputDim: 4, width: 6, seed: 0 }),
    history,
  });
  const trained = new ModelCache(cache).obtain(spec, model);
  const [{ name: cached }] = [...Deno.readDirSync(cache)];
  const cachedBytes = Deno.readFileSync(join(cache, cached));

  const tensors = decodeSafetensors(original, path);
  const dictionaries = join(folder, "dictionaries");
  const setting = { numLatents: 8, k: 2, inputDim: 6, nSamples: 20, width: 8, seed: 0 };
  const { observations, data: { A } } = new Instance(setting, { epochs: 1 });
  const learn = (note?: (line: string) => void) =>
    cachedDictionary({ setting, observations, A }, {
      ...{ lambda: 0.1, rounds: 2, nIter: 5, keepEvery: 0 },
      cache: new CacheFolder(dictionaries, { note }),
    });
  const learned = learn();
  const [{ name: keptName }] = [...Deno.readDirSync(dictionaries)];
  const keptBytes = Deno.readFileSync(join(dictionaries, keptName));

  return [
    {
      name: "the cache of dictionaries",
      mutations: (count) => damagedBytes(keptBytes, count),
      judge({ bytes }) {
        Deno.writeFileSync(join(dictionaries, keptName), bytes);
        const notes: string[] = [];
        if (!isDeepStrictEqual(learn((line) => notes.push(line)), learned)) return "silently wrong";
        const note = notes.find((line) => line.includes("\n") || !line.includes(keptName));
        return note === undefined ? undefined : `does not name the file in one line: ${note}`;
      },
    },
    {
      name: "loadSae",
      mutations: (count) => damagedBytes(original, count),
      judge({ bytes }) {
        Deno.writeFileSync(path, bytes);
        try {
          const loaded = loadSae(path);
          return isDeepStrictEqual([weights(loaded.sae), loaded.config], [weights(sae), config])
            ? undefined
            : "silently wrong";
        } catch (error) {
          return faultOfRefusal(error, path, [Error]);
        }
      },
    },
    {
      name: "the model cache",
      mutations: (count) => damagedBytes(cachedBytes, count),
      judge({ bytes }) {
        Deno.writeFileSync(join(cache, cached), bytes);
        const notes: string[] = [];
        const found = new ModelCache(cache, { note: (line) => notes.push(line) })
          .obtain(spec, model);
        if (
          !isDeepStrictEqual([weights(found.sae), found.history], [weights(trained.sae), history])
        ) {
          return "silently wrong";
        }
        const note = notes.find((line) => line.includes("\n") || !line.includes(cached));
        return note === undefined ? undefined : `does not name the file in one line: ${note}`;
      },
    },
    {
      name: "decodeSafetensors",
      mutations: (count) => damagedBytes(original, count),
      judge({ bytes }) {
        try {
          const read = decodeSafetensors(bytes, "the file");
          // the format has no checksum: what is read must be what the bytes say
          const size = Object.values(read.tensors)
            .reduce((sum, { data }) => sum + data.byteLength, 0);
          const header = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
          if (8 + header + size !== bytes.length) return "silently wrong: bytes are left over";
          const fits = Object.values(read.tensors).every(({ shape, data }) =>
            shape.reduce((a, b) => a * b, 1) === data.length
          );
          return fits && Object.keys(read.tensors).length <= Object.keys(tensors.tensors).length
            ? undefined
            : "silently wrong";
        } catch (error) {
          return faultOfRefusal(error, "the file", [Error]);
        }
      },
    },
  ];
}

/** NumPy's arrays: no checksum; what is read must be what the bytes say. */
function npySubjects(): Subject[] {
  const data = new RandomState(1).normal(0, 1, 12);
  const original = encodeNpy({ rows: 4, cols: 3, data });
  const judge: Judge = ({ bytes }) => {
    try {
      const M = decodeNpy(bytes);
      if (M.data.length !== M.rows * M.cols) return "silently wrong: no matrix";
      // a header as it was: the numbers are then those of the bytes after it
      const head = bytes.subarray(0, 128);
      if (!isDeepStrictEqual(head, original.subarray(0, 128))) return undefined;
      const numbers = new Float64Array(bytes.slice(128).buffer);
      return isDeepStrictEqual(M.data, numbers) ? undefined : "silently wrong";
    } catch (error) {
      return faultOfRefusal(error, "Cannot read a .npy file", [RangeError]);
    }
  };
  return [{
    name: "decodeNpy",
    *mutations(count) {
      yield* damagedBytes(original, count / 2);
      // its padding says nothing: aim at what does
      for (const { what, bytes } of damagedBytes(original.slice(0, 90), count / 2, 2)) {
        const whole = new Uint8Array(bytes.length + original.length - 90);
        whole.set(bytes);
        whole.set(original.subarray(90), bytes.length);
        yield { what, bytes: whole };
      }
    },
    judge,
  }];
}

/** Damages each kind of file `count` times. Writes below `.tmp`. */
export async function tryDamages(count: number): Promise<Findings> {
  const findings: Findings = { tried: 0, faults: [] };
  const subjects = [
    ...await resultSubjects(),
    ...await partSubjects(),
    ...modelSubjects(),
    ...npySubjects(),
    ...formatSubjects(newFolder()),
    ...drawingSubjects(),
  ];
  for (const { name, mutations, judge } of subjects) {
    // figures take their time
    const share = name.startsWith("figures, report") ? count / 10 : count;
    for (const mutation of mutations(Math.ceil(share))) {
      findings.tried++;
      const fault = await judge(mutation);
      if (fault) findings.faults.push(`${name}, ${mutation.what}: ${fault}`);
    }
  }
  return findings;
}

if (import.meta.main) {
  const { tried, faults } = await tryDamages(Number(Deno.args[0] ?? 3000));
  for (const fault of faults) console.log(fault);
  console.log(`${tried} tried, ${faults.length} mishandled`);
  Deno.exit(faults.length > 0 ? 1 : 0);
}
