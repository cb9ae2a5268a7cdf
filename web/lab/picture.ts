/**
 * A map of cosines as a picture in the colours of the theme.
 * @module
 */
import { byId } from "./dom.ts";
import type { CosineMap } from "./compute.ts";

/** The colour of each value as four bytes; empty when the theme has changed. */
let palette = new Uint32Array(0);

/** Paints a map. */
export function paintMap(canvas: HTMLCanvasElement, { size, values }: CosineMap): void {
  if (palette.length === 0) palette = readPalette();
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const image = context.createImageData(size, size), pixels = new Uint32Array(image.data.buffer);
  for (let p = 0; p < pixels.length; p++) pixels[p] = palette[values[p]];
  context.putImageData(image, 0, 0);
}

/** Has the colours read anew before the next picture. */
export function forgetColours(): void {
  palette = new Uint32Array(0);
}

function readPalette(): Uint32Array<ArrayBuffer> {
  const [low, high] = ["map-low", "map-high"].map(colourOf), colours = new Uint8Array(4 * 256);
  for (let value = 0; value < 256; value++) {
    for (let channel = 0; channel < 3; channel++) {
      colours[4 * value + channel] = low[channel] + (high[channel] - low[channel]) * value / 255;
    }
    colours[4 * value + 3] = 255;
  }
  return new Uint32Array(colours.buffer);
}

/** The colour of a class of the style sheet. */
function colourOf(name: string): number[] {
  const probe = document.createElement("span");
  probe.className = name;
  byId("training").append(probe);
  const colour = getComputedStyle(probe).color.match(/[\d.]+/g)!.map(Number);
  probe.remove();
  return colour;
}
