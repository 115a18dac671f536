import { expect, test } from 'vitest';
import { trainingOverhead } from '../estimation/training-speed.ts';
import { SearchOptions } from './options.ts';
import { describePlan, fewestEpochs, type PlanFacts, planOf, type SearchPlan } from './plan.ts';

const facts = (changes: Partial<PlanFacts> = {}): PlanFacts => ({
  members: Number.POSITIVE_INFINITY,
  // Every tenth below 2 million, the largest 20 million.
  macs: Array.from({ length: 100 }, (_, i) => 2e5 * (i + 1)),
  levels: 1,
  images: { train: 50_000, val: 5_000, test: 10_000 },
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

test.each([1, 3])(
  '8 bits have their time: the training of the largest network and its quantisation end in time, %i networks',
  (front) => {
    for (const timeSeconds of [120, 600, 2700, 4 * 3600])
      for (const maxDropPoints of [null, 0.3]) {
        const own = facts({ macs: Array.from({ length: 100 }, (_, i) => 1e6 * (i + 1)) });
        const given = { timeSeconds, front, int8: true, maxDropPoints };
        const { time, finalThreads } = planOf(options(given), own);
        const { maxMacs, searchSeconds, totalSeconds, int8Seconds } = time!;
        // Test, export and report.
        const closing = own.spentSeconds + 4 + 0.03 * totalSeconds;
        const forAll = totalSeconds - closing - searchSeconds;
        // The others are half as large on the average.
        const forOne = forAll / (1 + (front - 1) / 2);
        const anImage = (maxMacs + trainingOverhead(own.pixels)) / own.speed / finalThreads ** 0.7;
        const training = fewestEpochs(own.images.train) * own.images.train * anImage;
        const inference = 0.4 * anImage;
        const quantising = 7 + inference * (4 * 512 + 2 * 5_000 + 10_000);
        // Networks that are too large for the time stay in the plan where nothing smaller is there.
        if (maxMacs > own.macs[10]!) expect(training + quantising).toBeLessThanOrEqual(forOne + 1e-6);
        expect(int8Seconds).toBeGreaterThan(0);
        expect(int8Seconds).toBeLessThan(forAll);
        const inFloat = planOf(options({ timeSeconds, front }), own).time!;
        expect(inFloat.int8Seconds).toBeUndefined();
        expect(maxMacs).toBeLessThanOrEqual(inFloat.maxMacs);
      }
  },
);

test('trials in 8 bits train less, as they are quantised, judged and timed too', () => {
  for (const timeSeconds of [600, 1200]) {
    // All of one size, so that both plans are for the same network.
    const own = facts({ macs: Array.from({ length: 100 }, () => 2e6) });
    const seen = ({ epochs, dataShare }: SearchPlan) => epochs * dataShare;
    const [float, int8] = [false, true].map((on) =>
      planOf(options({ timeSeconds, int8: on, trials: 60 }), own),
    );
    expect(seen(int8!)).toBeLessThan(seen(float!));
    expect(int8!.time!.trialSeconds).toBe(float!.time!.trialSeconds);
    expect(seen(int8!)).toBeGreaterThan(0.4 * seen(float!));
  }
});

test('the plan says what is kept for 8 bits', () => {
  const given = options({ timeSeconds: 600, int8: true });
  const lines = describePlan(planOf(given, facts()), given, {
    space: { name: 'little', size: '12' },
    augmentation: 'none',
    usableCores: 2,
  });
  expect(lines.join('\n')).toMatch(/trained for about .* min, up to .* (s|min) of it for 8 bits, tested/);
});
