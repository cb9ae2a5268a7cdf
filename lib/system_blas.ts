/**
 * A BLAS of the operating system for large float32 products, through Deno's foreign function
 * interface: its vectors can be wider than WebAssembly's 128 bits. It is used where it is installed
 * *and* permitted (`--allow-ffi=PATH`), without asking; elsewhere nothing changes but speed. Last
 * bits of results do change: they are summed in another order.
 * @module
 */

const ACCELERATE = "/System/Library/Frameworks/Accelerate.framework/Accelerate";

/** Where systems keep their BLAS, and so what `--allow-ffi=` has to name; the first that fits is used. */
export const BLAS_PATHS: readonly string[] = [
  ...["x86_64", "aarch64"].flatMap((arch) => [ // Debian and Ubuntu
    `/usr/lib/${arch}-linux-gnu/libopenblas.so.0`,
    `/usr/lib/${arch}-linux-gnu/openblas-pthread/libopenblas.so.0`,
  ]),
  "/usr/lib64/libopenblasp.so.0", // Fedora
  ACCELERATE, // macOS
];

// From cblas.h
const ROW_MAJOR = 101, NO_TRANS = 111;
/** What openblas_get_parallel says of a build that several threads may call at the same time. */
const PTHREADS = 1;

/**
 * C = op(A)·B + beta·C on the memory of the kernels: float32, row-major, C m×n, inner dimension
 * k. op transposes where `transA` is 1; addresses are offsets in bytes, leading dimensions count elements.
 */
export type Sgemm = (
  ...args: [
    ...[transA: number, m: number, n: number, k: number],
    ...[a: number, lda: number, b: number, ldb: number, beta: number, c: number, ldc: number],
  ]
) => void;

/** A BLAS that is open. */
export interface SystemBlas {
  /** Its path and, where the library tells, its version and the processor that it computes for. */
  name: string;
  /** Its product on a memory, shared or not, which may grow. */
  sgemm(memory: WebAssembly.Memory): Sgemm;
}

function open(path: string): SystemBlas | undefined {
  const optional = path === ACCELERATE;
  const { symbols } = Deno.dlopen(path, {
    cblas_sgemm: {
      parameters: [
        "i32", // order, transA, transB, m, n, k
        "i32",
        "i32",
        "i32",
        "i32",
        "i32",
        "f32", // α, A, lda
        "usize",
        "i32",
        "usize", // B, ldb
        "i32",
        "f32", // β, C, ldc
        "usize",
        "i32",
      ],
      result: "void",
    },
    // The C library's, by way of the BLAS, which depends on it: the classes Deno.UnsafePointer and
    // Deno.UnsafePointerView would need the permission for every path. memmove returns an address.
    memmove: { parameters: ["buffer", "buffer", "usize"], result: "usize" },
    strncpy: { parameters: ["buffer", "pointer", "usize"], result: "void" },
    openblas_get_config: { parameters: [], result: "pointer", optional },
    openblas_get_parallel: { parameters: [], result: "i32", optional },
    openblas_set_num_threads: { parameters: ["i32"], result: "void", optional },
  });
  const { cblas_sgemm, memmove, strncpy } = symbols;
  const { openblas_get_config, openblas_get_parallel, openblas_set_num_threads } = symbols;
  if (openblas_get_parallel && openblas_get_parallel() !== PTHREADS) return undefined;
  openblas_set_num_threads?.(1); // cores are given to cells, one each
  const config = new Uint8Array(256);
  if (openblas_get_config) strncpy(config, openblas_get_config(), BigInt(config.length - 1));

  // Numbers, not bigints: the engine then calls without going through an object
  const call = cblas_sgemm as unknown as (...args: number[]) => void;
  return {
    name: [path, new TextDecoder().decode(config.subarray(0, config.indexOf(0)))].join(" ").trim(),
    sgemm(memory) {
      let buffer: ArrayBufferLike | undefined, base = 0;
      return (transA, m, n, k, a, lda, b, ldb, beta, c, ldc) => {
        if (buffer !== memory.buffer) { // it has grown
          buffer = memory.buffer;
          const bytes = new Uint8Array(buffer);
          base = Number(memmove(bytes, bytes, 0n));
        }
        // An address above 2 GiB comes as a negative number
        const atA = base + (a >>> 0), atB = base + (b >>> 0), atC = base + (c >>> 0);
        const op = NO_TRANS + transA;
        call(ROW_MAJOR, op, NO_TRANS, m, n, k, 1, atA, lda, atB, ldb, beta, atC, ldc);
      };
    },
  };
}

/**
 * Opens the first library that is permitted and fits. Never asks for a permission, never throws, and
 * touches no file that is not permitted.
 *
 * @param paths Libraries with the CBLAS interface. Default: the usual places of OpenBLAS and, on
 * macOS, Accelerate.
 * @returns undefined without permission, and where there is no such library: OpenBLAS must be built
 * with threads (not OpenMP), because several workers call it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openSystemBlas } from "./system_blas.ts";
 * // with --allow-ffi its name is, say, "/usr/lib64/libopenblasp.so.0 OpenBLAS 0.3.26 …"
 * assert.equal(openSystemBlas(["/no/such/library.so"]), undefined);
 * ```
 */
export function openSystemBlas(paths: readonly string[] = BLAS_PATHS): SystemBlas | undefined {
  if (typeof Deno === "undefined" || !Deno.dlopen) return undefined;
  for (const path of paths) {
    if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") continue;
    try {
      const blas = open(path);
      if (blas) return blas;
    } catch { /* no such library, or not with these functions */ }
  }
  return undefined;
}

/** The BLAS that the kernels of this process use. */
export const blas: SystemBlas | undefined = openSystemBlas();

/**
 * Path, version and processor of the system's BLAS where the kernels use one: all that decides the
 * last bits of its products.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { systemBlas } from "./system_blas.ts";
 * // without --allow-ffi there is none
 * assert.equal(systemBlas(), undefined);
 * ```
 */
export function systemBlas(): string | undefined {
  return blas?.name;
}
