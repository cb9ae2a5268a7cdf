/**
 * How helpers and the thread that orders them talk: orders to run kernels and their results, in shared
 * memory.
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
  /**
   * An order: the number of calls, then each call's length and content. Results take the place of
   * kernels; when a kernel traps, the length and the UTF-16 units of its message that of the order.
   */
  mail: Float64Array;
}

/** A kernel's index among the exports, then its arguments. */
export type EncodedCall = readonly number[];

/** The helper waits for an order; the results of the last one are in its mailbox. */
const IDLE = 0;
/** It is at work. */
const BUSY = 1;
/** It waits for an order; a kernel of the last one trapped, and the message is in its mailbox. */
const FAILED = 2;
/** There will be no more orders. */
const DISMISSED = 3;

/**
 * Looks at a state before a thread sleeps until it changes: some tens of microseconds, within which the next order
 * comes where the other side has little to do in between. To be woken takes several times as long.
 */
const LOOKS = 20_000;

/** Numbers that a mailbox holds; longer orders are sent in parts. */
const MAIL_NUMBERS = 65_536;

/** UTF-16 units of a trap's message that come back; the engine's own have less than a hundred. */
const LONGEST_MESSAGE = 1000;

/**
 * A mailbox for a new helper.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { newMailbox, receive, send, serve } from "./mailbox.ts";
 * const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
 * const mailbox = newMailbox(memory, 1);
 * send(mailbox, [[0, 3, 4], [0, 5, 6]]);
 * serve(mailbox, [(a, b) => a * b]); // what the helper does
 * assert.deepEqual(receive(mailbox), [12, 30]);
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
 * import assert from "node:assert/strict";
 * import { intoParts } from "./mailbox.ts";
 * assert.deepEqual(intoParts([[0, 1, 2], [1, 3]]), [[[0, 1, 2], [1, 3]]]);
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

/**
 * Puts calls, one part of an order, into the mailbox of a helper that waits for one.
 *
 * @throws {Error} When the helper has been dismissed: nobody would answer.
 */
export function send({ mail, state }: Mailbox, calls: readonly EncodedCall[]): void {
  if (Atomics.load(state, 0) === DISMISSED) {
    throw new Error("Cannot give an order to a helper that has been dismissed");
  }
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
 * @throws {Error} When a kernel trapped, with the trap's message. The helper then waits for the next
 * order as ever.
 */
export function receive({ mail, state }: Mailbox): number[] {
  waitWhile(state, BUSY);
  if (Atomics.load(state, 0) === FAILED) {
    const message = String.fromCharCode(...mail.subarray(1, 1 + mail[0]));
    throw new Error(`Cannot go on: a kernel trapped in a thread: ${message}`);
  }
  const results = [];
  for (let at = 1; results.length < mail[0]; at += 1 + mail[at]) results.push(mail[at + 1]);
  return results;
}

/** Waits until the state is another: awake at first, then asleep. */
function waitWhile(state: Int32Array, value: number): void {
  for (let look = 0; look < LOOKS; look++) if (Atomics.load(state, 0) !== value) return;
  while (Atomics.load(state, 0) === value) Atomics.wait(state, 0, value);
}

/** Tells an idle helper that there will be no more orders. */
export function dismiss({ state }: Mailbox): void {
  Atomics.store(state, 0, DISMISSED);
  Atomics.notify(state, 0);
}

/**
 * The helper's side: waits for an order and runs its calls, up to the first that traps.
 *
 * @returns Whether there was an order: none comes after {@linkcode dismiss}.
 */
export function serve(
  { mail, state }: Mailbox,
  kernels: readonly ((...args: number[]) => number | void)[],
): boolean {
  for (let s = Atomics.load(state, 0); s !== BUSY; s = Atomics.load(state, 0)) {
    if (s === DISMISSED) return false;
    waitWhile(state, s);
  }
  let end = IDLE;
  try {
    for (let call = 0, at = 1; call < mail[0]; call++, at += 1 + mail[at]) {
      const [kernel, ...args] = mail.subarray(at + 1, at + 1 + mail[at]);
      mail[at + 1] = kernels[kernel](...args) ?? 0;
    }
  } catch (error) {
    // answered, not thrown: the thread that gave the order waits, and more orders may come
    end = FAILED;
    const message = String(error).slice(0, LONGEST_MESSAGE);
    mail[0] = message.length;
    for (let i = 0; i < message.length; i++) mail[1 + i] = message.charCodeAt(i);
  }
  Atomics.store(state, 0, end);
  Atomics.notify(state, 0);
  return true;
}
