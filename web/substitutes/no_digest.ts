/**
 * Takes the place of node:crypto where there is none: only saved files have checksums.
 * @module
 */

/** Refuses to make a digest. */
export function createHash(algorithm: string): never {
  throw new Error(`Cannot make a ${algorithm} digest: there are no files here that would need one`);
}
