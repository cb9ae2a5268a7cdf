/**
 * The reference's side of the comparison: a Python process that runs its functions on request.
 * @module
 */
import type { Matrix } from "../lib/matrix.ts";

/** An array in a raw little-endian file, as NumPy reads it. */
export interface ArrayFile {
  /** Path of the file. */
  file: string;
  /** Sizes, row-major. */
  shape: number[];
  /** NumPy's name of the element type. */
  dtype: "<f8" | "<f4" | "|u1";
}

/** What the reference is asked to do. */
export interface ReferenceRequest {
  /** Name of a kind of work in reference_driver.py. */
  kind: string;
  /** Its inputs. */
  arrays: Record<string, ArrayFile>;
  /** Its options. */
  options: Record<string, unknown>;
  /** How many units of work: steps, epochs, rounds or samples. */
  part: number;
  /** Folder for the arrays of the result, or null when only the time is wanted. */
  save: string | null;
}

/** What the reference did. */
export interface ReferenceReply {
  /** Seconds of the work alone. */
  seconds: number;
  /** Its result, when it was wanted. */
  values?: Record<string, number | ArrayFile>;
}

/** What the machine and the libraries of the reference are. */
export interface ReferenceVersions {
  /** Model of the processor. */
  cpu: string;
  /** Logical cores. */
  cores: number;
  /** Version of Python. */
  python: string;
  /** Version of PyTorch. */
  torch: string;
  /** Version of NumPy. */
  numpy: string;
  /** Version of scikit-learn. */
  sklearn: string;
  /** File of the BLAS that is loaded. */
  blas: string;
}

/** What both sides need to start Python. */
export interface PythonCommand {
  /** The interpreter. */
  python: string;
  /** Folder of the reference's checkout. */
  reference: string;
  /** Threads of its libraries. */
  threads: number;
  /** Folders, separated by colons, in which libraries such as the BLAS are looked for first. */
  libraries?: string;
}

/** A command that cannot run as it was called. */
export class UnusableReference extends Error {
  /** Name of the class, as stack traces show it. */
  override name = "UnusableReference";
}

/** The Python command with `args` after the driver and the checkout; every library gets the threads. */
export function pythonCommand(
  { python, reference, threads, libraries }: PythonCommand,
  args: readonly string[],
  options: Deno.CommandOptions = {},
): Deno.Command {
  const driver = new URL("./reference_driver.py", import.meta.url).pathname;
  const count = String(threads);
  return new Deno.Command(python, {
    args: [driver, reference, ...args],
    // the reference fills stderr with its progress bars
    stderr: "null",
    ...options,
    env: {
      OMP_NUM_THREADS: count,
      OPENBLAS_NUM_THREADS: count,
      MKL_NUM_THREADS: count,
      PYTHONDONTWRITEBYTECODE: "1", // the checkout stays as it is
      ...(libraries && { REFERENCE_LIBRARIES: libraries }),
    },
  });
}

/** A running driver. */
export class ReferenceProcess implements AsyncDisposable {
  /** Threads of its libraries. */
  readonly threads: number;
  /** What it runs on. */
  readonly versions: ReferenceVersions;
  readonly #child: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #replies: AsyncIterator<string>;

  private constructor(
    threads: number,
    child: Deno.ChildProcess,
    replies: AsyncIterator<string>,
    versions: ReferenceVersions,
  ) {
    this.threads = threads;
    this.versions = versions;
    this.#child = child;
    this.#requests = child.stdin.getWriter();
    this.#replies = replies;
  }

  /**
   * Starts a driver and waits until it has imported the reference.
   *
   * @throws {UnusableReference} When Python cannot be run, or cannot import the reference.
   */
  static async start(command: PythonCommand): Promise<ReferenceProcess> {
    let child: Deno.ChildProcess;
    try {
      child = pythonCommand(command, [], { stdin: "piped", stdout: "piped" }).spawn();
    } catch (error) {
      throw new UnusableReference(
        `--python must name an interpreter that this command may run, got "${command.python}" (${
          (error as Error).message
        })`,
      );
    }
    const replies = lines(child.stdout);
    const { value } = await replies.next();
    const { ready, error } = JSON.parse(value ?? '{"error": "it ended before it was ready"}');
    if (ready) return new ReferenceProcess(command.threads, child, replies, ready);
    await child.status;
    throw new UnusableReference(
      `--reference must be a checkout of the reference that ${command.python} can import, got "${command.reference}" (${error})`,
    );
  }

  /**
   * Runs one piece of work.
   *
   * @throws {Error} When the reference fails.
   */
  async run(request: ReferenceRequest): Promise<ReferenceReply> {
    await this.#requests.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
    const { value } = await this.#replies.next();
    const reply = JSON.parse(value ?? '{"error": "its process ended"}');
    if (reply.error) {
      throw new Error(`Cannot run ${request.kind} of the reference: ${reply.error}`);
    }
    return reply;
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close().catch(() => {}); // it may have ended by itself
    await this.#child.status;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

/** Writes arrays where the reference can read them. */
export function writeArrays(
  folder: string,
  arrays: Record<string, Matrix | Uint8Array>,
): Record<string, ArrayFile> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => {
      const file = `${folder}/${name}.bin`;
      const data = array instanceof Uint8Array ? array : array.data;
      Deno.writeFileSync(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      const shape = array instanceof Uint8Array ? [array.length] : [array.rows, array.cols];
      const dtype = data instanceof Uint8Array
        ? "|u1"
        : data instanceof Float32Array
        ? "<f4"
        : "<f8";
      return [name, { file, shape, dtype }];
    }),
  );
}

/** Values of a reply, with arrays read from their files. */
export function readValues(
  values: Record<string, number | ArrayFile>,
): Record<string, number | Float64Array> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "number" ? value : new Float64Array(Deno.readFileSync(value.file).buffer),
    ]),
  );
}
