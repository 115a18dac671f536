import { expect, test } from 'vitest';
import { exampleFeeds } from './example-feeds.ts';

const image = { name: 'image', type: 'float32', shape: ['batch', 3, 'height', ''] };

test('axes without a size are 1, and said so except for the batch', () => {
  const { feeds, assumed } = exampleFeeds([image, { name: 'scale', type: 'float32', shape: [] }]);
  expect(feeds.image).toMatchObject({ dtype: 'float32', shape: [1, 3, 1, 1] });
  expect(feeds.image!.data).toHaveLength(3);
  // A scalar has no axes and one element.
  expect(feeds.scale).toMatchObject({ shape: [] });
  expect(feeds.scale!.data).toHaveLength(1);
  expect(assumed).toEqual(['image: height', 'image: axis 3']);
});

test('given shapes are taken; the same noise each time', () => {
  const shapes = new Map([['image', [2, 3, 8, 5]]]);
  const first = exampleFeeds([image], shapes);
  expect(first.assumed).toEqual([]);
  expect(first.feeds.image!.shape).toEqual([2, 3, 8, 5]);
  const data = first.feeds.image!.data as Float32Array;
  expect(data).toHaveLength(240);
  expect(new Set(data).size).toBeGreaterThan(200);
  expect(exampleFeeds([image], shapes).feeds.image!.data).toEqual(data);
});

test.each([
  ['another number of axes', [1, 3, 8], '1x3x8 does not fit its input "image", which is batchx3xheightx?'],
  ['another size of a fixed axis', [1, 4, 8, 8], '1x4x8x8 does not fit'],
])('%s is refused', (_, shape, message) => {
  expect(() => exampleFeeds([image], new Map([['image', shape]]))).toThrow(message);
});

test('an unknown name is refused with the known ones, and so is another type', () => {
  expect(() => exampleFeeds([image], new Map([['x', [1]]]))).toThrowError(
    expect.objectContaining({ code: 'MODEL_INPUT', hint: 'Its inputs are: image.' }),
  );
  expect(() => exampleFeeds([{ ...image, type: 'int64' }])).toThrow('"image" is of the type int64');
});
