import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { crowdingDistances, dominates, hypervolume, paretoRanks } from './pareto.ts';

const vectors = (dimensions: number) =>
  fc.array(fc.tuple(...Array.from({ length: dimensions }, () => fc.integer({ min: 0, max: 9 }))), {
    minLength: 1,
    maxLength: 12,
  });

test('a vector dominates another when it is no worse anywhere and better somewhere', () => {
  expect(dominates([1, 2], [1, 1])).toBe(true);
  expect(dominates([1, 1], [1, 1])).toBe(false);
  expect(dominates([2, 0], [0, 2])).toBe(false);
});

test('rank 0 is what nothing dominates; every later rank is dominated by one before', () => {
  fc.assert(
    fc.property(vectors(3), (points) => {
      const ranks = paretoRanks(points);
      points.forEach((point, i) => {
        const above = points.filter((other) => dominates(other, point));
        expect(ranks[i] === 0).toBe(above.length === 0);
        if (ranks[i]! > 0)
          expect(points.some((p, j) => ranks[j] === ranks[i]! - 1 && dominates(p, point))).toBe(true);
      });
    }),
    { seed: 1 },
  );
});

test.each([2, 3])(
  'the hypervolume of %i objectives is the share of random points below the front',
  (dimensions) => {
    const random = createRandom('hypervolume');
    const front = Array.from({ length: 6 }, () => Array.from({ length: dimensions }, () => random.next()));
    const zero = new Array<number>(dimensions).fill(0);
    let below = 0;
    const draws = 200_000;
    for (let i = 0; i < draws; i++) {
      const point = zero.map(() => random.next());
      if (front.some((f) => f.every((v, k) => v >= point[k]!))) below++;
    }
    expect(hypervolume(front, zero)).toBeCloseTo(below / draws, 2);
  },
);

test('the ends of a front are never crowded', () => {
  const distances = crowdingDistances([
    [0, 4],
    [1, 3],
    [1.1, 2.9],
    [4, 0],
  ]);
  expect(distances[0]).toBe(Number.POSITIVE_INFINITY);
  expect(distances[3]).toBe(Number.POSITIVE_INFINITY);
  expect(distances[1]!).toBeLessThan(Number.POSITIVE_INFINITY);
});
