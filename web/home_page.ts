/**
 * The site's first page.
 * @module
 */
import type { SiteFiles } from "./shell.ts";

/** The page. */
export function homePage(): SiteFiles {
  return {
    pages: [{
      path: "index.html",
      title: "Home",
      description: "Sparse coding, sparse autoencoders and compositional generalisation, on Deno.",
      nav: { label: "Home", order: 1 },
      body: `<h1>Stop probing, start coding</h1>
<p class="lead">Concepts in superposition are linearly represented, yet not linearly accessible. With the
right dictionary sparse inference finds them, in distribution and out of it; learning the dictionary is the
bottleneck.</p>
<p>Two commands run the main experiment and the tests on a clean machine with Node:</p>
<pre><code>npx -y deno@2.9.6 task exp:dict-quality
npx -y deno@2.9.6 task test</code></pre>
<p><a class="button" href="lab/index.html">Open the Lab</a></p>`,
    }],
  };
}
