import assert from "node:assert/strict";
import { test } from "node:test";
import { clamp, interpolate, logNormal, logSumExp, normal, random } from "../../vae_lib/live/js/gaussian.js";
import { json, near, sum } from "./fixtures.js";

const expected = json("gaussian");

test("the log-density is torch.distributions'", () => {
  for (const { x, mean, std, log_prob } of expected.densities) {
    near(logNormal(x, mean, std), log_prob);
  }
});

test("logSumExp is torch's, for numbers whose exponentials no float holds too", () => {
  for (const { values, result } of expected.sums) near(logSumExp(values), result);
  assert.equal(logSumExp([-Infinity, 3]), 3);
  assert.equal(logSumExp([-Infinity, -Infinity]), -Infinity);
});

test("uniform numbers are mulberry32's", () => {
  for (const { seed, draws } of expected.uniform) assert.deepEqual(Array.from(draws, random(seed)), draws);
});

test("normal draws have the moments and the tails of a standard normal", () => {
  const uniform = random(0), draws = Array.from({ length: 200_000 }, () => normal(uniform));
  const moment = (k) => sum(draws.map((value) => value ** k)) / draws.length;
  near(moment(1), 0, 0.01);
  near(moment(2), 1, 0.02);
  near(moment(3), 0, 0.04);
  near(moment(4), 3, 0.1);
  near(draws.filter((value) => value > 1.96).length / draws.length, 0.025, 0.002);
  near(sum(draws.slice(1).map((value, i) => value * draws[i])) / draws.length, 0, 0.01);
});

test("a draw is a number even where the uniform one is 0", () => {
  assert.ok(Number.isFinite(normal(() => 0)));
});

test("both interpolations are latent.interpolate's", () => {
  for (const { start, end, spherical, path } of expected.paths) {
    path.forEach((code, i) => {
      const ours = interpolate(start, end, i / (path.length - 1), spherical);
      code.forEach((value, k) => near(ours[k], value, 1e-6));
    });
  }
});

test("both begin and end at their codes", () => {
  const a = [1, -2, 0.5], b = [0.3, 1, 2];
  for (const spherical of [false, true]) {
    interpolate(a, b, 0, spherical).forEach((value, i) => near(value, a[i]));
    interpolate(a, b, 1, spherical).forEach((value, i) => near(value, b[i]));
  }
});

test("the arc keeps the length of equally long codes and turns evenly", () => {
  const a = [3, 0], b = [0, 3];
  for (const t of [0.1, 0.5, 0.9]) {
    const code = interpolate(a, b, t, true);
    near(Math.hypot(...code), 3);
    near(Math.atan2(code[1], code[0]), (t * Math.PI) / 2);
  }
});

test("where no arc is defined the straight line is taken", () => {
  const lines = [[[1, 2], [-1, -2]], [[0, 0], [1, 1]], [[0, 0], [0, 0]], [[1, 1], [2, 2]], [[0.1, 0.7], [0.1, 0.7]]];
  for (const [a, b] of lines) {
    for (const t of [0, 0.3, 1]) {
      const code = interpolate(a, b, t, true);
      assert.ok(code.every(Number.isFinite));
      assert.deepEqual(code, interpolate(a, b, t, false));
    }
  }
});

test("the arc is taken as far as single precision knows it", () => {
  for (const [angle, arc] of [[5e-4, false], [2e-3, true], [Math.PI - 2e-3, true], [Math.PI - 5e-4, false]]) {
    const b = [Math.cos(angle), Math.sin(angle)];
    const expected = arc ? [Math.cos(0.3 * angle), Math.sin(0.3 * angle)] : interpolate([1, 0], b, 0.3, false);
    interpolate([1, 0], b, 0.3, true).forEach((value, i) => near(value, expected[i]));
  }
});

test("clamp keeps what lies within and nothing else", () => {
  assert.deepEqual([-2, 0.5, 7].map((value) => clamp(value, -1, 1)), [-1, 0.5, 1]);
});
