/** Honest files agree with themselves; each lie is caught by the check that it concerns. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImageDataset } from '../../data/dataset.ts';
import { drawnDataset } from '../../data/drawn.ts';
import { describeMachine } from '../../device/machine.ts';
import { deployedCost } from '../../network/deployed-cost.ts';
import { initialWeights } from '../../network/initialise.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { sealModel } from '../../onnx/seal.ts';
import { calibrationBatches } from '../../quantisation/calibration/batches.ts';
import { quantise } from '../../quantisation/quantise.ts';
import { createRandom } from '../../random.ts';
import { spaceDigest } from '../../space/digest.ts';
import { fromArchString, nasBench201 } from '../../space/presets/nasbench201.ts';
import { evaluateModel } from '../../train/evaluate.ts';
import { VERSION } from '../../version.ts';
import { exportedModel } from '../export-model.ts';
import { accuracyEntry } from '../model-figures.ts';
import { ioOf, type ModelMetadata, writeMetadata } from '../model-metadata.ts';
import type { VerifyContext } from './check.ts';
import { checkAccuracy } from './data.ts';
import { verifyFile } from './verify-file.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-verify-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

const SEED = 4;
const space = nasBench201();
/** Of little cost. */
const genome = fromArchString(
  '|skip_connect~0|+|none~0|skip_connect~1|+|nor_conv_1x1~0|none~1|skip_connect~2|',
);
let model: OnnxModel;
let drawn: ImageDataset;
let metadata: ModelMetadata;
/** One layer of it stays in float. */
const KEPT = 'stem.conv';
let int8Model: OnnxModel;
let int8Metadata: ModelMetadata;

beforeAll(async () => {
  const { dataset } = await drawnDataset({ seed: SEED });
  drawn = dataset;
  const { mean, std } = dataset.normalisation;
  const network = space.build(genome, {
    inputShape: [dataset.channels, dataset.height, dataset.width],
    outputs: dataset.classes.length,
  });
  const weights = initialWeights(network, createRandom(2));
  const shape = {
    labels: [...dataset.classes],
    preprocessing: {
      channels: dataset.channels,
      height: dataset.height,
      width: dataset.width,
      colour: dataset.channels === 1 ? 'grey' : 'rgb',
      mean: [...mean],
      std: [...std],
      scale: 1 / 255,
      resize: 'area',
    },
  } as const satisfies Partial<ModelMetadata>;
  const plain = exportedModel(network, weights, null);
  const split = dataset.test!;
  const { accuracy } = await evaluateModel({ model: encodeModel(plain), split, dataset, threads: 1 });
  metadata = {
    ...shape,
    genome,
    space: space.name,
    spaceDigest: spaceDigest(space, ioOf(shape)),
    trial: 0,
    seed: SEED,
    version: VERSION,
    data: dataset.fingerprint,
    cost: deployedCost(network),
    accuracy: { float: accuracyEntry(dataset, { val: 0, test: accuracy }) },
    latency: {
      float: {
        kind: 'measured',
        medianMs: 1,
        lowMs: 1,
        highMs: 1,
        threads: 1,
        machine: 'another processor',
      },
    },
  };
  const batches = calibrationBatches(dataset, {
    input: 'input',
    images: 32,
    batch: 32,
    random: createRandom('calibration'),
  });
  const quantised = await quantise(plain, batches, { keepFloat: new Set([KEPT]) });
  const judged = await evaluateModel({ model: encodeModel(quantised.model), split, dataset, threads: 1 });
  int8Metadata = {
    ...metadata,
    precision: 'int8',
    accuracy: {
      ...metadata.accuracy,
      int8: accuracyEntry(dataset, { val: 0, test: judged.accuracy }),
    },
    quantisation: {
      target: 'onnxruntime',
      floatLayers: quantised.layers.flatMap(({ name, op, reason }) =>
        reason === null ? [] : [{ name, op, reason }],
      ),
    },
  };
  int8Model = quantised.model;
  model = { ...plain, metadata: writeMetadata(metadata) };
}, 60_000);

/** Verifies a file of these bytes; the status of each check, and whether all is well. */
async function verdict(
  bytes: Uint8Array,
  options: { readonly data?: string; readonly latency?: boolean } = {},
): Promise<Record<string, unknown>> {
  const path = join(ROOT, 'model.onnx');
  writeFileSync(path, bytes);
  const report = await verifyFile({
    path,
    data: options.data ?? null,
    space: null,
    latency: options.latency ?? false,
    threads: 1,
    signal: new AbortController().signal,
  });
  return { ok: report.ok, ...Object.fromEntries(report.checks.map(({ name, status }) => [name, status])) };
}

/** What is said of the latency. */
async function latencyText(bytes: Uint8Array, latency = true): Promise<string | undefined> {
  const path = join(ROOT, 'timed.onnx');
  writeFileSync(path, bytes);
  const signal = new AbortController().signal;
  const { checks } = await verifyFile({ path, data: null, space: null, latency, threads: 1, signal });
  const found = checks.find(({ name }) => name === 'latency');
  expect(found?.status).toBe('unchecked');
  return found?.text;
}

/** The model with other words about itself, sealed as if it had always said so. */
const saying = (change: Partial<ModelMetadata>): Uint8Array =>
  sealModel({ ...model, metadata: writeMetadata({ ...metadata, ...change }) });

const sayingIn8Bits = (change: Partial<ModelMetadata>): Uint8Array =>
  sealModel({ ...int8Model, metadata: writeMetadata({ ...int8Metadata, ...change }) });

/** What the check of the accuracy says, without reading the data once more. */
async function accuracyIn8Bits(said: ModelMetadata): Promise<string | undefined> {
  const bytes = sealModel(int8Model);
  const context = {
    bytes,
    model: int8Model,
    precision: 'int8',
    metadata: said,
    dataset: drawn,
    threads: 1,
  } as const;
  return (await checkAccuracy(context as unknown as VerifyContext))?.status;
}

const better = (accuracy: ModelMetadata['accuracy']['float']): ModelMetadata['accuracy']['float'] => ({
  ...accuracy,
  test: accuracy.test! + 0.02,
});

test('an honest file agrees; what needs data or the same device is said to be unchecked', async () => {
  expect(await verdict(sealModel(model))).toEqual({
    ok: true,
    digest: 'agrees',
    structure: 'agrees',
    cost: 'agrees',
    runs: 'agrees',
    intervals: 'agrees',
    latency: 'unchecked',
    data: 'unchecked',
    accuracy: 'unchecked',
  });
  expect(await verdict(sealModel(model), { latency: true })).toMatchObject({
    ok: true,
    latency: 'unchecked',
  });
}, 60_000);

test('why a latency is not compared is said', async () => {
  expect(await latencyText(sealModel(model), false)).toBe('left out, as --no-latency asks');
  expect(await latencyText(sealModel(model))).toMatch(
    / ms here .*; not compared with 1 ms recorded, which is of another processor \(another processor; here /,
  );
  const silent = saying({ latency: { float: null } });
  expect(await latencyText(silent)).toMatch(/; not compared: the file holds no latency in float$/);
  const silentIn8Bits = sayingIn8Bits({ latency: metadata.latency });
  expect(await latencyText(silentIn8Bits)).toMatch(/; not compared: the file holds no latency in 8 bits$/);
  const foreign = encodeModel({ ...model, metadata: {} });
  expect(await latencyText(foreign)).toMatch(/; not compared: the file says nothing of its making$/);
}, 60_000);

test('with its data, the accuracy is recomputed', async () => {
  expect(await verdict(sealModel(model), { data: 'drawn' })).toMatchObject({
    ok: true,
    data: 'agrees',
    accuracy: 'agrees',
  });
}, 60_000);

describe('caught', () => {
  test('a weight that was changed: by the digest', async () => {
    const bytes = sealModel(model);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    expect(await verdict(bytes)).toMatchObject({ ok: false, digest: 'disagrees', cost: 'agrees' });
  });

  test('metadata that were damaged, beside all else', async () => {
    const entries = { ...writeMetadata(metadata), 'espalier.preprocessing': '{' };
    expect(await verdict(sealModel({ ...model, metadata: entries }))).toMatchObject({
      ok: false,
      digest: 'agrees',
      metadata: 'disagrees',
      structure: 'agrees',
      runs: 'agrees',
    });
  });

  test('a better accuracy than it has', async () => {
    const bytes = saying({ accuracy: { float: better(metadata.accuracy.float) } });
    expect(await verdict(bytes, { data: 'drawn' })).toMatchObject({
      ok: false,
      digest: 'agrees',
      accuracy: 'disagrees',
    });
  }, 60_000);

  test('other data than its own, on which its accuracy is no promise', async () => {
    const bytes = saying({ seed: SEED + 1 });
    expect(await verdict(bytes, { data: 'drawn' })).toMatchObject({
      ok: false,
      data: 'disagrees',
      accuracy: 'unchecked',
    });
  }, 60_000);

  test('a lower cost than it has', async () => {
    const bytes = saying({ cost: { ...metadata.cost!, params: 1000 } });
    expect(await verdict(bytes)).toMatchObject({ ok: false, structure: 'agrees', cost: 'disagrees' });
  });

  test('another genome, and one that the space does not have', async () => {
    const other = { ...genome, edge03: 'nor_conv_3x3' } as const;
    expect(await verdict(saying({ genome: other }))).toMatchObject({ structure: 'disagrees' });
    expect(await verdict(saying({ genome: { kernel: 3 } }))).toMatchObject({
      ok: false,
      structure: 'disagrees',
      cost: 'agrees',
    });
  });

  test('labels that its outputs are not for', async () => {
    const bytes = saying({ labels: metadata.labels.slice(1) });
    expect(await verdict(bytes)).toMatchObject({ ok: false, runs: 'disagrees' });
  });

  test('a layer that was put in', async () => {
    const [last] = model.graph.outputs;
    const extra = {
      name: 'extra',
      op: 'Abs',
      domain: '',
      inputs: [last!.name],
      outputs: ['abs'],
      attributes: {},
    };
    const graph = {
      ...model.graph,
      nodes: [...model.graph.nodes, extra],
      outputs: [{ ...last!, name: 'abs' }],
    };
    expect(await verdict(sealModel({ ...model, graph }))).toMatchObject({
      ok: false,
      structure: 'disagrees',
    });
  });
});

test('a space of the user is not guessed; what the graph costs is seen without it', async () => {
  expect(await verdict(saying({ space: 'mine' }))).toMatchObject({
    ok: true,
    structure: 'unchecked',
    cost: 'agrees',
  });
  const { macs } = metadata.cost!;
  const cheaper = saying({ space: 'mine', cost: { ...metadata.cost!, macs: macs - 1 } });
  expect(await verdict(cheaper)).toMatchObject({ ok: false, cost: 'disagrees' });
  const dearer = saying({ space: 'mine', cost: { ...metadata.cost!, macs: macs + 1 } });
  expect(await verdict(dearer)).toMatchObject({ ok: true, cost: 'unchecked' });
});

describe('figures that cannot be', () => {
  test.each([
    ['an interval of more images', { testInterval: [0.2, 0.3] as [number, number] }],
    ['a share of images that there are not', { val: 0.12345, valInterval: [0.1, 0.2] as [number, number] }],
  ])('%s', async (_, change) => {
    const bytes = saying({ accuracy: { float: { ...metadata.accuracy.float, ...change } } });
    expect(await verdict(bytes)).toMatchObject({ ok: false, digest: 'agrees', intervals: 'disagrees' });
  });

  test('a median outside its interval', async () => {
    const bytes = saying({ latency: { float: { ...metadata.latency.float!, lowMs: 1.5 } } });
    expect(await verdict(bytes)).toMatchObject({ ok: false, intervals: 'disagrees' });
  });
});

describe('in 8 bits', () => {
  test('an honest file agrees, the layer that it leaves in float among it', async () => {
    expect(await verdict(sayingIn8Bits({}))).toEqual({
      ok: true,
      digest: 'agrees',
      structure: 'agrees',
      cost: 'agrees',
      runs: 'agrees',
      kernels: 'agrees',
      intervals: 'agrees',
      latency: 'unchecked',
      data: 'unchecked',
      accuracy: 'unchecked',
    });
  }, 60_000);

  test('caught: a better accuracy, a slower model, a layer in float that it does not name, another precision', async () => {
    const { float, int8 } = int8Metadata.accuracy;
    expect(await accuracyIn8Bits(int8Metadata)).toBe('agrees');
    const praised = { ...int8Metadata, accuracy: { float, int8: better(int8!) } };
    expect(await accuracyIn8Bits(praised)).toBe('disagrees');
    expect(await accuracyIn8Bits({ ...int8Metadata, accuracy: { float } })).toBe('unchecked');
    const { processor } = describeMachine();
    const fast = {
      ...metadata.latency.float!,
      medianMs: 1e-6,
      lowMs: 1e-6,
      highMs: 1e-6,
      machine: processor,
    };
    const hurried = sayingIn8Bits({ latency: { float: metadata.latency.float, int8: fast } });
    expect(await verdict(hurried, { latency: true })).toMatchObject({ ok: false, latency: 'disagrees' });
    const silent = sayingIn8Bits({ quantisation: { target: 'onnxruntime', floatLayers: [] } });
    expect(await verdict(silent)).toMatchObject({ ok: false, kernels: 'disagrees' });
    expect(await verdict(sayingIn8Bits({ precision: 'float' }))).toMatchObject({
      ok: false,
      structure: 'disagrees',
    });
  }, 60_000);
});

describe('a file of another program', () => {
  const foreign = (): OnnxModel => ({ ...model, metadata: {} });

  test('is checked for what the file itself shows', async () => {
    expect(await verdict(encodeModel(foreign()), { data: 'drawn', latency: true })).toEqual({
      ok: true,
      digest: 'unchecked',
      structure: 'agrees',
      cost: 'unchecked',
      runs: 'agrees',
      latency: 'unchecked',
      data: 'unchecked',
      accuracy: 'unchecked',
    });
  }, 60_000);

  test('whose graph is broken is caught', async () => {
    const { graph } = foreign();
    const [first, ...rest] = graph.nodes;
    const broken = {
      ...graph,
      nodes: [{ ...first!, inputs: ['nowhere', ...first!.inputs.slice(1)] }, ...rest],
    };
    expect(await verdict(encodeModel({ ...foreign(), graph: broken }))).toMatchObject({
      ok: false,
      structure: 'disagrees',
      runs: 'disagrees',
    });
  });
});
