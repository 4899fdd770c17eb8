// From the code of one digit to the code of another, straight or along an arc: a strip of what lies between, and play.
import { button, choice, column, digit, element, grey, row, slider } from "./controls.js";
import { FIGURES } from "./figures.js";
import { interpolate } from "./gaussian.js";
import { forward } from "./mlp.js";

/**
 * @typedef {object} State
 * @property {number} t
 * @property {number[]} ends  which of the codes the way goes from and to
 * @property {boolean} spherical
 * @property {number[][]} codes
 * @property {string[]} images
 * @property {number[]} labels
 */

/** @param {import("./figures.js").Figure<State>} figure */
export function interpolation(figure) {
  const t = () => figure.get("t"), ends = () => figure.get("ends"), codes = figure.get("codes"), labels = figure.get("labels");
  /** @param {number} share */
  const z = (share) => interpolate(codes[ends()[0]], codes[ends()[1]], share, figure.get("spherical"));
  /** @param {number} share */
  const decode = (share) => forward(figure.networks.decoder, z(share));
  const tell = () => figure.say(`t = ${t().toFixed(2)} from ${labels[ends()[0]]} to ${labels[ends()[1]]}`);
  const digits = ["From", "To"].map((label, which) => choice({
    label,
    options: figure.get("images").map((text, i) => {
      const picture = digit({ size: 28, label: `${labels[i]}` });
      picture.draw(grey(text));
      return picture.node;
    }),
    input: (i) => figure.set("ends", ends().map((end, j) => (j === which ? i : end))),
  }));
  const way = choice({ label: "Way", options: ["straight", "spherical"], input: (i) => figure.set("spherical", i === 1) });
  const picture = digit({ size: 168, label: "decoded digit" }), length = element("div");
  const strip = Array.from({ length: 9 }, (_, i) => digit({ size: 56, label: `decoded at t = ${i / 8}` }));

  // The whole way takes four seconds. Who has asked for less motion walks it in eight steps.
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let request = 0;
  /** @param {number} share */
  const walk = (share) => figure.set("t", t() === 1 ? 0 : Math.min(1, t() + share));
  const rest = () => {
    cancelAnimationFrame(request);
    request = 0;
    play.textContent = still.matches ? "Step" : "Play";
  };
  const start = () => {
    /** @type {number | undefined} */
    let before;
    /** @param {number} now */
    const frame = (now) => {
      walk((now - (before ?? now)) / 4000);
      before = now;
      if (t() < 1) {
        request = requestAnimationFrame(frame);
      } else {
        rest();
        tell();
      }
    };
    request = requestAnimationFrame(frame);
    play.textContent = "Stop";
  };
  const play = button("", () => {
    if (request) rest();
    else if (still.matches) walk(1 / 8);
    else start();
    tell();
  });
  const place = slider({ label: "t", min: 0, max: 1, step: 0.01, value: t(), input: (v) => { rest(); figure.set("t", v); } });
  rest();
  figure.signal.addEventListener("abort", rest);

  figure.root.append(
    column(...digits.map(({ node }) => node), way.node), column(picture.node, length),
    column(element("div", { class: "live-strip" }, ...strip.map(({ node }) => node)), row(play, place.node)));
  figure.root.addEventListener("change", tell);
  figure.on("ends spherical", () => {
    digits.forEach(({ set }, which) => set(ends()[which]));
    way.set(+figure.get("spherical"));
    strip.forEach(({ draw }, i) => draw(decode(i / 8)));
  });
  figure.on("t ends spherical", () => {
    place.set(t());
    picture.draw(decode(t()));
    length.textContent = `length of z: ${Math.hypot(...z(t())).toFixed(2)}`;
  });
}

FIGURES.interpolation = interpolation;
