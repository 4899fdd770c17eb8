// Where figures put things: no fixture, the answers are known.
import assert from "node:assert/strict";
import { test } from "node:test";

import { sameShare } from "../../vae_lib/live/js/linked_planes.js";
import { priceLine } from "../../vae_lib/live/js/rate_distortion.js";

test("a place keeps its share of the frame, and comes back", () => {
  const from = [[-10, 30], [5, 6]], to = [[0, 1], [-3, 3]];
  assert.deepEqual(sameShare([-10, 5], from, to), [0, -3]);
  assert.deepEqual(sameShare([30, 6], from, to), [1, 3]);
  assert.deepEqual(sameShare([0, 5.5], from, to), [0.25, 0]);
  assert.deepEqual(sameShare(sameShare([7, 5.25], from, to), to, from), [7, 5.25]);
});

test("the price line goes through its place with slope -beta and ends at the axes", () => {
  const xlim = [0, 50], ylim = [60, 200];
  for (const beta of [0.1, 1, 30]) {
    const ends = priceLine([20, 100], beta, xlim, ylim);
    for (const [x, y] of ends) {
      assert.ok(Math.abs(y - 100 + beta * (x - 20)) < 1e-9);
      assert.ok(x >= xlim[0] && x <= xlim[1] && y >= ylim[0] - 1e-9 && y <= ylim[1] + 1e-9);
      assert.ok(xlim.includes(x) || ylim.some((limit) => Math.abs(y - limit) < 1e-9));
    }
    assert.ok(ends[0][0] < 20 && ends[1][0] > 20);
  }
});
