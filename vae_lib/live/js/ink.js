// Drawing as MNIST's digits were drawn: the width of the pen, the size and the place of what it drew.

// Led along the paths of the book's synthetic digits, this pen leaves what MNIST's training images hold: a median of
// 100 pixels of ink, and 2.36 as twice the ink by its total variation, which grows as the stroke's width does.
const RADIUS = 1.23;
// MNIST scales each digit's longer side to 20 pixels and moves it by whole pixels, its centre of mass nearest to
// pixel 14.
const SIZE = 20, MIDDLE = 14;

/**
 * One touch of a round pen at (x, y), in pixels from the upper left corner. Its rim is a pixel wide.
 * @param {Float32Array} ink  grey levels of a square, row by row; drawn in
 * @param {number} side
 * @param {number} x
 * @param {number} y
 */
export function dab(ink, side, x, y) {
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const grey = Math.min(1, RADIUS + 0.5 - Math.hypot(column + 0.5 - x, row + 0.5 - y));
      if (grey > ink[row * side + column]) ink[row * side + column] = grey;
    }
  }
}

/**
 * The pen drawn from one place to another: touches half a pixel apart, or a quick stroke would be a row of dots.
 * @param {Float32Array} ink  grey levels of a square, row by row; drawn in
 * @param {number} side
 * @param {number[]} from
 * @param {number[]} to
 */
export function stroke(ink, side, [x, y], [u, v]) {
  const steps = Math.ceil(2 * Math.hypot(u - x, v - y)) || 1;
  for (let i = 0; i <= steps; i++) dab(ink, side, x + (i / steps) * (u - x), y + (i / steps) * (v - y));
}

/**
 * A copy of the ink in the size and the place of MNIST's digits; one that has them already comes back as it is.
 * @param {Float32Array} ink
 * @param {number} side
 */
export function centre(ink, side) {
  let mass = 0, [x, y] = [0, 0], [left, right, top, bottom] = [side, -1, side, -1];
  ink.forEach((grey, i) => {
    // Fainter than MNIST's first grey.
    if (grey < 1 / 510) return;
    const column = i % side, row = (i - column) / side;
    mass += grey;
    x += grey * column;
    y += grey * row;
    [left, right] = [Math.min(left, column), Math.max(right, column)];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
  });
  // At most doubled: a dot is no digit.
  const scale = Math.min(2, SIZE / (Math.max(right - left, bottom - top) + 1));
  // Along one axis: how much of the copy's pixel i the ink's pixel k covers. Moves are by whole pixels, so that a digit
  // that has its size is not blurred.
  /** @type {(first: number, mean: number) => (i: number, k: number) => number} */
  const cover = (first, mean) => {
    const start = MIDDLE - Math.round((mean - first + 0.5) * scale - 0.5);
    /** @param {number} k */
    const edge = (k) => start + (k - first) * scale;
    return (i, k) => Math.max(0, Math.min(i + 1, edge(k + 1)) - Math.max(i, edge(k)));
  };
  const across = cover(left, x / mass), down = cover(top, y / mass);
  const wide = Float32Array.from(ink, (_, i) => {
    let sum = 0;
    for (let k = left; k <= right; k++) sum += across(i % side, k) * ink[i - (i % side) + k];
    return sum;
  });
  return wide.map((_, i) => {
    let sum = 0;
    for (let k = top; k <= bottom; k++) sum += down(Math.floor(i / side), k) * wide[k * side + (i % side)];
    return sum;
  });
}
