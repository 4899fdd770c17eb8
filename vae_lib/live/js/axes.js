// What has axes: charts, and pads to drag in.
import { assign, element } from "./controls.js";
import { clamp } from "./gaussian.js";

/** @typedef {[low: number, high: number]} Interval */
/** @typedef {import("./controls.js").Attributes} Attributes */

/**
 * @typedef {object} Place  what a point is moved in, and by whom
 * @property {Interval[]} limits  [[left, right], [bottom, top]]
 * @property {string} label
 * @property {() => number[]} at
 * @property {(point: number[]) => void} move
 */

/**
 * Moves a point within `limits` by pointer, touch and arrow keys: calls move([x, y]); `x` and `y` map to the SVG.
 * @param {{ svg: SVGSVGElement, x: Scale, y: Scale } & Place} options
 */
export function pad({ svg, x, y, limits: [[left, right], [bottom, top]], label, at, move }) {
  /** @param {number[]} point */
  const go = (point) => move([clamp(point[0], left, right), clamp(point[1], bottom, top)]);
  /** @param {PointerEvent} event */
  const follow = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM()?.inverse());
    go([x.inverse(point.x), y.inverse(point.y)]);
    event.preventDefault();
  };
  const done = () => svg.dispatchEvent(new Event("change", { bubbles: true }));
  // With these keys held an arrow is the browser's or the system's: Alt and ← go back a page.
  /** @param {KeyboardEvent} event */
  const ours = (event) => !(event.altKey || event.ctrlKey || event.metaKey);
  assign(svg, {
    tabindex: 0, role: "application", "aria-roledescription": "two-dimensional slider", "aria-label": label,
    "data-live-pad": "", "data-lm-suppress-shortcuts": "true", class: `live-pad ${svg.getAttribute("class") ?? ""}`,
    pointerdown: (/** @type {PointerEvent} */ event) => {
      if (event.button) return;
      svg.setPointerCapture(event.pointerId);
      svg.focus({ preventScroll: true });
      follow(event);
    },
    pointermove: (/** @type {PointerEvent} */ event) => { if (svg.hasPointerCapture(event.pointerId)) follow(event); },
    pointerup: (/** @type {PointerEvent} */ event) => { if (!event.button) done(); },
    keyup: (/** @type {KeyboardEvent} */ event) => { if (ours(event) && /^Arrow|^Home$/.test(event.key)) done(); },
    keydown: (/** @type {KeyboardEvent} */ event) => {
      if (!ours(event)) return;
      const share = event.shiftKey ? 0.1 : 0.01, across = share * (right - left), up = share * (top - bottom);
      const by = { ArrowLeft: [-across, 0], ArrowRight: [across, 0], ArrowUp: [0, up], ArrowDown: [0, -up] }[event.key];
      if (by) go(at().map((value, i) => value + by[i]));
      else if (event.key === "Home") go([0, 0]);
      else return;
      event.preventDefault();
    },
  });
}

/** @typedef {ReturnType<typeof scale>} Scale */

/**
 * From data to pixels and back.
 * @param {Interval} data
 * @param {Interval} pixels
 */
function scale([low, high], [from, to]) {
  /** @param {number} value */
  const map = (value) => from + ((value - low) / (high - low)) * (to - from);
  /** @param {number} pixel */
  map.inverse = (pixel) => low + ((pixel - from) / (to - from)) * (high - low);
  return map;
}

/** @type {(limit: number) => Interval[]} */
export const square = (limit) => [[-limit, limit], [-limit, limit]];

/** @typedef {(number[] | null)[]} Curve  [[x, y], …] in data units, where null breaks it */

/**
 * Axes in the text's colour. `line(className, stroke, name)` adds a curve, and its name to the legend; what it returns
 * draws it.
 * @param {object} options
 * @param {Interval} options.xlim
 * @param {Interval} options.ylim
 * @param {string} options.xlabel
 * @param {string} options.ylabel
 * @param {string} options.label
 * @param {number} [options.width]
 * @param {number} [options.height]
 * @param {number[]} [options.xticks]
 * @param {number[]} [options.yticks]
 */
export function chart({ xlim, ylim, xlabel, ylabel, label, width = 380, height = 240, xticks = ticks(xlim), yticks = ticks(ylim) }) {
  // Long numbers make room for themselves.
  const left = Math.max(46, 24 + 7 * Math.max(0, ...yticks.map((v) => `${v}`.length)));
  const x = scale(xlim, [left, width - 8]), y = scale(ylim, [height - 40, 8]);
  /** @type {(content: string | number, attributes: Attributes) => SVGTextElement} */
  const text = (content, attributes) => element("svg:text", attributes, `${content}`.replace(/^-/, "−"));
  const svg = element("svg:svg", { class: "live-chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    element("svg:path", { class: "live-axes", d: `M${left} 8V${height - 40}H${width - 8}` }),
    ...xticks.map((v) => text(v, { x: x(v), y: height - 24, "text-anchor": "middle" })),
    ...yticks.map((v) => text(v, { x: left - 6, y: y(v) + 4, "text-anchor": "end" })),
    text(xlabel, { x: x((xlim[0] + xlim[1]) / 2), y: height - 6, "text-anchor": "middle" }),
    text(ylabel, { x: 12, y: y((ylim[0] + ylim[1]) / 2), "text-anchor": "middle", transform: `rotate(-90 12 ${y((ylim[0] + ylim[1]) / 2)})` }));
  svg.style.maxWidth = `${width}px`;
  let named = 0;
  /** @param {string} className */
  const line = (className, stroke = "currentColor", name = "") => {
    const path = element("svg:path", { class: `live-line ${className}`, stroke }), high = 16 + 18 * named;
    svg.append(path);
    if (name) {
      svg.append(element("svg:path", { class: `live-line ${className}`, stroke, d: `M${width - 34} ${high}h26` }),
        text(name, { x: width - 40, y: high + 4, "text-anchor": "end" }));
      named++;
    }
    /** @type {(point: number[] | null, i: number, all: Curve) => string} */
    const step = (point, i, all) => (point ? `${i && all[i - 1] ? "L" : "M"}${x(point[0]).toFixed(1)} ${y(point[1]).toFixed(1)}` : "");
    /** @param {Curve} points */
    return (points) => path.setAttribute("d", points.map(step).join(""));
  };
  return { node: svg, svg, x, y, line };
}

/**
 * About five round numbers that span an interval.
 * @param {Interval} interval
 */
function ticks([low, high]) {
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((m) => m * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => +((first + i) * step).toPrecision(6));
}
