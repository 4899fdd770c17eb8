// Move a Gaussian q over a posterior that is known: the bound, and what it misses.
import { chart } from "./axes.js";
import { assign, button, COLOURS, column, decimals, element, row, select, slider } from "./controls.js";
import { FIGURES } from "./figures.js";
import { clamp, logNormal } from "./gaussian.js";
import { climb, curveWorld, elbo, GRID, linearWorld, over, posterior } from "./worlds.js";

/**
 * @typedef {object} State
 * @property {number} mean  of q, as std is
 * @property {number} std
 * @property {number} world  0 is the linear one, 1 the curved one
 * @property {{ linear: [x: number, noise: number], curved: [x: number[], noise: number] }} worlds
 */

/** @param {import("./figures.js").Figure<State>} figure */
export function elboExplorer(figure) {
  const { linear, curved } = figure.get("worlds"), lowest = -8;
  const parameters = /** @type {const} */ (["mean", "std"]);
  /** @type {() => [mean: number, std: number]} */
  const q = () => [figure.get("mean"), figure.get("std")];
  /** @param {number[]} values */
  const move = (values) => parameters.forEach((name, i) => figure.set(name, +values[i].toFixed(4)));
  const worlds = [
    { logJoint: linearWorld(...linear), top: 1.2 }, { logJoint: curveWorld(...curved), top: 5.5 },
  ].map(({ logJoint, top }) => {
    const axes = chart({
      xlim: [-4, 4], ylim: [0, top], width: 300, height: 230,
      xlabel: "z", ylabel: "density", label: "densities of q and of the posterior",
    });
    const exact = posterior(logJoint);
    axes.line("", "currentColor", "p(z|x)")(over(exact.density, 4));
    return { logJoint, ...exact, node: axes.node, q: axes.line("live-dashed", COLOURS[0], "q(z)") };
  });
  const world = () => worlds[figure.get("world")];

  // From zero leftwards: what no q can change, then what this q misses. The stack ends at the ELBO.
  const bar = chart({
    xlim: [lowest, 0], ylim: [0, 1], yticks: [], width: 300, height: 92,
    xlabel: "nats", ylabel: "", label: "log p(x) and the gap, stacked",
  });
  /** @type {(fill: string, opacity: number) => SVGRectElement} */
  const block = (fill, opacity) => element("svg:rect", { y: 20, height: 26, fill, opacity });
  /** @type {(text: string, y: number) => SVGTextElement} */
  const name = (text, y) => element("svg:text", { y }, text);
  const evidence = block("currentColor", 0.35), gap = block(COLOURS[1], 1);
  const names = [name("log p(x)", 38), name("", 14)];
  bar.svg.append(evidence, gap, ...names);
  /** @type {(node: Element, from: number, to: number) => void} */
  const place = (node, from, to) => assign(node, { x: bar.x(from), width: bar.x(to) - bar.x(from) });

  const picked = select({
    label: "posterior:", options: ["Gaussian", "two modes"], value: 0, input: (i) => figure.set("world", i),
  });
  const sliders = [{ label: "mean of q", min: -3, max: 3 }, { label: "width of q", min: 0.05, max: 2 }].map((range, i) =>
    slider({ ...range, step: 0.01, value: 0, input: (v) => figure.set(parameters[i], v) }));
  const summary = element("p", { class: "live-summary" }), holder = element("div");
  // What a button did is spoken when it has been drawn.
  /** @param {number[]} values */
  const jump = (values) => { move(values); queueMicrotask(() => figure.say(summary.textContent)); };
  figure.root.append(holder, column(
    picked.node, ...sliders.map((control) => control.node),
    row(
      button("Climb from here", () => jump(climb(world().logJoint, ...q()))),
      button("Match moments", () => jump([world().mean, world().std]))),
    bar.node), summary);
  figure.on("world", () => {
    picked.set(figure.get("world"));
    holder.replaceChildren(world().node);
  });
  figure.on("mean std world", () => {
    const { logJoint, logMarginal } = world(), bound = elbo(logJoint, ...q());
    sliders.forEach((control, i) => control.set(q()[i]));
    world().q(over(GRID.map((z) => Math.exp(logNormal(z, ...q()))), 4));
    place(evidence, logMarginal, 0);
    const end = clamp(bound, lowest, logMarginal);
    place(gap, end, logMarginal);
    assign(names[0], { x: bar.x(logMarginal) + 4 });
    assign(names[1], { x: bar.x(end) });
    names[1].textContent = bound < lowest ? "◂ ELBO" : "ELBO";
    const [low, high, missed] = [bound, logMarginal, logMarginal - bound].map((v) => decimals(v, 3));
    summary.textContent = `ELBO ${low} = log p(x) ${high} − gap ${missed} nats`;
  });
  figure.root.addEventListener("change", () => figure.say(summary.textContent));
}

FIGURES.elboExplorer = elboExplorer;
