import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom, type Random } from '../random.ts';
import { augmentingWriter, NO_AUGMENTATION, plainWriter } from './augment.ts';
import type { Augmentation } from './dataset.ts';

const layout = (height: number, width: number, channels: 1 | 3 = 1) => ({
  channels,
  height,
  width,
  // byte/255/(1/255): the outputs are the bytes themselves.
  normalisation: { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] },
});

/** A stream whose values are given, in order. */
function scripted(values: readonly number[]): Random {
  let at = 0;
  const take = (): number => values[at++] ?? expect.fail('more values were drawn than expected');
  return { ...createRandom(0), next: take, int: take };
}

function augment(
  pixels: readonly number[],
  height: number,
  width: number,
  augmentation: Partial<Augmentation>,
  draws: readonly number[],
  channels: 1 | 3 = 1,
): number[] {
  const out = new Float32Array(pixels.length);
  const random = scripted(draws);
  const shape = layout(height, width, channels);
  augmentingWriter(shape, { ...NO_AUGMENTATION, ...augmentation }, () => random)(
    Uint8Array.from(pixels),
    0,
    out,
    0,
  );
  return [...out].map((value) => Math.round(value * 1000) / 1000);
}

test('the plain writer normalises each channel by its own mean and deviation', () => {
  const shape = {
    channels: 3,
    height: 1,
    width: 2,
    normalisation: { mean: [0, 0.5, 1], std: [1, 0.5, 0.25] },
  } as const;
  const out = new Float32Array(7);
  plainWriter(shape)(Uint8Array.of(9, 0, 255, 0, 255, 0, 255), 1, out, 1);
  expect([...out]).toEqual([0, 0, 1, -1, 1, -4, 0]);
});

describe('shift and flip are exact', () => {
  const image = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  test('a flip mirrors rows, a vertical flip columns', () => {
    expect(augment(image, 3, 3, { flip: true }, [0.4])).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7]);
    expect(augment(image, 3, 3, { flip: true }, [0.6])).toEqual(image);
    expect(augment(image, 3, 3, { flipVertical: true }, [0.4])).toEqual([7, 8, 9, 4, 5, 6, 1, 2, 3]);
  });
  test('a shift brings in the reflected edge', () => {
    // Draws are shift + dx, shift + dy.
    expect(augment(image, 3, 3, { shift: 1 }, [2, 1])).toEqual([2, 3, 2, 5, 6, 5, 8, 9, 8]);
    expect(augment(image, 3, 3, { shift: 1 }, [1, 0])).toEqual([4, 5, 6, 1, 2, 3, 4, 5, 6]);
  });
  test('shift, flip and wide images against the definition', () => {
    const reflect = (i: number, size: number): number => {
      if (size === 1) return 0;
      let index = i;
      while (index < 0 || index >= size) index = index < 0 ? -index : 2 * (size - 1) - index;
      return index;
    };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 13 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: -15, max: 15 }),
        fc.integer({ min: -15, max: 15 }),
        fc.boolean(),
        fc.constantFrom(1 as const, 3 as const),
        (width, height, dx, dy, flip, channels) => {
          const pixels = Array.from({ length: channels * height * width }, (_, i) => (i * 37) % 256);
          const expected = pixels.map((_, i) => {
            const x = i % width;
            const y = Math.floor(i / width) % height;
            const column = reflect(x + dx, width);
            const plane = Math.floor(i / (height * width)) * height * width;
            return pixels[plane + reflect(y + dy, height) * width + (flip ? width - 1 - column : column)];
          });
          const draws = [flip ? 0 : 0.9, dx + 15, dy + 15];
          expect(augment(pixels, height, width, { flip: true, shift: 15 }, draws, channels)).toEqual(
            expected,
          );
        },
      ),
    );
  });
});

describe('rotation and scale', () => {
  const image = [0, 0, 0, 10, 20, 30, 0, 0, 0];
  test('nothing drawn leaves the image as it is', () => {
    expect(augment(image, 3, 3, { rotate: 90, scale: 0.5 }, [0.5, 0.5])).toEqual(image);
  });
  test('a quarter turn turns a row into a column', () => {
    expect(augment(image, 3, 3, { rotate: 90 }, [1])).toEqual([0, 10, 0, 0, 20, 0, 0, 30, 0]);
  });
  test('twice the size shows half of the way to the edge', () => {
    const [left, centre, right] = augment([0, 100, 200], 1, 3, { scale: 0.5 }, [1]);
    // Positions are whole 256ths of a pixel.
    expect(left).toBeCloseTo((100 * Math.round(256 / 3)) / 256, 3);
    expect(centre).toBe(100);
    expect(right).toBeCloseTo(100 + (100 * Math.round(512 / 3)) / 256, 3);
  });
  test('agrees with the exact way for whole shifts and flips', () => {
    const pixels = Array.from({ length: 35 }, (_, i) => (i * 53) % 256);
    for (const [flip, dx, dy] of [
      [0.1, 4, 1],
      [0.9, 0, 2],
      [0.1, 2, 4],
    ] as const) {
      const exact = augment(pixels, 5, 7, { flip: true, shift: 2 }, [flip, dx, dy]);
      // A scale of 1 ± 1e-9 goes the bilinear way.
      expect(augment(pixels, 5, 7, { flip: true, shift: 2, scale: 1e-9 }, [flip, dx, dy, 0.5])).toEqual(
        exact,
      );
    }
  });
});

test('cutout erases a square, clipped at the edges', () => {
  const ones = new Array(16).fill(7);
  expect(augment(ones, 4, 4, { cutout: 2 }, [1, 1])).toEqual([
    0, 0, 7, 7, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  ]);
  expect(augment(ones, 4, 4, { cutout: 2 }, [0, 3])).toEqual([
    7, 7, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  ]);
});

describe('jitter', () => {
  test('brightness multiplies, contrast works about the mean, both stay in range', () => {
    // Draws 1 and 0 are the ends of the range: factor 1.5 or 0.5.
    expect(augment([10, 100, 200, 90], 2, 2, { jitter: 0.5 }, [1, 0.5])).toEqual([15, 150, 255, 135]);
    expect(augment([10, 100, 200, 90], 2, 2, { jitter: 0.5 }, [0.5, 0])).toEqual([55, 100, 150, 95]);
  });
  test('no saturation leaves grey', () => {
    const [r, g, b] = augment([200, 100, 50], 1, 1, { jitter: 1 }, [0.5, 0.5, 0], 3);
    expect(r).toBe(g);
    expect(g).toBe(b);
    expect(r).toBeCloseTo(0.299 * 200 + 0.587 * 100 + 0.114 * 50, -0.3);
  });
});

/** As the warp is defined: every pixel by itself, every index reflected. */
function warped(
  image: Uint8Array,
  height: number,
  width: number,
  channels: number,
  [flip, flipVertical, dx, dy, turn, size]: readonly number[],
): number[] {
  const reflected = (index: number, length: number): number => {
    const period = Math.max(1, 2 * length - 2);
    const folded = ((index % period) + period) % period;
    return length === 1 ? 0 : Math.min(folded, period - folded);
  };
  const angle = ((2 * turn! - 1) * 30 * Math.PI) / 180;
  const zoom = 1 + (2 * size! - 1) * 0.3;
  const [mirrorX, mirrorY] = [flip! < 0.5 ? -1 : 1, flipVertical! < 0.5 ? -1 : 1];
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  const result: number[] = [];
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [u, v] = [x - centreX, y - centreY];
        const sx = mirrorX * ((Math.cos(angle) * u + Math.sin(angle) * v) / zoom + dx! - 2) + centreX;
        const sy = mirrorY * ((Math.cos(angle) * v - Math.sin(angle) * u) / zoom + dy! - 2) + centreY;
        const [fx, fy] = [sx - Math.floor(sx), sy - Math.floor(sy)];
        const at = (i: number, j: number): number =>
          image[
            (c * height + reflected(Math.floor(sy) + i, height)) * width +
              reflected(Math.floor(sx) + j, width)
          ]!;
        result.push(
          (1 - fy) * ((1 - fx) * at(0, 0) + fx * at(0, 1)) + fy * ((1 - fx) * at(1, 0) + fx * at(1, 1)),
        );
      }
  return result;
}

test('rotation and scale sample as they are defined, for any geometry', () => {
  const unit = fc.double({ min: 0, max: 0.999, noNaN: true });
  const shift = fc.integer({ min: 0, max: 4 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(1 as const, 3 as const),
      fc.tuple(unit, unit, shift, shift, fc.oneof(unit, fc.constant(0.5)), fc.oneof(unit, fc.constant(0.5))),
      (height, width, channels, draws) => {
        const random = createRandom('warp');
        const pixels = Uint8Array.from({ length: channels * height * width }, () => random.int(256));
        const augmentation = { flip: true, flipVertical: true, shift: 2, rotate: 30, scale: 0.3 };
        const actual = augment([...pixels], height, width, augmentation, draws, channels);
        const expected = warped(pixels, height, width, channels, draws);
        expect(actual).toHaveLength(expected.length);
        expected.forEach((value, i) => {
          expect(Math.abs(actual[i]! - value)).toBeLessThan(1);
        });
      },
    ),
    { numRuns: 300, seed: 3 },
  );
});
