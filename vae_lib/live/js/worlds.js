// Worlds with one latent dimension, as vae_lib/worlds.py has them: everything about them is a sum over a grid. In nats.
import { logNormal, logSumExp } from "./gaussian.js";

const STEP = 0.02;
/**
 * Points over z, so near to each other that no peak of the curved world's posterior falls between two of them.
 * @param {number} noise
 */
export function grid(noise) {
  const half = Math.ceil(8 / Math.min(STEP, noise / 6));
  return Array.from({ length: 2 * half + 1 }, (_, i) => (8 * (i - half)) / half);
}
export const GRID = grid(1);
/**
 * Values at the points of a grid as a curve for z between -limit and limit.
 * @type {(values: number[], limit: number, points?: number[]) => number[][]}
 */
export const over = (values, limit, points = GRID) => points.map((z, i) => [z, values[i]]).filter(([z]) => Math.abs(z) <= limit);
// A trapezoid rule for expectations over standard normal noise: [noise, its weight].
const NOISE = Array.from({ length: 65 }, (_, i) => [i / 4 - 8, Math.exp(logNormal(i / 4 - 8, 0, 1)) / 4]);

/** @param {number} z */
export function curve(z) {
  const radius = 1 + 0.15 * z, angle = 1.4 * z;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** @typedef {(z: number) => number} LogJoint  log p(x, z) of a given x */

/**
 * x | z ~ N(curve(z), noise² I).
 * @type {(x: number[], noise: number) => LogJoint}
 */
export const curveWorld = (x, noise) => (z) => {
  const [u, v] = curve(z);
  return logNormal(z, 0, 1) + logNormal(x[0], u, noise) + logNormal(x[1], v, noise);
};
/**
 * x | z ~ N(z, noise²).
 * @type {(x: number, noise: number) => LogJoint}
 */
export const linearWorld = (x, noise) => (z) => logNormal(z, 0, 1) + logNormal(x, z, noise);

/**
 * log p(x), the density p(z|x) at the points of a grid, and its mean and standard deviation.
 * @param {LogJoint} logJoint
 * @param {number[]} points
 */
export function posterior(logJoint, points = GRID) {
  const step = points[1] - points[0];
  const joint = points.map((z) => logJoint(z)), logMarginal = logSumExp(joint) + Math.log(step);
  const density = joint.map((value) => Math.exp(value - logMarginal));
  /** @param {(z: number) => number} f */
  const expect = (f) => density.reduce((sum, p, i) => sum + p * f(points[i]) * step, 0);
  const mean = expect((z) => z);
  return { logMarginal, density, mean, std: Math.sqrt(expect((z) => (z - mean) ** 2)) };
}

/**
 * The ELBO of q = N(mean, std²): the expectation of log p(x, z), by quadrature over the noise, and q's entropy.
 * @param {LogJoint} logJoint
 * @param {number} mean
 * @param {number} std
 */
export function elbo(logJoint, mean, std) {
  const expected = NOISE.reduce((sum, [noise, weight]) => sum + weight * logJoint(mean + std * noise), 0);
  return expected + Math.log(std) + 0.5 * Math.log(2 * Math.PI * Math.E);
}

/**
 * The best Gaussian that is reached from here uphill: the best of four steps, and shorter ones at the top.
 * @param {LogJoint} logJoint
 * @param {number} mean
 * @param {number} std
 * @returns {[mean: number, std: number]}
 */
export function climb(logJoint, mean, std) {
  /** @type {(a: [number, number], b: [number, number]) => [number, number]} */
  const higher = (a, b) => (elbo(logJoint, ...b) > elbo(logJoint, ...a) ? b : a);
  /** @type {[number, number]} */
  let best = [mean, std];
  for (let step = 0.2; step > 1e-4;) {
    const [m, s] = best;
    /** @type {[number, number][]} */
    const around = [[m + step * s, s], [m - step * s, s], [m, s * (1 + step)], [m, s / (1 + step)]];
    const next = around.reduce(higher, best);
    if (next === best) step /= 2;
    best = next;
  }
  return best;
}

/**
 * What each draw of noise says of the derivatives of E f(z) in mean and in std, with z = mean + std · noise, by the
 * slope of f.
 * @type {(slope: (z: number) => number, mean: number, std: number, noise: number[]) => number[][]}
 */
export const pathwise = (slope, mean, std, noise) =>
  noise.map((e) => [1, e].map((path) => slope(mean + std * e) * path));
/**
 * The same by the values of f.
 * @type {(f: (z: number) => number, mean: number, std: number, noise: number[]) => number[][]}
 */
export const scoreFunction = (f, mean, std, noise) =>
  noise.map((e) => [e, e * e - 1].map((score) => (f(mean + std * e) * score) / std));

/**
 * The mean and its standard error.
 * @param {number[]} values
 */
export function meanAndError(values) {
  const n = values.length, mean = values.reduce((a, b) => a + b) / n;
  return [mean, Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1) / n)];
}
