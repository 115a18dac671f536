import { expect, test } from 'vitest';
import type { KernelKind } from './kernels.ts';
import { partsOf, workOf } from './work.ts';

const kind: KernelKind = { name: 'a 3x3', family: 'a', sorts: ['calls', 'weights', 'macs'] };
const other: KernelKind = { name: 'a 5x5', family: 'a', sorts: ['calls', 'weights', 'macs'] };

test('kinds are summed in their family, and come on top of it by what tells them apart', () => {
  const work = workOf([
    { kind, amounts: [1, 20, 0] },
    { kind: other, amounts: [1, 30, 7] },
    { kind, amounts: [1, 50, 5] },
  ]);
  expect(Object.fromEntries(work)).toEqual({
    ...{ run: 1, 'a/calls': 3, 'a/weights': 100, 'a/macs': 12 },
    ...{ 'a: a 3x3/calls': 2, 'a: a 3x3/macs': 5, 'a: a 5x5/calls': 1, 'a: a 5x5/macs': 7 },
  });
});

test('all weights count between the powers of two that their number lies between, in no kind of kernels', () => {
  const fetched = (weights: number): [string, number][] =>
    [...workOf([{ kind, amounts: [1, weights, 0] }])].filter(([name]) => name.startsWith('run/'));
  expect(fetched(2 ** 15)).toEqual([]);
  expect(fetched(2 ** 20)).toEqual([['run/weights of 2^20', 2 ** 20]]);
  const between = 3 * 2 ** 19;
  const [low, high] = fetched(between);
  expect([low![0], high![0]]).toEqual(['run/weights of 2^20', 'run/weights of 2^21']);
  expect(low![1] + high![1]).toBeCloseTo(between, 6);
  expect(high![1] / between).toBeCloseTo(Math.log2(1.5), 10);
  expect(fetched(2 ** 30)).toEqual([['run/weights of 2^26', 2 ** 30]]);
  expect(partsOf(low![0]).kind).toBe('run');
});
