// What tests/test_live_js.py has PyTorch write before it runs these tests, and what they share.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env.VAE_LIB_FIXTURES;
if (!folder) throw new Error("VAE_LIB_FIXTURES names no folder: run `pytest tests/test_live_js.py`, which fills one");

export const json = (name) => JSON.parse(readFileSync(join(folder, `${name}.json`)));
export const bytes = (name) => Uint8Array.from(readFileSync(join(folder, `${name}.bin`)));
export const near = (a, b, tolerance = 1e-9) => assert.ok(Math.abs(a - b) <= tolerance, `${a} against ${b}`);
export const sum = (values) => values.reduce((a, b) => a + b, 0);
