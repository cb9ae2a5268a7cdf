import assert from "node:assert/strict";
import { join } from "node:path";
import { withLock, writeAtomic } from "../lib/atomic_file.ts";

function newFolder(): string {
  Deno.mkdirSync(".tmp", { recursive: true });
  return Deno.makeTempDirSync({ dir: ".tmp", prefix: "atomic-" });
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/** What a process with more permissions than a test reports of writing into a trap. */
async function fallInto(trap: string) {
  const folder = newFolder();
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      ...["run", "--quiet", "--no-prompt", "--no-check", "--ignore-env"],
      ...["--allow-read", "--allow-write", "--allow-run=mkfifo,mount,umount"],
      ...["tests/fixtures/file_faults.ts", folder, trap],
    ],
    // a pipe that is waited for would wait for ever
    signal: AbortSignal.timeout(30_000),
  }).output();
  const text = new TextDecoder();
  assert.equal(code, 0, text.decode(stderr));
  return JSON.parse(text.decode(stdout)) as {
    result: string;
    content: string;
    outside: string;
    names: string[];
  };
}

Deno.test("a write replaces the file, so that who reads the old one sees it whole", () => {
  const path = join(newFolder(), "file");
  writeAtomic(path, "old".repeat(1000));
  using reader = Deno.openSync(path);
  writeAtomic(path, "new");
  const seen = new Uint8Array(4000);
  assert.equal(reader.readSync(seen), 3000);
  assert.equal(Deno.readTextFileSync(path), "new");
});

Deno.test("a write that fails leaves the target and no temporary file, and names the target", () => {
  const folder = newFolder(), target = join(folder, "taken");
  Deno.mkdirSync(target);
  assert.throws(() => writeAtomic(target, "text"), (error: Error) => {
    assert.match(error.message, /^Cannot write .*taken: /);
    assert(!error.message.includes("\n"));
    return true;
  });
  assert.deepEqual(namesIn(folder), ["taken"]);
});

Deno.test("what killed writers left behind is removed, what others are writing stays", () => {
  const folder = newFolder(), path = join(folder, "rows.json");
  const [abandoned, fresh] = [crypto.randomUUID(), crypto.randomUUID()].map((id) =>
    `.rows.json.${id}.tmp`
  );
  for (const name of [abandoned, fresh]) Deno.writeTextFileSync(join(folder, name), "half a fi");
  const anHourAgo = new Date(Date.now() - 3_600_000);
  Deno.utimeSync(join(folder, abandoned), anHourAgo, anHourAgo);
  Deno.writeTextFileSync(join(folder, ".rows.json.notes.tmp"), "a user's");
  writeAtomic(path, "[]\n");
  assert.deepEqual(namesIn(folder), [fresh, ".rows.json.notes.tmp", "rows.json"].sort());
});

Deno.test("the temporary file can stand in another folder than the target", () => {
  const folder = newFolder(), through = newFolder();
  writeAtomic(join(folder, "PARITY.md"), "text", { through });
  assert.deepEqual([namesIn(folder), namesIn(through)], [["PARITY.md"], []]);
});

Deno.test("neither a link in the way nor the target's own link is followed", async () => {
  const { result, content, outside } = await fallInto("link");
  assert.deepEqual([result, content, outside], ["written", "new", "precious"]);
});

Deno.test("a pipe in the way is not waited for", async () => {
  const { result, content } = await fallInto("pipe");
  assert.deepEqual([result, content], ["written", "new"]);
});

Deno.test("a link in the place of a lock is refused, and nothing is made at its end", async () => {
  const { result, names } = await fallInto("lock-link");
  assert.match(result, /^Cannot lock .*\.lock: it must be a plain file/);
  assert(!names.includes("made by the lock"));
});

Deno.test("a full disk ends in one line with the file's name, and leaves the old file", async (t) => {
  const { result } = await fallInto("full");
  // mounting takes a right that a user may not have
  if (result === "no mount") return void await t.step({ name: "mount", fn() {}, ignore: true });
  assert.match(
    result,
    /^Cannot write .*rows\.json: No space left on device.* \| rows\.json \| old$/,
  );
});

Deno.test("a lock is waited for, and waiting ends with its signal", async () => {
  const path = join(newFolder(), ".lock");
  using holder = Deno.openSync(path, { read: true, write: true, create: true });
  holder.lockSync(true);
  const abort = new AbortController();
  const waiting = withLock(path, () => "held", { signal: abort.signal });
  abort.abort(new Error("interrupted"));
  await assert.rejects(waiting, /interrupted/);

  const patient = withLock(path, () => "held");
  holder.unlockSync();
  assert.equal(await patient, "held");
});

Deno.test("a lock whose work throws is free again", async () => {
  const path = join(newFolder(), ".lock");
  await assert.rejects(
    withLock(path, () => {
      throw new RangeError("no");
    }),
    RangeError,
  );
  assert.equal(await withLock(path, () => 1), 1);
});
