// One slider for each latent dimension, the most active first.
import { button, column, digit, element, row, slider } from "./controls.js";
import { FIGURES } from "./figures.js";
import { normal, random } from "./gaussian.js";
import { forward } from "./mlp.js";

/**
 * @typedef {object} State
 * @property {number[]} z
 * @property {number[]} order  of the dimensions' sliders
 * @property {number[]} start
 */

/** @param {import("./figures.js").Figure<State>} figure */
export function latentSliders(figure) {
  const z = () => figure.get("z");
  /** @param {number[]} value */
  const move = (value) => figure.set("z", value);
  const picture = digit({ size: 168, label: "decoded digit" });
  const draw = random(Math.random() * 2 ** 32);
  // Sampling is the one control here whose result nobody can foresee, so it is spoken when it has happened.
  const sample = () => { move(z().map(() => Math.round(normal(draw) * 100) / 100)); figure.say("a new sample from the prior"); };
  const controls = figure.get("order").map((i) => ({ i, ...slider({
    label: `z${String(i + 1).replace(/\d/g, (c) => "₀₁₂₃₄₅₆₇₈₉"[+c])}`, min: -3, max: 3, step: 0.05, value: z()[i],
    input: (value) => move(z().map((old, j) => (j === i ? value : old))),
  }) }));
  figure.root.append(
    column(picture.node, row(button("Sample from the prior", sample), button("Reset", () => move(figure.get("start"))))),
    element("div", { class: "live-bank" }, ...controls.map((control) => control.node)));
  figure.on("z", () => {
    controls.forEach(({ i, set }) => set(z()[i]));
    picture.draw(forward(figure.networks.decoder, z()));
  });
}

FIGURES.latentSliders = latentSliders;
