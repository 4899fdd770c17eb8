// Where classes' names stand, and whether a listener hears them: no fixture, the answers are known.
import assert from "node:assert/strict";
import { test } from "node:test";

import { all, named, show } from "./dom.js";
import { random } from "../../vae_lib/live/js/gaussian.js";
import { apart, inkOn } from "../../vae_lib/live/js/labels.js";
import { latentPlane } from "../../vae_lib/live/js/latent_plane.js";
import { linkedPlanes } from "../../vae_lib/live/js/linked_planes.js";

const FRAME = [[0, 300], [0, 300]];
const distance = ([a, b], [c, d]) => Math.hypot(a - c, b - d);

test("names that stand clear stay where they are, and nothing given is changed", () => {
  const places = [[10, 10], [40, 10], [10, 40]];
  assert.deepEqual(apart(places, 20, FRAME, [[100, 100]]), places);
  const near = [[10, 10], [12, 10]];
  apart(near, 20, FRAME);
  assert.deepEqual(near, [[10, 10], [12, 10]]);
});

test("of two names that touch the second makes way, hardly farther than it must, and both for a marker", () => {
  const places = [[100, 100], [106, 108]], [a, b] = apart(places, 20, FRAME);
  assert.deepEqual(a, [100, 100]);
  assert.ok(distance(a, b) >= 20 && distance(b, places[1]) < 10 + 4);
  const [c] = apart(places, 20, FRAME, [[100, 95]]);
  assert.ok(distance(c, [100, 95]) >= 20 && distance(c, places[0]) < 15 + 4);
});

for (const [name, places, fixed] of [
  ["ten in a crowd", Array.from({ length: 10 }, ((draw) => () => [140 + 20 * draw(), 140 + 20 * draw()])(random(1))), [[150, 150]]],
  ["ten in one place, where the marker is", Array(10).fill([150, 150]), [[150, 150]]],
  ["ten in a corner", Array(10).fill([0, 300]), [[5, 295]]],
  ["ten in a line", Array.from({ length: 10 }, (_, i) => [150, 145 + i]), []],
]) test(`no two names stand on each other: ${name}`, () => {
  const moved = apart(places, 19, FRAME, fixed);
  moved.forEach((place, i) => {
    for (const other of [...fixed, ...moved.slice(0, i)]) assert.ok(distance(place, other) >= 19);
    for (const value of place) assert.ok(value >= 0 && value <= 300);
  });
  assert.deepEqual(apart(places, 19, FRAME, fixed), moved);
});

test("more names than the frame has room for stay inside it, and the search ends", () => {
  for (const place of apart(Array(50).fill([5, 5]), 20, [[0, 30], [0, 30]])) assert.ok(place.every((v) => v >= 0 && v <= 30));
});

test("on a dark colour the ink is white, on a light one black", () => {
  assert.deepEqual(["#000000", "#8c564b", "#d62728", "#1f77b4"].map(inkOn), Array(4).fill("white"));
  assert.deepEqual(["#ffffff", "#ff7f0e", "#bcbd22", "#17becf"].map(inkOn), Array(4).fill("black"));
});

// Two classes, 3 on the left and 8 on the right, and a network that makes no picture of anything.
const LEFT = [[-2, 0], [-1.9, 0.1], [-2.1, -0.1]], codes = [...LEFT, ...LEFT.map(([u, v]) => [-u, v])];
const labels = [3, 3, 3, 8, 8, 8], blank = [{ inputs: 2, outputs: 784, activation: 0, bias: new Float32Array(784), weight: new Float32Array(1568), values: new Float32Array(784) }];
const changed = (figure) => figure.root.dispatchEvent(new Event("change"));

test("of a plane a listener hears the place and the nearest class, on the pad and when it has moved", () => {
  const figure = show(latentPlane, { z: [0.5, 0], limit: 3, codes, labels }, { decoder: blank });
  const pad = all(figure.root).find((node) => node.attributes?.["data-live-pad"] !== undefined);
  assert.equal(pad.attributes["aria-label"], "latent plane; now at 0.50, 0.00, nearest class 8");
  figure.set("z", [-1, 0.2]);
  assert.equal(pad.attributes["aria-label"], "latent plane; now at −1.00, 0.20, nearest class 3");
  changed(figure);
  assert.equal(figure.said, "z = −1.00, 0.20, nearest class 3");
});

test("of two planes a listener hears both", () => {
  const limits = { ae: [[-3, 3], [-1, 1]], vae: [[-3, 3], [-1, 1]] };
  const figure = show(linkedPlanes, {
    z_ae: [-1, 0], z_vae: [1, 0], limits, codes: { ae: codes, vae: codes }, labels, examples: [0, 3], sheet: "",
  }, { ae: blank, vae: blank });
  changed(figure);
  assert.equal(figure.said, "autoencoder at −1.00, 0.00, nearest class 3; VAE at 1.00, 0.00, nearest class 8");
});

test("a plane says what its axes are, in numbers with a minus sign", () => {
  const figure = show(latentPlane, { z: [0, 0], limit: 3, codes, labels }, { decoder: blank });
  const svg = named(figure.root, "latent plane; now at 0.00, 0.00, nearest class 3");
  const words = svg.children.filter((node) => node.tag === "text").map((node) => node.children[0]);
  assert.deepEqual(words, ["−2", "0", "2", "−2", "0", "2", "z₁", "z₂", "3", "8"]);
});
