// Move x in the plane of the curved world; beside it what x says about z, exactly.
import { chart, pad, square } from "./axes.js";
import { assign, COLOURS, column, decimals, element, numbers } from "./controls.js";
import { FIGURES } from "./figures.js";
import { logNormal } from "./gaussian.js";
import { curve, curveWorld, grid, over, posterior } from "./worlds.js";

/**
 * @typedef {object} State
 * @property {number[]} x
 * @property {number} noise
 * @property {number[][]} samples
 * @property {number} limit  of the plane, on both axes
 */

/** @param {import("./figures.js").Figure<State>} figure */
export function exactPosterior(figure) {
  const limits = square(figure.get("limit")), [xlim, ylim] = limits, noise = figure.get("noise"), points = grid(noise);
  const x = () => figure.get("x");
  const label = "plane of observations";
  const map = chart({ xlim, ylim, width: 304, height: 298, xlabel: "x₁", ylabel: "x₂", label });
  map.line("live-dots")(figure.get("samples").flatMap((point) => [point, point, null]));
  map.line("live-thin")(points.filter((z) => z > -4.4 && z < 3.2).map(curve));
  const causes = map.line("live-thick", COLOURS[0]);
  const marker = element("svg:circle", { class: "live-marker", r: 7 });
  map.svg.append(marker);
  pad({ ...map, limits, label, at: x, move: (value) => figure.set("x", value) });

  const densities = chart({
    xlim: [-5.5, 5.5], ylim: [0, 0.9 / noise], xticks: [-4, -2, 0, 2, 4], width: 300, height: 230,
    xlabel: "z", ylabel: "density", label: "densities over z",
  });
  densities.line("live-dashed", "currentColor", "prior p(z)")(over(points.map((z) => Math.exp(logNormal(z, 0, 1))), 5.5, points));
  const draw = densities.line("", COLOURS[0], "posterior p(z|x)");
  const summary = element("p", { class: "live-summary" });
  figure.root.append(map.node, column(densities.node, summary));
  figure.on("x", () => {
    const { logMarginal, density } = posterior(curveWorld(x(), noise), points), high = density.reduce((a, b) => Math.max(a, b));
    assign(marker, { cx: map.x(x()[0]), cy: map.y(x()[1]) });
    map.svg.setAttribute("aria-label", `${label}; now at ${numbers(x())}`);
    causes(points.map((z, i) => (density[i] > 0.05 * high ? curve(z) : null)));
    draw(over(density, 5.5, points));
    summary.textContent = `x = (${numbers(x())}), log p(x) = ${decimals(logMarginal)} nats`;
  });
  figure.root.addEventListener("change", () => figure.say(summary.textContent));
}

FIGURES.exactPosterior = exactPosterior;
