/**
 * Charts as groups of SVG: axes, curves, points, bars over latents. Colours are classes of the style
 * sheet, so that both themes and the printer have theirs.
 * @module
 */
import { short, svg } from "./dom.ts";

/** A horizontal or vertical axis. */
export interface Axis {
  /** What it shows. */
  label: string;
  /** Its ends. */
  domain: readonly [number, number];
  /** Whether equal distances are equal factors. */
  log?: boolean;
  /** Values with a tick; default: the ends and the middle. */
  ticks?: readonly number[];
  /** The text of a tick. */
  format?: (value: number) => string;
}

/** A curve, or points. */
export interface Series {
  /** Class that gives the colour: `c-fista`. */
  colour: string;
  /** Pairs of x and y. */
  points: readonly (readonly [number, number])[];
  /** Whether it is dashed. */
  dashed?: boolean;
}

/** A place in a chart. */
export interface Box {
  /** Left edge, tick labels not included. */
  x: number;
  /** Upper edge. */
  y: number;
  /** Size of the plot area. */
  width: number;
  height: number;
}

/** A value's place on an axis, from 0 to 1 and not beyond. */
export function placeOn({ domain: [low, high], log }: Axis, value: number): number {
  const share = log
    ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
    : (value - low) / (high - low);
  return Math.min(1, Math.max(0, share));
}

/** A value that is at least as large, and looks like an end of an axis. */
export function niceAbove(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 5, 10].map((factor) => factor * power).find((end) => end >= value)!;
}

/** Text at a place. */
export function label(
  text: string,
  x: number,
  y: number,
  { anchor = "start", kind = "soft" }: { anchor?: string; kind?: string } = {},
): SVGTextElement {
  return svg("text", { x, y, "text-anchor": anchor, class: `t-${kind}` }, text);
}

/** A chart with its axes: what is to be seen stands above it. */
export function chart(box: Box, x: Axis, y: Axis, series: readonly Series[]): SVGGElement {
  const group = svg("g");
  const at = (px: number, py: number) => [
    box.x + placeOn(x, px) * box.width,
    box.y + (1 - placeOn(y, py)) * box.height,
  ];
  for (const tick of y.ticks ?? middle(y)) {
    const [, ty] = at(x.domain[0], tick);
    group.append(
      svg("line", { x1: box.x, x2: box.x + box.width, y1: ty, y2: ty, class: "grid" }),
      label((y.format ?? short)(tick), box.x - 6, ty + 4, { anchor: "end" }),
    );
  }
  group.append(axisBelow(box, x), label(y.label, box.x, box.y - 8, { kind: "ink" }));
  for (const { colour, points, dashed } of series) {
    const places = points.map(([px, py]) => at(px, py).map((value) => value.toFixed(1)).join());
    if (places.length === 0) continue;
    const d = `M${places.join("L")}${places.length === 1 ? "h0" : ""}`;
    group.append(svg("path", { d, class: `curve ${colour}${dashed ? " dashed" : ""}` }));
    const [cx, cy] = places.at(-1)!.split(",");
    group.append(svg("circle", { cx, cy, r: 3, class: `end ${colour}` }));
  }
  return group;
}

/** The axis below a chart: line, ticks and what it shows. */
export function axisBelow(box: Box, x: Axis): SVGGElement {
  const bottom = box.y + box.height, ticks = x.ticks ?? middle(x);
  return svg(
    "g",
    {},
    svg("line", { x1: box.x, x2: box.x + box.width, y1: bottom, y2: bottom, class: "axis" }),
    ...ticks.map((tick, i) => {
      const anchor = i === 0 ? "start" : i === ticks.length - 1 ? "end" : "middle";
      const words = (x.format ?? short)(tick);
      return label(words, box.x + placeOn(x, tick) * box.width, bottom + 16, { anchor });
    }),
    label(x.label, box.x + box.width / 2, bottom + 32, { anchor: "middle" }),
  );
}

/** Dots over a common axis, for one of several that stand one below the other: values from 0 to 1. */
export function dotStrip(
  box: Box,
  x: Axis & { name: string; nameAt: "start" | "end"; colour: string; mark: number },
  points: readonly (readonly [number, number])[],
): SVGGElement {
  const right = box.x + box.width, bottom = box.y + box.height;
  const at = (share: number) => bottom - share * box.height;
  // one path of dots: round caps on lines of no length
  const d = points.map(([px, py]) =>
    `M${(box.x + placeOn(x, px) * box.width).toFixed(1)},${at(py).toFixed(1)}h0`
  ).join("");
  return svg(
    "g",
    {},
    label(x.name, x.nameAt === "start" ? box.x : right, box.y - 5, {
      kind: "ink",
      anchor: x.nameAt,
    }),
    svg("rect", { ...box, class: "frame" }),
    svg("line", { x1: box.x, x2: right, y1: at(x.mark), y2: at(x.mark), class: "grid" }),
    ...[0, 1].map((tick) => label(String(tick), box.x - 6, at(tick) + 4, { anchor: "end" })),
    ...d ? [svg("path", { d, class: `dots ${x.colour}` })] : [],
  );
}

function middle({ domain: [low, high], log }: Axis): number[] {
  return [low, log ? Math.sqrt(low * high) : (low + high) / 2, high];
}

/** A vertical mark across a chart, with its words. */
export function verticalMark(box: Box, x: Axis, value: number, words: string): SVGGElement {
  const share = placeOn(x, value), at = box.x + share * box.width;
  const right = share > 0.5;
  return svg(
    "g",
    {},
    svg("line", { x1: at, x2: at, y1: box.y, y2: box.y + box.height, class: "mark" }),
    label(words, at + (right ? -6 : 6), box.y + 12, { anchor: right ? "end" : "start" }),
  );
}

/** Bars over latents: the true code wide and pale, another narrow and in its colour. */
export function codeBars(
  box: Box,
  truth: ArrayLike<number>,
  code: ArrayLike<number> | undefined,
  { colour, top }: { colour: string; top: number },
): SVGGElement {
  const n = truth.length, pitch = box.width / n, bottom = box.y + box.height;
  const bars = (values: ArrayLike<number>) => {
    let d = "";
    for (let j = 0; j < n; j++) {
      if (values[j] === 0) continue;
      const height = Math.max(1, Math.min(1, Math.abs(values[j]) / top) * box.height);
      d += `M${(box.x + (j + 0.5) * pitch).toFixed(1)},${bottom}v${(-height).toFixed(1)}`;
    }
    return d;
  };
  const wide = Math.max(3, Math.min(9, pitch * 0.9));
  const group = svg(
    "g",
    {},
    svg("line", { x1: box.x, x2: box.x + box.width, y1: bottom, y2: bottom, class: "axis" }),
    svg("path", { d: bars(truth), class: "truth", "stroke-width": wide }),
  );
  if (code) {
    group.append(
      svg("path", {
        d: bars(code),
        class: `bars ${colour}`,
        "stroke-width": Math.max(1.5, wide / 3),
      }),
    );
  }
  return group;
}

/** Names with their colours, in lines that fit; returns the group and its height. */
export function legend(
  entries: readonly { colour: string; name: string; dashed?: boolean }[],
  x: number,
  y: number,
  width: number,
): { group: SVGGElement; height: number } {
  const group = svg("g");
  let left = x, line = y;
  for (const { colour, name, dashed } of entries) {
    const taken = 34 + 6.8 * name.length;
    if (left > x && left + taken > x + width) left = x, line += 20;
    group.append(
      svg("path", { d: `M${left},${line}h18`, class: `curve ${colour}${dashed ? " dashed" : ""}` }),
      label(name, left + 24, line + 4, { kind: "ink" }),
    );
    left += taken + 8;
  }
  return { group, height: line - y + 20 };
}
