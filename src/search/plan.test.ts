import { expect, test } from 'vitest';
import { SearchOptions } from './options.ts';
import { describePlan, type PlanFacts, planOf } from './plan.ts';

const facts = (changes: Partial<PlanFacts> = {}): PlanFacts => ({
  members: Number.POSITIVE_INFINITY,
  // Every tenth below 2 million, the largest 20 million.
  macs: Array.from({ length: 100 }, (_, i) => 2e5 * (i + 1)),
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

test('little time: few trials that learn enough to be told apart; more time: more trials, each longer', () => {
  const plans = [300, 2700, 24 * 3600, 14 * 24 * 3600].map((timeSeconds) =>
    planOf(options({ timeSeconds }), facts({ macs: Array.from({ length: 100 }, (_, i) => 1e6 * (i + 1)) })),
  );
  expect(plans[0]!.trials).toBe(6);
  for (const [i, plan] of plans.entries()) {
    if (i === 0) continue;
    expect(plan.trials).toBeGreaterThanOrEqual(plans[i - 1]!.trials);
    expect(plan.epochs * plan.dataShare).toBeGreaterThanOrEqual(
      plans[i - 1]!.epochs * plans[i - 1]!.dataShare,
    );
  }
  expect(plans[3]!.trials).toBe(60);
});

test('small spaces get no more trials than they have networks; a space of one gets the time for its training', () => {
  const plan = (members: number) => planOf(options({ timeSeconds: 2700 }), facts({ members }));
  expect(plan(3).trials).toBe(3);
  expect(plan(1).trials).toBe(1);
  expect(plan(1).time!.searchSeconds).toBeLessThan(0.03 * 2700);
  expect(planOf(options(), facts({ members: 5, levels: 2 })).trials).toBe(10);
  expect(planOf(options({ trials: 7 }), facts({ members: 5 })).trials).toBe(7);
});

test('more workers than cores do not train more in the same time', () => {
  const trained = (workers: number) => {
    const { trials, epochs, dataShare } = planOf(options({ timeSeconds: 2700, workers }), facts());
    return trials * epochs * dataShare;
  };
  expect(trained(1)).toBeLessThan(0.7 * trained(2));
  expect(trained(8)).toBeLessThan(1.1 * trained(2));
});

test('in sentences: figures with their units, one of a kind in the singular', () => {
  const subject = {
    space: { name: 'plain', size: '12' },
    augmentation: 'shifts of up to 4 px; no flips',
    usableCores: 2,
  };
  const described = options({
    trials: 1,
    epochs: 1,
    finalEpochs: 1,
    maxParams: 250_000,
    maxMacs: 5e7,
    maxMemoryBytes: 2 ** 19,
    maxLatencyMs: 0.5,
    maxSizeBytes: 2 ** 20,
  });
  expect(describePlan(planOf(described, facts()), described, subject)).toEqual([
    'space plain (12 genomes), strategy auto, seed 1',
    '1 trial of 1 epoch, 2 at once with 1 thread each',
    'augmentation: shifts of up to 4 px; no flips',
    'then the best one is trained for 1 epoch, tested once and exported to y',
    'bounds: at most 250 k parameters, at most 50 M MACs, at most 512 KB of activations, at most 0.5 ms an image, at most 1 MB of model file',
  ]);
  const crowded = options({ workers: 3 });
  expect(describePlan(planOf(crowded, facts()), crowded, subject)[2]).toMatch(
    /^more trials at once .* cores \(2\)/,
  );
});
