import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resizer } from './resize.ts';
import { workingSize } from './working-size.ts';

const resize = (pixels: readonly number[], from: [number, number], to: [number, number], channels = 1) => [
  ...resizer(
    channels,
    { width: from[0], height: from[1] },
    { width: to[0], height: to[1] },
  )(Uint8Array.from(pixels)),
];

test('shrinking takes the mean over the area covered', () => {
  expect(resize([0, 10, 20, 30], [4, 1], [2, 1])).toEqual([5, 25]);
  expect(resize([0, 10, 20, 30], [2, 2], [1, 1])).toEqual([15]);
  // 1.5 pixels each: (0 + ½·30) / 1.5, (½·30 + 60) / 1.5.
  expect(resize([0, 30, 60], [3, 1], [2, 1])).toEqual([10, 50]);
});

test('growing interpolates between pixel centres', () => {
  expect(resize([0, 100], [2, 1], [4, 1])).toEqual([0, 25, 75, 100]);
  expect(resize([7], [1, 1], [3, 2])).toEqual([7, 7, 7, 7, 7, 7]);
});

test('channels are resized apart, flat ones stay as they are', () => {
  expect(resize([0, 20, 100, 120, 200, 220], [2, 1], [1, 1], 3)).toEqual([10, 110, 210]);
  const side = fc.integer({ min: 1, max: 20 });
  fc.assert(
    fc.property(side, side, side, side, fc.integer({ min: 0, max: 255 }), (w, h, toW, toH, level) => {
      const flat = new Array(w * h).fill(level);
      expect(resize(flat, [w, h], [toW, toH])).toEqual(new Array(toW * toH).fill(level));
    }),
  );
});

test('the working size: as asked, the common one, or the median within 128', () => {
  const sizes = (...list: [number, number][]) => list.map(([width, height]) => ({ width, height }));
  expect(workingSize(sizes([50, 60], [70, 80]), 32)).toEqual({ width: 32, height: 32 });
  expect(workingSize(sizes([28, 27], [28, 27]))).toEqual({ width: 28, height: 27 });
  expect(workingSize(sizes([512, 256], [512, 256]))).toEqual({ width: 128, height: 64 });
  expect(workingSize(sizes([30, 33], [50, 61], [1000, 900]))).toEqual({ width: 52, height: 60 });
});
