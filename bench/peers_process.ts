/**
 * Python's side of `deno task bench:peers`: one run of a driver.
 * @module
 */

/**
 * Runs a driver on a request, in a folder of its own under `.tmp`, with one thread for every library.
 *
 * @param driver Name of a Python file beside this one.
 * @param request Writes what the driver reads into a folder; returns the request itself, as JSON.
 * @param read Reads the driver's reply, and its files, before the folder goes.
 * @throws {Error} When Python cannot be run, or fails: its last line.
 */
export async function runDriver<Reply, Result>(
  python: string,
  driver: string,
  request: (folder: string) => object,
  read: (reply: Reply) => Result,
): Promise<Result> {
  Deno.mkdirSync(".tmp", { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: ".tmp", prefix: "peers-" });
  try {
    const file = `${folder}/request.json`;
    Deno.writeTextFileSync(file, JSON.stringify(request(folder)));
    const threads = Object.fromEntries(
      ["OMP", "OPENBLAS", "MKL"].map((library) => [`${library}_NUM_THREADS`, "1"]),
    );
    const { code, stdout, stderr } = await new Deno.Command(python, {
      args: [new URL(driver, import.meta.url).pathname, file],
      env: { ...threads, PYTHONDONTWRITEBYTECODE: "1" },
    }).output();
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr).trim().split("\n").at(-1));
    return read(JSON.parse(new TextDecoder().decode(stdout)));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
