import { expect, test } from 'vitest';
import { datasetOf, randomSplit } from '../data/testing/images.ts';
import { networkCost } from '../network/cost.ts';
import { createRandom } from '../random.ts';
import { residual } from '../space/presets/residual.ts';
import { sampleNetwork } from '../space/sample-network.ts';
import type { Trial } from '../study/trial.ts';
import { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';
import { hangingSeconds } from './trial-executor.ts';

const shape = { channels: 1, height: 16, width: 16, classes: 2 } as const;
const dataset = datasetOf({ train: randomSplit(100, shape, 'hanging') }, shape);
const io = { inputShape: [1, 16, 16] as const, outputs: 2 };
const { network } = sampleNetwork(residual, createRandom('hanging'), io);
const options = SearchOptions.parse({ data: 'drawn', out: 'run' });
const plan = { time: null, threads: 1 } as SearchPlan;
const training = { epochs: 3, dataShare: 1 };
const request = { options, plan, dataset, trials: [] };

test('small trainings are given ten minutes', () => {
  expect(hangingSeconds(request, network, training)).toBe(600);
});

test('large ones many times what this machine needed for others', () => {
  const { macs, memoryBytes } = networkCost(network);
  const slow = [1, 2, 3, 4].map(
    () => ({ measures: { macs, memoryBytes, imagesPerSecond: 0.1 } }) as unknown as Trial,
  );
  // 300 images trained and 300 validated at a quarter of the cost, 10 s each.
  expect(hangingSeconds({ ...request, trials: slow }, network, training)! / (20 * 375 * 10)).toBeCloseTo(
    1,
    2,
  );
});

test('a limit of the options or the clock stands alone; devices may be waited for', () => {
  expect(
    hangingSeconds({ ...request, options: { ...options, trialTimeoutSeconds: 5 } }, network, training),
  ).toBe(null);
  expect(hangingSeconds({ ...request, plan: { ...plan, time: {} as never } }, network, training)).toBe(null);
  const phone = { ...options, devices: { phone: 'http://127.0.0.1:1/' } };
  expect(hangingSeconds({ ...request, options: phone }, network, training)).toBe(1200);
});
