import assert from "node:assert/strict";
import { test } from "node:test";
import { centre, dab, stroke } from "../../vae_lib/live/js/ink.js";
import { json, near, sum } from "./fixtures.js";

const mnist = json("ink");
const at = (column, row) => row * 28 + column;

function drawn(...points) {
  const ink = new Float32Array(784);
  points.slice(1).forEach((point, i) => stroke(ink, 28, points[i], point));
  return ink;
}

function middle(ink) {
  const along = (place) => sum(Array.from(ink, (grey, i) => grey * place(i))) / sum(ink);
  return [along((i) => i % 28), along((i) => Math.floor(i / 28))];
}

function longest(ink) {
  const inked = Array.from(ink.keys()).filter((i) => ink[i] > 0);
  const extent = (places) => Math.max(...places) - Math.min(...places) + 1;
  return Math.max(extent(inked.map((i) => i % 28)), extent(inked.map((i) => Math.floor(i / 28))));
}

// Twice the ink by its total variation: the measure of a stroke's width that the fixture has of MNIST.
function width(ink) {
  const grey = (column, row) => (column < 28 && row < 28 ? ink[at(column, row)] : 0);
  const slopes = Array.from(ink, (value, i) => {
    const column = i % 28, row = Math.floor(i / 28);
    return Math.hypot(grey(column + 1, row) - value, grey(column, row + 1) - value);
  });
  return (2 * sum(ink)) / sum(slopes);
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

test("one touch is a round dot where the pen stands", () => {
  const ink = new Float32Array(784);
  dab(ink, 28, 10.5, 20.5);
  assert.equal(ink[at(10, 20)], 1);
  for (const i of [at(9, 20), at(11, 20), at(10, 19), at(10, 21)]) near(ink[i], ink[at(9, 20)], 1e-6);
  middle(ink).forEach((place, i) => near(place, [10, 20][i], 1e-6));
});

test("a touch between pixels lies between them", () => {
  const ink = new Float32Array(784);
  dab(ink, 28, 10.8, 20.3);
  middle(ink).forEach((place, i) => near(place, [10.3, 19.8][i], 0.05));
});

test("the pen leaves the ink and the width of stroke that MNIST has, led as a hand leads it", () => {
  const inks = mnist.paths.map((path) => {
    const ink = new Float32Array(784);
    path.forEach(([x, y, u, v]) => stroke(ink, 28, [x, y], [u, v]));
    return ink;
  });
  near(median(inks.map(sum)) / mnist.ink, 1, 0.03);
  near(median(inks.map(width)) / mnist.width, 1, 0.03);
});

test("a quick stroke has no gaps, and one that goes nowhere is a touch", () => {
  const ink = drawn([4.5, 4.5], [23.5, 4.5]), touch = new Float32Array(784);
  for (let column = 4; column < 24; column++) assert.equal(ink[at(column, 4)], 1);
  dab(touch, 28, 9, 9);
  assert.deepEqual(drawn([9, 9], [9, 9]), touch);
});

test("drawing twice in one place is drawing once, and no pixel exceeds 1", () => {
  assert.deepEqual(drawn([5, 5.2], [20, 9], [5, 5.2], [20, 9]), drawn([5, 5.2], [20, 9]));
  assert.equal(Math.max(...drawn([5, 5], [20, 9], [6, 6], [18, 9])), 1);
});

test("a pen outside leaves nothing", () => assert.equal(sum(drawn([-9, 40], [-9, 50])), 0));

test("an empty sheet stays empty", () => assert.deepEqual(centre(new Float32Array(784), 28), new Float32Array(784)));

for (const [name, ...points] of [
  ["a small corner", [3, 3], [12, 4], [6, 14]],
  ["a large corner", [1.5, 1.5], [26.5, 3], [14, 26.5]],
  ["an upright stroke", [22.5, 3.5], [22.5, 16.5]],
  ["a level stroke", [1, 25], [27, 25]],
  ["a stroke of half the size", [9, 9.3], [9.2, 17]],
]) test(`${name} is brought to MNIST's size and place, and then stays`, () => {
  const centred = centre(drawn(...points), 28);
  middle(centred).forEach((place) => near(place, 14, 0.55));
  assert.equal(longest(centred), 20);
  assert.ok(centred.every((grey) => grey >= 0 && grey <= 1));
  assert.deepEqual(centre(centred, 28), centred);
});

test("a dot is centred and not blown up to a digit", () => {
  const centred = centre(drawn([20, 4], [20, 4]), 28);
  middle(centred).forEach((place) => near(place, 14, 0.5));
  assert.ok(longest(centred) <= 10);
});

test("digits of MNIST come back as they are", () => {
  for (const digit of mnist.digits) assert.deepEqual(centre(Float32Array.from(digit), 28), Float32Array.from(digit));
});

test("digits of MNIST that stand elsewhere come back as they were", () => {
  for (const [i, digit] of mnist.moved.entries()) {
    assert.deepEqual(centre(Float32Array.from(digit), 28), Float32Array.from(mnist.digits[i]));
  }
});

// Half a pixel to one side changes as many grey levels as half of the ink: that near a digit comes back.
for (const size of ["smaller", "larger"]) test(`digits of MNIST drawn ${size} come back near themselves`, () => {
  const difference = (a, b) => sum(a.map((grey, i) => Math.abs(grey - b[i])));
  const back = mnist[size].map((digit) => Array.from(centre(Float32Array.from(digit), 28)));
  near(sum(back.map((digit, i) => difference(digit, mnist.digits[i]))) / sum(mnist.digits.map(sum)), 0, 0.45);
});

test("what was given is not changed", () => {
  const ink = drawn([3, 3], [9, 9]), before = Float32Array.from(ink);
  centre(ink, 28);
  assert.deepEqual(ink, before);
});
