/**
 * How helpers and the thread that orders them talk: orders to run kernels and their results, in shared memory.
 * @module
 */

/** What a helper works with. */
export interface Mailbox {
  /** The kernels' memory. */
  memory: WebAssembly.Memory;
  /** The helper's number, from 1. */
  thread: number;
  /** One state word; whoever changes it wakes the other side. */
  state: Int32Array;
  /** The number of calls, then each call's length and content; results take the place of kernels. */
  mail: Float64Array;
}

/** A kernel's index among the exports, then its arguments. */
export type EncodedCall = readonly number[];

/** The helper waits for an order; the results of the last one are in its mailbox. */
const IDLE = 0;
/** It is at work. */
const BUSY = 1;
/** A kernel trapped. */
const FAILED = 2;
/** There will be no more orders. */
const DISMISSED = 3;

/** Numbers that a mailbox holds; longer orders are sent in parts. */
const MAIL_NUMBERS = 65_536;

/**
 * A mailbox for a new helper.
 *
 * @example
 * ```ts
 * import { newMailbox } from "./mailbox.ts";
 * const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
 * newMailbox(memory, 1).thread; // 1
 * ```
 */
export function newMailbox(memory: WebAssembly.Memory, thread: number): Mailbox {
  const state = new Int32Array(new SharedArrayBuffer(4));
  return { memory, thread, state, mail: new Float64Array(new SharedArrayBuffer(8 * MAIL_NUMBERS)) };
}

/**
 * Cuts an order into parts that fit into a mailbox.
 *
 * @example
 * ```ts
 * import { intoParts } from "./mailbox.ts";
 * intoParts([[0, 1, 2], [1, 3]]); // [[[0, 1, 2], [1, 3]]]
 * ```
 */
export function intoParts(calls: readonly EncodedCall[]): EncodedCall[][] {
  const parts: EncodedCall[][] = [];
  let room = 0;
  for (const call of calls) {
    room -= 1 + call.length;
    if (room < 0) {
      parts.push([]);
      room = MAIL_NUMBERS - 2 - call.length;
    }
    parts.at(-1)!.push(call);
  }
  return parts;
}

/** Puts calls, one part of an order, on an idle helper's mailbox. */
export function send({ mail, state }: Mailbox, calls: readonly EncodedCall[]): void {
  mail[0] = calls.length;
  let at = 1;
  for (const call of calls) {
    mail[at] = call.length;
    mail.set(call, at + 1);
    at += 1 + call.length;
  }
  Atomics.store(state, 0, BUSY);
  Atomics.notify(state, 0);
}

/**
 * Waits until a busy helper is done.
 *
 * @returns The calls' results.
 * @throws {Error} When a kernel trapped.
 */
export function receive({ mail, state }: Mailbox): number[] {
  while (Atomics.load(state, 0) === BUSY) Atomics.wait(state, 0, BUSY);
  if (Atomics.load(state, 0) === FAILED) {
    throw new Error("Cannot go on: a kernel trapped in a thread");
  }
  const results = [];
  for (let at = 1; results.length < mail[0]; at += 1 + mail[at]) results.push(mail[at + 1]);
  return results;
}

/** Tells an idle helper that there will be no more orders. */
export function dismiss({ state }: Mailbox): void {
  Atomics.store(state, 0, DISMISSED);
  Atomics.notify(state, 0);
}

/** The helper's side: waits for an order and runs its calls; returns whether there was one. */
export function serve(
  { mail, state }: Mailbox,
  kernels: readonly ((...args: number[]) => number | void)[],
): boolean {
  for (let s = Atomics.load(state, 0); s !== BUSY; s = Atomics.load(state, 0)) {
    if (s === DISMISSED) return false;
    Atomics.wait(state, 0, s);
  }
  let end = FAILED;
  try {
    for (let call = 0, at = 1; call < mail[0]; call++, at += 1 + mail[at]) {
      const [kernel, ...args] = mail.subarray(at + 1, at + 1 + mail[at]);
      mail[at + 1] = kernels[kernel](...args) ?? 0;
    }
    end = IDLE;
  } finally {
    Atomics.store(state, 0, end);
    Atomics.notify(state, 0);
  }
  return true;
}
