import { expect, test } from 'vitest';
import { SearchOptions } from './options.ts';
import { type PlanFacts, planOf } from './plan.ts';

const facts = (changes: Partial<PlanFacts> = {}): PlanFacts => ({
  smallMacs: 2e6,
  levels: 1,
  trainImages: 50_000,
  pixels: 1024,
  usableCores: 2,
  spentSeconds: 10,
  speed: 2e10,
  ...changes,
});
const options = (values: object = {}) => SearchOptions.parse({ data: 'x', out: 'y', ...values });

test('however short the time, a tenth of the space stays within the bound', () => {
  for (const timeSeconds of [1, 60, 600])
    for (const speed of [1e6, 1e9, 1e11])
      expect(planOf(options({ timeSeconds }), facts({ speed })).time!.maxMacs).toBeGreaterThanOrEqual(2e6);
});

test('more time allows larger networks', () => {
  const bound = (timeSeconds: number) => planOf(options({ timeSeconds }), facts()).time!.maxMacs;
  expect(bound(5400)).toBeGreaterThan(1.5 * bound(2700));
});

test('a strategy of three fidelities runs more trials in the same time', () => {
  const trials = (levels: number) => planOf(options({ timeSeconds: 2700 }), facts({ levels })).trials;
  expect(trials(3)).toBeGreaterThan(3 * trials(1));
});
