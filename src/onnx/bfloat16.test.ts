import { expect, test } from 'vitest';
import { fromBfloat16, toBfloat16 } from './bfloat16.ts';

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
const isNaN16 = (bits: number): boolean => (bits & 0x7fff) > 0x7f80;

test('every number of 16 bits comes back', () => {
  const values = fromBfloat16(all);
  const back = toBfloat16(values);
  const wrong = all.filter((bits, i) => (isNaN16(bits) ? !isNaN16(back[i]!) : back[i] !== bits));
  expect([...wrong]).toEqual([]);
  expect([...all].filter((bits) => Number.isNaN(values[bits]) !== isNaN16(bits))).toEqual([]);
});

test('known ones', () => {
  expect([...toBfloat16(Float32Array.of(0, 1, -2, 3.140625, 2 ** -126))]).toEqual([
    0, 0x3f80, 0xc000, 0x4049, 0x0080,
  ]);
  expect([...fromBfloat16(Uint16Array.of(0x7f80, 0xff80, 0x8000))]).toEqual([Infinity, -Infinity, -0]);
});

test('to the nearest, ties to even, beyond the largest infinite', () => {
  const bits = all.subarray(0, 0x7f7f);
  const [low, high] = [fromBfloat16(bits), fromBfloat16(bits.map((b) => b + 1))];
  // Halfway between two neighbours a float32 is exact.
  const tie = toBfloat16(low.map((v, i) => v + (high[i]! - v) / 2));
  const above = toBfloat16(low.map((v, i) => v + (high[i]! - v) * 0.51));
  const below = toBfloat16(low.map((v, i) => v + (high[i]! - v) * 0.49));
  const wrong = bits.filter((b, i) => tie[i] !== b + (b % 2) || above[i] !== b + 1 || below[i] !== b);
  expect([...wrong]).toEqual([]);
  expect([...toBfloat16(Float32Array.of(3.4e38, -3.4028235e38))]).toEqual([0x7f80, 0xff80]);
});
