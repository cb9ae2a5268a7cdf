// The record that the sparse autoencoders' kernels share.
//
// Encoder and decoder are both stored with one row per unit (w×m, rows padded to ldm), so that a
// unit's weights are contiguous: a sparse code touches whole rows, and projection, norms and AdamW
// run along them. Products that need the other layout use a transposed copy, made once per step.

// numbers of variants, as in lib/cores/ and sae_variants.ts
// @ts-ignore: decorator
@inline export const ABSTOPK: i32 = 4;
// @ts-ignore: decorator
@inline export const BATCHTOPK: i32 = 5;
// @ts-ignore: decorator
@inline export const MATRYOSHKA: i32 = 6;

/**
 * What every variant has; its own class in sae_X.ts adds fields, and the methods that sae_variants.ts
 * calls. SAE_FIELDS in lib/cores/sae.ts lists the same fields in the same order.
 */
// @ts-ignore: decorator
@unmanaged
export class Sae {
  type: i32; // number of the variant, as in sae_variants.ts
  m: i32; // observed dimensions
  w: i32; // width: units, atoms
  ldm: i32; // m and w rounded up to multiples of 8
  ldw: i32;
  // parameters
  encoder: usize; // w×ldm
  encoderBias: usize; // ldw
  decoder: usize; // w×ldm, an atom per row
  decoderBias: usize; // ldm
  // their gradients
  gEncoder: usize;
  gEncoderBias: usize;
  gDecoder: usize;
  gDecoderBias: usize;
  // made from the parameters
  encoderT: usize; // m×ldw: the encoder's weights transposed; for those that pursue their atoms, see sae_gram.ts
  // the block of samples
  x: usize; // rows×ldm, minus the decoder bias
  codes: usize; // rows×ldw
  residual: usize; // rows×ldm, reconstruction − x
  scratch: usize; // rows×ldm
  // Σ squared residuals, Σ penalty, number of active codes, Σ of the loss's other terms: float64
  sums: usize;
  training: i32; // 1 while a forward pass serves gradients
  tracked: i32; // whether `silent` is kept
  deadAfter: i32; // a unit is dead when it has been silent for more steps than this
  silent: usize; // w: steps since a unit's last code that was not 0
  everyCode: i32; // whether every code that is not 0 counts as active, or only those of more than 0.01
}
