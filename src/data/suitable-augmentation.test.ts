import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { drawnDataset } from './drawn.ts';
import { loadImageDataset } from './load.ts';
import { suitableAugmentation } from './suitable-augmentation.ts';
import { datasetOf, randomSplit } from './testing/images.ts';
import { realData } from './testing/real-data.ts';

const SHAPE = { channels: 1, height: 16, width: 16, classes: 2 } as const;

/** Class 0 bright on one side, class 1 on the other: left and right, or top and bottom. */
function sides(count: number, seed: string, upright: boolean) {
  const random = createRandom(seed);
  const labels = Uint16Array.from({ length: count }, (_, i) => i % 2);
  const images = Uint8Array.from({ length: count * 256 }, (_, i) => {
    const place = upright ? Math.floor(i / 16) % 16 : i % 16;
    const bright = place < 8 === (labels[Math.floor(i / 256)] === 0);
    return (bright ? 130 : 90) + random.int(80);
  });
  return { count, images, labels };
}

test('flips are left out where they would turn one class into another', () => {
  const across = datasetOf({ train: sides(200, 'a', false), val: sides(100, 'b', false) }, SHAPE);
  expect(suitableAugmentation(across)).toMatchObject({ flip: false, flipVertical: false });
  const upright = datasetOf({ train: sides(200, 'a', true), val: sides(100, 'b', true) }, SHAPE);
  expect(suitableAugmentation(upright)).toMatchObject({ flip: true, flipVertical: false });
});

test('without evidence there are no flips', () => {
  const noise = datasetOf({ train: randomSplit(200, SHAPE, 'a'), val: randomSplit(100, SHAPE, 'b') }, SHAPE);
  expect(suitableAugmentation(noise).flip).toBe(false);
});

test('objects on a plain ground are rotated and scaled, textures are not', () => {
  const train = randomSplit(50, SHAPE, 'a');
  const framed = train.images.map((value, i) => {
    const [x, y] = [i % 16, Math.floor(i / 16) % 16];
    return x === 0 || y === 0 || x === 15 || y === 15 ? 0 : value;
  });
  const plain = datasetOf({ train: { ...train, images: framed } }, SHAPE);
  expect(suitableAugmentation(plain)).toMatchObject({ rotate: 10, scale: 0.1, shift: 2 });
  expect(suitableAugmentation(datasetOf({ train }, SHAPE))).toMatchObject({ rotate: 0, scale: 0 });
});

test('drawn images are not rotated, and shifted by an eighth', () => {
  const { dataset } = drawnDataset({ seed: 1, train: 500, val: 100, test: 10 });
  expect(suitableAugmentation(dataset)).toMatchObject({ rotate: 0, shift: 3, flipVertical: false });
});

describe('real data', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-cifar-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const mnist = realData('mnist');
  test.skipIf(mnist.absent)('digits are never mirrored', async () => {
    const { dataset } = await loadImageDataset(mnist.path, { seed: 1 });
    expect(suitableAugmentation(dataset)).toEqual({
      flip: false,
      flipVertical: false,
      shift: 3,
      cutout: 0,
      jitter: 0,
      rotate: 10,
      scale: 0.1,
      mixup: 0,
    });
  });
  const cifar = realData('cifar10/cifar10_jpg.tar.gz');
  test.skipIf(cifar.absent)('photographs are', async () => {
    // Every twentieth image is enough to tell.
    execFileSync('tar', ['-xzf', cifar.path, '-C', folder, '--wildcards', '*/*[02468]0.jpg']);
    const { dataset, report } = await loadImageDataset(folder, { seed: 1 });
    expect(report).toMatchObject({ images: 3000, splits: { test: { count: 500 } } });
    expect(suitableAugmentation(dataset)).toMatchObject({
      flip: true,
      flipVertical: false,
      shift: 4,
      cutout: 0,
      rotate: 0,
    });
  });
});
