import assert from "node:assert/strict";
import { test } from "node:test";
import { all } from "./dom.js";
import { pad } from "../../vae_lib/live/js/axes.js";
import { choice, digit, element, grey, select, slider } from "../../vae_lib/live/js/controls.js";

const greys = Array.from({ length: 256 }, (_, i) => i);
const text = btoa(String.fromCharCode(...Array.from({ length: 784 }, (_, i) => i % 256)));

for (const [name, levels] of [
  ["as they were sent", grey(text)],
  ["in double precision", Array.from({ length: 784 }, (_, i) => (i % 256) / 255)],
]) test(`each of the 256 grey levels, ${name}, is drawn as itself`, () => {
  const { node, draw } = digit({ size: 28, label: "a digit" });
  draw(levels);
  for (let channel = 0; channel < 3; channel++) {
    assert.deepEqual(greys.map((i) => node.drawn[4 * i + channel]), greys);
  }
  assert.ok(greys.every((i) => node.drawn[4 * i + 3] === 255));
});

test("a level between two greys is the nearer one, and none is beyond black and white", () => {
  const { node, draw } = digit({ size: 28, label: "a digit" });
  draw([10.4 / 255, 10.6 / 255, -0.2, 1.3, ...Array(780).fill(0)]);
  assert.deepEqual([0, 1, 2, 3].map((i) => node.drawn[4 * i]), [10, 11, 0, 255]);
});

// A pad on which a key was pressed and let go: where the point went, whether it spoke, and whether the browser may act.
function press(key, held = {}) {
  const svg = element("svg:svg"), moves = [];
  let spoken = 0, free = true;
  pad({ svg, limits: [[-1, 1], [-2, 2]], label: "a pad", at: () => [0.5, 0.5], move: (point) => moves.push(point) });
  svg.addEventListener("change", () => spoken++);
  for (const kind of ["keydown", "keyup"]) {
    const event = Object.assign(new Event(kind, { cancelable: true }), { key, ...held });
    svg.dispatchEvent(event);
    free &&= !event.defaultPrevented;
  }
  return { moves, spoken, free };
}

test("arrows and Home move a pad's point, ten times as far with Shift, and nothing else happens", () => {
  assert.deepEqual(press("ArrowLeft"), { moves: [[0.48, 0.5]], spoken: 1, free: false });
  assert.deepEqual(press("ArrowUp", { shiftKey: true }), { moves: [[0.5, 0.9]], spoken: 1, free: false });
  assert.deepEqual(press("Home"), { moves: [[0, 0]], spoken: 1, free: false });
});

for (const held of ["altKey", "ctrlKey", "metaKey"]) test(`with ${held} held a key is the browser's`, () => {
  for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home"]) {
    assert.deepEqual(press(key, { [held]: true }), { moves: [], spoken: 0, free: true });
    assert.deepEqual(press(key, { [held]: true, shiftKey: true }), { moves: [], spoken: 0, free: true });
  }
});

// A browser that comes Back fills in what stood in a control before, and the figure begins anew.
test("no control is filled in by the browser", () => {
  const input = () => {};
  const made = [
    slider({ label: "a", min: 0, max: 1, step: 0.1, value: 0, input }), select({ label: "b", options: ["c", "d"], value: 0, input }),
    choice({ label: "e", options: ["f", "g"], input }),
  ].flatMap(({ node }) => all(node)).filter((node) => /^(input|select)$/.test(node.tag));
  assert.deepEqual(made.map((node) => node.attributes.autocomplete), ["off", "off", "off", "off"]);
});

test("ten options stand in two groups of five, and three in one", () => {
  const groups = (n) => choice({ label: "digit", options: Array(n).fill("x"), input: () => {} }).node.children[1].children;
  assert.deepEqual([10, 3, 7].map((n) => groups(n).map((group) => group.children.length)), [[5, 5], [3], [5, 2]]);
});
