/**
 * The Lab's worker: computes what the page asks for, one job at a time, and tells what there is as soon
 * as it is there. The page ends it to stop it.
 * @module
 */
import "../substitutes/engine.ts";
import {
  drawData,
  inferCodes,
  learnAlternating,
  learnByPath,
  recoverPairs,
  trainRecorded,
  usesOf,
} from "./compute.ts";
import type { Answer, Job, Learner, Request } from "./messages.ts";
import type { LabState } from "./state.ts";
import type { Matrix32 } from "../../lib/matrix.ts";
import type { SaeType } from "../../lib/train_sae.ts";

const tell = (answer: Answer) => postMessage(answer);

/** Tells the dictionary that is learned, and in which time. */
function timed(of: SaeType | Learner, learn: () => Matrix32): void {
  const start = performance.now();
  const { data } = learn();
  tell({ kind: "dictionary", of, dictionary: data, seconds: (performance.now() - start) / 1000 });
}

const JOBS: Record<Job, (state: LabState) => void> = {
  codes(state) {
    tell({ kind: "codes", codes: inferCodes(state, drawData(state)) });
  },
  saes(state) {
    const data = drawData(state);
    for (const type of state.saes) {
      timed(
        type,
        () => trainRecorded(state, data, type, (record) => tell({ kind: "sae", type, record })),
      );
    }
  },
  learners(state) {
    const data = drawData(state);
    tell({ kind: "uses", uses: usesOf(data) });
    const learners = { path: learnByPath, dl_fista: learnAlternating };
    for (const learner of ["path", "dl_fista"] as const) {
      timed(
        learner,
        () =>
          learners[learner](state, data, (record) => tell({ kind: "learner", learner, record })),
      );
    }
  },
  plane(state) {
    tell({ kind: "plane", pairs: recoverPairs(state) });
  },
};

addEventListener("message", ({ data: { job, state } }: MessageEvent<Request>) => {
  try {
    JOBS[job](state);
    tell({ kind: "done", job });
  } catch (error) {
    tell({ kind: "failed", job, message: (error as Error).message });
  }
});

// messages that come while the kernels are loaded, before the listener is there, would be lost
tell({ kind: "ready" });
