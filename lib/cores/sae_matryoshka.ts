/**
 * matryoshka: batchtopk whose first units alone, and more of them, and all of them each reconstruct
 * (Bussmann et al., 2025). The loss adds up the errors of these prefixes.
 * @module
 */
import { requireInteger, requireNonNegative } from "../checks.ts";
import { padded, type RecordValues } from "../wasm/memory.ts";
import {
  BATCH_COUNTERS,
  BATCH_FIELDS,
  BATCH_OPTIONS,
  BATCH_PARAMETERS,
  type BatchOptions,
  batchValues,
  setBatchKval,
} from "./sae_batchtopk.ts";
import type { SaeOption, SaeSpace, SaeVariant } from "./sae_variant.ts";

/** Options of `matryoshka`. */
export interface MatryoshkaOptions extends BatchOptions {
  /** The variant. */
  readonly type: "matryoshka";
  /**
   * The prefixes: how many units each has, ascending, the last the width. Default: the width, and its
   * halves, quarters, eighths and sixteenths, rounded up.
   */
  readonly groups?: readonly number[];
  /** The weights of the prefixes' errors in the loss. Default: 1 each. */
  readonly groupWeights?: readonly number[];
}

const GROUPS: SaeOption = {
  name: "groups",
  optional: true,
  check(value, { width }) {
    if (!Array.isArray(value)) {
      throw new TypeError(`groups must be an array of widths, got ${typeof value}`);
    }
    value.forEach((end, g) => requireInteger(`groups[${g}]`, end, 1, width));
    if (value.at(-1) !== width || value.some((end, g) => g > 0 && end <= value[g - 1])) {
      throw new RangeError(
        `groups must ascend and end with the width ${width}, got ${value.join(", ")}`,
      );
    }
  },
};

const GROUP_WEIGHTS: SaeOption = {
  name: "groupWeights",
  optional: true,
  check(value, { width }, options) {
    const { groups = halves(width) } = options as MatryoshkaOptions;
    if (!Array.isArray(value)) {
      throw new TypeError(`groupWeights must be an array, got ${typeof value}`);
    }
    value.forEach((weight, g) => requireNonNegative(`groupWeights[${g}]`, weight));
    if (value.length !== groups.length) {
      throw new RangeError(
        `groupWeights must be as many as the ${groups.length} groups, got ${value.length}`,
      );
    }
  },
};

/** The class Matryoshka in kernels/sae_matryoshka.ts tells what each is. */
const FIELDS = {
  ...BATCH_FIELDS,
  groups: "number",
  ends: "block",
  groupWeights: "block",
  prefixes: "block",
  auxByGroup: "number",
} as const;

/** The default of `groups`. */
export function halves(width: number): number[] {
  return [...new Set([16, 8, 4, 2, 1].map((parts) => Math.ceil(width / parts)))];
}

function values(space: SaeSpace<MatryoshkaOptions>): RecordValues<typeof FIELDS> {
  const { arena, inputDim, width, rows, options, auxK } = space;
  const { groups = halves(width), groupWeights = groups.map(() => 1) } = options;
  const ends = arena.i32(groups.length), weights = arena.f32(groups.length);
  ends.view.set(groups);
  weights.view.set(groupWeights);
  return {
    ...batchValues(space),
    groups: groups.length,
    ends,
    groupWeights: weights,
    prefixes: arena.f32(groups.length * rows * padded(inputDim)),
    auxByGroup: Number(auxK?.byGroup ?? false),
  };
}

/** The variant `matryoshka`. */
export const matryoshka: SaeVariant<MatryoshkaOptions> = {
  type: "matryoshka",
  kernel: 6,
  options: [...BATCH_OPTIONS, GROUPS, GROUP_WEIGHTS],
  parameters: BATCH_PARAMETERS,
  byBatch: true,
  auxK: true,
  setKval: setBatchKval,
  fields: FIELDS,
  counters: BATCH_COUNTERS,
  values,
};
