/**
 * The axes of panels as they are drawn: ranges shared over the figure, ticks chosen by the room there is.
 * @module
 */
import {
  decades,
  type DrawnAxis,
  linearTicks,
  openDomain,
  padDomain,
  spacedTicks,
  tickFormat,
} from "./axes.ts";
import type { Axis } from "./panels.ts";
import { textWidth, TICK_SIZE } from "./svg.ts";

/** Room inside a panel of curves, so that the first and last markers stay clear of the frame. */
const INSET = 9;

/** The range over all axes that carry the same label, on the same kind of scale. */
function sharedExtent(axis: Axis, all: readonly Axis[]): [number, number] {
  const same = all.filter(({ label, scale }) => label === axis.label && scale === axis.scale);
  const low = Math.min(...same.map(({ extent }) => extent[0]));
  const high = Math.max(...same.map(({ extent }) => extent[1]));
  return openDomain([low, high], axis.scale);
}

/** The horizontal axis of a panel of curves; `all` are those of the figure, its own included. */
export function xAxis(axis: Axis, all: readonly Axis[], width: number): DrawnAxis {
  const domain = sharedExtent(axis, all);
  const same = all.filter(({ label }) => label === axis.label);
  const values = [...new Set(same.flatMap(({ values }) => values))].sort((a, b) => a - b);
  const powers = decades(domain).filter((value) => value >= domain[0]);
  // on a logarithmic axis the powers of ten come first, then the ends, then the data's other values
  const wanted = axis.scale === "linear"
    ? linearTicks(domain, 5)
    : [...powers, ...values.slice(0, 1), ...values.slice(-1), ...values];
  const format = tickFormat(wanted);
  const ticks = spacedTicks(
    [...new Set(wanted)],
    (value) => textWidth(format(value), TICK_SIZE),
    domain,
    axis.scale,
    width - 2 * INSET,
  );
  return {
    label: axis.label,
    scale: axis.scale,
    domain,
    inset: INSET,
    ticks,
    names: ticks.map(format),
  };
}

/** The horizontal axis of a panel of bars: one tick per group. */
export function groupAxis(groups: readonly string[]): DrawnAxis {
  return {
    label: "",
    scale: "linear",
    domain: [-0.5, groups.length - 0.5],
    inset: 0,
    ticks: groups.map((_, i) => i),
    names: [...groups],
  };
}

/** The range of {@linkcode valueAxis}. */
export function valueDomain(axis: Axis, all: readonly Axis[]): [number, number] {
  const extent = sharedExtent(axis, all);
  return axis.fixed ? extent : padDomain(extent, axis.scale);
}

/**
 * An axis of values, the vertical one of a panel and both of a panel of points; `all` are those of the
 * figure, its own included.
 */
export function valueAxis(axis: Axis, all: readonly Axis[], length: number): DrawnAxis {
  const domain = valueDomain(axis, all);
  const ticks = axis.scale === "log"
    ? logTicks(domain, length)
    : linearTicks(domain, Math.max(3, Math.round(length / 24)));
  return {
    label: axis.label,
    scale: axis.scale,
    domain,
    inset: 0,
    ticks,
    names: ticks.map(tickFormat(ticks)),
  };
}

/** Powers of ten; 2 and 5 times them where those are few; plain steps on less than that. */
function logTicks(domain: [number, number], height: number): number[] {
  const powers = decades(domain);
  const between = decades([domain[0] / 10, domain[1]])
    .flatMap((power) => [2 * power, 5 * power])
    .filter((value) => value >= domain[0] && value <= domain[1]);
  const candidates = powers.length < 3 ? [...powers, ...between] : powers;
  const ticks = spacedTicks(candidates, () => TICK_SIZE, domain, "log", height);
  return ticks.length < 2 ? linearTicks(domain, 4) : ticks;
}
