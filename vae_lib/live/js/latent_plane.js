// Drag over a two-dimensional latent space; the decoded digit follows.
import { square } from "./axes.js";
import { column, digit, numbers, slider } from "./controls.js";
import { FIGURES } from "./figures.js";
import { forward } from "./mlp.js";
import { plane } from "./plane.js";

/**
 * @typedef {object} State
 * @property {number[]} z
 * @property {number} limit  of the plane, on both axes
 * @property {number[][]} codes
 * @property {number[]} labels
 */

/** @param {import("./figures.js").Figure<State>} figure */
export function latentPlane(figure) {
  const limit = figure.get("limit"), limits = square(limit);
  const z = () => figure.get("z");
  /** @param {number[]} value */
  const move = (value) => figure.set("z", value);
  const picture = digit({ size: 168, label: "decoded digit" });
  const map = plane({ limits, points: figure.get("codes"), labels: figure.get("labels"), label: "latent plane", first: z(), at: z, move });
  const sliders = [0, 1].map((i) => slider({
    label: `z${"₁₂"[i]}`, min: -limit, max: limit, step: 0.05, value: z()[i],
    input: (value) => move(z().map((old, j) => (j === i ? value : old))),
  }));
  figure.root.append(map.node, column(picture.node, ...sliders.map((control) => control.node)));
  figure.on("z", () => {
    map.set(z());
    sliders.forEach((control, i) => control.set(z()[i]));
    picture.draw(forward(figure.networks.decoder, z()));
    picture.label(`digit decoded at ${numbers(z())}`);
  });
  figure.root.addEventListener("change", () => figure.say(`z = ${map.told(z())}`));
}

FIGURES.latentPlane = latentPlane;
