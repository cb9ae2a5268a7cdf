/**
 * Python's pickles of plain data, which can run no code: a name that is met is looked up in a table of
 * ours, and everything else is refused.
 *
 * Source: the opcodes' descriptions in Python's `pickletools`.
 * @module
 */
import type { ByteSource } from "./byte_source.ts";
import { readBytes } from "./byte_source.ts";

/**
 * What a pickle holds: numbers (integers beyond 2⁵³ rounded), texts, lists (tuples among them), objects
 * (dictionaries, by the text of each key), and what the table makes.
 */
export type Pickled = unknown;

/** A name of Python's that a pickle may call. */
export type PickleFunction = (args: Pickled[], source: ByteSource) => Pickled;

/** What pickles may name. */
export interface PickleTable {
  /** Functions and classes, by `module.name`; undefined where it is not allowed. */
  global(name: string): PickleFunction | PickleConstant | undefined;
  /** What a persistent id stands for. */
  persistent(id: Pickled): Pickled;
}

/** A name that stands for a value. */
export class PickleConstant {
  /** A constant. */
  constructor(readonly value: Pickled) {}
}

/** A dictionary while it is built, and afterwards. */
type Dictionary = Record<string, Pickled>;

const isObject = (value: Pickled): value is Dictionary =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Sets a property of one's own, whatever its name. */
function set(target: Dictionary, key: Pickled, value: Pickled): boolean {
  if (typeof key !== "string" && typeof key !== "number") return false;
  Object.defineProperty(target, key, {
    value,
    ...{ writable: true, enumerable: true, configurable: true },
  });
  return true;
}

const MARK = Symbol("mark");

/**
 * Reads a pickle of protocol 2 to 5.
 *
 * @throws {Error} As the source makes it, when it is damaged, or names what is not in the table.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sourceOfBytes } from "./byte_source.ts";
 * import { readPickle } from "./pickle.ts";
 *
 * const table = { global: () => undefined, persistent: () => null };
 * // pickle.dumps([1, True], 2)
 * const bytes = Uint8Array.of(0x80, 2, 0x5d, 0x71, 0, 0x28, 0x4b, 1, 0x88, 0x65, 0x2e);
 * const source = sourceOfBytes(bytes, (reason) => new Error(reason));
 * assert.deepEqual(readPickle(source, table), [1, true]);
 * ```
 */
export function readPickle(source: ByteSource, table: PickleTable): Pickled {
  const bytes = readBytes(source);
  const view = new DataView(bytes.buffer);
  const memo = new Map<number, Pickled>();
  const stack: Pickled[] = [];
  let at = 0;

  const damaged = (what: string) => source.refused(`it is damaged at byte ${at}: ${what}`);
  function take(count: number): number {
    if (at + count > bytes.length) throw damaged("it ends too early");
    return (at += count) - count;
  }
  const uint8 = () => bytes[take(1)];
  const uint16 = () => view.getUint16(take(2), true);
  const uint32 = () => view.getUint32(take(4), true);
  const uint64 = () => Number(view.getBigUint64(take(8), true));
  function text(length: number): string {
    const start = take(length);
    return new TextDecoder().decode(bytes.subarray(start, start + length));
  }
  function line(): string {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw damaged("it ends too early");
    const found = text(end - at);
    at++;
    return found;
  }
  /** Little-endian in two's complement. */
  function long(length: number): number {
    const start = take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = value << 8n | BigInt(bytes[start + i]);
    return Number(BigInt.asIntN(8 * length, value));
  }
  function pop(): Pickled {
    if (stack.length === 0 || stack.at(-1) === MARK) throw damaged("it takes what is not there");
    return stack.pop();
  }
  function popToMark(): Pickled[] {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw damaged("it takes what is not there");
    const items = stack.splice(mark + 1);
    stack.pop();
    return items;
  }
  function top<T>(is: (value: Pickled) => value is T, what: string): T {
    const value = stack.at(-1);
    if (!is(value)) throw damaged(`it must have ${what} there`);
    return value;
  }
  function store(index: number): void {
    if (stack.length === 0) throw damaged("it stores what is not there");
    memo.set(index, stack.at(-1));
  }
  function recall(index: number): void {
    if (!memo.has(index)) throw damaged("it recalls what it has not stored");
    stack.push(memo.get(index));
  }
  function append(items: Pickled[]): void {
    const list = top(Array.isArray, "a list");
    for (const item of items) list.push(item);
  }
  function setItems(items: Pickled[]): void {
    const target = top(isObject, "a dictionary");
    for (let i = 0; i < items.length; i += 2) {
      if (i + 1 === items.length || !set(target, items[i], items[i + 1])) {
        throw damaged("it must have pairs of a text or number and a value there");
      }
    }
  }
  function global(module: string, name: string): void {
    const found = table.global(`${module}.${name}`);
    if (found === undefined) {
      throw source.refused(
        `it needs Python's ${module}.${name}, which is not read: save a state dict of tensors`,
      );
    }
    stack.push(found instanceof PickleConstant ? found.value : found);
  }

  for (;;) {
    const code = String.fromCharCode(uint8());
    switch (code) {
      case "\x80": { // PROTO
        const protocol = uint8();
        if (protocol < 2 || protocol > 5) {
          throw damaged(`its protocol must be 2 to 5, got ${protocol}`);
        }
        break;
      }
      case "\x95": // FRAME
        uint64();
        break;
      case ".": { // STOP
        const value = pop();
        if (stack.length > 0 || at !== bytes.length) throw damaged("it must end with one value");
        return value;
      }
      case "(":
        stack.push(MARK);
        break;
      case "0": // POP
        pop();
        break;
      case "1": // POP_MARK
        popToMark();
        break;
      case "2": { // DUP
        const value = pop();
        stack.push(value, value);
        break;
      }
      case "N":
        stack.push(null);
        break;
      case "\x88":
        stack.push(true);
        break;
      case "\x89":
        stack.push(false);
        break;
      case "K":
        stack.push(uint8());
        break;
      case "M":
        stack.push(uint16());
        break;
      case "J":
        stack.push(view.getInt32(take(4), true));
        break;
      case "\x8a": // LONG1
        stack.push(long(uint8()));
        break;
      case "G":
        stack.push(view.getFloat64(take(8), false));
        break;
      case "X": // BINUNICODE
        stack.push(text(uint32()));
        break;
      case "\x8c": // SHORT_BINUNICODE
        stack.push(text(uint8()));
        break;
      case ")": // EMPTY_TUPLE
      case "]": // EMPTY_LIST
        stack.push([]);
        break;
      case "}":
        stack.push({});
        break;
      case "t": // TUPLE
      case "l": // LIST
        stack.push(popToMark());
        break;
      case "\x85": // TUPLE1
      case "\x86":
      case "\x87": {
        const items: Pickled[] = [];
        for (let i = 0x84; i < code.charCodeAt(0); i++) items.unshift(pop());
        stack.push(items);
        break;
      }
      case "a": { // APPEND
        const item = pop();
        append([item]);
        break;
      }
      case "e":
        append(popToMark());
        break;
      case "s": { // SETITEM
        const value = pop(), key = pop();
        setItems([key, value]);
        break;
      }
      case "u":
        setItems(popToMark());
        break;
      case "q":
        store(uint8());
        break;
      case "r":
        store(uint32());
        break;
      case "\x94": // MEMOIZE
        store(memo.size);
        break;
      case "h":
        recall(uint8());
        break;
      case "j":
        recall(uint32());
        break;
      case "c": { // GLOBAL
        const module = line();
        global(module, line());
        break;
      }
      case "\x93": { // STACK_GLOBAL
        const name = pop(), module = pop();
        global(String(module), String(name));
        break;
      }
      case "Q": // BINPERSID
        stack.push(table.persistent(pop()));
        break;
      case "R": { // REDUCE
        const args = pop(), called = pop();
        if (typeof called !== "function" || !Array.isArray(args)) {
          throw damaged("it must have a function and its arguments there");
        }
        stack.push((called as PickleFunction)(args, source));
        break;
      }
      case "b": // BUILD: attributes of a dictionary, which say nothing of its items
        pop();
        top(isObject, "a dictionary");
        break;
      default:
        at--;
        throw damaged(`byte ${bytes[at]} is no instruction that is read`);
    }
  }
}

/** A function of tables: `collections.OrderedDict`, from nothing or from pairs. */
export function orderedDict(args: Pickled[], source: ByteSource): Pickled {
  const pairs = args[0] ?? [];
  const dictionary: Dictionary = {};
  const fits = Array.isArray(pairs) &&
    pairs.every((pair) => Array.isArray(pair) && set(dictionary, pair[0], pair[1]));
  if (!fits) throw source.refused("a dictionary in it must be made of pairs");
  return dictionary;
}
