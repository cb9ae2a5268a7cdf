// @ts-self-types="./resvg.d.ts"
// JavaScript, because TypeScript cannot parse a source-phase import. It brings the compiled module
// of the package without any permission, from a path or a URL.
import source compiled from "npm:@resvg/resvg-wasm@2.6.2/index_bg.wasm";
import { initWasm, Resvg } from "npm:@resvg/resvg-wasm@2.6.2";

let ready;

export async function loadResvg() {
  await (ready ??= initWasm(compiled));
  return (svg, { scale, fonts, family }) =>
    new Resvg(svg, {
      fitTo: { mode: "zoom", value: scale },
      font: { fontBuffers: fonts, defaultFontFamily: family, sansSerifFamily: family },
    });
}
