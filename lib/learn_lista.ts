/**
 * LISTA as a whole method: with a known dictionary, or one that is learned first.
 * @module
 */
import { requireOptions } from "./checks.ts";
import { learnDictionary } from "./dictionary_learning.ts";
import { Lista, type ListaEntry, type ListaTraining } from "./lista.ts";
import { type Matrix, type Matrix32, requireFloat32, requireMatrix, toFloat32 } from "./matrix.ts";

/** Options of {@linkcode learnLista}. */
export interface LearnListaOptions extends ListaTraining {
  /** Dictionary, m × n. Default: learned by DL-FISTA with the same λ and seed. */
  dictionary?: Matrix;
  /** Number of atoms, n: needed where no dictionary is given. */
  numLatents?: number;
  /** Steps of the dictionary learning, 50 to a round. Default 50,000. */
  maxSteps?: number;
  /** Layers of the network. Default 16. */
  nLayers?: number;
}

/** What {@linkcode learnLista} returns. */
export interface LearnedLista {
  /** ID codes, samples × n. */
  codesId: Matrix32;
  /** OOD codes, samples × n. */
  codesOod: Matrix32;
  /** The dictionary, m × n: the given one, or the learned one. */
  dictionary: Matrix32;
  /** The trained network. */
  lista: Lista;
  /** Mean loss of every training epoch. */
  history: ListaEntry[];
}

/**
 * Trains LISTA on the ID observations, from the layers that a dictionary gives, and codes both splits.
 * Without a given dictionary it first learns one from the ID observations by DL-FISTA
 * (`learnDictionary`).
 *
 * @param XId ID observations, samples × m.
 * @param XOod OOD observations, samples × m.
 * @throws {TypeError} When an argument is of the wrong kind, or neither `dictionary` nor `numLatents`
 * is given.
 * @throws {RangeError} When shapes do not fit together, a value is not finite in float32, λ or lr is
 * not above 0 or a count is no integer of at least 1.
 *
 * @example
 * ```ts
 * import { generateDatasets } from "./data.ts";
 * import { learnLista } from "./learn_lista.ts";
 * const { val, ood } = generateDatasets({ seed: 0, numLatents: 20, k: 3, nSamples: 100 });
 * const { codesOod, dictionary } = learnLista(val.Y, ood.Y, {
 *   numLatents: 20,
 *   lambda: 0.1,
 *   maxSteps: 500,
 *   epochs: 10,
 * });
 * ```
 */
export function learnLista(XId: Matrix, XOod: Matrix, options: LearnListaOptions): LearnedLista {
  requireOptions("options", options);
  const { dictionary: given, numLatents, maxSteps, nLayers, ...training } = options;
  requireMatrix("XId", XId);
  requireMatrix("XOod", XOod, { cols: XId.cols });
  requireFloat32("XId", XId);
  requireFloat32("XOod", XOod);
  if (given) {
    requireMatrix("dictionary", given, { rows: XId.cols });
    requireFloat32("dictionary", given);
  } else if (numLatents === undefined) {
    throw new TypeError("Cannot learn LISTA: it needs a dictionary or numLatents, got neither");
  }
  const { lambda, seed = 0 } = training;
  const dictionary = given
    ? toFloat32(given)
    : learnDictionary(XId, XOod, { numLatents: numLatents!, lambda, maxSteps, seed }).dictionary;
  const lista = Lista.fromDictionary(dictionary, { nLayers });
  const history = lista.train(XId, dictionary, training);
  return {
    codesId: lista.forward(XId),
    codesOod: lista.forward(XOod),
    dictionary,
    lista,
    history,
  };
}
