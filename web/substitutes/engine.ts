/**
 * Imported before everything else outside Deno: what Node 20 and some browsers lack.
 * @module
 */

/** Stands where an engine has no numbers of half precision: told apart from all others, and refused. */
class NoHalfNumbers {
  constructor() {
    throw new Error(
      "Cannot read numbers of half precision: this JavaScript engine must have Float16Array, as Node 24 has",
    );
  }
}

const engine = globalThis as { Float16Array?: unknown };
engine.Float16Array ??= NoHalfNumbers;

const symbols = Symbol as { dispose?: symbol };
symbols.dispose ??= Symbol.for("Symbol.dispose");

const maps = Map as { groupBy?: unknown };
maps.groupBy ??= <Key, Item>(items: Iterable<Item>, keyOf: (item: Item, index: number) => Key) => {
  const groups = new Map<Key, Item[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++), group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
};

/** What is ended in the end, the last first: as much of the standard's class as the toolkit uses. */
class Endings {
  readonly #endings: (() => void)[] = [];

  use<T extends Disposable | null | undefined>(value: T): T {
    if (value) this.#endings.push(() => value[Symbol.dispose]());
    return value;
  }

  adopt<T>(value: T, end: (value: T) => void): T {
    this.#endings.push(() => end(value));
    return value;
  }

  defer(end: () => void): void {
    this.#endings.push(end);
  }

  move(): Endings {
    const moved = new Endings();
    moved.#endings.push(...this.#endings.splice(0));
    return moved;
  }

  dispose(): void {
    const errors: unknown[] = [];
    for (const end of this.#endings.splice(0).reverse()) {
      try {
        end();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const stacks = globalThis as { DisposableStack?: unknown };
stacks.DisposableStack ??= Endings;
