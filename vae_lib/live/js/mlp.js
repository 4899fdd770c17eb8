// A trained network in plain loops: the bytes that vae_lib/live/weights.py packed, and the forward pass.
const START = 0x31504c4d, RELU = 1, SIGMOID = 2;
// What the bytes from -128 to 127 stand for, before their row's scale.
const STEPS = Float32Array.from({ length: 256 }, (_, i) => Math.sign(i - 128) * Math.abs((i - 128) / 127) ** 1.5);

/** @param {number} value */
export const sigmoid = (value) => 1 / (1 + Math.exp(-value));

/**
 * @typedef {object} Layer
 * @property {number} inputs
 * @property {number} outputs
 * @property {number} activation  0, RELU or SIGMOID
 * @property {Float32Array} bias
 * @property {Float32Array} weight  of input i and output k at i * outputs + k
 * @property {Float32Array} values  what its last call gave
 */

/**
 * The layers in packed bytes. Throws an Error that a reader can be shown.
 * @param {DataView} view
 * @returns {Layer[]}
 */
export function unpack(view) {
  /** @type {(why: string) => never} */
  const fail = (why) => { throw new Error(`Its weights cannot be read: ${why}.`); };
  let at = 0;
  /** @param {number} bytes */
  const take = (bytes) => {
    at += bytes;
    if (at > view.byteLength) fail("they end too early");
    return at - bytes;
  };
  const whole = () => view.getUint32(take(4), true);
  /** @param {number} n */
  const floats = (n) => {
    const from = take(4 * n);
    return Float32Array.from({ length: n }, (_, i) => view.getFloat32(from + 4 * i, true));
  };
  if (whole() !== START) fail("they do not begin as weights do");
  const layers = Array.from({ length: whole() }, () => {
    const inputs = whole(), outputs = whole(), activation = whole();
    if (activation > SIGMOID) fail(`activation ${activation} is unknown`);
    const bias = floats(outputs), scale = floats(outputs), from = take(inputs * outputs);
    // Transposed: `forward` goes through it input by input.
    const weight = new Float32Array(inputs * outputs);
    for (let row = 0, k = 0; row < outputs; row++) {
      for (let i = 0; i < inputs; i++, k++) {
        weight[i * outputs + row] = STEPS[view.getInt8(from + k) + 128] * scale[row];
      }
    }
    take(-(inputs * outputs) & 3);
    return { inputs, outputs, activation, bias, weight, values: new Float32Array(outputs) };
  });
  if (at < view.byteLength) fail("they go on after their end");
  return layers;
}

/**
 * The network's output for x. It is overwritten by the next call: copy what has to stay.
 * @param {Layer[]} layers
 * @param {ArrayLike<number>} x
 */
export function forward(layers, x) {
  for (const { inputs, outputs, activation, bias, weight, values } of layers) {
    values.set(bias);
    for (let i = 0; i < inputs; i++) {
      // Most pixels of a digit are 0, and about half of the hidden units.
      if (x[i] === 0) continue;
      for (let row = 0, k = i * outputs; row < outputs; row++, k++) values[row] += x[i] * weight[k];
    }
    if (activation === RELU) values.forEach((value, row) => { values[row] = Math.max(value, 0); });
    if (activation === SIGMOID) values.forEach((value, row) => { values[row] = sigmoid(value); });
    x = values;
  }
  return x;
}
