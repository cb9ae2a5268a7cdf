/**
 * The Lab's page before any script has run: every control and place is there at the first paint.
 * @module
 */
import { saeTypeLabels } from "../../lib/methods.ts";
import { type FigureName, nameOf } from "./results.ts";
import { lambdaPlace } from "./lambda.ts";
import { MAP_SIZE, SCORED } from "./sizes.ts";
import { KINDS, rangeOf, type SliderName, START } from "./state.ts";

/** A slider with its label and its value. */
function slider(name: SliderName, words: string): string {
  const { min, max, step } = rangeOf(name, START), value = START[name];
  const log = step === 0;
  const range = log
    ? `min="${lambdaPlace(min)}" max="${lambdaPlace(max)}" step="1" value="${lambdaPlace(value)}"`
    : `min="${min}" max="${max}" step="${step}" value="${value}"`;
  return `<div class="slider"><label for="${name}">${words}</label>` +
    `<output id="${name}-value" for="${name}" aria-live="off">${value}</output>` +
    `<input type="range" id="${name}" ${range}></div>`;
}

function check(type: string): string {
  const checked = (START.saes as string[]).includes(type) ? " checked" : "";
  return `<label class="check"><input type="checkbox" name="saes" value="${type}"${checked}>` +
    `<span class="swatch c-${type}"></span>${saeTypeLabels[type]}</label>`;
}

/** A figure: heading, words, controls of its own, drawing, tools. */
function figure(name: FigureName, title: string, words: string, own: string): string {
  const role = name === "plane" ? "group" : "img";
  const svg =
    `<svg id="${name}-drawing" class="drawing" role="${role}" aria-label="${title}: nothing computed yet"></svg>`;
  // a picture under the drawing: thousands of pixels are no work for SVG
  const drawing = name === "training"
    ? `<div class="stage"><canvas id="map" class="map" width="1" height="1" aria-hidden="true"></canvas>${svg}</div>`
    : svg;
  return `<section class="figure" id="${name}" aria-labelledby="${name}-title">
<h2 id="${name}-title">${title}</h2>
<p>${words}</p>
<div class="own no-print">${own}</div>
${drawing}
<p class="reading" id="${name}-reading">Nothing computed yet.</p>
<div class="tools no-print">
<button type="button" data-save="svg" data-figure="${name}">Save as SVG</button>
<button type="button" data-save="json" data-figure="${name}">Save rows as JSON</button>
<button type="button" data-save="script" data-figure="${name}">Save as a script for Deno</button>
</div>
<details><summary>Numbers of this figure</summary><div class="scroll" tabindex="0" role="region" aria-label="Numbers: ${title}"><table id="${name}-table"></table></div></details>
<details><summary>The same numbers in Deno</summary><pre tabindex="0" aria-label="Script: ${title}"><code id="${name}-script"></code></pre></details>
</section>`;
}

/** What a reader is told whose browser runs no script, or no worker because the page is a file. */
const WITHOUT = `<noscript><p>The Lab computes in the page, and needs JavaScript.</p></noscript>
<script>if(location.protocol==="file:")document.getElementById("status").textContent=` +
  `"Browsers let no file compute: look at the site from a web server, such as python3 -m http.server --directory site"</script>`;

/** HTML of the page's main part. */
export function labBody(): string {
  const options = START.saes.map((type) =>
    `<option value="${type}"${type === START.shown ? " selected" : ""}>${nameOf(type)}</option>`
  );
  return `<h1>Lab</h1>
<p class="lead">The toolkit's own code and kernels, running in this page. Move a slider: everything below is computed anew, with the numbers that Deno gives.</p>
<div class="lab">
<form class="controls no-print" aria-label="The problem" autocomplete="off">
<p class="state" id="status" role="status">Loading</p>
${WITHOUT}
<progress id="progress" max="1" value="0" aria-label="Share of the computation that is done"></progress>
<div class="buttons"><button type="button" id="run">Stop</button><button type="button" id="reset">Start values</button><button type="button" id="link">Copy the address</button></div>
<details open><summary>The problem</summary>
<div class="sliders">${slider("n", "Latents <i>n</i>")}
${slider("k", "Active latents <i>k</i>")}
${slider("m", "Dimensions <i>m</i>")}</div>
<label class="check"><input type="checkbox" id="bound" checked>m at the compressed-sensing bound</label>
<svg id="bound-drawing" class="drawing" role="img" aria-label="The bound on m over k"></svg>
<div class="sliders">${slider("samples", "Samples, half to learn from")}
${slider("lambda", "Penalty <i>λ</i>")}
${slider("noise", "Noise")}
${slider("seed", "Seed")}</div>
</details>
<details open><summary>The autoencoders</summary>
${slider("epochs", "Epochs")}
<fieldset><legend>Kinds</legend><div class="kinds">${KINDS.map(check).join("")}</div></fieldset>
</details>
</form>
<div class="figures">
${
    figure(
      "codes",
      "1. One sample, by every method",
      "Pale bars are the true code, thin bars what a method infers from the sample: FISTA, the Lasso and OMP with the true dictionary, autoencoders with what they have learned, atoms matched to the true ones.",
      slider("sample", "Sample") +
        slider("step", "Iteration; atom; % of the epochs") +
        `<button type="button" id="play" aria-pressed="false">Play</button>`,
    )
  }
${
    figure(
      "training",
      "2. An autoencoder learns",
      `Each row of the map is a true atom, each column a learned one. A dark diagonal means that the atoms are found. Above ${MAP_SIZE} atoms a dot stands for a block of pairs and shows the largest |cosine| among them. MCC is that of the codes of the first ${SCORED} samples of each split.`,
      `<label for="shown">Autoencoder</label> <select id="shown">${options.join("")}</select>`,
    )
  }
${
    figure(
      "learners",
      "3. Learning the dictionary",
      `The path learner, alternating FISTA with least squares, and the autoencoders learn from the same samples. Atoms that few samples use are the last to be found: each dot is a true atom, above the thin line it counts as found. The mark is how often an atom is used where there are just as many samples as <i>n</i>(<i>m</i> − 1)/(<i>m</i> − <i>k</i>), the number that counting asks for.`,
      "",
    )
  }
${
    figure(
      "plane",
      "4. Superposition in the plane",
      "Several latents share two dimensions. Each parallelogram holds what two active latents can give; where it is red, one-norm inference explains the point by other latents. Drag an atom, or choose it and press the arrow keys.",
      `<label for="pair">Pair</label> <select id="pair"><option value="">all pairs</option></select>
<button type="button" id="fewer">One atom fewer</button>
<button type="button" id="more">One atom more</button>
<button type="button" id="spread">Spread evenly</button>`,
    )
  }
</div>
</div>`;
}
