/**
 * A map of cosines as a picture in the colours of the theme.
 * @module
 */
import { byId } from "./dom.ts";
import type { CosineMap } from "./compute.ts";

const canvas = document.createElement("canvas");

/** The picture, as an address that holds it. */
export function paintMap({ size, values }: CosineMap): string {
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const image = context.createImageData(size, size);
  const [low, high] = ["map-low", "map-high"].map(colourOf);
  values.forEach((value, p) => {
    for (let channel = 0; channel < 3; channel++) {
      image.data[4 * p + channel] = low[channel] + (high[channel] - low[channel]) * value / 255;
    }
    image.data[4 * p + 3] = 255;
  });
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
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
