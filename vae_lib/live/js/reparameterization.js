// Frozen noise: z = μ + σε moves with the sliders, and each draw leans as f does above it.
import { chart } from "./axes.js";
import { button, COLOURS, column, decimals, element, slider } from "./controls.js";
import { FIGURES } from "./figures.js";
import { normal, random } from "./gaussian.js";
import { meanAndError, pathwise, scoreFunction } from "./worlds.js";

/**
 * @typedef {object} State
 * @property {number} a  where f is 0
 * @property {number} mean
 * @property {number} std
 * @property {number[]} noise
 */

/** @param {import("./figures.js").Figure<State>} figure */
export function reparameterization(figure) {
  const { get } = figure, a = get("a");
  /** @param {number} z */
  const f = (z) => (z - a) ** 2;
  /** @param {number} z */
  const slope = (z) => 2 * (z - a);
  const axes = chart({
    xlim: [-5, 4.5], ylim: [-3, 20], yticks: [0, 5, 10, 15, 20], width: 310, height: 260,
    xlabel: "z; a dash for each draw, as steep as f there", ylabel: "f(z) = (z − a)²",
    label: "f, and its slope at each draw",
  });
  const hill = Array.from({ length: 96 }, (_, i) => i / 10 - 5).map((z) => [z, f(z)]);
  axes.line("")(hill.filter(([, height]) => height < 20));
  const dashes = axes.line("", COLOURS[1]);
  // Equally long on the screen, however steep.
  /** @param {number} z */
  const dash = (z) => {
    const half = 9 / Math.hypot(axes.x(1) - axes.x(0), slope(z) * (axes.y(1) - axes.y(0)));
    return [[z - half, -1.5 - half * slope(z)], [z + half, -1.5 + half * slope(z)], null];
  };
  const rows = ["exact", "pathwise", "score function"].map((name) =>
    [element("th", { scope: "row" }, name), element("td"), element("td")]);
  const head = ["", "∂/∂μ", "∂/∂σ"].map((name) => (name ? element("th", { scope: "col" }, name) : element("td")));
  const controls = [
    slider({ label: "mean μ", min: -2.5, max: 2.5, step: 0.01, value: 0, input: (v) => figure.set("mean", v) }),
    slider({ label: "width σ", min: 0.05, max: 1.5, step: 0.01, value: 0, input: (v) => figure.set("std", v) }),
  ];
  const fresh = random(Math.random() * 2 ** 32);
  const redraw = () => {
    figure.set("noise", get("noise").map(() => +normal(fresh).toFixed(2)));
    figure.say("new noise");
  };
  figure.root.append(
    axes.node, column(...controls.map((control) => control.node), button("Redraw the noise", redraw)),
    element("table", { class: "live-table" }, ...[head, ...rows].map((cells) => element("tr", {}, ...cells))));
  figure.on("mean std noise", () => {
    const mean = get("mean"), std = get("std"), noise = get("noise");
    controls.forEach(({ set }, i) => set([mean, std][i]));
    dashes(noise.flatMap((e) => dash(mean + std * e)));
    const estimates = [pathwise(slope, mean, std, noise), scoreFunction(f, mean, std, noise)].map((draws) =>
      [0, 1].map((i) => meanAndError(draws.map((draw) => draw[i]))));
    [[[slope(mean)], [2 * std]], ...estimates].forEach((pair, i) => pair.forEach((numbers, j) => {
      rows[i][j + 1].textContent = numbers.map((v) => decimals(v)).join(" ± ");
    }));
  });
  const spoken = () => rows.map((cells) => cells.map((cell) => cell.textContent).join(" ")).join("; ");
  figure.root.addEventListener("change", () => figure.say(spoken()));
}

FIGURES.reparameterization = reparameterization;
