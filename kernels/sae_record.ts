// The record that the sparse autoencoders' kernels share.
//
// Encoder and decoder are both stored with one row per unit (w×m, rows padded to ldm), so that a
// unit's weights are contiguous: a sparse code touches whole rows, and projection, norms and AdamW
// run along them. Products that need the other layout use a transposed copy, made once per step.

// The values of Sae.type
// @ts-ignore: decorator
@inline export const RELU: i32 = 0;
// @ts-ignore: decorator
@inline export const TOPK: i32 = 1;
// @ts-ignore: decorator
@inline export const JUMPRELU: i32 = 2;
// @ts-ignore: decorator
@inline export const MP: i32 = 3;

/** SAE_FIELDS in lib/cores/sae.ts lists the same fields in the same order. */
// @ts-ignore: decorator
@unmanaged
export class Sae {
  type: i32;
  m: i32; // observed dimensions
  w: i32; // width: units, atoms
  k: i32; // active codes per sample (topk, MP)
  ldm: i32; // m and w rounded up to multiples of 8
  ldw: i32;
  // parameters
  encoder: usize; // w×ldm
  encoderBias: usize; // ldw
  decoder: usize; // w×ldm, an atom per row
  decoderBias: usize; // ldm
  logThreshold: usize; // ldw
  // their gradients
  gEncoder: usize;
  gEncoderBias: usize;
  gDecoder: usize;
  gDecoderBias: usize;
  gLogThreshold: usize;
  // made from the parameters by sae_prepare
  encoderT: usize; // m×ldw
  decoderT: usize; // m×ldw; of the unit atoms for MP
  threshold: usize; // ldw
  atoms: usize; // w×ldm: the decoder for topk, its atoms with unit norm for MP
  norms: usize; // w
  // the block of samples
  x: usize; // rows×ldm, minus the decoder bias
  pre: usize; // rows×ldw, pre-activations, or correlations for MP
  codes: usize; // rows×ldw
  gCodes: usize; // rows×ldw
  residual: usize; // rows×ldm, reconstruction − x
  scratch: usize; // rows×ldm
  // the active codes of each row, for topk and MP
  counts: usize; // rows
  indices: usize; // rows×k
  values: usize; // rows×k
  gValues: usize; // rows×k
  // rows of the Gram matrix of the unit atoms, for MP
  slots: usize; // w: where a row is in gram, or −1
  gram: usize; // capacity×ldw
  capacity: i32;
  used: i32;
  // Σ squared residuals, Σ penalty, number of active codes: float64
  sums: usize;
}
