import { expect, test } from 'vitest';
import { fail } from '../../errors.ts';
import { decodeModel } from '../../onnx/decode.ts';
import { createRandom } from '../../random.ts';
import { PRESETS } from '../../space/presets/index.ts';
import { drawModel, type RandomModels } from './random-models.ts';
import type { Timer } from './time-briefly.ts';
import { timeInRounds } from './time-in-rounds.ts';
import { steady } from './typical-latency.ts';

const setting = {
  spaces: [PRESETS.mobile, PRESETS.nasbench201, PRESETS.residual],
  io: { inputShape: [3, 32, 32], outputs: 10 },
} as const;

const drawnFrom = (models: RandomModels, seed: string) => {
  const random = createRandom(seed);
  return { random, draw: (index: number) => drawModel(models, index, random.split(index)) };
};

test('networks are timed in rounds, each in another order, and a slow one does not count', async () => {
  // A machine that is slow during the first round.
  const asked: number[] = [];
  const timer: Timer = async (encoded) => {
    const { graph } = decodeModel(encoded);
    asked.push(graph.nodes.length);
    return steady(graph.nodes.length * (asked.length <= 5 ? 3 : 1));
  };
  const { samples, refused } = await timeInRounds({
    ...drawnFrom(setting, 'rounds'),
    timer,
    rounds: 4,
    seconds: 1e6,
    networks: 5,
  });
  expect(asked).toHaveLength(20);
  for (const [i, { ms, rounds }] of samples.entries()) {
    const nodes = asked[i]!;
    expect(ms).toBeCloseTo(nodes, 9);
    expect(rounds).toEqual([3, 1, 1, 1].map((slow) => steady(slow * nodes)));
  }
  expect(refused).toEqual([]);
  const ascending = (round: number): number[] => asked.slice(5 * round, 5 * round + 5).sort((a, b) => a - b);
  for (const round of [1, 2, 3]) expect(ascending(round)).toEqual(ascending(0));
  expect(asked.slice(15)).not.toEqual(asked.slice(0, 5));
});

test('a small budget goes to as many networks as a fit needs, before it goes to rounds', async () => {
  const setting = { spaces: [PRESETS.repvgg], io: { inputShape: [3, 8, 8], outputs: 2 } } as const;
  const options = { ...drawnFrom(setting, 'small'), networks: 30, rounds: 4 };
  // Each timing is a large share of the time: without a need the first round leaves room for three more.
  const timer: Timer = () => new Promise((resolve) => setTimeout(() => resolve(steady(1)), 40));
  const few = await timeInRounds({ ...options, timer, seconds: 0.2 });
  expect(few.samples.length).toBeLessThan(5);
  const shares: number[] = [];
  const needed = await timeInRounds({
    ...{ ...options, timer: async () => steady(1), seconds: 1e6, networks: 6, fewest: 6 },
    onTimed: ({ share }) => shares.push(share),
  });
  expect(needed.samples).toHaveLength(6);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
});

test('a device whose answers are of no use now and then costs a network, always so ends it', async () => {
  let asked = 0;
  const answers: Timer = async () =>
    ++asked % 4 === 2 ? fail('DEVICE_ANSWER', { device: 'a', reason: 'rubbish' }) : steady(1);
  const options = { ...drawnFrom(setting, 'rubbish'), seconds: 1e6, networks: 4, rounds: 4 };
  const { samples } = await timeInRounds({ ...options, timer: answers });
  expect(samples).toHaveLength(3);
  const rubbish = async () => fail('DEVICE_ANSWER', { device: 'a', reason: 'rubbish' });
  await expect(timeInRounds({ ...options, timer: rubbish })).rejects.toThrow('rubbish');
});

test('a network that the runtime refuses is skipped and counted; when it refuses all, it says why', async () => {
  let asked = 0;
  const timer: Timer = async () => {
    asked++;
    return asked % 5 === 2 ? fail('MODEL_LOAD', { reason: 'no such operator' }) : steady(1);
  };
  const options = {
    ...drawnFrom(setting, 'refused'),
    timer,
    seconds: 1e6,
    networks: 4,
    rounds: 4,
  };
  const { samples, refused } = await timeInRounds(options);
  // The second network at first, the others later on: what was refused once is not asked for again.
  expect(refused[0]!.reason).toContain('no such operator');
  expect(refused[0]!.index).toBe(1);
  expect(refused.length + samples.length).toBe(4);
  expect(samples.map(({ index }) => index)).not.toContain(1);
  const never = async () => fail('MODEL_LOAD', { reason: 'not at all' });
  await expect(timeInRounds({ ...options, timer: never })).rejects.toThrow('not at all');
  // A device that is away is not a network's fault.
  const gone = async () => fail('DEVICE_UNREACHABLE', { device: 'a', reason: 'gone' });
  await expect(timeInRounds({ ...options, timer: gone })).rejects.toMatchObject({
    code: 'DEVICE_UNREACHABLE',
  });
});

test('a device that is lost on the way: what was timed until then counts, where it suffices', async () => {
  const lostAfter = (answers: number): Timer => {
    let asked = 0;
    return async () =>
      ++asked > answers ? fail('DEVICE_UNREACHABLE', { device: 'a', reason: 'gone' }) : steady(1);
  };
  const options = {
    ...drawnFrom(setting, 'lost'),
    seconds: 1e6,
    networks: 6,
    rounds: 4,
    fewest: 4,
  };
  // In the second round.
  const { samples, lost } = await timeInRounds({ ...options, timer: lostAfter(8) });
  expect(lost?.message).toContain('gone');
  expect(samples.map(({ rounds }) => rounds.length).sort()).toEqual([1, 1, 1, 1, 2, 2]);
  await expect(timeInRounds({ ...options, timer: lostAfter(3) })).rejects.toMatchObject({
    code: 'DEVICE_UNREACHABLE',
    message: expect.stringContaining('gone; 3 networks were timed by then, fewer than the 4 that are needed'),
  });
  expect((await timeInRounds({ ...options, timer: async () => steady(1) })).lost).toBeNull();
});
