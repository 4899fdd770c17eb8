// A plane of codes to drag in.
import { chart, pad } from "./axes.js";
import { assign, CLASSES, element, numbers } from "./controls.js";
import { clamp } from "./gaussian.js";
import { apart, inkOn } from "./labels.js";

/** @typedef {import("./axes.js").Place} Place */

const SIDE = 264; // of its frame, in pixels: with its numbers it is as wide as live.css has it
const DISC = 9; // a name's radius; the marker's is less

/**
 * A latent plane: the codes as a cloud (drawn once) behind a marker that follows drag, touch and arrow keys. Each class's
 * name stands at the median of its codes or beside it, clear of the others and of `first`, where the marker begins.
 * Without `move` nobody can drag in it, and `set` may make an ellipse of the marker. `told` puts a place into words.
 * @param {{ points: number[][], labels: number[], first: number[] } & (Place | Omit<Place, "at" | "move">)} options
 */
export function plane({ points, labels, first, ...place }) {
  const { limits: [xlim, ylim], label } = place, width = SIDE + 54, height = SIDE + 48;
  const { svg, x, y } = chart({ xlim, ylim, xlabel: "z₁", ylabel: "z₂", label, width, height });
  /** @param {number[]} point */
  const pixels = (point) => [x(point[0]), y(point[1])];
  const inside = (/** @type {number[]} */ [u, v]) => [x(clamp(u, ...xlim)), y(clamp(v, ...ylim))];
  const [left, bottom] = pixels([xlim[0], ylim[0]]), [right, top] = pixels([xlim[1], ylim[1]]);

  const cloud = element("canvas", { width: 2 * width, height: 2 * height, "aria-hidden": "true" });
  const context = cloud.getContext("2d");
  if (!context) throw new Error("This browser draws no canvas.");
  context.scale(2, 2);
  context.rect(left, top, right - left, bottom - top);
  context.clip();
  context.globalAlpha = 0.5;
  const dots = points.map(pixels);
  dots.forEach(([u, v], i) => {
    context.fillStyle = CLASSES[labels[i] % CLASSES.length];
    context.fillRect(u - 1.25, v - 1.25, 2.5, 2.5);
  });

  const classes = [...new Set(labels)].sort((a, b) => a - b);
  const medians = classes.map((k) => [0, 1].map((axis) => median(dots.filter((_, i) => labels[i] === k).map((dot) => dot[axis]))));
  const names = apart(medians, 2 * DISC + 1, [[left + DISC, right - DISC], [top + DISC, bottom - DISC]], [inside(first)]);
  const marker = element("svg:ellipse", { class: "live-marker", rx: 7, ry: 7 });
  const [zero, up] = inside([0, 0]);
  svg.append(
    element("svg:path", { class: "live-axes", d: `M${left} ${up}H${right}M${zero} ${top}V${bottom}` }),
    ...names.flatMap(([u, v], i) => {
      const fill = CLASSES[classes[i] % CLASSES.length];
      return [
        element("svg:circle", { cx: u, cy: v, r: DISC, fill }),
        element("svg:text", { class: "live-name", x: u, y: v + 4.5, fill: inkOn(fill) }, `${classes[i]}`),
      ];
    }), marker);
  if ("move" in place) pad({ svg, x, y, ...place });
  const node = element("div", { class: "live-plane" }, cloud, svg);

  /** @param {number[]} z */
  const told = (z) => {
    const at = pixels(z), far = dots.map((dot) => Math.hypot(dot[0] - at[0], dot[1] - at[1]));
    const nearest = far.reduce((best, value, i) => (value < far[best] ? i : best), 0);
    return `${numbers(z)}, nearest class ${labels[nearest]}`;
  };
  /** @type {(z: number[], radii?: number[]) => void} */
  const set = (z, radii) => {
    if (radii) assign(marker, { rx: x(radii[0]) - x(0), ry: y(0) - y(radii[1]) });
    const [cx, cy] = inside(z);
    assign(marker, { cx, cy });
    svg.setAttribute("aria-label", `${label}; now at ${told(z)}`);
  };
  return { node, set, told, x };
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
