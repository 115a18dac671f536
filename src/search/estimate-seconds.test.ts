import { expect, test } from 'vitest';
import { networkBuilder } from '../network/builder.ts';
import { int, struct } from '../space/choice.ts';
import { defineSpace } from '../space/define-space.ts';
import { estimateSeconds, type SecondsRequest } from './estimate-seconds.ts';
import { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';

const space = defineSpace({
  name: 'widths',
  description: 'One convolution.',
  choices: struct({ width: int(4, 80) }),
  build: ({ width }, io) => {
    const b = networkBuilder(io.inputShape);
    const x = b.globalAveragePool(b.conv(b.conv(b.input, { out: width, kernel: 3 }), { out: 64, kernel: 3 }));
    return b.build([b.linear(b.flatten(x), { out: io.outputs })]);
  },
});
const split = (count: number) => ({ count, images: new Uint8Array(), labels: new Uint16Array() });
const dataset: SecondsRequest['dataset'] = {
  channels: 3,
  height: 16,
  width: 16,
  classes: ['a', 'b'],
  train: split(10_000),
  val: split(1000),
  test: null,
};
const plan: SearchPlan = {
  trials: 20,
  workers: 2,
  threads: 1,
  finalThreads: 1,
  epochs: 4,
  finalEpochs: 20,
  dataShare: 1,
  resolution: 1,
  time: null,
};
const seconds = (changes: Partial<SearchPlan> = {}, options = {}, speed = 1e10): Promise<number> =>
  estimateSeconds({
    options: SearchOptions.parse({ data: 'x', out: 'y', strategy: 'random', ...options }),
    plan: { ...plan, ...changes },
    space,
    dataset,
    speed,
    usableCores: 2,
  });

test('it follows speed, epochs, trials and workers, and is the same twice', async () => {
  const usual = await seconds();
  expect(await seconds()).toBe(usual);
  expect(await seconds({}, {}, 5e9)).toBeGreaterThan(1.8 * usual);
  expect(await seconds({ epochs: 8, finalEpochs: 40 })).toBeGreaterThan(1.8 * usual);
  // Half of it is the final training.
  expect(await seconds({ trials: 40 })).toBeGreaterThan(1.3 * usual);
  expect(await seconds({ workers: 1 })).toBeGreaterThan(1.3 * usual);
  // More of them than cores take turns.
  expect(await seconds({ workers: 100 })).toBe(usual);
  expect(await seconds({ resolution: 0.5 })).toBeLessThan(usual);
});

test('small networks take less, more members of a front more', async () => {
  const usual = await seconds();
  expect(await seconds({}, { maxMacs: 2e6 })).toBeLessThan(usual);
  expect(await seconds({}, { front: 3 })).toBeGreaterThan(1.3 * usual);
});

test('in 8 bits every trial and every trained network takes longer', async () => {
  const usual = await seconds();
  const int8 = await seconds({}, { int8: true });
  // Two trials at once; timing takes 7 seconds in the end.
  expect(int8).toBeGreaterThan(usual + 10 * 1.5 + 7);
  expect(int8).toBeLessThan(2 * usual);
});

test('bounds that nothing meets are refused', async () => {
  await expect(seconds({}, { maxParams: 10 })).rejects.toMatchObject({ code: 'INFEASIBLE' });
});
