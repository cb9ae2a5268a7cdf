/**
 * Damages of files of matrices, in every format that is read: refused by name, or read as what they
 * then say; never silently wrong where the format has sums, never larger than the file.
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { fromDense } from "../../lib/csr_matrix.ts";
import { fileBytes, joined } from "../../lib/formats/byte_parts.ts";
import { npyHead } from "../../lib/formats/npy_parts.ts";
import { type Matrix, toFloat32 } from "../../lib/matrix.ts";
import { readCsr, readMatrix, writeCsr } from "../../lib/matrix_file.ts";
import { openMatrix } from "../../lib/matrix_stream.ts";
import { RandomState } from "../../lib/random.ts";
import { encodeSafetensors } from "../../lib/safetensors.ts";
import { damagedBytes, type Mutation } from "./mutations.ts";

/** A file, and how it is read. */
interface Sample {
  name: string;
  bytes: Uint8Array;
  read(path: string): unknown | Promise<unknown>;
  /** Whether sums tell every damage. */
  hasSums: boolean;
}

const ACTIVATIONS = "tests/fixtures/activations";

/** Both ways to a matrix, which must agree. */
function reader(key?: string) {
  return async (path: string): Promise<Matrix> => {
    const whole = readMatrix(path, { key });
    using file = openMatrix(path, { key });
    const blocks: Uint8Array[] = [];
    for await (const { data } of file.blocks({ blockRows: 3 })) blocks.push(fileBytes(data));
    if (!isDeepStrictEqual(joined(blocks), joined([fileBytes(whole.data)]))) {
      throw new RangeError("blocks and the whole differ");
    }
    return whole;
  };
}

function samples(folder: string): Sample[] {
  const data = new RandomState(1).normal(0, 1, 35), shape = [7, 5];
  const file = (name: string) => Deno.readFileSync(`${ACTIVATIONS}/${name}`);
  const half = Float16Array.from(data);
  const text = Array.from({ length: 7 }, (_, i) => data.slice(5 * i, 5 * i + 5).join(","));
  const { data: single } = toFloat32({ rows: 7, cols: 5, data });
  const tensors = { acts: { shape, data: single }, half: { shape, data: half } };
  writeCsr(
    `${folder}/codes.npz`,
    fromDense({ rows: 7, cols: 5, data: data.map((x) => Math.max(0, x)) }),
  );
  const acts = reader("acts"), any = reader();
  return [
    {
      name: "npy",
      bytes: joined([npyHead("<f2", shape), fileBytes(half)]),
      read: any,
      hasSums: false,
    },
    { name: "npz", bytes: file("stored.npz"), read: acts, hasSums: true },
    { name: "deflated npz", bytes: file("deflated.npz"), read: reader("tall"), hasSums: true },
    {
      name: "csr npz",
      bytes: Deno.readFileSync(`${folder}/codes.npz`),
      read: readCsr,
      hasSums: true,
    },
    {
      name: "safetensors",
      bytes: encodeSafetensors({ tensors, metadata: { a: "b" } }),
      read: acts,
      hasSums: false,
    },
    { name: "tensor pt", bytes: file("tensor.pt"), read: any, hasSums: true },
    { name: "list pt", bytes: file("list.pt"), read: reader("1"), hasSums: true },
    {
      name: "csv",
      bytes: new TextEncoder().encode(`a,b,c,d,e\n${text.join("\n")}\n`),
      read: any,
      hasSums: false,
    },
  ];
}

/** Every format's file with its damages and its judge, as the campaign takes them. */
export function formatSubjects(folder: string) {
  return samples(folder).map(({ name, bytes: original, read, hasSums }) => {
    const path = `${folder}/damaged file`;
    let right: unknown;
    return {
      name: `readMatrix of ${name}`,
      mutations: (count: number): Iterable<Mutation> => damagedBytes(original, count),
      async judge({ bytes }: Mutation): Promise<string | undefined> {
        if (right === undefined) {
          Deno.writeFileSync(path, original);
          right = await read(path);
        }
        Deno.writeFileSync(path, bytes);
        let found: unknown;
        try {
          found = await read(path);
        } catch (error) {
          const { name, message } = error as Error;
          if (name !== "FileError") return `${name}: ${message}`;
          if (message.includes("\n")) return `more than one line: ${message}`;
          return message.includes(path) ? undefined : `does not name the file: ${message}`;
        }
        if (hasSums) return isDeepStrictEqual(found, right) ? undefined : "silently wrong";
        const { rows, cols, data } = found as Matrix;
        // a number takes a byte at least
        return data.length === rows * cols && data.length <= bytes.length &&
            data.every(Number.isFinite)
          ? undefined
          : "silently wrong";
      },
    };
  });
}
