/**
 * Takes the place of node:zlib where there is none: only files are in archives.
 * @module
 */

function refuse(): never {
  throw new Error("Cannot read or write an archive: there are no files here that would be one");
}

/** Refuses to make a sum. */
export function crc32(): never {
  refuse();
}

/** Refuses to inflate. */
export function inflateRawSync(): never {
  refuse();
}
