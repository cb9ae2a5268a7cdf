/**
 * Assignment by auction, for matrices too large to store.
 * @module
 */
import { requireInteger, requirePositive } from "../checks.ts";
import { LargestOf } from "../numeric/heaps.ts";

/** Bidders remember so many of their best objects; all others are looked at only when these run out. */
const REMEMBERED = 256;

/** Memory that {@linkcode auctionAssignment} takes per bidder: an index and a value of each. */
export const BYTES_PER_BIDDER: number = 12 * REMEMBERED;

/** What {@linkcode auctionAssignment} returns. */
export interface AuctionResult {
  /** The object that every bidder won. */
  objects: Int32Array;
  /** The sum of their values, at most bidders · epsilon below the largest possible one. */
  total: number;
}

/**
 * Assigns every bidder an object of its own so that the sum of the values is within
 * bidders · `epsilon` of the largest possible one. Bidders raise the prices of the objects that are
 * best for them by at least `epsilon`, until nobody is outbid any more.
 *
 * Values are asked for row by row and not kept: memory is a few kilobytes per bidder. Prices only
 * rise, so that what was not among a bidder's best objects when it last looked at all of them stays
 * below the worst of those: most bids look at these alone.
 *
 * Source: D. P. Bertsekas, "The auction algorithm: a distributed relaxation method for the assignment
 * problem", Annals of Operations Research 14 (1988); started at price 0 it serves problems with more
 * objects than bidders, too.
 *
 * @param bidders Number of bidders, at most `objects`.
 * @param objects Number of objects.
 * @param valuesOf Writes the values of all objects for a bidder, at least 0; called several times
 * per bidder.
 * @param options `epsilon`: smallest increase of a price, in the unit of the values.
 * @throws {TypeError | RangeError} When a number is no integer in its range or epsilon is not above 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { auctionAssignment } from "./auction.ts";
 * const values = [[3, 2, 0], [3, 1, 0]];
 * const { objects } = auctionAssignment(2, 3, (i, out) => out.set(values[i]), { epsilon: 0.1 });
 * assert.deepEqual([...objects], [1, 0]);
 * ```
 */
export function auctionAssignment(
  bidders: number,
  objects: number,
  valuesOf: (bidder: number, out: Float64Array) => void,
  { epsilon }: { epsilon: number },
): AuctionResult {
  requireInteger("objects", objects, 1);
  requireInteger("bidders", bidders, 0, objects);
  requirePositive("epsilon", epsilon);
  const size = Math.min(REMEMBERED, objects);
  const prices = new Float64Array(objects);
  const owners = new Int32Array(objects).fill(-1);
  const won = new Int32Array(bidders).fill(-1);
  // per bidder: its best objects when it last looked, their values, and what the others were worth
  const best = new Int32Array(bidders * size), worth = new Float64Array(bidders * size);
  const others = new Float64Array(bidders).fill(Infinity);
  const values = new Float64Array(objects), heap = new LargestOf(size);

  /** Looks at all objects. */
  function remember(bidder: number): void {
    valuesOf(bidder, values);
    heap.clear();
    for (let j = 0; j < objects; j++) heap.offer(values[j] - prices[j], j);
    others[bidder] = size < objects ? heap.least : -Infinity;
    for (let p = 0, q = bidder * size; p < size; p++, q++) {
      best[q] = heap.items[p];
      worth[q] = values[best[q]];
    }
  }

  /** Bids for the object of largest gain among those remembered; false when others may be better. */
  function bid(bidder: number): boolean {
    let first = -Infinity, second = -Infinity, at = -1;
    for (let q = bidder * size, end = q + size; q < end; q++) {
      const gain = worth[q] - prices[best[q]];
      if (gain <= second) continue;
      if (gain > first) {
        second = first;
        first = gain;
        at = q;
      } else {
        second = gain;
      }
    }
    if (second < others[bidder]) return false;
    const object = best[at], loser = owners[object];
    // a single object has no second
    prices[object] += (second > -Infinity ? first - second : 0) + epsilon;
    owners[object] = bidder;
    won[bidder] = at;
    if (loser >= 0) waiting.push(loser);
    return true;
  }

  const waiting: number[] = [];
  for (let first = 0; first < bidders; first++) {
    waiting.push(first);
    for (let bidder = waiting.pop(); bidder !== undefined; bidder = waiting.pop()) {
      if (bid(bidder)) continue;
      remember(bidder);
      bid(bidder);
    }
  }
  return {
    objects: won.map((at) => best[at]),
    total: won.reduce((sum, at) => sum + worth[at], 0),
  };
}
