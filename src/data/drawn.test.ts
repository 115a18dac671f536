import { expect, test } from 'vitest';
import { drawnDataset } from './drawn.ts';
import { loadImageDataset } from './load.ts';

const small = { train: 60, val: 20, test: 30 };

test('the same seed draws the same images, whatever the other splits hold', () => {
  const { dataset, report } = drawnDataset({ seed: 1, ...small });
  expect(dataset).toMatchObject({
    channels: 1,
    height: 28,
    width: 28,
    train: { count: 60 },
    test: { count: 30 },
  });
  expect(drawnDataset({ seed: 1, ...small }).dataset.fingerprint).toBe(dataset.fingerprint);
  expect(drawnDataset({ seed: 2, ...small }).dataset.fingerprint).not.toBe(dataset.fingerprint);
  expect(drawnDataset({ seed: 1, ...small, train: 10 }).dataset.test).toEqual(dataset.test);
  expect(report.classes.every((c) => c.train === 6 && c.val === 2 && c.test === 3)).toBe(true);
});

test('a fixed seed gives these bytes for ever', () => {
  expect(drawnDataset({ seed: 'golden', train: 20, val: 10, test: 10 }).dataset.fingerprint).toBe(
    '91449f3662cc8022dfea80f85937669b710bb233cd089edc3a8bf115a10d8893',
  );
});

test('the report says that the images are synthetic', () => {
  const { report } = drawnDataset({ seed: 1, ...small });
  expect(report.synthetic).toBe(true);
  expect(report.notes.join()).toContain('synthetic');
  expect(report.leaks).toEqual([]);
});

test('pixels alone say little: the nearest class mean hardly beats guessing', () => {
  const { dataset } = drawnDataset({ seed: 3, train: 2000, val: 500, test: 10 });
  const size = 28 * 28;
  const means = Array.from({ length: 10 }, () => new Float64Array(size));
  const pixel = (split: typeof dataset.train, i: number, p: number) =>
    split.images[i * size + p]! / 255 - 0.5;
  for (let i = 0; i < 2000; i++)
    for (let p = 0; p < size; p++) means[dataset.train.labels[i]!]![p]! += pixel(dataset.train, i, p) / 200;
  let right = 0;
  for (let i = 0; i < 500; i++) {
    const distances = means.map((mean) =>
      mean.reduce((sum, m, p) => sum + (m - pixel(dataset.val, i, p)) ** 2, 0),
    );
    if (distances.indexOf(Math.min(...distances)) === dataset.val.labels[i]) right++;
  }
  expect(right / 500).toBeLessThan(0.25);
});

test('are resized and repeated as RGB where that is asked for, by its name too', async () => {
  const asked = { imageSize: 12, channels: 3 } as const;
  const { dataset } = drawnDataset({ seed: 1, ...small, ...asked });
  const { channels, height, width, train } = dataset;
  expect([channels, height, width, train.images.length]).toEqual([3, 12, 12, 60 * 3 * 12 * 12]);
  const plane = 12 * 12;
  expect(train.images.subarray(0, plane)).toEqual(train.images.subarray(2 * plane, 3 * plane));
  expect((await loadImageDataset('drawn', { seed: 1, ...asked })).dataset).toMatchObject({
    channels: 3,
    width: 12,
  });
  for (const imageSize of [0, 12.5, Number.NaN])
    await expect(loadImageDataset('drawn', { seed: 1, imageSize })).rejects.toMatchObject({ code: 'USAGE' });
});
