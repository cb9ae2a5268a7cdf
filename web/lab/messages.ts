/**
 * What the page and its workers tell each other.
 * @module
 */
import type { SaeType } from "../../lib/train_sae.ts";
import type { LearnerRecord, PlanePair, SaeRecord, SampleCodes } from "./compute.ts";
import type { LabState } from "./state.ts";

/** What a worker is asked for. */
export type Job = "codes" | "saes" | "learners" | "plane";

/** What is wanted, and for what. */
export interface Wanted {
  job: Job;
  state: LabState;
}

/** From the page: a job, or that the one that is running is not wanted any more. */
export type Request = Wanted | "leave";

/** A learner of dictionaries that is no autoencoder. */
export type Learner = "path" | "dl_fista";

/** From a worker. */
export type Answer =
  | { kind: "ready" }
  | { kind: "codes"; codes: Partial<SampleCodes> }
  | { kind: "sae"; type: SaeType; record: SaeRecord }
  | { kind: "uses"; uses: number[] }
  | { kind: "learner"; learner: Learner; record: LearnerRecord }
  | { kind: "plane"; pairs: PlanePair[] }
  | { kind: "dictionary"; of: SaeType | Learner; dictionary: Float32Array; seconds: number }
  | { kind: "done"; job: Job }
  | { kind: "failed"; job: Job; message: string };
