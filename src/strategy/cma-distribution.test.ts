import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import {
  afterGeneration,
  deviation,
  firstDistribution,
  generationSize,
  pointOf,
  type SearchDistribution,
} from './cma-distribution.ts';

const N = 5;

/** Evaluations until a function of the unit cube falls below 1e-8; at most 6,000. */
function evaluationsOn(cost: (x: Float64Array) => number, seed: number): number {
  const random = createRandom(seed);
  let distribution = firstDistribution(new Float64Array(N).fill(0.5));
  const size = generationSize(N);
  for (let spent = size; spent <= 6000; spent += size) {
    const points = Array.from({ length: size }, () =>
      pointOf(
        distribution,
        Float64Array.from({ length: N }, () => random.normal()),
      ),
    ).sort((a, b) => cost(a) - cost(b));
    if (cost(points[0]!) < 1e-8) return spent;
    distribution = afterGeneration(distribution, points);
  }
  return Number.POSITIVE_INFINITY;
}

const OPTIMUM = [0.3, 0.7, 0.45, 0.6, 0.25];
const sphere = (x: Float64Array): number => x.reduce((sum, v, k) => sum + (v - OPTIMUM[k]!) ** 2, 0);
/** Axes turned into each other, the longest a thousand times the shortest. */
const ellipsoid = (x: Float64Array): number => {
  const d = x.map((v, k) => v - OPTIMUM[k]!);
  let sum = 0;
  for (let k = 0; k < N; k++) {
    const turned = (d[k]! + d[(k + 1) % N]! * (k % 2 === 0 ? 1 : -1)) / Math.SQRT2;
    sum += (10 ** ((3 * k) / (N - 1)) * turned) ** 2;
  }
  return sum;
};

test.each([1, 2, 3])('the optimum of a sphere is found in some hundred evaluations, seed %i', (seed) => {
  expect(evaluationsOn(sphere, seed)).toBeLessThan(900);
});

test.each([1, 2, 3])('a turned ellipsoid of condition 10⁶ costs a few times as much, seed %i', (seed) => {
  expect(evaluationsOn(ellipsoid, seed)).toBeLessThan(4000);
});

test('the covariance takes on the shape of the problem', () => {
  const random = createRandom('shape');
  let distribution: SearchDistribution = firstDistribution(Float64Array.of(0.5, 0.5));
  const cost = (x: Float64Array): number => (x[0]! - 0.4) ** 2 + (10 * (x[1]! - 0.6)) ** 2;
  for (let generation = 0; generation < 30; generation++) {
    const points = Array.from({ length: 12 }, () =>
      pointOf(distribution, Float64Array.of(random.normal(), random.normal())),
    ).sort((a, b) => cost(a) - cost(b));
    distribution = afterGeneration(distribution, points);
  }
  const ratio = deviation(distribution, 0) / deviation(distribution, 1);
  expect(ratio).toBeGreaterThan(4);
  expect(ratio).toBeLessThan(25);
});

test('with flat weights of one point the mean moves to it', () => {
  const start = firstDistribution(Float64Array.of(0.5));
  const next = afterGeneration(start, [Float64Array.of(0.6), Float64Array.of(0.4)]);
  expect(next.mean[0]).toBeCloseTo(0.6, 12);
});
