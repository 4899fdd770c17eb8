// Where figures put things: no fixture, the answers are known.
import assert from "node:assert/strict";
import { test } from "node:test";

import { all, named, show } from "./dom.js";
import { sameShare } from "../../vae_lib/live/js/linked_planes.js";
import { priceLine, rateDistortion } from "../../vae_lib/live/js/rate_distortion.js";

test("a place keeps its share of the frame, and comes back", () => {
  const from = [[-10, 30], [5, 6]], to = [[0, 1], [-3, 3]];
  assert.deepEqual(sameShare([-10, 5], from, to), [0, -3]);
  assert.deepEqual(sameShare([30, 6], from, to), [1, 3]);
  assert.deepEqual(sameShare([0, 5.5], from, to), [0.25, 0]);
  assert.deepEqual(sameShare(sameShare([7, 5.25], from, to), to, from), [7, 5.25]);
});

test("the price line goes through its place with slope -beta and ends at the axes", () => {
  const xlim = [0, 50], ylim = [60, 200];
  for (const beta of [0.1, 1, 30]) {
    const ends = priceLine([20, 100], beta, xlim, ylim);
    for (const [x, y] of ends) {
      assert.ok(Math.abs(y - 100 + beta * (x - 20)) < 1e-9);
      assert.ok(x >= xlim[0] && x <= xlim[1] && y >= ylim[0] - 1e-9 && y <= ylim[1] + 1e-9);
      assert.ok(xlim.includes(x) || ylim.some((limit) => Math.abs(y - limit) < 1e-9));
    }
    assert.ok(ends[0][0] < 20 && ends[1][0] > 20);
  }
});

// The figure of models with these distortions and rates, drawn: where its marker stands for each of them, and its frame.
function drawn(distortions, rates) {
  const n = rates.length, active = rates.map(() => [true, false]), kl = rates.map((rate) => [rate, 0]);
  const betas = Array.from({ length: n }, (_, i) => i + 1);
  const figure = show(rateDistortion, { index: 0, betas, rates, distortions, kl, active, sheet: "" });
  const planes = ["rate-distortion plane", "KL of each latent dimension"].map((name) => named(figure.root, name));
  const marker = planes[0].children.find((node) => node.attributes.class === "live-marker");
  const places = betas.map((_, i) => {
    figure.set("index", i);
    return ["cx", "cy"].map((name) => +marker.attributes[name]);
  });
  const [, , width, height] = planes[0].attributes.viewBox.split(" ").map(Number);
  return { places, width, height, planes, words: figure.root.children[0].children[1].textContent };
}

for (const [name, distortions, rates] of [
  ["Bernoulli models", [60, 90, 200], [50, 25, 1]],
  ["Gaussian models, whose distortions are negative", [-1350, -1200, -400.5], [50, 25, 1]],
  ["models on both sides of zero", [-3, 0, 4], [5, 3, 0]],
  ["a single model", [-120], [12]],
  ["a single model of no distortion and no rate", [0], [0]],
  ["models that all collapsed", [-7, -7, -7], [0, 0, 0]],
]) test(`the plane of ${name} has more distortion higher up, more rate further right, and all places inside`, () => {
  const { places, width, height, planes } = drawn(distortions, rates);
  places.forEach(([x, y], i) => {
    assert.ok(x > 46 && x < width - 8 && y > 8 && y < height - 40, `${x}, ${y}`);
    places.forEach(([u, v], j) => {
      assert.equal(Math.sign(v - y), Math.sign(distortions[i] - distortions[j]));
      assert.equal(Math.sign(u - x), Math.sign(rates[j] - rates[i]));
    });
  });
  for (const node of planes.flatMap(all)) assert.doesNotMatch(JSON.stringify(node.attributes ?? {}), /NaN|Infinity|undefined/);
});

test("negative nats have a minus sign, as everywhere", () => {
  assert.match(drawn([-1350], [50]).words, /^rate 50\.0 \+ distortion −1350\.0 = −ELBO −1300\.0 nats/);
});
