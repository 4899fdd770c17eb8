// Chance and the Gaussian. Log-densities in nats.

/** @type {(value: number, low: number, high: number) => number} */
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/**
 * Uniform numbers in [0, 1), the same for the same seed: mulberry32, by Tommy Ettinger (2017, public domain).
 * @param {number} seed
 * @returns {() => number} the next one
 */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A standard normal draw by Box and Muller's transform of two uniform ones.
 * @type {(uniform: () => number) => number}
 */
export const normal = (uniform) => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

/** @type {(x: number, mean: number, std: number) => number} */
export const logNormal = (x, mean, std) => -0.5 * ((x - mean) / std) ** 2 - Math.log(std) - 0.5 * Math.log(2 * Math.PI);

/** @param {number[]} values */
export function logSumExp(values) {
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (largest === -Infinity) return largest;
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

// The sine of the least angle along which an arc is taken, the same in vae_lib/latent.py.
const LEAST_ARC = 1e-3;

/**
 * From a (t = 0) to b (t = 1): straight, or along the arc between them, which keeps the length of equally long codes.
 * @param {number[]} a
 * @param {number[]} b
 * @param {number} t
 * @param {boolean} spherical
 */
export function interpolate(a, b, t, spherical) {
  /** @param {number[]} v */
  const length = (v) => Math.hypot(...v);
  const angle = Math.acos(a.reduce((sum, value, i) => sum + value * b[i], 0) / (length(a) * length(b)));
  // No arc is defined from the origin or between codes in one line with it, where the angle may be no number. In single
  // precision, which Python's codes have, 1e-3 is where that begins: between like directions line and arc then differ by
  // angle² / 8, which is its rounding; between opposite ones that rounding over sin², a tenth, is the arc's own error.
  const [from, to] = spherical && Math.sin(angle) > LEAST_ARC
    ? [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)]
    : [1 - t, t];
  return a.map((value, i) => from * value + to * b[i]);
}
