/**
 * SynthSAEBench (Chanin and Garriga-Alonso, arXiv 2602.14687): data whose features form a hierarchy, are
 * correlated and lie in superposition, and the scores of what is learned from them.
 * @module
 */
export { makeSynthModel, type SynthModel, type SynthOptions } from "./synth_bench/model.ts";
export { type SynthBatch, synthBatches, type SynthStreamOptions } from "./synth_bench/sampler.ts";
export { SynthScorer, type SynthScores } from "./synth_bench/scores.ts";
export { loadSynthModel } from "./synth_bench/files.ts";
