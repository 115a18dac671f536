import { expect, test } from 'vitest';
import { localEngine } from './local-engine.ts';
import { createReferenceKernel, steadinessOf } from './reference-kernel.ts';

test.each([
  ['steady', [2, 2, 2, 2, 2, 2], { medianMs: 2, drift: 0, spread: 0 }],
  ['slower and slower', [1, 1.1, 1.2, 1.3, 1.4, 1.5], { medianMs: 1.25, drift: 1.4 / 1.1 - 1, spread: 0.4 }],
  ['faster', [2, 2, 1, 1], { medianMs: 1.5, drift: -0.5, spread: 2 / 3 }],
  // Each half has both levels: no drift, but not steady.
  ['back and forth', [1, 2, 1, 2, 1, 2, 1, 2], { medianMs: 1.5, drift: 0, spread: 2 / 3 }],
  ['one reading', [3], { medianMs: 3, drift: 0, spread: 0 }],
])('readings: %s', (_, readings, expected) => {
  const found = steadinessOf(readings);
  for (const key of ['medianMs', 'drift', 'spread'] as const)
    expect(found[key]).toBeCloseTo(expected[key], 12);
});

test('a single outlier neither drifts nor spreads', () => {
  const readings = Array.from({ length: 20 }, (_, i) => (i === 13 ? 50 : 1));
  expect(steadinessOf(readings)).toEqual({ medianMs: 1, drift: 0, spread: 0 });
});

test('the kernel runs and gives positive times', async () => {
  const kernel = await createReferenceKernel(localEngine(1));
  expect(await kernel.read()).toBeGreaterThan(0);
  await kernel.release();
});
