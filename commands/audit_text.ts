/**
 * What an audit of an autoencoder found, in sentences: for the page and for the terminal.
 * @module
 */
import type { Audit, ProbeScores } from "../lib/audit.ts";

/** A share in percent with one decimal. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** A difference of shares, in points of a hundredth. */
export function points(difference: number): string {
  const text = (100 * difference).toFixed(1).replace("-", "−");
  return `${text} ${text === "1.0" ? "point" : "points"}`;
}

/** A number of codes or uses, as short as it can be read. */
export function few(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toFixed(1)));
}

/** What is told, one paragraph per question. */
export interface AuditTold {
  /** The answer to the question that the audit asks. */
  gap: string;
  /** What a learned dictionary makes of the same rows. */
  learned: string;
  /** Which latents the encoder misses. */
  latents: string;
  /** Dead and duplicate atoms, coherence. */
  atoms: string;
  /** Uses beside the counting bound. */
  usage: string;
  /** Probes, or why there are none. */
  probes: string;
}

/** Tells what an audit found. */
export function tellAudit(audit: Audit): AuditTold {
  return {
    gap: gapOf(audit),
    learned: learnedOf(audit),
    latents: latentsOf(audit),
    atoms: atomsOf(audit),
    usage: usageOf(audit),
    probes: probesOf(audit),
  };
}

function gapOf({ atL0, amortisationGap, sizes }: Audit): string {
  const start = `On ${few(sizes.testRows)} held-out rows the encoder explains ` +
    `${percent(atL0.encoder)} of the variance with ${few(atL0.l0)} codes a row.`;
  if (amortisationGap === undefined) {
    return `${start} Sparse coding on its decoder was not carried that far, so there is no gap to tell.`;
  }
  const reached = atL0.encoder + amortisationGap;
  const ways = [
    ...(atL0.lasso === undefined ? [] : [`the Lasso (refit) ${percent(atL0.lasso)}`]),
    ...(atL0.omp === undefined ? [] : [`matching pursuit ${percent(atL0.omp)}`]),
  ].join(", ");
  const left = (1 - atL0.encoder) / Math.max(1 - reached, 1e-12);
  const finding = amortisationGap > 0
    ? `The amortisation gap is ${points(amortisationGap)}: the encoder leaves ` +
      `${left < 1000 ? left.toFixed(2) : "more than 1000"} times as much unexplained as its own ` +
      `dictionary does.`
    : `There is no amortisation gap (${
      points(amortisationGap)
    }): the encoder finds what its dictionary ` +
      `allows, as far as these methods see.`;
  const choice = atL0.refit - atL0.encoder;
  return `${start} On its own decoder, at the same number: ${ways}. ${finding} ` +
    `The best codes on the encoder's own supports explain ${percent(atL0.refit)}: ` +
    `${points(choice)} are its magnitudes, the rest is its choice of latents.`;
}

function learnedOf({ learned, atL0, sizes }: Audit): string {
  if (!learned) return "No dictionary was learned.";
  const size =
    `A dictionary of ${few(learned.latents)} atoms, learned from ${few(learned.rows)} rows ` +
    `that are not held out`;
  const bounded = learned.latents < sizes.width
    ? ` (the autoencoder has ${few(sizes.width)}: the work is bounded)`
    : "";
  const reach = atL0.learned === undefined
    ? "does not reach the encoder's number of codes"
    : `explains ${percent(atL0.learned)} at the encoder's number of codes`;
  const singles = learned.singles > 0.1
    ? ` ${
      percent(learned.singles)
    } of its atoms stand for a single row: they were not found, and more ` +
      "rows would help."
    : "";
  return `${size}${bounded}, ${reach}.${singles}`;
}

function latentsOf({ latents }: Audit): string {
  return `Matching pursuit with ${latents.k} atoms a row is the yardstick here: no truth, but codes that the ` +
    `dictionary allows. Of the energy that it finds the encoder misses ${
      percent(latents.missedShare)
    }, ` +
    `of the uses ${
      percent(latents.missedUseShare)
    } (a duplicate that stands in counts as found). Of ` +
    `${latents.mostlyMissed.length} latents that are used ten times or more it misses over half of the energy.`;
}

function atomsOf({ usage, atoms, sizes }: Audit): string {
  return `${few(usage.dead.length)} of ${
    few(sizes.width)
  } latents are dead: the encoder uses them in none ` +
    `of ${few(usage.rows)} rows. ${
      few(atoms.duplicateAtoms)
    } atoms have a duplicate. The coherence, the ` +
    `largest cosine of two atoms, is ${atoms.coherence.toFixed(3)}; the nearest other atom has ` +
    `${atoms.meanNearest.toFixed(3)} on average (no dictionary of this size has less than ` +
    `${atoms.welchBound.toFixed(3)}).`;
}

function usageOf({ usage, encoder, sizes }: Audit): string {
  const start = `A latent that is used at all is used in ${few(usage.medianUses)} of ` +
    `${few(usage.rows)} rows (median).`;
  if (usage.boundRows === undefined || usage.boundUses === undefined) {
    return `${start} With ${
      few(encoder.l0)
    } codes in ${sizes.inputDim} dimensions counting gives no bound: ` +
      "the codes are not sparse.";
  }
  return `${start} Counting equations, a dictionary of ${
    few(sizes.width)
  } atoms is determined by ` +
    `n(m − 1)/(m − k) = ${few(usage.boundRows)} rows, in which an atom is used ${
      few(usage.boundUses)
    } ` +
    `times; ${
      few(usage.belowBound ?? 0)
    } latents are used less often. Nobody recovers atoms from fewer; the ` +
    "learner of docs/dictionary.md comes close to it.";
}

function probesOf({ probes, learned }: Audit): string {
  if (!probes) {
    return "There are no labels: give a file of them to see which concepts a linear probe can tell.";
  }
  const { heldOut } = probes;
  const budget =
    `All probes are logistic regressions on the same ${few(probes.trainRows)} rows, with the ` +
    "same choice of penalties and steps.";
  if (!heldOut) {
    const columns = probes.raw.columns.length;
    return columns < 2
      ? `${budget} With one column of labels there is no combination to hold out: a value that is never ` +
        "seen in training cannot be told by any probe. Give a second column (source, topic, position, …) " +
        "for a test out of distribution."
      : `${budget} No combination of values of the first two columns can be held out: some of its four ` +
        "parts (both, one, the other, neither) have less than 30 rows.";
  }
  const kinds = [
    ["activations", probes.raw],
    ["the encoder's codes", probes.encoder],
    ["matching pursuit on the decoder", probes.omp],
    ...(learned?.probes ? [["matching pursuit on the learned dictionary", learned.probes]] : []),
  ] as [string, ProbeScores][];
  const mean = (scores: ProbeScores, key: "aucIn" | "aucOut") =>
    scores.combination.reduce((sum, score) => sum + score[key], 0) / scores.combination.length;
  const told = kinds.filter(([, { combination }]) => combination.length > 0).map(([name, scores]) =>
    `${name} ${mean(scores, "aucIn").toFixed(3)} and ${mean(scores, "aucOut").toFixed(3)}`
  );
  return `${budget} Held out of training were the ${
    few(heldOut.rows)
  } rows with the labels ${heldOut.a} and ` +
    `${heldOut.b}. AUC in distribution and out of it: ${told.join("; ")}. Chance is 0.5.`;
}

/**
 * The summary for a terminal.
 *
 * @param audit The audit.
 * @param name What was audited.
 */
export function auditText(audit: Audit, name: string): string {
  const told = tellAudit(audit);
  const { width, inputDim } = audit.sizes;
  return [
    `${name}: ${width} latents, ${inputDim} dimensions`,
    ...[told.gap, told.learned, told.latents, told.atoms, told.usage, told.probes],
  ].join("\n\n");
}
