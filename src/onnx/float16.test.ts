import { expect, test } from 'vitest';
import { fromFloat16, toFloat16 } from './float16.ts';

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

test('every number of 16 bits comes back', () => {
  const back = toFloat16(fromFloat16(all));
  const isNaN16 = (bits: number): boolean => (bits & 0x7fff) > 0x7c00;
  for (const [i, bits] of all.entries())
    if (isNaN16(bits)) expect(isNaN16(back[i]!)).toBe(true);
    else if (back[i] !== bits) expect(back[i], `of ${bits}`).toBe(bits);
});

test('known ones', () => {
  const values = [0, 1, -2, 65504, 2 ** -14, 2 ** -24, 0.333251953125];
  expect([...toFloat16(Float32Array.from(values))]).toEqual([
    0, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x3555,
  ]);
  expect([...fromFloat16(Uint16Array.of(0x7c00, 0xfc00, 0x8000))]).toEqual([Infinity, -Infinity, -0]);
});

test('to the nearest, ties to even', () => {
  const bits = all.subarray(0, 0x7bff);
  const [low, high] = [fromFloat16(bits), fromFloat16(bits.map((b) => b + 1))];
  // Halfway between two neighbours a float32 is exact.
  const tie = toFloat16(low.map((v, i) => (v + high[i]!) / 2));
  const above = toFloat16(low.map((v, i) => v + (high[i]! - v) * 0.51));
  const below = toFloat16(low.map((v, i) => v + (high[i]! - v) * 0.49));
  const wrong = bits.filter((b, i) => tie[i] !== b + (b % 2) || above[i] !== b + 1 || below[i] !== b);
  expect([...wrong]).toEqual([]);
  expect([...toFloat16(Float32Array.of(65519, 65520, -1e9))]).toEqual([0x7bff, 0x7c00, 0xfc00]);
});
