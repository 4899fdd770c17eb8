// An autoencoder's plane beside a VAE's. Two latent spaces have no coordinates in common: a drag in one frame moves the
// place in the other to the same share of its frame, and only an image has a code in both.
import { assign, button, column, digit, element, fives, numbers, row } from "./controls.js";
import { FIGURES } from "./figures.js";
import { forward } from "./mlp.js";
import { plane } from "./plane.js";

/** @typedef {import("./axes.js").Interval} Interval */

/**
 * The place that lies in the frame `to` as z lies in the frame `from`.
 * @type {(z: number[], from: Interval[], to: Interval[]) => number[]}
 */
export function sameShare(z, from, to) {
  return z.map((value, i) => {
    const [low, high] = from[i], [bottom, top] = to[i];
    return bottom + ((value - low) / (high - low)) * (top - bottom);
  });
}

/** @typedef {"ae" | "vae"} Name */
/**
 * @typedef {object} State
 * @property {number[]} z_ae
 * @property {number[]} z_vae
 * @property {Record<Name, Interval[]>} limits
 * @property {Record<Name, number[][]>} codes
 * @property {number[]} labels
 * @property {number[]} examples
 * @property {string} sheet
 */

/** @param {import("./figures.js").Figure<State>} figure */
export function linkedPlanes(figure) {
  const { get, set } = figure;
  const limits = get("limits"), codes = get("codes"), labels = get("labels"), examples = get("examples"), sheet = get("sheet");
  /** @type {[Name, string][]} */
  const spaces = [["ae", "autoencoder"], ["vae", "VAE"]];
  /** @param {(name: Name) => number[]} place */
  const go = (place) => spaces.forEach(([name]) => set(`z_${name}`, place(name)));
  const panes = spaces.map(([name, title]) => {
    const z = () => get(`z_${name}`);
    const [wide, high] = limits[name].map(([low, top]) => Math.round(top - low));
    const map = plane({
      limits: limits[name], points: codes[name], labels, label: `latent plane of the ${title}`, first: z(), at: z,
      move: (place) => go((other) => sameShare(place, limits[name], limits[other])),
    });
    const picture = digit({ size: 112, label: "decoded digit" });
    const caption = element("div");
    figure.on(`z_${name}`, () => {
      map.set(z());
      picture.draw(forward(figure.networks[name], z()));
      picture.label(`digit decoded by the ${title} at ${numbers(z())}`);
      caption.textContent = `z = ${numbers(z())}`;
    });
    const node = column(`${title}: ${wide} by ${high} units`, map.node, picture.node, caption);
    return { node, told: () => `${title} at ${map.told(z())}` };
  });
  const picks = examples.map((place, i) => {
    const pick = button("", () => go((name) => codes[name][place]));
    assign(pick, { class: "live-sheet live-pick", "aria-label": `test digit ${labels[place]}` });
    pick.style.background = `url(${sheet}) 0 ${(100 * i) / (examples.length - 1 || 1)}% / 100%`;
    return { pick, place };
  });
  figure.root.append(...panes.map(({ node }) => node), row("Go to the codes of a test digit:", fives(picks.map(({ pick }) => pick))));
  figure.on("z_ae z_vae", () => {
    /** @param {number} place */
    const at = (place) => spaces.every(([name]) => codes[name][place].join() === get(`z_${name}`).join());
    for (const { pick, place } of picks) pick.setAttribute("aria-pressed", `${at(place)}`);
  });
  figure.root.addEventListener("change", () => figure.say(panes.map(({ told }) => told()).join("; ")));
}

FIGURES.linkedPlanes = linkedPlanes;
