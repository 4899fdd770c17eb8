import assert from "node:assert/strict";
import { test } from "node:test";
import {
  climb, curve, curveWorld, elbo, GRID, grid, linearWorld, meanAndError, over, pathwise, posterior, scoreFunction,
} from "../../vae_lib/live/js/worlds.js";
import { json, near, sum } from "./fixtures.js";

const { curved, linear, estimates } = json("worlds");
const [ambiguous, noise] = curved.parameters;
const twoModes = curveWorld(ambiguous, noise), gaussian = linearWorld(...linear.parameters);
const all = (values, expected, tolerance) => values.forEach((value, i) => near(value, expected[i], tolerance));

test("the curve and the joint density are vae_lib's", () => {
  curved.z.forEach((z, i) => {
    all(curve(z), curved.curve[i]);
    near(curveWorld(curved.x[i], noise)(z), curved.log_joint[i], 1e-8);
  });
});

test("the coarser grid loses nothing of log p(x), nor of the posterior", () => {
  all(GRID, curved.grid);
  curved.x.forEach((x, i) => {
    const { logMarginal, density } = posterior(curveWorld(x, noise));
    near(logMarginal, curved.log_marginal[i], 1e-6);
    all(density, curved.posterior[i], 1e-6);
  });
});

test("the page's grid is as fine as the noise asks, and the usual one where it can be", () => {
  for (const { noise, x, log_marginal, mean } of curved.noises) {
    x.forEach((place, i) => {
      const found = posterior(curveWorld(place, noise), grid(noise));
      near(found.logMarginal, log_marginal[i], 1e-6);
      near(found.mean, mean[i], 1e-6);
    });
  }
  assert.deepEqual(grid(noise), GRID);
  all([GRID[0], GRID[400], GRID[801 - 1], GRID.length], [-8, 0, 8, 801]);
});

test("the linear world's marginal and posterior are those in closed form", () => {
  const { logMarginal, density, mean, std } = posterior(gaussian);
  near(logMarginal, linear.log_marginal);
  all([mean, std], linear.posterior);
  near(sum(density) * (GRID[1] - GRID[0]), 1);
});

test("the ELBO is the expectation that torch computes, and what it misses is the divergence", () => {
  for (const { q, elbo: value } of curved.elbos) near(elbo(twoModes, ...q), value, 1e-6);
  for (const { q, gap } of linear.gaps) near(linear.log_marginal - elbo(gaussian, ...q), gap, 1e-6);
});

test("a climb ends at a Gaussian posterior, from wherever", () => {
  for (const start of [[-3, 0.05], [3, 2], [0, 1]]) {
    const end = climb(gaussian, ...start);
    all(end, linear.posterior, 1e-3);
    near(elbo(gaussian, ...end), linear.log_marginal, 1e-6);
  }
});

test("a climb ends on the mode it started from, where gradient ascent ends, too", () => {
  for (const { start, end } of curved.best) all(climb(twoModes, ...start), end, 1e-3);
});

test("each draw's two estimates are those of automatic differentiation", () => {
  const f = (z) => Math.sin(z) + 0.1 * z ** 3, slope = (z) => Math.cos(z) + 0.3 * z ** 2;
  const path = pathwise(slope, 0.7, 0.4, estimates.noise), score = scoreFunction(f, 0.7, 0.4, estimates.noise);
  path.forEach((pair, i) => all(pair, estimates.pathwise[i]));
  score.forEach((pair, i) => all(pair, estimates.score[i]));
  all(meanAndError(path.map(([byMean]) => byMean)), [estimates.mean, estimates.error]);
});

test("a curve over the grid keeps what lies within its limit, and the limit itself", () => {
  const points = over(GRID, 4);
  assert.ok(points.every(([z, value]) => z === value));
  all([points[0][0], points.at(-1)[0], points.length], [-4, 4, 401]);
});
