import assert from "node:assert/strict";
import { test } from "node:test";
import { forward, sigmoid, unpack } from "../../vae_lib/live/js/mlp.js";
import { bytes, json, near, sum } from "./fixtures.js";

const network = (name) => unpack(new DataView(bytes(name).buffer));
const errors = (a, b) => { assert.equal(a.length, b.length); return a.map((value, i) => Math.abs(value - b[i])); };

for (const name of ["random", "trained"]) {
  const { z, decoded, x, encoded } = json(name);

  test(`images that a ${name} network decodes are torch's, to what eight bits allow`, () => {
    const decoder = network(`${name}-decoder`);
    const all = z.flatMap((code, i) => errors(decoded[i], forward(decoder, code)));
    near(Math.max(...all), 0, 0.05);
    near(sum(all) / all.length, 0, 0.002);
  });

  test(`means and log-variances that a ${name} network encodes are torch's`, () => {
    const encoder = network(`${name}-encoder`);
    x.forEach((image, i) => near(Math.max(...errors(encoded[i], forward(encoder, image))), 0, 0.02));
  });
}

const { x, y } = json("exact");

test("a network that eight bits hold exactly comes out exactly", () => {
  assert.deepEqual(Array.from(forward(network("exact"), x)), y);
});

test("the same network gives the same answer again, whatever it was asked between", () => {
  const layers = network("exact");
  forward(layers, [100, -100, 100]);
  assert.deepEqual(Array.from(forward(layers, x)), y);
});

test("an input that is no number gives none, and no picture of a digit", () => {
  assert.ok(forward(network("exact"), [NaN, 0, 0]).every(Number.isNaN));
});

test("bytes that begin anywhere in their buffer are read alike", () => {
  const packed = bytes("exact"), moved = new Uint8Array(packed.length + 3);
  moved.set(packed, 3);
  assert.deepEqual(Array.from(forward(unpack(new DataView(moved.buffer, 3)), x)), y);
});

test("sigmoid is the logistic function, without overflow", () => {
  assert.deepEqual([-1000, 0, 1000].map(sigmoid), [0, 0.5, 1]);
  near(sigmoid(Math.log(3)), 0.75);
});

for (const [name, change, message] of [
  ["another beginning", (all) => { all[0] = 1; return all; }, /do not begin/],
  ["nothing", () => new Uint8Array(0), /end too early/],
  ["a missing end", (all) => all.slice(0, -4), /end too early/],
  ["a half", (all) => all.slice(0, all.length >> 1), /end too early/],
  ["more than the end", (all) => Uint8Array.from([...all, 0, 0, 0, 0]), /go on after/],
  ["an unknown activation", (all) => { all[16] = 9; return all; }, /activation 9 is unknown/],
  ["sizes beyond all bytes", (all) => all.fill(255, 8, 16), /end too early/],
]) test(`weights with ${name} are refused in a sentence`, () => {
  assert.throws(() => unpack(new DataView(change(bytes("exact")).buffer)), { name: "Error", message });
});
