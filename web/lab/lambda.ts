/**
 * The slider of λ: equal steps are equal factors.
 * @module
 */

/** Steps of the slider from one power of ten to the next. */
const PER_DECADE = 20;

/** The slider's place of a λ. */
export function lambdaPlace(lambda: number): number {
  return Math.round(PER_DECADE * Math.log10(lambda));
}

/** The λ at a place of the slider, in two digits. */
export function lambdaAt(place: number): number {
  return Number((10 ** (place / PER_DECADE)).toPrecision(2));
}
