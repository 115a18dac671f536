import { describe, expect, test } from 'vitest';
import { classifierHead } from '../network/blocks/classifier-head.ts';
import { convBnAct } from '../network/blocks/conv-bn-act.ts';
import { invertedResidual } from '../network/blocks/inverted-residual.ts';
import { nasBench201Cell } from '../network/blocks/nas-bench-201-cell.ts';
import { qaRepVgg } from '../network/blocks/qa-rep-vgg.ts';
import { residualBlock } from '../network/blocks/residual-block.ts';
import type { NetworkBuilder } from '../network/builder.ts';
import { encodeModel } from '../onnx/encode.ts';
import { CALIBRATORS, type CalibrationMethod } from './calibration/index.ts';
import { inspectKernels } from './kernels.ts';
import { calibrate, quantise } from './quantise.ts';
import { decibels, feedsFor, outputOf, smallModel } from './testing/models.ts';
import { runReference } from './testing/reference.ts';

const stem = (b: NetworkBuilder, activation: 'relu' | 'relu6' | 'silu' | 'hardSwish' = 'relu'): string =>
  convBnAct(b, b.input, { out: 8, kernel: 3, activation });

const BODIES: Readonly<Record<string, (b: NetworkBuilder) => string>> = {
  residual: (b) => residualBlock(b, stem(b), { out: 12, kernel: 3, stride: 2, activation: 'relu' }),
  'inverted residual': (b) =>
    invertedResidual(b, stem(b, 'relu6'), {
      out: 8,
      kernel: 3,
      stride: 1,
      expansion: 3,
      squeezeExcite: null,
      activation: 'relu6',
    }),
  QARepVGG: (b) => qaRepVgg(b, stem(b), { out: 8, stride: 1, activation: 'relu' }),
  'pools and silu': (b) => b.averagePool(b.maxPool(stem(b, 'silu'), { kernel: 2 }), { kernel: 2 }),
  'hard swish': (b) => convBnAct(b, stem(b, 'hardSwish'), { out: 8, kernel: 1, activation: 'hardSwish' }),
  'a rectifier of its own': (b) => {
    const x = b.batchNorm(b.conv(b.input, { out: 8, kernel: 3 }));
    return b.add([b.conv(b.activation(x, 'relu'), { out: 8, kernel: 1 }), x]);
  },
};
const GATED = (b: NetworkBuilder): string =>
  invertedResidual(b, stem(b), {
    out: 8,
    kernel: 3,
    stride: 1,
    expansion: 2,
    squeezeExcite: 0.5,
    activation: 'hardSwish',
  });
const CONCAT = (b: NetworkBuilder): string => {
  const x = stem(b);
  return b.concat([convBnAct(b, x, { out: 4, kernel: 1, activation: 'relu' }), x]);
};
const CELL = (b: NetworkBuilder): string =>
  nasBench201Cell(b, stem(b), [
    'nor_conv_3x3',
    'skip_connect',
    'avg_pool_3x3',
    'nor_conv_1x1',
    'none',
    'nor_conv_1x1',
  ]);

const classifier = (body: (b: NetworkBuilder) => string) => smallModel((b) => classifierHead(b, body(b), 5));

describe.each(Object.entries(BODIES))('%s', (_, body) => {
  test('integer kernels give what plain loops give', async () => {
    const model = classifier(body);
    const { model: quantised } = await quantise(model, [feedsFor(model, 'a'), feedsFor(model, 'b')]);
    const feeds = feedsFor(model, 'test', 4);
    const expected = runReference(quantised, feeds).get('logits')!;
    const actual = await outputOf(quantised, feeds);
    // The kernels multiply by float32 factors: a value in a thousand may be rounded to the neighbouring integer.
    const largest = expected.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const errors = expected.data.map((v, i) => Math.abs(v - Number(actual.data[i])) / largest);
    expect(Math.max(...errors)).toBeLessThan(0.01);
    expect(decibels(await outputOf(model, feeds), actual)).toBeGreaterThan(18);
  });
});

describe.each([
  ...Object.entries(BODIES),
  ['squeeze-excite', GATED],
  ['concat', CONCAT],
  ['cell', CELL],
] as const)('%s', (_, body) => {
  test('runs in integers from end to end, close to float', async () => {
    const model = classifier(body as (b: NetworkBuilder) => string);
    const { model: quantised, layers } = await quantise(model, [feedsFor(model, 'a')]);
    const report = await inspectKernels(encodeModel(quantised));
    expect(report.float).toEqual([]);
    // Only the image is converted on its way in.
    expect(report.conversions).toBe(1);
    expect(layers.filter((layer) => !layer.integer)).toEqual([]);
    const feeds = feedsFor(model, 'test');
    expect(decibels(await outputOf(model, feeds), await outputOf(quantised, feeds))).toBeGreaterThan(18);
  });
});

test('every method and both targets stay close to float', async () => {
  const model = classifier(BODIES.residual!);
  const batches = [feedsFor(model, 'a'), feedsFor(model, 'b')];
  const feeds = feedsFor(model, 'test');
  const expected = await outputOf(model, feeds);
  for (const target of ['onnxruntime', 'tensorrt'] as const)
    for (const method of ['minMax', 'percentile', 'entropy', 'mse', 'auto'] as const) {
      const { model: quantised } = await quantise(model, batches, { target, method });
      expect(decibels(expected, await outputOf(quantised, feeds))).toBeGreaterThan(14);
    }
});

test.each(['onnxruntime', 'tensorrt'] as const)('auto is the closest of all ways: %s', async (target) => {
  // One value far out: what clips it and what does not differ.
  const batches = ['a', 'b'].map((seed) => feedsFor(classifier(BODIES.residual!), seed));
  batches[0]!.input!.data[5] = 40;
  const model = classifier(BODIES.residual!);
  const closeness = async (method: CalibrationMethod): Promise<number> => {
    const { model: quantised } = await quantise(model, batches, { target, method });
    // It is chosen by the first half of the batches.
    return decibels(await outputOf(model, batches[0]!), await outputOf(quantised, batches[0]!));
  };
  const methods = Object.keys(CALIBRATORS) as CalibrationMethod[];
  const found = new Map<CalibrationMethod, number>();
  for (const method of methods) found.set(method, await closeness(method));
  const best = Math.max(...found.values());
  expect(Math.min(...found.values())).toBeLessThan(best - 1);
  const { method } = await calibrate(model, batches, { target });
  expect(found.get(method)).toBeCloseTo(best, 6);
});

test('an image keeps its whole range, whatever clips the activations', async () => {
  const model = classifier(BODIES.residual!);
  const batch = feedsFor(model, 'a');
  batch.input!.data[5] = 40;
  for (const method of ['percentile', 'entropy', 'mse'] as const) {
    const { ranges } = await calibrate(model, [batch], { method });
    expect(ranges.get('input')!.high).toBe(40);
  }
});

test('TensorRT gets symmetric int8, float biases, and its activations before the quantisation', async () => {
  const model = classifier(BODIES['inverted residual']!);
  const { model: quantised } = await quantise(model, [feedsFor(model, 'a')], { target: 'tensorrt' });
  const { initializers, nodes } = quantised.graph;
  for (const node of nodes) {
    if (node.op !== 'QuantizeLinear' && node.op !== 'DequantizeLinear') continue;
    const zero = initializers.get(node.inputs[2]!)!;
    expect(zero.dtype).toBe('int8');
    expect([...(zero.data as Int8Array)].every((v) => v === 0)).toBe(true);
  }
  expect([...initializers.values()].some((t) => t.dtype === 'int32')).toBe(false);
  expect(nodes.filter((n) => n.op === 'Clip').length).toBe(
    model.graph.nodes.filter((n) => n.op === 'Clip').length,
  );
});

test('layers stay in float by name, with the reason; what they strand too', async () => {
  const model = classifier(BODIES.residual!);
  const feeds = [feedsFor(model, 'a')];
  const name = model.graph.nodes.filter((n) => n.op === 'Conv')[2]!.name;
  const { layers, model: quantised } = await quantise(model, feeds, { keepFloat: new Set([name]) });
  const float = layers.filter((layer) => !layer.integer);
  expect(float[0]).toEqual({ name, op: 'Conv', integer: false, reason: 'it was chosen to stay in float' });
  expect(float.map((layer) => layer.reason)).toContain('what it reads is in float');
  const { float: found, integer } = await inspectKernels(encodeModel(quantised));
  expect(found.filter((node) => node.op.endsWith('Conv'))).toHaveLength(1);
  expect(integer.QLinearConv).toBe(model.graph.nodes.filter((n) => n.op === 'Conv').length - 1);
});

test('equal input, equal bytes; shorter weights on demand', async () => {
  const model = classifier(BODIES.residual!);
  const run = async (reducedWeights: boolean): Promise<Uint8Array> =>
    encodeModel((await quantise(model, [feedsFor(model, 'a')], { reducedWeights })).model);
  expect(Buffer.compare(await run(false), await run(false))).toBe(0);
  const { model: reduced } = await quantise(model, [feedsFor(model, 'a')], { reducedWeights: true });
  const weights = [...reduced.graph.initializers].filter(
    ([n, t]) => t.dtype === 'int8' && n.endsWith('quantised'),
  );
  for (const [, { data }] of weights) expect(Math.max(...(data as Int8Array))).toBeLessThanOrEqual(63);
});

test('refusals', async () => {
  const plain = smallModel((b) => b.flatten(b.maxPool(b.input, { kernel: 2 })));
  await expect(quantise(plain, [feedsFor(plain, 'a')])).rejects.toMatchObject({ code: 'NOT_QUANTISABLE' });
  const model = classifier(BODIES.residual!);
  await expect(quantise(model, [])).rejects.toThrow(/no calibration data/);
  const { model: quantised } = await quantise(model, [feedsFor(model, 'a')]);
  await expect(quantise(quantised, [feedsFor(model, 'a')])).rejects.toThrow(/already/);
  const broken = feedsFor(model, 'a');
  broken.input!.data[3] = Number.NaN;
  await expect(quantise(model, [broken])).rejects.toMatchObject({ code: 'CALIBRATION' });
});
