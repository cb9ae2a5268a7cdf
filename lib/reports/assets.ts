/**
 * Style and script of the report, as they stand in the page.
 * @module
 */

/** Light paper and dark ink whatever the reader's colour scheme: the figures are drawn for it. */
export const REPORT_STYLE = `
:root { color-scheme: only light; }
body { margin: 0 auto; padding: 1rem 1.5rem; max-width: 76rem; background: #ffffff; color: #222222;
  font: 16px/1.5 Helvetica, Arial, "Liberation Sans", sans-serif; }
a { color: #0b57a4; }
h2 { margin-top: 3rem; border-bottom: 1px solid #cccccc; }
nav ul { columns: 14rem; padding-left: 1.2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dt { font-weight: bold; }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
code { font-size: 0.85em; color: #555555; }
.table { overflow: auto; max-height: 26rem; margin: 1rem 0; border: 1px solid #cccccc; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding: 0.4rem 0.6rem; }
th, td { padding: 0.15rem 0.6rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
tbody th { font-weight: normal; }
tbody tr:nth-child(odd) { background: #f4f4f4; }
thead th { position: sticky; top: 0; background: #e6e6e6; }
thead button { font: inherit; font-weight: bold; color: inherit; background: none; border: none;
  padding: 0.2rem 0; cursor: pointer; }
[aria-sort="ascending"] button::after { content: " \\2191"; }
[aria-sort="descending"] button::after { content: " \\2193"; }
.claims td, .claims tbody th { text-align: left; white-space: normal; vertical-align: top; }
.claims { max-height: none; } .claims thead th { text-align: left; }
.claims ul { margin: 0; padding-left: 1rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 32rem), 1fr));
  grid-auto-flow: row dense; gap: 1.5rem; align-items: start; }
figure { margin: 0; }
figure.wide { grid-column: 1 / -1; }
figure svg { display: block; max-width: 100%; height: auto; }
figcaption { font-size: 0.875rem; max-width: 40rem; }
.for-narrow { display: none; }
@media screen and (max-width: 36rem) { .for-wide { display: none; } .for-narrow { display: block; } }
@media print { .table { max-height: none; overflow: visible; } figure { break-inside: avoid; } }
`;

/**
 * Sorts a table by the column whose head is clicked, by numbers where there are some: ascending,
 * then descending. Lines without a value come last either way.
 */
export const REPORT_SCRIPT = `
"use strict";
for (const button of document.querySelectorAll("thead button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th");
    const body = head.closest("table").tBodies[0];
    const column = head.cellIndex;
    const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
    const text = (line) => line.cells[column].textContent;
    const compare = (a, b) => {
      const [x, y] = [parseFloat(text(a)), parseFloat(text(b))];
      if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
      return sign * (Number.isNaN(x) ? text(a).localeCompare(text(b)) : x - y);
    };
    body.append(...[...body.rows].sort(compare));
  });
}
`;
