/** The training loop: the same bits from the same seed, also when it is stopped and resumed from its checkpoint. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NO_AUGMENTATION } from '../data/augment.ts';
import { drawnDataset } from '../data/drawn.ts';
import { networkBuilder } from '../network/builder.ts';
import { createSessionPool } from '../runtime/session-pool.ts';
import type { OptimiserPlan, TrainingPlan, TrainingResult } from './plan.ts';
import { type TrainingRequest, trainNetwork } from './train.ts';

const { dataset } = drawnDataset({ seed: 'train', train: 60, val: 20, test: 20 });

function network() {
  const b = networkBuilder([1, 28, 28]);
  const x = b.activation(b.batchNorm(b.conv(b.input, { out: 16, kernel: 3, stride: 4 })), 'relu');
  const dropped = b.dropout(b.flatten(b.globalAveragePool(x)), 0.3);
  return b.build([b.linear(dropped, { out: dataset.classes.length })]);
}

const plan = (optimiser: OptimiserPlan): TrainingPlan => ({
  epochs: 3,
  batchSize: 16,
  dataShare: 1,
  optimiser,
  learningRate: 1e-3,
  schedule: 'oneCycle',
  warmup: 0.2,
  labelSmoothing: 0.1,
  classWeights: null,
  clipNorm: 1,
  ema: 0.9,
  augmentation: { ...NO_AUGMENTATION, flip: true, shift: 2, mixup: 0.2 },
});

const request = (optimiser: OptimiserPlan): TrainingRequest => ({
  network: network(),
  dataset,
  plan: plan(optimiser),
  seed: 'train',
  threads: 1,
});

const bits = ({ weights }: TrainingResult) =>
  new Map([...weights].map(([name, { data }]) => [name, [...new Uint8Array(data.buffer.slice(0))].join()]));
const losses = ({ curve }: TrainingResult) => curve.map(({ trainLoss, valLoss }) => [trainLoss, valLoss]);

const OPTIMISERS: readonly OptimiserPlan[] = [
  { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
  { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
  { kind: 'rmsprop', smoothing: 0.99, epsilon: 1e-8, momentum: 0.9, centred: true, weightDecay: 1e-4 },
  { kind: 'lion', beta1: 0.9, beta2: 0.99, weightDecay: 0.1 },
];

test.each(OPTIMISERS.map((o) => [o.kind, o] as const))('%s: the same bits after stopping', async (_, o) => {
  const whole = await trainNetwork(request(o));
  const folder = mkdtempSync(join(tmpdir(), 'espalier-train-'));
  try {
    const checkpoint = join(folder, 'checkpoint.safetensors');
    const stop = new AbortController();
    const stopped = trainNetwork({
      ...request(o),
      checkpoint,
      signal: stop.signal,
      onEpoch: ({ epoch }) => {
        if (epoch === 2) stop.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    const began: number[] = [];
    const resumed = await trainNetwork({
      ...request(o),
      checkpoint,
      onEpoch: ({ epoch }) => began.push(epoch),
    });
    expect(began).toEqual([3]);
    expect(losses(resumed)).toEqual(losses(whole));
    expect(bits(resumed)).toEqual(bits(whole));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('at a deadline that is over, a checkpoint gives its weights as they are', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-train-'));
  try {
    const checkpoint = join(folder, 'checkpoint.safetensors');
    const stop = new AbortController();
    let point: unknown = null;
    const stopped = trainNetwork({
      ...request(OPTIMISERS[0]!),
      checkpoint,
      signal: stop.signal,
      onEpoch: (reached) => {
        point = reached;
        stop.abort(new Error('killed'));
      },
    });
    await expect(stopped).rejects.toThrow('killed');
    const late = await trainNetwork({
      ...request(OPTIMISERS[0]!),
      checkpoint,
      deadline: Date.now() - 1000,
      onEpoch: () => expect.unreachable('nothing is left to train'),
    });
    expect(late.curve).toEqual([point]);
    expect(late.cutShort).toBe(true);
    expect(
      [...late.weights.values()].every(({ data }) => [...(data as Float32Array)].every(Number.isFinite)),
    ).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a session that has trained another candidate gives the same bits', async () => {
  const { open, close } = createSessionPool({ residentLimit: Number.POSITIVE_INFINITY });
  const opened: unknown[] = [];
  const openSession: typeof open = async (...args) => {
    const session = await open(...args);
    opened.push(session.inputs);
    return session;
  };
  const [first, second] = [request(OPTIMISERS[0]!), { ...request(OPTIMISERS[0]!), seed: 'another' }];
  await trainNetwork({ ...first, openSession });
  const after = await trainNetwork({ ...second, openSession });
  expect(opened).toHaveLength(2);
  expect(opened[1]).toBe(opened[0]);
  expect(bits(after)).toEqual(bits(await trainNetwork(second)));
  await close();
});

test.each<[string, Partial<TrainingPlan>]>([
  ['epochs is 0', { epochs: 0 }],
  ['epochs is 1.5', { epochs: 1.5 }],
  ['batchSize is 0', { batchSize: 0 }],
  ['dataShare is 1.2', { dataShare: 1.2 }],
  ['learningRate is NaN', { learningRate: Number.NaN }],
  ['weightDecay is -1', { optimiser: { ...OPTIMISERS[0]!, weightDecay: -1 } }],
  ['warmup is 2', { warmup: 2 }],
  ['labelSmoothing is -0.1', { labelSmoothing: -0.1 }],
  ['clipNorm is -1', { clipNorm: -1 }],
  ['ema is 1', { ema: 1 }],
  ['classWeights is 1,1', { classWeights: [1, 1] }],
  ['augmentation.shift is 1.5', { augmentation: { ...NO_AUGMENTATION, shift: 1.5 } }],
  ['augmentation.scale is 1', { augmentation: { ...NO_AUGMENTATION, scale: 1 } }],
  ['augmentation.mixup is -1', { augmentation: { ...NO_AUGMENTATION, mixup: -1 } }],
])('a plan whose %s is refused', async (what, part) => {
  const given = request(OPTIMISERS[0]!);
  await expect(trainNetwork({ ...given, plan: { ...given.plan, ...part } })).rejects.toMatchObject({
    code: 'USAGE',
    message: `The training plan's ${what}`,
  });
});
