// Move the width of a Gaussian; its density and its entropy follow.
import { chart } from "./axes.js";
import { COLOURS, column, decimals, element, slider } from "./controls.js";
import { FIGURES } from "./figures.js";
import { logNormal } from "./gaussian.js";

/**
 * @typedef {object} State
 * @property {number} std
 */

/** @param {import("./figures.js").Figure<State>} figure */
export function entropy(figure) {
  const axes = chart({ xlim: [-4, 4], ylim: [0, 2], width: 300, height: 230, xlabel: "z", ylabel: "density", label: "density of q" });
  const draw = axes.line("", COLOURS[0]);
  const places = Array.from({ length: 201 }, (_, i) => i / 25 - 4);
  const width = slider({ label: "σ", min: 0.2, max: 2, step: 0.01, value: figure.get("std"), input: (v) => figure.set("std", v) });
  const summary = element("p", { class: "live-summary" });
  figure.root.append(axes.node, column(width.node, summary));
  figure.on("std", () => {
    const std = figure.get("std");
    width.set(std);
    draw(places.map((z) => [z, Math.exp(logNormal(z, 0, std))]));
    summary.textContent = `H = ${decimals(0.5 * (1 + Math.log(2 * Math.PI)) + Math.log(std))} nats`;
  });
  figure.root.addEventListener("change", () => figure.say(summary.textContent ?? ""));
}

FIGURES.entropy = entropy;
