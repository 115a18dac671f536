import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NO_AUGMENTATION } from '../data/augment.ts';
import type { ImageDataset, ImageSplit } from '../data/dataset.ts';
import { measureModel } from '../device/measure-model.ts';
import type { JobProgress, TrialHooks, TrialJob } from '../execution/executor.ts';
import type { Network } from '../network/network.ts';
import { createRandom } from '../random.ts';
import { createSession } from '../runtime/session.ts';
import { decodeSafetensors } from '../train/safetensors.ts';
import { classCounts } from './default-plan.ts';
import { evaluateTrial } from './evaluate-trial.ts';
import { ESTIMATORS } from './index.ts';

/** Bright left halves against bright right halves, with noise. */
function halves(count: number, seed: string): ImageSplit {
  const random = createRandom(seed);
  const labels = Uint16Array.from({ length: count }, (_, i) => i % 2);
  const images = Uint8Array.from({ length: count * 64 }, (_, i) => {
    const right = i % 8 >= 4 ? 1 : 0;
    return (labels[Math.floor(i / 64)] === right ? 150 : 80) + random.int(60);
  });
  return { count, images, labels };
}

/** A test split that nobody may look at. */
const forbidden = new Proxy({} as ImageSplit, {
  get: () => {
    throw new Error('the test split was touched');
  },
});
const dataset: ImageDataset = {
  name: 'halves',
  classes: ['left', 'right'],
  channels: 1,
  height: 8,
  width: 8,
  train: halves(160, 'train'),
  val: halves(60, 'val'),
  test: forbidden,
  normalisation: { mean: [0.5], std: [0.2] },
  fingerprint: 'halves',
};
const network: Network = {
  inputs: [{ id: 'input', shape: [1, 8, 8] }],
  nodes: [
    {
      id: 'conv',
      operator: {
        kind: 'conv',
        outChannels: 4,
        kernel: [3, 3],
        stride: [2, 2],
        padding: [1, 1, 1, 1],
        dilation: [1, 1],
        groups: 1,
        bias: false,
      },
      inputs: ['input'],
    },
    { id: 'norm', operator: { kind: 'batchNorm', epsilon: 1e-5, momentum: 0.9 }, inputs: ['conv'] },
    { id: 'relu', operator: { kind: 'activation', name: 'relu' }, inputs: ['norm'] },
    { id: 'flat', operator: { kind: 'flatten' }, inputs: ['relu'] },
    { id: 'head', operator: { kind: 'linear', outFeatures: 2, bias: true }, inputs: ['flat'] },
  ],
  outputs: ['head'],
};
const makeJob = (changes: Partial<TrialJob> = {}): TrialJob => ({
  ...ESTIMATORS.partial.createJob({
    trial: 5,
    network,
    dataset: 'the cache',
    classCounts: classCounts(dataset),
    augmentation: NO_AUGMENTATION,
    fidelity: { epochs: 3, dataShare: 1, resolution: 1 },
    seed: 'seed',
    threads: 1,
    latency: null,
  }),
  ...changes,
});
const hooks = (changes: Partial<TrialHooks> = {}): TrialHooks => ({
  signal: new AbortController().signal,
  onProgress: () => {},
  loadDataset: async () => dataset,
  openSession: createSession,
  measureModel,
  exclusively: (measure) => measure(),
  ...changes,
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-trial-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a trial learns, reports every epoch, and gives all its measures', async () => {
  const progress: JobProgress[] = [];
  let exclusive = 0;
  const outcome = await evaluateTrial(
    makeJob({ latency: { threads: 1, maxMs: 1000 } }),
    hooks({
      onProgress: (one) => progress.push(one),
      exclusively: (measure) => {
        exclusive++;
        return measure();
      },
    }),
  );
  expect(outcome).toMatchObject({ state: 'complete', reason: null });
  expect(outcome.measures).toMatchObject({ params: 36 + 4 + 128 + 2, macs: 36 * 16 + 128, epochs: 3 });
  expect(outcome.measures.valAccuracy).toBeGreaterThan(0.9);
  expect(Object.keys(outcome.measures).sort()).toEqual([
    'epochs',
    'imagesPerSecond',
    'latencyDrift',
    'latencyHighMs',
    'latencyLowMs',
    'latencyMs',
    'latencyTrusted',
    'macs',
    'memoryBytes',
    'params',
    'sizeBytes',
    'trainSeconds',
    'valAccuracy',
    'valLoss',
  ]);
  for (const value of Object.values(outcome.measures)) expect(value).toBeGreaterThanOrEqual(0);
  // Once more for each round that was in doubt.
  expect(exclusive).toBeGreaterThanOrEqual(1);
  expect(outcome.curve.map((point) => point.epoch)).toEqual([1, 2, 3]);
  expect(progress.flatMap((one) => one.curve ?? [])).toEqual(outcome.curve);
  const shares = progress.map((one) => one.progress);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
});

test('in 8 bits: size and accuracy, and latency where it is measured', async () => {
  const { state, measures } = await evaluateTrial(makeJob({ int8: true }), hooks());
  expect(state).toBe('complete');
  expect(measures.int8ValAccuracy).toBeGreaterThan(0.9);
  expect(measures.int8SizeBytes).toBeGreaterThan(174);
  expect(measures.int8LatencyMs).toBeUndefined();
});

test('the same job gives the same accuracies twice', async () => {
  const figures = async () =>
    (await evaluateTrial(makeJob(), hooks())).curve.map(({ seconds: _, ...figure }) => figure);
  expect(await figures()).toEqual(await figures());
});

test('too slow: pruned before training, with both numbers; the data is not even loaded', async () => {
  const loadDataset = async () => {
    throw new Error('loaded');
  };
  const outcome = await evaluateTrial(
    makeJob({ latency: { threads: 1, maxMs: 1e-6 } }),
    hooks({ loadDataset }),
  );
  expect(outcome.state).toBe('pruned');
  expect(outcome.reason).toMatch(/^latency \d+\.\d\d ms is over the bound of 0.000001 ms$/);
  expect(outcome.measures).toMatchObject({ params: 170, latencyMs: expect.any(Number) });
  expect(outcome.curve).toEqual([]);
});

test('a bound on size or memory is found broken before training too; memory is measured in a process of its own', async () => {
  const loadDataset = async () => {
    throw new Error('loaded');
  };
  const small = await evaluateTrial(
    makeJob({ bounds: [{ measure: 'sizeBytes', max: 100 }] }),
    hooks({ loadDataset }),
  );
  expect(small).toMatchObject({ state: 'pruned', curve: [] });
  expect(small.reason).toMatch(/^sizeBytes = \d+ is over the bound of 100$/);
  const { state, measures } = await evaluateTrial(
    makeJob({ peakMemory: true, bounds: [{ measure: 'peakMemoryBytes', max: 1 }] }),
    hooks({ loadDataset }),
  );
  expect(state).toBe('pruned');
  expect(measures.peakMemoryBytes).toBeGreaterThan(2 ** 12);
  expect(measures.peakMemoryBytes).toBeLessThan(2 ** 28);
}, 60_000);

test('a training that diverges fails with a reason and keeps what is known', async () => {
  const plan = { ...makeJob().plan, learningRate: 1e30, clipNorm: 0, warmup: 0 };
  const outcome = await evaluateTrial(makeJob({ plan }), hooks());
  expect(outcome.state).toBe('failed');
  expect(outcome.reason).toMatch(/diverged|validation loss/);
  expect(outcome.measures).toMatchObject({ params: 170 });
});

test('a lower resolution trains on smaller images but costs are those of the full side', async () => {
  const wide = 16;
  const full = { ...network, inputs: [{ id: 'input', shape: [1, wide, wide] }] };
  const enlarge = (split: ImageSplit): ImageSplit => ({
    ...split,
    images: Uint8Array.from({ length: split.count * wide * wide }, (_, i) => {
      const [image, y, x] = [Math.floor(i / 256), Math.floor((i % 256) / 16), i % 16];
      return split.images[image * 64 + (y >> 1) * 8 + (x >> 1)]!;
    }),
  });
  const large = {
    ...dataset,
    width: wide,
    height: wide,
    train: enlarge(dataset.train),
    val: enlarge(dataset.val),
  };
  const outcome = await evaluateTrial(
    makeJob({ network: full, resolution: 0.5 }),
    hooks({ loadDataset: async () => large }),
  );
  expect(outcome).toMatchObject({ state: 'complete', measures: { macs: 36 * 64 + 512 } });
  expect(outcome.measures.valAccuracy).toBeGreaterThan(0.9);
});

test('weights are written whole; a checkpoint resumes to the same end', async () => {
  const [checkpoint, weightsFile] = [join(folder, 'checkpoint'), join(folder, 'weights.safetensors')];
  const read = async () =>
    decodeSafetensors(new Uint8Array(await readFile(weightsFile)), weightsFile).tensors;
  const whole = await evaluateTrial(makeJob({ weightsFile }), hooks());
  const expected = await read();
  expect([...expected.keys()].sort()).toEqual(
    [
      'conv.weight',
      'head.bias',
      'head.weight',
      'norm.bias',
      'norm.mean',
      'norm.variance',
      'norm.weight',
    ].sort(),
  );

  const controller = new AbortController();
  const onProgress = ({ curve }: JobProgress) =>
    curve?.epoch === 2 && controller.abort(new Error('interrupted'));
  const interrupted = evaluateTrial(
    makeJob({ checkpoint }),
    hooks({ signal: controller.signal, onProgress }),
  );
  await expect(interrupted).rejects.toThrow('interrupted');
  const resumed = await evaluateTrial(makeJob({ checkpoint, weightsFile }), hooks());
  expect(resumed.curve.map((point) => point.valLoss)).toEqual(whole.curve.map((point) => point.valLoss));
  expect(await read()).toEqual(expected);
});

test('an error that is not the candidate’s is thrown', async () => {
  const loadDataset = async () => {
    throw new TypeError('a bug');
  };
  await expect(evaluateTrial(makeJob(), hooks({ loadDataset }))).rejects.toThrow('a bug');
});
