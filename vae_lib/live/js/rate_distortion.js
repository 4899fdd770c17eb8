// Slide β over trained models. All of it was computed before: here are numbers, and a sheet of digits to show parts of.
import { chart } from "./axes.js";
import { assign, column, COLOURS, decimals, element, slider } from "./controls.js";
import { FIGURES } from "./figures.js";
import { clamp } from "./gaussian.js";

/** @typedef {import("./axes.js").Interval} Interval */

/**
 * The interval that holds some values, with a share of its length free below and above; one value gets a nat.
 * @type {(values: number[], below: number, above: number) => Interval}
 */
export function framed(values, below, above) {
  const low = Math.min(...values), high = Math.max(...values), length = high - low || 1;
  return [low - below * length, high + above * length];
}

/**
 * The part of the line through a place with the slope -beta that lies inside the axes.
 * @type {(place: number[], beta: number, xlim: Interval, ylim: Interval) => number[][]}
 */
export function priceLine([rate, distortion], beta, xlim, ylim) {
  return [ylim[1], ylim[0]].map((y) => {
    const x = clamp(rate + (distortion - y) / beta, ...xlim);
    return [x, distortion - beta * (x - rate)];
  });
}

/**
 * A line with no length for each place: round caps make dots of them.
 * @param {number[][]} places
 */
const dots = (places) => places.flatMap((place) => [place, place, null]);

/**
 * @typedef {object} State  of each model, in the order of betas
 * @property {number} index  the model that is shown
 * @property {number[]} betas
 * @property {number[]} rates
 * @property {number[]} distortions
 * @property {number[][]} kl  of each latent dimension
 * @property {boolean[][]} active  whether each latent dimension is
 * @property {string} sheet  digits, as a picture's address
 */

/** @param {import("./figures.js").Figure<State>} figure */
export function rateDistortion(figure) {
  const { get } = figure;
  const betas = get("betas"), rates = get("rates"), distortions = get("distortions");
  const kl = get("kl"), active = get("active"), sheet = get("sheet");
  const places = rates.map((rate, i) => [rate, distortions[i]]), D = kl[0].length;
  const xlim = framed([0, ...rates], 0.04, 0.1), ylim = framed(distortions, 0.15, 0.1);
  const map = chart({ xlim, ylim, xlabel: "rate (nats)", ylabel: "distortion (nats)", label: "rate-distortion plane" });
  const price = map.line("live-thin"), marker = element("svg:circle", { class: "live-marker", r: 7 });
  map.line("", COLOURS[0])(places);
  map.line("live-thick", COLOURS[0])(dots(places));
  map.svg.append(marker);
  const latents = chart({
    xlim: [0.4, D + 0.6], ylim: framed([0, ...kl.flat()], 0, 0.1), height: 170,
    xlabel: "latent dimension, sorted (• not active)", ylabel: "KL (nats)", label: "KL of each latent dimension",
  });
  const bars = latents.line("live-bars", COLOURS[0]), idle = latents.line("live-thick", COLOURS[1]);
  // The sheet has blocks of 4 by 2 digits: the inputs, then for each model its reconstructions and its samples.
  const blocks = ["inputs", "reconstructions", "samples from the prior"].map((label) => {
    const node = element("div", { class: "live-sheet", role: "img", "aria-label": label });
    /** @param {number} i */
    const show = (i) => { node.style.background = `url(${sheet}) 0 ${(50 * i) / betas.length}% / 100%`; };
    return { node: column(label, node), show };
  });
  const control = slider({
    label: "weight", min: 0, max: betas.length - 1, step: 1, value: 0,
    input: (i) => figure.set("index", i), format: (i) => `β = ${betas[i]}`,
  });
  const summary = element("p", { class: "live-summary" });
  figure.root.append(column(control.node, summary, map.node, latents.node), column(...blocks.map(({ node }) => node)));
  figure.on("index", () => {
    const i = get("index"), [rate, distortion] = places[i];
    control.set(i);
    assign(marker, { cx: map.x(rate), cy: map.y(distortion) });
    price(priceLine(places[i], betas[i], xlim, ylim));
    bars(kl[i].flatMap((nats, d) => [[d + 1, 0], [d + 1, nats], null]));
    idle(dots(kl[i].map((_, d) => [d + 1, 0]).filter((_, d) => !active[i][d])));
    blocks.forEach(({ show }, k) => show(k && 2 * i + k));
    const nats = [rate, distortion, rate + distortion].map((value) => decimals(value, 1));
    summary.textContent = `rate ${nats[0]} + distortion ${nats[1]} = −ELBO ${nats[2]} nats\n${active[i].filter(Boolean).length} of ${D} units active`;
  });
  figure.root.addEventListener("change", () => figure.say(summary.textContent));
}

FIGURES.rateDistortion = rateDistortion;
