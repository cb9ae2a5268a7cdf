/**
 * The Lab's worker: computes what the page asks for, one job at a time, and tells what there is as soon
 * as it is there. The page ends it to stop it in the middle of a training.
 * @module
 */
import "../substitutes/engine.ts";
import {
  drawData,
  inferCodes,
  learnAlternating,
  learnByPath,
  recoverPairs,
  type ShownData,
  shownData,
  trainRecorded,
  usesOf,
} from "./compute.ts";
import type { Answer, Job, Learner, Request } from "./messages.ts";
import type { LabState } from "./state.ts";
import type { Datasets } from "../../lib/data.ts";
import type { Matrix32 } from "../../lib/matrix.ts";
import type { SaeType } from "../../lib/train_sae.ts";

/** Tells the page; arrays go over to it, so that the page need not copy them. */
function tell(answer: Answer): void {
  const arrays = new Set<ArrayBufferLike>();
  const collect = (part: unknown): void => {
    if (ArrayBuffer.isView(part)) arrays.add(part.buffer);
    else if (part instanceof Map) part.forEach(collect);
    else if (typeof part === "object" && part !== null) Object.values(part).forEach(collect);
  };
  collect(answer);
  postMessage(answer, { transfer: [...arrays] as ArrayBuffer[] });
}

/** Tells the dictionary that is learned, and in which time. */
function timed(of: SaeType | Learner, learn: () => Matrix32): void {
  const start = performance.now();
  const { data } = learn();
  tell({ kind: "dictionary", of, dictionary: data, seconds: (performance.now() - start) / 1000 });
}

/** What was made of the last data: for the next job, whose data are mostly the same. */
class Kept<Made> {
  readonly #make: (state: LabState) => Made;
  #last: { of: string; made: Made } | undefined;

  constructor(make: (state: LabState) => Made) {
    this.#make = make;
  }

  of(state: LabState): Made {
    const { n, k, m, samples, noise, seed } = state, of = [n, k, m, samples, noise, seed].join();
    if (this.#last?.of !== of) {
      // the old ones need not lie beside the new ones
      this.#last = undefined;
      this.#last = { of, made: this.#make(state) };
    }
    return this.#last.made;
  }
}

const data = new Kept<Datasets>(drawData);
const shown = new Kept<ShownData>((state) => shownData(drawData(state)));

/** The jobs; between the parts of one it can be left. */
const JOBS: Record<Job, (state: LabState) => Generator<void>> = {
  *codes(state) {
    for (const codes of inferCodes(state, shown.of(state))) {
      tell({ kind: "codes", codes });
      yield;
    }
  },
  *saes(state) {
    const own = data.of(state);
    for (const type of state.saes) {
      timed(
        type,
        () => trainRecorded(state, own, type, (record) => tell({ kind: "sae", type, record })),
      );
      yield;
    }
  },
  *learners(state) {
    const own = data.of(state);
    tell({ kind: "uses", uses: usesOf(own) });
    const learners = { path: learnByPath, dl_fista: learnAlternating };
    for (const learner of ["path", "dl_fista"] as const) {
      timed(
        learner,
        () => learners[learner](state, own, (record) => tell({ kind: "learner", learner, record })),
      );
      yield;
    }
  },
  *plane(state) {
    tell({ kind: "plane", pairs: recoverPairs(state) });
    yield;
  },
};

/** Whether the running job is not wanted any more. */
let left = false;

addEventListener("message", async ({ data: request }: MessageEvent<Request>) => {
  if (request === "leave") {
    left = true;
    return;
  }
  const { job, state } = request;
  left = false;
  try {
    for (const _ of JOBS[job](state)) {
      // a message is only heard in a turn of its own
      await nextTurn();
      if (left) break;
    }
    tell({ kind: "done", job });
  } catch (error) {
    tell({ kind: "failed", job, message: (error as Error).message });
  }
});

const turns = new MessageChannel();

/** After the messages that have come; a timer would wait for milliseconds. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    turns.port1.onmessage = () => resolve();
    turns.port2.postMessage(undefined);
  });
}

// messages that come while the kernels are loaded, before the listener is there, would be lost
tell({ kind: "ready" });
