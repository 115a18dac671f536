import { expect, test } from 'vitest';
import { initialWeights } from '../network/initialise.ts';
import type { Network } from '../network/network.ts';
import { networkToOnnx } from '../network/to-onnx.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createRandom } from '../random.ts';
import { describeMachine } from './machine.ts';
import { measureLatency, steadiest } from './measure-latency.ts';
import type { ModelMeasurement } from './measure-model.ts';

test('a real model on ONNX Runtime', async () => {
  const conv = {
    kind: 'conv',
    outChannels: 8,
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1, 1, 1],
  } as const;
  const network: Network = {
    inputs: [{ id: 'input', shape: [3, 16, 16] }],
    nodes: [
      { id: 'conv', operator: { ...conv, dilation: [1, 1], groups: 1, bias: true }, inputs: ['input'] },
    ],
    outputs: ['conv'],
  };
  const weights = initialWeights(network, createRandom(1));
  const model = encodeModel(networkToOnnx(network, weights, { mode: 'inference', batch: 1 }));
  const latency = await measureLatency(model, { input: { shape: [1, 3, 16, 16] } }, { maxSeconds: 0.2 });
  expect(latency).toMatchObject({ threads: 1, provider: 'cpu', machine: describeMachine().processor });
  expect(latency.medianMs).toBeGreaterThan(0);
  expect(latency.lowMs).toBeLessThanOrEqual(latency.medianMs);
  expect(latency.highMs).toBeGreaterThanOrEqual(latency.medianMs);
  expect(latency.p95Ms).toBeGreaterThanOrEqual(latency.medianMs);
  expect(latency.runs).toBeGreaterThanOrEqual(3);
  expect(latency.trusted).toBe(latency.doubts.length === 0);
  await expect(measureLatency(Uint8Array.of(1, 2, 3), {})).rejects.toMatchObject({ code: 'MODEL_LOAD' });
});

/** A round on a machine where everything takes `slow` times as long. */
function round(slow: number, change: Partial<ModelMeasurement> = {}): ModelMeasurement {
  return {
    p5Ms: 1.9 * slow,
    p25Ms: 1.95 * slow,
    p50Ms: 2 * slow,
    p75Ms: 2.1 * slow,
    p95Ms: 2.2 * slow,
    lowMs: 1.98 * slow,
    highMs: 2.02 * slow,
    wide: false,
    runs: 100,
    averagedOver: 1,
    inputs: {},
    assumed: [],
    reference: { medianMs: 0.1 * slow, drift: 0.01, spread: 0.02 },
    threads: 1,
    provider: 'cpu',
    modelBytes: 1000,
    memory: { peakBytes: 1, addedBytes: 1 },
    preemptionsPerSecond: 1,
    machine: describeMachine(),
    trusted: true,
    doubts: [],
    ...change,
  };
}

/** Plays rounds; also says which of them came after a doubt. */
async function play(rounds: readonly ModelMeasurement[], referenceMs?: number) {
  const again: boolean[] = [];
  const latency = await steadiest(async (after) => {
    again.push(after);
    return rounds[again.length - 1]!;
  }, referenceMs);
  return { latency, again };
}

test('on a quiet machine one round is enough', async () => {
  const { latency, again } = await play([round(1.02), round(9)], 0.1);
  expect(again).toEqual([false]);
  expect(latency).toMatchObject({ medianMs: 2.04, trusted: true, doubts: [] });
  expect(latency.drift).toBeCloseTo(0.02, 10);
});

test('a slow phase that outlasts a round shows in the reference alone, and the round after it counts', async () => {
  const { latency, again } = await play([round(1.4), round(1)], 0.1);
  expect(again).toEqual([false, true]);
  expect(latency).toMatchObject({ medianMs: 2, trusted: true });
  // Nothing in the round itself speaks against it.
  expect((await play([round(1.4), round(1)])).latency.medianMs).toBe(2.8);
});

test('what stays slow says so, and the interval reaches down to what it would be at its best', async () => {
  const { latency, again } = await play([round(1.5), round(1.3), round(1.4)], 0.1);
  expect(again).toEqual([false, true, true]);
  expect(latency).toMatchObject({ medianMs: 2.6, trusted: false });
  expect(latency.doubts).toEqual([expect.stringContaining('30 % slower than at its best')]);
  expect(latency.drift).toBeCloseTo(0.3, 10);
  expect(latency.lowMs).toBeCloseTo(1.98, 10);
});

test('a drift within the round is a doubt, a model too slow for a narrow interval alone is none of the machine', async () => {
  const drifting = round(1, {
    doubts: ['slower'],
    reference: { medianMs: 0.09, drift: -0.2, spread: 0.02 },
  });
  const found = await play([drifting, round(1)]);
  expect(found.again).toEqual([false, true]);
  // The reference was fastest in the first.
  expect(found.latency).toMatchObject({ trusted: false, drift: 0.2, doubts: ['slower'] });
  const wide = await play([round(1, { wide: true, doubts: ['time was out'] })]);
  expect(wide.again).toEqual([false]);
  expect(wide.latency).toMatchObject({ wide: true, trusted: false });
});
