/**
 * A worker that does jobs one after the other, and can be stopped in the middle of one.
 * @module
 */
import type { Answer, Job, Request, Wanted } from "./messages.ts";

/** Keeps a worker at work. */
export class Runner {
  readonly #hear: (answer: Answer) => void;
  #worker: Worker | undefined;
  #ready = false;
  #running: Job | undefined;
  #waiting: Wanted[] = [];

  /**
   * Starts no worker yet.
   *
   * @param hear Gets what the worker tells.
   */
  constructor(hear: (answer: Answer) => void) {
    this.#hear = hear;
  }

  /** Jobs that are not done. */
  get open(): number {
    return this.#waiting.length + Number(this.#running !== undefined);
  }

  /** Whether a job is asked for anew: what is told of it now is for an older state. */
  isOutdated(job: Job): boolean {
    return this.#waiting.some((request) => request.job === job);
  }

  /**
   * Has a job done after the one that is running. One of its kind that still waits is forgotten, one
   * that is running is left at its next part.
   */
  ask(wanted: Wanted): void {
    this.#waiting = [...this.#waiting.filter(({ job }) => job !== wanted.job), wanted];
    this.#worker ??= this.#start();
    if (this.#running === wanted.job) this.#send("leave");
    this.#next();
  }

  /** Ends what is running and forgets what waits. */
  stop(): void {
    this.#waiting = [];
    if (this.#running === undefined) return;
    this.#worker?.terminate();
    this.#worker = this.#running = undefined;
    this.#ready = false;
  }

  #start(): Worker {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      // what was on its way when the worker was ended
      if (worker !== this.#worker) return;
      if (data.kind === "ready") this.#ready = true;
      if (data.kind === "done" || data.kind === "failed") this.#running = undefined;
      if (data.kind !== "ready") this.#hear(data);
      this.#next();
    });
    worker.addEventListener("error", ({ message }) => {
      const job = this.#running ?? this.#waiting[0]?.job ?? "codes";
      this.#hear({ kind: "failed", job, message: message || "the kernels cannot be loaded" });
    });
    return worker;
  }

  #next(): void {
    if (!this.#ready || this.#running !== undefined || this.#waiting.length === 0) return;
    const wanted = this.#waiting.shift()!;
    this.#running = wanted.job;
    this.#send(wanted);
  }

  #send(request: Request): void {
    this.#worker!.postMessage(request);
  }
}
