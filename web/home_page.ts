/**
 * The site's first page: the claims in short, two figures, two commands.
 * @module
 */
import { claimRows, judgeClaims, type JudgedClaim } from "../lib/reports/claims.ts";
import { type Html, markup } from "../lib/reports/html.ts";
import { paperClaims } from "../lib/reports/paper_claims.ts";
import { readRowFiles } from "../lib/reports/row_files.ts";
import { svgFacts } from "./gallery_page.ts";
import { PAGES } from "./guides.ts";
import type { SiteFiles } from "./shell.ts";

const ROWS = "results/shipped";

/** The figures that the page shows, each with what it says. */
const HEADLINES = {
  dict_quality_n100:
    "FISTA on the true dictionary (dashed) finds the concepts, in distribution and " +
    "out of it. On the dictionaries that autoencoders learned (bars) it falls short, most of all for " +
    "ReLU, JumpReLU and MP, and correcting the norms of their columns changes nothing.",
  sample_frontier_n100:
    "Samples per latent against what is found. This toolkit's path learner needs " +
    "fewer samples than DL-FISTA, and both find what the autoencoders do not.",
};

/** The page. */
export function homePage(): SiteFiles {
  const claims = judgeClaims(paperClaims, claimRows(readRowFiles(ROWS).files));
  const body = markup`<h1>Stop probing, start coding</h1>
<p class="lead">Concepts in superposition are linearly represented, yet not linearly accessible. With the
right dictionary sparse inference finds them, in distribution and out of it; learning the dictionary is the
bottleneck.</p>
<p><a class="button" href="lab/index.html">Open the Lab</a>
<a class="button" href="guides/index.html">Read the guides</a></p>
<h2>Two commands</h2>
<p>In a checkout of the toolkit, on a clean machine with Node, they run the main experiment and the
tests:</p>
<pre tabindex="0"><code>npx -y deno@2.9.6 task exp:dict-quality
npx -y deno@2.9.6 task test</code></pre>
<h2>What they show</h2>
${Object.entries(HEADLINES).map(([name, words]) => headline(name, words))}
<p>More in the <a href="gallery/index.html">gallery</a>.</p>
<h2 id="claims">The paper’s claims</h2>
<p>Held against the rows that ship. A claim holds in part where some of its cases bear it out and others
do not, and is not decided while rows are missing. The number is the one least in favour of the claim
among the cases of a condition: of the first that some case does not meet, or where all do, of the first.
<code>deno task claims --results results/shipped</code> tells all cases, the thresholds with their reasons,
and what is missing.</p>
<div class="scroll" role="region" tabindex="0" aria-label="The paper’s claims, table"><table class="claims">
<thead><tr><th scope="col">the paper says</th><th scope="col">verdict</th><th scope="col">number</th></tr></thead>
<tbody>
${claims.map(claimHtml)}</tbody></table></div>
`;
  return {
    pages: [{
      path: "index.html",
      title: "Home",
      description: "Sparse coding, sparse autoencoders and compositional generalisation, on Deno.",
      nav: { label: "Home", order: 1 },
      body: String(body),
      assets: PAGES,
    }],
  };
}

function headline(name: string, words: string): Html {
  const { width, height, alt } = svgFacts(Deno.readTextFileSync(`figures/shipped/${name}.svg`));
  // a telephone would show the panels side by side too small to read
  return markup`<figure><a href="gallery/figures/${name}.svg"><picture>
<source media="(max-width: 36rem)" srcset="gallery/figures/${name}.narrow.svg">
<img src="gallery/figures/${name}.svg" width="${width}" height="${height}" alt="${alt}"></picture></a>
<figcaption>${words}</figcaption></figure>
`;
}

function claimHtml(claim: JudgedClaim): Html {
  return markup`<tr><th scope="row">${claim.says}</th>
<td class="${claim.verdict.replaceAll(" ", "-")}">${claim.verdict}</td><td>${
    numberOf(claim)
  }</td></tr>
`;
}

/**
 * A value beside a verdict, where it is least in favour of the claim: of the first condition with a case
 * against it, so that the value bears the verdict out, else of the first that has rows.
 */
function numberOf({ verdict, conditions }: JudgedClaim): string {
  const cases = conditions.flatMap(({ cases }) => cases);
  const open = cases.filter(({ value }) => value === undefined).length;
  const shown = conditions.find(({ cases }) => cases.some(({ holds }) => holds === false)) ??
    conditions.find(({ cases }) => cases.some(({ holds }) => holds));
  if (shown === undefined) return "no rows yet";
  const { says, is, threshold } = shown, values = shown.cases.flatMap(({ value }) => value ?? []);
  const [worst, sign] = is === "at least" ? [Math.min(...values), "≥"] : [Math.max(...values), "≤"];
  const missing = verdict === "not decided"
    ? `; ${open} of ${cases.length} cases without rows`
    : "";
  return `${says}: ${signed(worst.toFixed(3))} (asked:\u00a0${sign}\u00a0${threshold}${missing})`;
}

function signed(number: string): string {
  return number.replace("-", "−");
}
