import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import type { Geometry } from './geometry.ts';
import { createImageKernel } from './image-kernel.ts';
import { COMPILED, compileAssembly } from './testing/compile-assembly.ts';

const UNMOVED: Geometry = { flip: false, flipVertical: false, dx: 0, dy: 0, angle: 0, zoom: 1 };
const LUMA = [0.25, 0.5, 0.25] as const;
const IDENTITY = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** Results are the bytes themselves. */
const layout = (channels: 1 | 3, height: number, width: number) => ({
  channels,
  height,
  width,
  normalisation: { mean: new Array(channels).fill(0), std: new Array(channels).fill(1 / 255) },
});

function drawn(size: number, seed = 0): Uint8Array {
  const random = createRandom(seed);
  return Uint8Array.from({ length: size }, () => random.int(256));
}

test('the compiled module is that of assembly/ (npm run assembly)', async () => {
  expect(readFileSync(COMPILED, 'utf8')).toBe(await compileAssembly());
});

const sides = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }));

test('the mean of any number of bytes is exact', () => {
  fc.assert(
    fc.property(sides, fc.constantFrom(1 as const, 3 as const), ([height, width], channels) => {
      const kernel = createImageKernel(layout(channels, height, width));
      const bytes = drawn(5 + channels * height * width);
      kernel.load(bytes, 5);
      const image = bytes.subarray(5);
      expect(kernel.mean()).toBe(image.reduce((sum, byte) => sum + byte, 0) / image.length);
    }),
  );
  const bright = createImageKernel(layout(1, 2048, 2048));
  bright.load(new Uint8Array(2048 * 2048).fill(255), 0);
  expect(bright.mean()).toBe(255);
});

test('saturation moves every pixel from or to its grey, clamped, and nothing else', () => {
  fc.assert(
    fc.property(sides, fc.constantFrom(0, 0.5, 1, 1.25, 2), ([height, width], factor) => {
      const size = height * width;
      const kernel = createImageKernel(layout(3, height, width));
      const image = drawn(3 * size);
      kernel.load(image, 0);
      kernel.saturate(factor, LUMA);
      const actual = new Float32Array(3 * size + 1).fill(-1);
      kernel.warp(IDENTITY, UNMOVED);
      kernel.store(actual, 1);
      expect(actual[0]).toBe(-1);
      const expected = Array.from(image, (value, i) => {
        const pixel = i % size;
        const grey = LUMA.reduce((sum, weight, c) => sum + weight * image[c * size + pixel]!, 0);
        return Math.min(255, Math.max(0, Math.floor((1 - factor) * grey + factor * value + 0.5)));
      });
      expect([...actual.subarray(1)].map(Math.round)).toEqual(expected);
    }),
  );
});

test('an image that is made very small looks at far more than its memory held, and the next is as ever', () => {
  const [height, width] = [40, 50];
  const kernel = createImageKernel(layout(1, height, width));
  const image = drawn(height * width);
  const actual = new Float32Array(height * width);
  kernel.load(image, 0);
  // 40 rows and 50 columns of every 20th pixel: a plane of 800 by 1,000.
  kernel.warp(IDENTITY, { ...UNMOVED, zoom: 0.05, dx: 10, dy: 10 });
  kernel.store(actual, 0);
  const reflected = (index: number, size: number): number => {
    const folded = Math.abs(index) % (2 * size - 2);
    return Math.min(folded, 2 * size - 2 - folded);
  };
  const at = (position: number, size: number): number =>
    (position - (size - 1) / 2) * 20 + (size - 1) / 2 + 10;
  const expected = Array.from(image, (_, i) => {
    const [x, y] = [at(i % width, width), at(Math.floor(i / width), height)];
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const four = [0, 1].flatMap((dy) =>
      [0, 1].map((dx) => image[reflected(top + dy, height) * width + reflected(left + dx, width)]!),
    );
    // Positions lie half-way between pixels.
    return four.reduce((sum, value) => sum + value / 4, 0);
  });
  expected.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value)).toBeLessThan(0.01);
  });
  kernel.load(image, 0);
  kernel.warp(IDENTITY, UNMOVED);
  kernel.store(actual, 0);
  expect([...actual]).toEqual([...image]);
});
