/**
 * Takes the place of lib/atomic_file.ts and lib/formats/file_source.ts where there is no file system, so that the modules that save
 * and load can be imported there.
 * @module
 */

/** What every call gets. */
export class FileError extends Error {
  /** Name of the class, as stack traces show it. */
  override name = "FileError";
}

function refuse(action: string, path: string): never {
  throw new FileError(`Cannot ${action} ${path}: there is no file system here`);
}

/** Refuses to open. */
export class FileSource {
  /** Throws. */
  constructor(path: string) {
    refuse("read", path);
  }
}

/** Refuses to write. */
export function writeAtomic(path: string): never {
  refuse("write", path);
}

/** Refuses to read. */
export function readPlainFile(path: string): never {
  refuse("read", path);
}

/** Refuses to look. */
export function kindOfPath(path: string): never {
  refuse("read", path);
}

/** Refuses to make one. */
export function makeFolder(path: string): never {
  refuse("make", path);
}

/** Refuses to look. */
export function realPath(path: string): never {
  refuse("read", path);
}
