// Draw a digit: it is centred as MNIST's are and encoded; its posterior on the plane, its mean and samples decoded.
import { square } from "./axes.js";
import { assign, button, column, COLOURS, decimals, digit, element, grey, numbers, row } from "./controls.js";
import { FIGURES } from "./figures.js";
import { normal, random } from "./gaussian.js";
import { centre, stroke } from "./ink.js";
import { forward } from "./mlp.js";
import { plane } from "./plane.js";

/**
 * @typedef {object} State
 * @property {number[]} image  784 grey levels
 * @property {number} seed  of the samples' noise
 * @property {number[]} mean
 * @property {number[]} std
 * @property {string[]} examples
 * @property {number[][]} codes
 * @property {number[]} labels
 * @property {number} limit
 */

/** @param {import("./figures.js").Figure<State>} figure */
export function drawDigit(figure) {
  const { encoder, decoder } = figure.networks, image = () => figure.get("image"), labels = figure.get("labels");
  const ink = new Float32Array(784);
  /** @type {number[] | undefined} */
  let drawn;
  /** @type {number[] | undefined} */
  let last;
  /** @param {ArrayLike<number>} levels */
  const set = (levels) => figure.set("image", Array.from(levels, (v) => Math.round(100 * v) / 100));
  const moments = element("div");
  // In a microtask: when the figure has been drawn anew.
  const tell = () => queueMicrotask(() => figure.say(`${moments.textContent}; on the plane ${map.told(figure.get("mean"))}`));
  /** @type {(label: string | Node, change: () => void) => HTMLButtonElement} */
  const act = (label, change) => button(label, () => { change(); tell(); });

  const paper = digit({ size: 196, label: "pad to draw on" }), pad = paper.node;
  /** @param {PointerEvent} event */
  const pen = (event) => {
    const box = pad.getBoundingClientRect();
    const to = [event.clientX - box.left, event.clientY - box.top].map((v) => (28 * v) / box.width);
    stroke(ink, 28, last ?? to, to);
    last = to;
    set(centre(ink, 28));
    drawn = image();
  };
  assign(pad, {
    class: "live-digit live-pad",
    pointerdown: (/** @type {PointerEvent} */ event) => {
      if (event.button) return;
      pad.setPointerCapture(event.pointerId);
      last = undefined;
      pen(event);
    },
    pointermove: (/** @type {PointerEvent} */ event) => { if (pad.hasPointerCapture(event.pointerId)) pen(event); },
    pointerup: tell,
  });
  const examples = figure.get("examples").map((text, i) => {
    const picture = digit({ size: 28, label: `example ${labels[i]}` });
    picture.draw(grey(text));
    return act(picture.node, () => set(grey(text)));
  });
  const [seen, mean, ...samples] = ["encoded", "decoded mean", "sample 1", "sample 2", "sample 3"].map((label) => digit({ size: 84, label }));
  const map = plane({ limits: square(figure.get("limit")), points: figure.get("codes"), labels, first: figure.get("mean"), label: "posterior on the plane" });
  // On the plane a posterior is small: here it is once more, four times as large as there.
  const ellipse = element("svg:ellipse", { class: "live-marker" }), dots = samples.map(() => element("svg:circle", { r: 3, fill: COLOURS[1] }));
  const lens = element("svg:svg", { class: "live-lens", viewBox: "-60 -60 120 120", role: "img", "aria-label": "posterior and samples, enlarged" }, ellipse, ...dots);
  /** @type {(title: string, ...nodes: Node[]) => HTMLDivElement} */
  const titled = (title, ...nodes) => column(row(...nodes), title);
  figure.root.append(
    column(pad, row(act("Clear", () => set(new Float32Array(784))), act("New samples", () => figure.set("seed", figure.get("seed") + 1))), row(...examples)),
    column(map.node, moments),
    row(titled("encoded", seen.node), titled("mean", mean.node), titled("samples", ...samples.map(({ node }) => node)), titled("posterior", lens)));

  figure.on("image", () => {
    if (image() !== drawn) ink.set(image());
    paper.draw(ink);
  });
  figure.on("image seed", () => {
    const output = Array.from(forward(encoder, image())), noise = random(figure.get("seed")), zoom = 4 * (map.x(1) - map.x(0));
    const mu = output.slice(0, 2), sigma = output.slice(2).map((logVar) => Math.exp(logVar / 2)), radii = sigma.map((s) => 2 * s);
    figure.set("mean", mu);
    figure.set("std", sigma);
    moments.textContent = `μ = ${numbers(mu)}; σ = ${sigma.map((s) => decimals(s, 3)).join(", ")}`;
    map.set(mu, radii);
    assign(ellipse, { rx: zoom * radii[0], ry: zoom * radii[1] });
    seen.draw(image());
    mean.draw(forward(decoder, mu));
    samples.forEach(({ draw }, i) => {
      const [u, v] = sigma.map((s) => s * normal(noise));
      assign(dots[i], { cx: zoom * u, cy: -zoom * v });
      draw(forward(decoder, [mu[0] + u, mu[1] + v]));
    });
  });
}

FIGURES.drawDigit = drawDigit;
