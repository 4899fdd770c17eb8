// Slide β over trained models. All of it was computed before: here are numbers, and a sheet of digits to show parts of.
import { assign, chart, column, COLOURS, element, slider } from "./controls.js";
import { clamp } from "./gaussian.js";

// The part of the line through a place with the slope -beta that lies inside the axes.
export function priceLine([rate, distortion], beta, xlim, ylim) {
  return [ylim[1], ylim[0]].map((y) => {
    const x = clamp(rate + (distortion - y) / beta, ...xlim);
    return [x, distortion - beta * (x - rate)];
  });
}

const circle = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;

export function rateDistortion(figure) {
  const [betas, rates, distortions, kl, active, sheet] = ["betas", "rates", "distortions", "kl", "active", "sheet"].map(figure.get);
  const places = rates.map((rate, i) => [rate, distortions[i]]), far = Math.max(...rates), D = kl[0].length;
  const xlim = [-0.04 * far, 1.1 * far], ylim = [0.85 * Math.min(...distortions), 1.05 * Math.max(...distortions)];
  const map = chart({ xlim, ylim, xlabel: "rate (nats)", ylabel: "distortion (nats)", label: "rate-distortion plane" });
  const price = map.line("live-thin"), dots = places.map(([u, v]) => circle(map.x(u), map.y(v), 4));
  const marker = element("svg:circle", { class: "live-marker", r: 7 });
  map.line("", COLOURS[0])(places);
  map.svg.append(element("svg:path", { fill: COLOURS[0], d: dots.join("") }), marker);
  const { svg, x, y } = chart({
    xlim: [0.4, D + 0.6], ylim: [0, 1.1 * Math.max(...kl.flat())], height: 170,
    xlabel: "latent dimension, sorted (○ not active)", ylabel: "KL (nats)", label: "KL of each latent dimension",
  });
  const bars = element("svg:path", { stroke: COLOURS[0], "stroke-width": 0.7 * (x(1) - x(0)) });
  const rings = element("svg:path", { class: "live-line", stroke: COLOURS[1] });
  svg.append(bars, rings);
  // The sheet has blocks of 4 by 2 digits: the inputs, then for each model its reconstructions and its samples.
  const blocks = ["inputs", "reconstructions", "samples from the prior"].map((label) => {
    const node = element("div", { class: "live-sheet", role: "img", "aria-label": label });
    const show = (i) => { node.style.background = `url(${sheet}) 0 ${(50 * i) / betas.length}% / 100%`; };
    return { node: column(label, node), show };
  });
  const control = slider({
    label: "weight", min: 0, max: betas.length - 1, step: 1, value: 0,
    input: (i) => figure.set("index", i), format: (i) => `β = ${betas[i]}`,
  });
  const summary = element("p", { class: "live-summary" });
  figure.root.append(column(control.node, summary, map.node, svg), column(...blocks.map(({ node }) => node)));
  figure.on("index", () => {
    const i = figure.get("index"), [u, v] = places[i];
    control.set(i);
    assign(marker, { cx: map.x(u), cy: map.y(v) });
    price(priceLine(places[i], betas[i], xlim, ylim));
    assign(bars, { d: kl[i].map((nats, d) => `M${x(d + 1)} ${y(0)}V${y(nats)}`).join("") });
    assign(rings, { d: active[i].map((used, d) => (used ? "" : circle(x(d + 1), y(0) - 6, 3))).join("") });
    blocks.forEach(({ show }, k) => show(k && 2 * i + k));
    const nats = `rate ${u.toFixed(1)} + distortion ${v.toFixed(1)} = −ELBO ${(u + v).toFixed(1)} nats`;
    summary.textContent = `${nats}\n${active[i].filter(Boolean).length} of ${D} units active`;
  });
  figure.root.addEventListener("change", () => figure.say(summary.textContent));
}
